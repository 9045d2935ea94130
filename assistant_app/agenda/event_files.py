"""Events out of the bytes of an `.ics` file. Reading only, and `icalendar`'s work in the main.

It knows no folder, no index and no way to change a file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from assistant_app.agenda.events import Event, Moment, as_datetime
from assistant_app.agenda.occasions import Expansion, Window, expand, extra_dates, seconds

PRODUCT_ID = "-//Desk Assistant//Agenda//EN"

_TIMEZONE = re.compile(rb"^BEGIN:VTIMEZONE[ \t]*\r?\n.*?^END:VTIMEZONE[ \t]*\r?\n", re.S | re.M | re.I)
_TIMEZONE_NAME = re.compile(rb"^TZID(?:;[^:\r\n]*)?:([^\r\n]*)", re.M | re.I)
_ONCE = Window(0, 0)
_SAID_ONCE = frozenset(
    "UID DTSTART DTEND DUE DURATION RECURRENCE-ID SUMMARY DESCRIPTION LOCATION STATUS TRANSP SEQUENCE COLOR".split()  # noqa: SIM905
)
"""Properties that an event has at most one of (RFC 5545 3.6.1)."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as its file says it, before the user's zone is applied."""

    event: Event
    """Start and end are a `date`, a floating (naive) `datetime` or an aware one."""
    changed: tuple[Event, ...]
    """What its changed occasions say instead."""
    repeats: bool
    """It has more than one occasion, or one that belongs to a series."""
    expansion: Expansion


def parse(data: bytes) -> icalendar.Calendar:
    """The calendar in a file; `ValueError` says what is wrong with it."""
    if not data.strip():
        raise ValueError("the file is empty")
    found = icalendar.Calendar.from_ical(_without_known_zones(data))
    if not isinstance(found, icalendar.Calendar):
        raise ValueError("it holds no VCALENDAR")
    for component in found.walk():
        for name, value in component.items():
            if isinstance(value, list) and name in _SAID_ONCE:  # said twice all the same
                component[name] = value[0]
    return found


def _without_known_zones(data: bytes) -> bytes:
    """Definitions of zones that the system knows by their name are not used, and take most of the time to read."""
    zones = _TIMEZONE.findall(data)
    names = [_TIMEZONE_NAME.search(zone) for zone in zones]
    if zones and all(name and _is_known_zone(name[1].strip().decode("utf-8", "replace")) for name in names):
        return _TIMEZONE.sub(b"", data)
    return data


@functools.lru_cache(maxsize=1000)
def _is_known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


def read_events(data: bytes, file: Path, calendar: str, window: Window = _ONCE) -> list[StoredEvent]:
    """The events of a file, one a UID, with their occasions in the window. `ValueError` where it is no calendar."""
    parsed = parse(data)
    zone = str(parsed.get("X-WR-TIMEZONE", ""))
    groups: dict[str, list[Any]] = {}
    for component in parsed.walk("VEVENT"):
        groups.setdefault(str(component.get("UID", file.stem)), []).append(component)
    return [_stored(uid, group, file, calendar, window, zone) for uid, group in groups.items()]


def _stored(uid: str, group: list[Any], file: Path, calendar: str, window: Window, zone: str) -> StoredEvent:
    # The one without a RECURRENCE-ID first; of several, the newest.
    group = sorted(group, key=lambda c: ("RECURRENCE-ID" in c, -sequence_of(c) if "RECURRENCE-ID" not in c else 0))
    masters = [c for c in group if "RECURRENCE-ID" not in c]
    group = [*masters[:1], *(c for c in group if "RECURRENCE-ID" in c)]
    events = [event_of(component, uid, file, calendar) for component in group]
    expansion = expand(group, [(event.start, event.end) for event in events], window, zone)
    master = group[0]
    repeats = len(group) > 1 or any(name in master for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
    return StoredEvent(events[0], tuple(events[1:]), repeats, expansion)


def sequence_of(component: Any) -> int:
    try:
        return int(component.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def times_of(component: Any) -> tuple[Moment, Moment]:
    """Start and end as RFC 5545 3.6.1 defines them where DTEND or DURATION are missing."""
    if "DTSTART" not in component:
        raise ValueError("an event in it has no start (DTSTART)")
    start: Moment = component["DTSTART"].dt
    if "DTEND" in component:
        end: Moment = component["DTEND"].dt
    elif "DURATION" in component:
        end = start + component["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise ValueError("an event in it starts on a day and ends at a time, or the reverse")
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) != (end.tzinfo is None):
        end = end.replace(tzinfo=start.tzinfo)
    # An event that ends before it starts is shown at its start.
    if seconds(end) < seconds(start):
        end = start
    if not isinstance(start, datetime) and end == start:
        end = start + timedelta(days=1)
    return start, end


def event_of(component: Any, uid: str, file: Path, calendar: str) -> Event:
    start, end = times_of(component)
    return Event(
        uid=uid,
        title=str(component.get("SUMMARY", "")),
        start=start,
        end=end,
        calendar=calendar,
        file=file,
        location=str(component.get("LOCATION", "")),
        notes=str(component.get("DESCRIPTION", "")),
        recurrence=_rule_text(component),
        reminder_minutes=tuple(_reminders(component, start, end)),
        categories=tuple(str(category) for category in component.categories),
        colour=str(component.get("COLOR", "")),
        extra_dates=extra_dates(component),
        busy=str(component.get("TRANSP", "")).upper() != "TRANSPARENT"
        and str(component.get("STATUS", "")).upper() != "CANCELLED",
    )


def _rule_text(component: Any) -> str:
    rule = component.get("RRULE")
    if isinstance(rule, list):
        rule = rule[0]
    return rule.to_ical().decode() if rule else ""


def _reminders(component: Any, start: Moment, end: Moment) -> Iterable[int]:
    for alarm in component.walk("VALARM"):
        minutes = alarm_minutes(alarm, start, end)
        if minutes is not None:
            yield minutes


def alarm_minutes(alarm: Any, start: Moment, end: Moment) -> int | None:
    """How long before the start a VALARM rings, whichever of its three ways it says so."""
    trigger = alarm.get("TRIGGER")
    when = getattr(trigger, "dt", None)
    if isinstance(when, timedelta):
        if str(trigger.params.get("RELATED", "")).upper() == "END":
            when += _length(start, end)
        return round(-when.total_seconds() / 60)
    if isinstance(when, datetime) and isinstance(start, datetime) and start.tzinfo and when.tzinfo:
        return round((start - when).total_seconds() / 60)
    return None


def _length(start: Moment, end: Moment) -> timedelta:
    return end - start  # type: ignore[operator]  # both are days, or both times


def in_zone(event: Event, zone: ZoneInfo) -> Event:
    """The event with its times in the user's zone (floating ones are taken to be meant there)."""
    if event.all_day:
        return event
    return replace(event, start=as_datetime(event.start, zone), end=as_datetime(event.end, zone))
