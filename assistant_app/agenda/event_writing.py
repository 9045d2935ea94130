"""Writes new events, and single properties of events that are there; all else stays byte for byte as it was.

Times are written the way the file writes them already: in its zone, under its name for that zone, in
UTC or floating. It knows one component at a time, not what a change to a series means.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

import icalendar

from assistant_app.agenda import content_lines
from assistant_app.agenda.content_lines import Component, Line
from assistant_app.agenda.event_files import PRODUCT_ID, alarm_minutes, parse, times_of
from assistant_app.agenda.events import EventDraft, Moment
from assistant_app.agenda.occasions import Window, expand
from assistant_app.errors import InputError

_UTC_NAMES = {"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}
"""Zones whose times are written with a Z, so that no VTIMEZONE is needed."""
_TEXTS = {"title": "SUMMARY", "location": "LOCATION", "notes": "DESCRIPTION", "colour": "COLOR"}


@dataclass(frozen=True, slots=True)
class Part:
    """One VEVENT of an event's file: the series itself, or one of its changed occasions."""

    lines: list[Line]
    """Of the whole file."""
    place: Component
    parsed: Any
    uid: str

    @property
    def is_override(self) -> bool:
        return "RECURRENCE-ID" in self.parsed


def parts_of(data: bytes, uid: str) -> list[Part]:
    """The components of an event, the series first; `uid` also stands for components that have none."""
    lines = content_lines.split_lines(data)
    places = [c for c in content_lines.components(lines) if c.kind == "VEVENT"]
    parsed = parse(data).walk("VEVENT")
    if len(places) != len(parsed):
        raise InputError(
            "event_file_broken",
            "The file of this event is broken (an event begins inside another), so it can only be shown. "
            "Export it from the program that wrote it once more, and import that.",
        )
    found = [
        Part(lines, place, component, uid)
        for place, component in zip(places, parsed, strict=True)
        if str(component.get("UID", uid)) == uid
    ]
    return sorted(found, key=lambda part: part.is_override)


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How a property writes its time."""

    kind: Literal["day", "utc", "floating", "zoned"]
    parameters: bytes
    """With the leading semicolon."""
    zone: tzinfo | None

    @classmethod
    def of(cls, part: Part, name: bytes = b"DTSTART") -> TimeForm:
        line = content_lines.own_lines(part.lines, part.place, name)[0]
        head, value = line.parts
        moment = part.parsed[name.decode()].dt
        kept = [p for p in _parameters(head) if p.upper().startswith((b"TZID=", b"VALUE="))]
        parameters = b"".join(b";" + p for p in kept)
        if not isinstance(moment, datetime):
            return cls("day", parameters or b";VALUE=DATE", None)
        if value.strip().upper().endswith(b"Z"):
            return cls("utc", parameters, UTC)
        return cls("floating" if moment.tzinfo is None else "zoned", parameters, moment.tzinfo)

    def suits(self, moment: Moment) -> bool:
        """Whether such a moment can be written so."""
        if not isinstance(moment, datetime):
            return self.kind == "day"
        return self.kind == "floating" if moment.tzinfo is None else self.kind in ("utc", "zoned")

    def as_written(self, moment: Moment, zone: ZoneInfo) -> Moment:
        """The moment in the zone of the file, floating where the file's times float."""
        if not isinstance(moment, datetime) or self.kind == "day":
            return moment
        if self.kind == "floating":
            return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return aware.astimezone(self.zone)

    def value(self, moment: Moment) -> bytes:
        """Of a moment that is `as_written`."""
        if not isinstance(moment, datetime):
            return f"{moment.year:04}{moment.month:02}{moment.day:02}".encode()
        if self.kind == "utc":
            moment = moment.astimezone(UTC)
        text = f"{moment.year:04}{moment.month:02}{moment.day:02}T{moment:%H%M%S}"
        return (text + ("Z" if self.kind == "utc" else "")).encode()

    def line(self, name: bytes, moments: Sequence[Moment]) -> bytes:
        text = name + self.parameters + b":" + b",".join(self.value(moment) for moment in moments)
        return content_lines.folded(text, b"\r\n")


def _parameters(head: bytes) -> list[bytes]:
    """The parameters of a property; a semicolon within quotes is no border."""
    pieces = [b""]
    quoted = False
    for byte in head:
        if byte == 0x22:
            quoted = not quoted
        if byte == 0x3B and not quoted:
            pieces.append(b"")
        else:
            pieces[-1] += bytes([byte])
    return pieces[1:]


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
    data = calendar.to_ical().replace(b"END:VCALENDAR", component.to_ical().rstrip() + b"\r\nEND:VCALENDAR")
    lines = content_lines.split_lines(data)
    changes: dict[str, Any] = {"title": draft.title, "start": draft.start, "end": draft.end}
    for name in ("location", "notes", "recurrence", "reminder_minutes", "categories", "colour", "extra_dates"):
        if value := getattr(draft, name):
            changes[name] = value
    if not draft.busy:
        changes["busy"] = False
    place = next(c for c in content_lines.components(lines) if c.kind == "VEVENT")
    return written(Part(lines, place, component, uid), changes)


def stamped(part: Part, now: datetime, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with what tells other programs that there was one."""
    stamp = now.astimezone(UTC).replace(microsecond=0)
    try:
        sequence = int(part.parsed.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        sequence = 0
    return changes | {"dtstamp": stamp, "last-modified": stamp, "sequence": sequence + 1}


def written(part: Part, changes: dict[str, Any]) -> bytes:
    """The file with new values (names of `EventDraft`) in one component; times as the component writes them."""
    properties: dict[bytes, bytes] = {}

    def put(name: str, value: object) -> None:
        """An empty value removes the property."""
        properties[name.encode()] = b"" if value in ("", (), [], None) else _property(name, value)

    for field, name in _TEXTS.items():
        if field in changes:
            put(name, changes[field])
    for name in ("dtstamp", "last-modified", "sequence", "created", "uid"):
        if name in changes:
            put(name.upper(), changes[name])
    properties |= _times(part, changes)
    start = changes.get("start") or times_of(part.parsed)[0]
    if "recurrence" in changes:
        put("RRULE", rule_for(changes["recurrence"], start) if changes["recurrence"] else None)
    if "extra_dates" in changes:
        put("RDATE", list(changes["extra_dates"]) or None)
    if "categories" in changes:
        put("CATEGORIES", list(changes["categories"]) or None)
    if "busy" in changes:
        put("TRANSP", "OPAQUE" if changes["busy"] else "TRANSPARENT")
    staying: list[bool] = []
    alarms = None
    if "reminder_minutes" in changes:
        title = changes.get("title", str(part.parsed.get("SUMMARY", "")))
        staying, new = _alarms(part, changes["reminder_minutes"])
        alarms = b"".join(_alarm(minutes, title) for minutes in new)
    lines = content_lines.set_properties(part.lines, part.place, properties, alarms=alarms, staying_alarms=staying)
    return content_lines.join_lines(_with_zones(lines, b"".join(properties.values()), changes))


def _property(name: str, value: object) -> bytes:
    scratch = icalendar.Event()
    scratch.add(name, value)
    lines = content_lines.split_lines(scratch.to_ical())
    return b"".join(line.raw for line in lines if line.name == name.encode())


def _times(part: Part, changes: dict[str, Any]) -> dict[bytes, bytes]:
    """DTSTART, DTEND and DURATION where they change, in the forms that they have."""
    if "start" not in changes and "end" not in changes:
        return {}
    if "DTSTART" not in part.parsed:
        return {f"DT{name}".encode(): _property(f"DT{name}", changes[name.lower()]) for name in ("START", "END")}
    old_start, old_end = times_of(part.parsed)
    start, end = changes.get("start", old_start), changes.get("end", old_end)
    found: dict[bytes, bytes] = {}
    form = TimeForm.of(part)
    if start != old_start:
        suits = form.suits(start)
        found[b"DTSTART"] = form.line(b"DTSTART", [start]) if suits else _property("DTSTART", start)
    if "DURATION" in part.parsed and end - start == old_end - old_start:  # type: ignore[operator]
        return found
    if "DTEND" in part.parsed:
        form = TimeForm.of(part, b"DTEND")
    if form.suits(end):
        found[b"DTEND"] = form.line(b"DTEND", [end.astimezone(form.zone) if form.zone else end])
    else:
        found[b"DTEND"] = _property("DTEND", end)
    found[b"DURATION"] = b""
    return found


def _alarms(part: Part, wanted: Sequence[int]) -> tuple[list[bool], list[int]]:
    """Of each alarm whether it stays, and the minutes for which a new one is needed."""
    missing = list(wanted)
    staying = []
    for alarm in part.parsed.subcomponents:
        if alarm.name == "VALARM":
            minutes = alarm_minutes(alarm, *times_of(part.parsed))
            staying.append(minutes is None or minutes in missing)
            if minutes in missing:
                missing.remove(minutes)
    return staying, missing


def _alarm(minutes: int, title: str) -> bytes:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(minutes=-minutes))
    data: bytes = alarm.to_ical()
    return data


def _with_zones(lines: list[Line], written_text: bytes, changes: dict[str, Any]) -> list[Line]:
    """The file with a VTIMEZONE for each zone that new times are written in."""
    known = {found.tzid for found in content_lines.components(lines) if found.kind == "VTIMEZONE"}
    moments = (changes.get("start"), changes.get("end"), *changes.get("extra_dates", ()))
    for key in dict.fromkeys(getattr(getattr(moment, "tzinfo", None), "key", None) for moment in moments):
        if key and key not in _UTC_NAMES | known and b"TZID=" + key.encode() in written_text:
            lines = content_lines.insert_before_first_component(lines, _timezone(key))
    return lines


@functools.lru_cache(maxsize=16)
def _timezone(key: str) -> bytes:
    data: bytes = icalendar.Timezone.from_tzinfo(ZoneInfo(key)).to_ical()
    return data


def rule_for(text: str, start: Moment) -> icalendar.vRecur:
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


def repeated(start: datetime, end: datetime, rule: str, days: int) -> list[tuple[datetime, datetime]]:
    """The further occasions that an event with such a rule would have within so many days, in order."""
    component = icalendar.Event()
    component.add("dtstart", start)
    component.add("dtend", end)
    component["RRULE"] = rule_for(rule, start)
    first_s = int(start.timestamp())
    expansion = expand([component], [(start, end)], Window(first_s, first_s + days * 86400))
    last_s = first_s + days * 86400
    spans = sorted((o.start_s, o.end_s) for o in expansion.occasions if first_s < o.start_s < last_s)
    zone = start.tzinfo
    return [
        (datetime.fromtimestamp(a, UTC).astimezone(zone), datetime.fromtimestamp(b, UTC).astimezone(zone))
        for a, b in spans
    ]
