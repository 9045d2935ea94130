"""`assistant chat`: a conversation in the terminal, streaming.

Ctrl-C stops the reply, a second one leaves.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from assistant_app.agenda.ringing import Ringing
from assistant_app.assistant import Assistant
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_profile, say
from assistant_app.cli.turns import StreamingPrinter, why_lines
from assistant_app.errors import AssistantError
from assistant_app.turn import Cancel

_PROMPT = "> "
WHY = ("why?", "/why", "为什么？", "为什么?")
"""Shows how the last request was understood."""
_HISTORY_LINES = 1000


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("chat", help="a conversation in the terminal")
    parser.add_argument("--speak", action="store_true", help="speak the replies as well")
    add_clock(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_assistant, build_ringer

    invocation = Invocation(args)
    assistant = build_assistant(invocation.settings, invocation.paths, now=invocation.clock)
    say("Type a request; Ctrl-C stops a reply, Ctrl-D leaves. For example: what's on tomorrow?")
    say("“why?” shows how your last request was understood; “that was wrong” puts it right.")
    try:
        assistant.warm_up(say, hearing=False)
    except AssistantError as error:
        say(error.message)
    ringer = build_ringer(invocation.settings, invocation.paths, RingPrinter(), now=invocation.clock)
    ringer.start()
    try:
        with _line_history(invocation):
            converse(assistant, speak=args.speak)
    finally:
        ringer.close()
    return DONE


class RingPrinter:
    """Tells once of each thing that begins to ring."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, ringing: Ringing) -> None:
        new = [notice for notice in ringing.notices if notice.id not in self._told]
        self._told = {notice.id for notice in ringing.notices}
        for notice in new:
            body = notice.body.replace("\n", "\n  ")
            say(f"\a\n* {notice.title} ({body}). Type: snooze, or stop.")


def converse(assistant: Assistant, *, speak: bool) -> None:
    """Read lines and answer them, until the input ends or Ctrl-C is pressed between replies."""
    while True:
        try:
            line = input(_PROMPT if sys.stdin.isatty() else "")
        except (EOFError, KeyboardInterrupt):
            print(flush=True)
            return
        if line.strip().casefold() in WHY:
            print("\n".join(f"  {one}" for one in _why(assistant)), flush=True)
        elif line.strip() and not answer(assistant, _chosen_label(assistant, line), speak=speak):
            return


def _why(assistant: Assistant) -> list[str]:
    """How the last request was understood."""
    last = next((one for one in reversed(assistant.conversation.recent()) if one.route), None)
    if last is None or last.route is None:
        return ["Nothing was asked yet."]
    return why_lines(last.route)


def answer(assistant: Assistant, line: str, *, speak: bool) -> bool:
    """One turn; False where the user wants to leave (a second Ctrl-C)."""
    cancel = Cancel()
    printer = StreamingPrinter()
    with _stop_by_ctrl_c(cancel) as leave:
        turn = assistant.run_turn(line, emit=printer.emit, cancel=cancel, speak=speak)
    if turn.outcome == "cancelled":
        print(" (stopped)", flush=True)
    elif turn.outcome == "failed":
        print(flush=True, end="")
        say(turn.reply.text if turn.reply else "")
    else:
        printer.finish(turn)
        if turn.problem:
            say(turn.problem)
    return not leave.is_set()


def _chosen_label(assistant: Assistant, line: str) -> str:
    """The words of the choice whose number was typed."""
    choices = assistant.pending.choices if assistant.pending else ()
    number = line.strip().removeprefix("[").removesuffix("]")
    if number.isdecimal() and 1 <= int(number) <= len(choices):
        return choices[int(number) - 1].label
    return line


@contextlib.contextmanager
def _stop_by_ctrl_c(cancel: Cancel) -> Iterator[threading.Event]:
    leave = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield leave
        return

    def pressed(_signal: int, _frame: FrameType | None) -> None:
        if cancel.requested:
            leave.set()
        cancel.set()

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield leave
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _line_history(invocation: Invocation) -> Iterator[None]:
    """Arrow-up brings back earlier lines, of earlier conversations too. What was said stays in the profile."""
    try:
        import readline
    except ImportError:  # Windows has its own
        yield
        return
    file = invocation.paths.data_dir / "chat-history"
    readline.set_history_length(_HISTORY_LINES)
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            readline.write_history_file(file)
