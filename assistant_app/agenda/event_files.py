"""Events to and from the bytes of an `.ics` file.

Reading is `icalendar`'s; an edit rewrites only the properties that changed. It knows no folder and
no index.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from assistant_app.agenda import content_lines
from assistant_app.agenda.events import Event, EventDraft, Moment, as_datetime
from assistant_app.errors import InputError

PRODUCT_ID = "-//Desk Assistant//Agenda//EN"

_TIME_VALUE = re.compile(rb"\b(\d{8})(?:T(\d{6}))?(Z?)\b")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as its file says it, before the user's zone is applied."""

    event: Event
    """Start and end are a `date`, a floating (naive) `datetime` or an aware one."""
    repeats: bool
    """Needs expanding: it has a rule, extra dates or changed occasions."""
    last: Moment | None
    """End of the last occasion; None where there is no last one or it is not known."""
    first: Moment
    """Start of the earliest occasion, changed ones included."""


def new_uid_file(draft: EventDraft, uid: str, now: datetime) -> bytes:
    """The file of a new event."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    component = icalendar.Event()
    component.add("uid", uid)
    stamp = now.astimezone(UTC).replace(microsecond=0)
    component.add("dtstamp", stamp)
    component.add("created", stamp)
    component.add("last-modified", stamp)
    component.add("sequence", 0)
    lines = content_lines.split_lines(
        calendar.to_ical().replace(b"END:VCALENDAR", component.to_ical().rstrip() + b"\r\nEND:VCALENDAR")
    )
    changes: dict[str, Any] = {"title": draft.title, "start": draft.start, "end": draft.end}
    for name in ("location", "notes", "recurrence", "reminder_minutes", "categories"):
        if value := getattr(draft, name):
            changes[name] = value
    return _apply(lines, _master(lines, uid), changes, draft.title)


def parse(data: bytes) -> icalendar.Calendar:
    """The calendar in a file; `ValueError` says what is wrong with it."""
    if not data.strip():
        raise ValueError("the file is empty")
    found = icalendar.Calendar.from_ical(data)
    if not isinstance(found, icalendar.Calendar):
        raise ValueError("it holds no VCALENDAR")
    return found


def read_events(data: bytes, file: Path, calendar: str) -> list[StoredEvent]:
    """The events of a file, one a UID. `ValueError` where it is not a calendar file."""
    groups: dict[str, list[Any]] = {}
    for component in parse(data).walk("VEVENT"):
        groups.setdefault(str(component.get("UID", file.stem)), []).append(component)
    return [_stored(uid, group, file, calendar) for uid, group in groups.items()]


def _stored(uid: str, group: list[Any], file: Path, calendar: str) -> StoredEvent:
    master = next((c for c in group if "RECURRENCE-ID" not in c), group[0])
    event = event_of(master, uid, file, calendar)
    repeats = len(group) > 1 or any(name in master for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
    spans = [times_of(component) for component in group]
    first = min((start for start, _ in spans), key=_sort_key)
    last: Moment | None = max((end for _, end in spans), key=_sort_key)
    if "RDATE" in master:
        first, last = _one_day_earlier(first), None
    if "RRULE" in master:
        until = master["RRULE"].get("UNTIL") if not isinstance(master["RRULE"], list) else None
        last = until[0] + event.length + timedelta(days=1) if until and "RDATE" not in master else None
    return StoredEvent(event, repeats, last, first)


def _one_day_earlier(moment: Moment) -> Moment:
    """Extra dates may lie before the start; a century covers them."""
    return moment - timedelta(days=36525)


def _sort_key(moment: Moment) -> datetime:
    return as_datetime(moment, ZoneInfo("UTC"))


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
        reminder_minutes=tuple(_reminders(component)),
        categories=tuple(str(category) for category in component.categories),
    )


def _rule_text(component: Any) -> str:
    rule = component.get("RRULE")
    if isinstance(rule, list):
        rule = rule[0]
    return rule.to_ical().decode() if rule else ""


def _reminders(component: Any) -> Iterable[int]:
    for alarm in component.walk("VALARM"):
        trigger = alarm.get("TRIGGER")
        if trigger is not None and isinstance(trigger.dt, timedelta):
            yield round(-trigger.dt.total_seconds() / 60)


def in_zone(event: Event, zone: ZoneInfo) -> Event:
    """The event with its times in the user's zone (floating ones are taken to be meant there)."""
    if event.all_day:
        return event
    return replace(event, start=as_datetime(event.start, zone), end=as_datetime(event.end, zone))


def edited_file(data: bytes, uid: str, changes: dict[str, Any], now: datetime, zone: ZoneInfo) -> bytes:
    """The file with the changed fields (names of `EventDraft`) of one event; all else byte for byte as it was."""
    lines = content_lines.split_lines(data)
    component = _master(lines, uid)
    parsed = next(c for c in parse(data).walk("VEVENT") if str(c.get("UID", uid)) == uid and _is_master(c, data, uid))
    old_start, old_end = times_of(parsed)
    if "start" in changes:
        changes = changes | {
            "start": _as_it_was_written(changes["start"], old_start, zone),
            "end": _as_it_was_written(changes["end"], old_start, zone),
        }
        lines = _shift_series(lines, component, uid, old_start, changes["start"])
    elif "end" in changes:
        changes = changes | {"end": _as_it_was_written(changes["end"], old_start, zone)}
    new_start: Moment = changes.get("start", old_start)
    if "recurrence" in changes:
        changes = changes | {"start": new_start, "end": changes.get("end", old_end)}
    stamp = now.astimezone(UTC).replace(microsecond=0)
    changes = changes | {"dtstamp": stamp, "last-modified": stamp, "sequence": int(parsed.get("SEQUENCE", 0)) + 1}
    return _apply(lines, _master(lines, uid), changes, str(parsed.get("SUMMARY", "")))


def _is_master(component: Any, data: bytes, uid: str) -> bool:
    return ("RECURRENCE-ID" in component) == _master(content_lines.split_lines(data), uid).is_override


def _master(lines: list[content_lines.Line], uid: str) -> content_lines.Component:
    events = [c for c in content_lines.components(lines) if c.kind == "VEVENT"]
    mine = [c for c in events if c.uid == uid] or [c for c in events if not c.uid]
    return next((c for c in mine if not c.is_override), mine[0])


def _as_it_was_written(moment: Moment, old: Moment, zone: ZoneInfo) -> Moment:
    """Keep the kind of time another program chose: its zone, UTC, or floating."""
    if not isinstance(moment, datetime) or not isinstance(old, datetime):
        return moment
    if old.tzinfo is None:
        return moment.astimezone(zone).replace(tzinfo=None)
    return moment.astimezone(old.tzinfo)


def _shift_series(
    lines: list[content_lines.Line], master: content_lines.Component, uid: str, old: Moment, new: Moment
) -> list[content_lines.Line]:
    """Move exceptions and changed occasions' identities along with their series."""
    if isinstance(old, datetime) != isinstance(new, datetime):
        return lines
    shift = _wall(new) - _wall(old)

    def moved(line: bytes) -> bytes:
        head, _, value = line.partition(b":")
        return head + b":" + _TIME_VALUE.sub(lambda match: _shifted(match, shift), value)

    for component in content_lines.components(lines):
        if component.kind == "VEVENT" and component.uid == master.uid:
            names = {b"RECURRENCE-ID"} if component.is_override else {b"EXDATE", b"RDATE"}
            lines = content_lines.map_properties(lines, component, names, moved)
    return lines


def _wall(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime(moment.year, moment.month, moment.day)


def _shifted(match: re.Match[bytes], shift: timedelta) -> bytes:
    day, clock, utc = match.groups()
    if clock is None:
        return (datetime.strptime(day.decode(), "%Y%m%d") + shift).strftime("%Y%m%d").encode()
    wall = datetime.strptime((day + clock).decode(), "%Y%m%d%H%M%S") + shift
    return wall.strftime("%Y%m%dT%H%M%S").encode() + utc


def _apply(
    lines: list[content_lines.Line], component: content_lines.Component, changes: dict[str, Any], title: str
) -> bytes:
    scratch = icalendar.Event()
    properties: dict[bytes, bytes] = {}

    def put(name: str, value: object) -> None:
        """An empty value removes the property."""
        scratch.pop(name, None)
        if value not in ("", (), None):
            scratch.add(name, value)
            wanted = content_lines.split_lines(scratch.to_ical())
            properties[name.encode()] = b"".join(line.raw for line in wanted if line.name == name.encode())
            scratch.pop(name, None)
        else:
            properties[name.encode()] = b""

    for field, name in (("title", "SUMMARY"), ("location", "LOCATION"), ("notes", "DESCRIPTION")):
        if field in changes:
            put(name, changes[field])
    for name in ("dtstamp", "last-modified"):
        if name in changes:
            put(name.upper(), changes[name])
    if "sequence" in changes:
        put("SEQUENCE", changes["sequence"])
    if "start" in changes:
        put("DTSTART", changes["start"])
    if "end" in changes:
        put("DTEND", changes["end"])
        properties[b"DURATION"] = b""
    if "recurrence" in changes:
        put("RRULE", _rule(changes["recurrence"], changes["start"]) if changes["recurrence"] else None)
    if "categories" in changes:
        put("CATEGORIES", list(changes["categories"]) or None)
    alarms = None
    if "reminder_minutes" in changes:
        alarms = b"".join(_alarm(minutes, changes.get("title", title)) for minutes in changes["reminder_minutes"])
    lines = content_lines.set_properties(lines, component, properties, alarms=alarms)
    known = {found.tzid for found in content_lines.components(lines) if found.kind == "VTIMEZONE"}
    for moment in (changes.get("start"), changes.get("end")):
        key = getattr(getattr(moment, "tzinfo", None), "key", None)
        if key and key not in _UTC_NAMES and key not in known:
            lines = content_lines.insert_before_first_component(lines, _timezone(key))
            known.add(key)
    return content_lines.join_lines(lines)


def _alarm(minutes: int, title: str) -> bytes:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(minutes=-minutes))
    data: bytes = alarm.to_ical()
    return data


_UTC_NAMES = {"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}
"""Zones whose times are written with a Z, so that no VTIMEZONE is needed."""


@functools.lru_cache(maxsize=16)
def _timezone(key: str) -> bytes:
    data: bytes = icalendar.Timezone.from_tzinfo(ZoneInfo(key)).to_ical()
    return data


def _rule(text: str, start: Moment) -> icalendar.vRecur:
    """The rule, with UNTIL in the kind of time that RFC 5545 3.3.10 asks for beside this DTSTART."""
    try:
        rule: icalendar.vRecur = icalendar.vRecur.from_ical(text.removeprefix("RRULE:"))
    except ValueError as error:
        raise InputError("recurrence_invalid", f"{text!r} is no recurrence rule: {error}.") from error
    if "FREQ" not in rule:
        raise InputError("recurrence_invalid", f"{text!r} is no recurrence rule: it has no FREQ.")
    if until := rule.get("UNTIL"):
        rule["UNTIL"] = [_until(until[0], start)]
    return rule


def _until(until: Moment, start: Moment) -> Moment:
    if not isinstance(start, datetime):
        return until.date() if isinstance(until, datetime) else until
    if not isinstance(until, datetime):
        until = datetime(until.year, until.month, until.day, 23, 59, 59)
    if start.tzinfo is None:
        return until.replace(tzinfo=None)
    if until.tzinfo is None:
        until = until.replace(tzinfo=start.tzinfo)
    return until.astimezone(UTC)


def weekday_rule_moved(rule: str, old: date, new: date) -> str:
    """A weekly rule on just the old start's weekday follows the start to its new weekday; other rules stay."""
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    parts = [
        f"BYDAY={names[new.weekday()]}" if part == f"BYDAY={names[old.weekday()]}" else part for part in rule.split(";")
    ]
    return ";".join(parts) if "FREQ=WEEKLY" in parts else rule
