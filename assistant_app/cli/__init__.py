"""The assistant in a terminal. Each command is a module with `add_parser` and `run`.

Exit status: 0 done, 1 the request could not be done (with an error object where `--json` is on),
2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant_app import __version__
from assistant_app.errors import AssistantError, TurnCancelled

log = logging.getLogger(__name__)

COMMANDS = (
    "ask",
    "listen",
    "chat",
    "transcribe",
    "say",
    "route",
    "when",
    "answer",
    "reply",
    "calendar",
    "remind",
    "todo",
    "knowledge",
    "personal",
    "models",
    "evaluate",
    "train",
    "bench",
    "doctor",
)
"""In the order of the help text; each is the module of that name."""

INTERRUPTED = 130


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands, or of the one that is going to run: its module alone is imported."""
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="A private assistant on this machine: speak or type, it answers, converses and keeps your "
        "calendar. Without a command it opens the window, or a conversation where there is no display.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="keep settings, calendar and documents in DIR")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (only,) if only in COMMANDS else COMMANDS:
        module = importlib.import_module(f"assistant_app.cli.{name}")
        module.add_parser(commands)
    return parser


def main(argv: Sequence[str]) -> int:
    """Run one command; never raises for what goes wrong inside."""
    from assistant_app.cli.invocation import NOT_DONE, error_object, print_json, say
    from assistant_app.logs import set_up_logging
    from assistant_app.paths import find_paths

    _write_utf8()
    profile, rest = split_profile(argv)
    try:
        args = build_parser(rest[0] if rest else None).parse_args([*profile, *rest])
    except SystemExit as leaving:  # argparse has said why
        return leaving.code if isinstance(leaving.code, int) else 2
    set_up_logging(find_paths(args.profile).log_dir)
    as_json = getattr(args, "json", False) or getattr(args, "jsonl", False)
    run = importlib.import_module(f"assistant_app.cli.{args.command}").run
    try:
        return int(run(args))
    except AssistantError as error:
        code, message = error.code, error.message
    except (KeyboardInterrupt, TurnCancelled):
        say("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_DONE
    except Exception:
        log.exception("command %s failed", args.command)
        code = "internal"
        message = "Something went wrong inside the program. The log has the details: assistant doctor says where it is."
    if as_json:
        print_json(error_object(code, message))
    say(message)
    return NOT_DONE


def split_profile(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """`--profile DIR`, which every command takes at any place, and the rest."""
    profile: list[str] = []
    others: list[str] = []
    rest = list(argv)
    while rest and rest[0] != "--":
        count = 2 if rest[0] == "--profile" else 1
        (profile if rest[0].split("=")[0] == "--profile" else others).extend(rest[:count])
        rest = rest[count:]
    return profile, [*others, *rest]


def _write_utf8() -> None:
    """Chinese and emoji come out right also where the terminal's own encoding is another."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
