"""What every command of the terminal shares: the user's folders, settings and clock, and the way out.

Results go to standard output, messages to standard error. With `--json` the output is one object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from assistant_app.errors import InputError
from assistant_app.paths import Paths, find_paths
from assistant_app.settings import Settings, load_settings, replace_value

DONE = 0
NOT_DONE = 1
_PROFILE_HELP = "keep settings, calendar and documents in DIR"


def add_profile(parser: argparse.ArgumentParser) -> None:
    """For the help text of a command; the value is read by the main parser."""
    parser.add_argument("--profile", type=Path, metavar="DIR", default=argparse.SUPPRESS, help=_PROFILE_HELP)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_clock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--now", type=_moment, metavar="ISO", help="act as if it were this time")
    parser.add_argument("--tz", type=_zone, metavar="ZONE", help="IANA time zone, such as Europe/Berlin")


class Invocation:
    """The folders, settings and clock that a command's options ask for."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.paths: Paths = find_paths(args.profile)
        loaded = load_settings(self.paths.settings_file)
        self.settings_problem: str | None = loaded.problem
        if loaded.problem:
            say(loaded.problem)
        zone: ZoneInfo | None = getattr(args, "tz", None)
        self.settings: Settings = (
            replace_value(loaded.settings, "calendar.time_zone", zone.key) if zone else loaded.settings
        )
        self.zone = self.settings.zone()
        fixed: datetime | None = getattr(args, "now", None)
        if fixed is not None:
            fixed = fixed.astimezone(self.zone) if fixed.tzinfo else fixed.replace(tzinfo=self.zone)
        self.fixed_now = fixed

    @property
    def clock(self) -> Callable[[], datetime] | None:
        """A clock that stands at `--now`; None for the real one."""
        fixed = self.fixed_now
        return (lambda: fixed) if fixed is not None else None

    def now(self) -> datetime:
        return self.fixed_now or datetime.now(self.zone)


def say(message: str) -> None:
    """A message for the person at the terminal."""
    print(message, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def error_object(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def confirm(question: str, *, yes: bool, as_json: bool) -> bool:
    """Whether to go on with what cannot simply be taken back; raises `InputError` where nobody can be asked."""
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        raise InputError("confirmation_needed", f"{question} Add --yes to do it.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO time such as 2026-11-24T09:30") from error


def _zone(text: str) -> ZoneInfo:
    if text not in available_timezones():
        raise argparse.ArgumentTypeError(f"{text!r} is not an IANA time zone such as Europe/Berlin")
    return ZoneInfo(text)
