"""The times that `assistant calendar` is given: ISO, or words."""

from __future__ import annotations

import argparse
from datetime import date, datetime, timedelta

from assistant_app.agenda.events import Moment, as_datetime
from assistant_app.agenda.when import parse_when
from assistant_app.assistant import language_of
from assistant_app.cli.invocation import Invocation
from assistant_app.errors import InputError
from assistant_app.skills.scheduling_words import CLOCK_GRAINS, at_midnight, interval_of


def times_of(words: str, invocation: Invocation, minutes: int | None) -> tuple[Moment, Moment, str]:
    """Start, end and rule of an event out of ISO or words."""
    length = timedelta(minutes=minutes or invocation.settings.calendar.event_minutes)
    exact = _iso_moment(words, invocation)
    if exact is not None and not isinstance(exact, datetime):
        if not minutes:
            return exact, exact + timedelta(days=1), ""
        exact = at_midnight(exact, invocation.zone)
    if exact is not None:
        return exact, exact + length, ""
    reading = parse_when(words, now=invocation.now(), language=language_of(words))
    interval = interval_of(reading, length) if reading else None
    if reading is None or interval is None:
        raise InputError("time_unknown", f"{words!r} names no time. Write for example 2026-11-26T15:30.")
    rule = reading.recurrence or ""
    if reading.grain in CLOCK_GRAINS or reading.grain == "part_of_day":
        return interval[0], interval[0] + length if minutes else interval[1], rule
    return interval[0].date(), max(interval[1].date(), interval[0].date() + timedelta(days=1)), rule


def moment_of(words: str, invocation: Invocation) -> Moment:
    return times_of(words, invocation, None)[0]


def _iso_moment(words: str, invocation: Invocation) -> date | datetime | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None
    return moment.astimezone(invocation.zone) if moment.tzinfo else moment.replace(tzinfo=invocation.zone)


def interval_of_arguments(
    args: argparse.Namespace, invocation: Invocation, length: timedelta
) -> tuple[datetime, datetime]:
    """The time named by words or by --from and --to; else `length` from the beginning of today."""
    if args.when:
        first, last, _ = times_of(" ".join(args.when), invocation, None)
        return as_datetime(first, invocation.zone), as_datetime(last, invocation.zone)
    start = as_datetime(moment_of(args.start, invocation), invocation.zone) if args.start else None
    start = start or at_midnight(invocation.now().date(), invocation.zone)
    end = as_datetime(moment_of(args.end, invocation), invocation.zone) if args.end else start + length
    if end <= start:
        raise InputError("interval_empty", "The end must be after the start.")
    return start, end


def minutes_of(text: str) -> int:
    minutes = int(text) if text.isdecimal() else 0
    if not 0 < minutes <= 366 * 1440:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes")
    return minutes
