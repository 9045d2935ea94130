"""What a change to one occasion, to it and all later ones, or to a whole series does to the file.

RFC 5545's own means: a component with RECURRENCE-ID for an occasion that differs, EXDATE for one that
is left out, UNTIL where a series is cut in two. It gives bytes for bytes and writes no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from assistant_app.agenda import content_lines
from assistant_app.agenda.content_lines import Component, Line
from assistant_app.agenda.event_files import event_of, times_of
from assistant_app.agenda.event_writing import Part, TimeForm, parts_of, rule_for, stamped, written
from assistant_app.agenda.events import Event, Moment
from assistant_app.agenda.occasions import occasions_from, seconds
from assistant_app.agenda.rules import rule_moved, rule_with, times_shifted

_OF_A_SERIES = (b"RRULE", b"RDATE", b"EXDATE", b"EXRULE")
_SHARED = ("title", "location", "notes", "colour", "categories", "busy", "reminder_minutes")


@dataclass(frozen=True, slots=True)
class Change:
    """To which event, and under which circumstances."""

    uid: str
    now: datetime
    zone: ZoneInfo
    """The user's."""


@dataclass(frozen=True, slots=True)
class Which:
    """One occasion of a series."""

    recurrence_id: Moment
    start: Moment
    """When it takes place now."""
    end: Moment


def edited(data: bytes, change: Change, changes: dict[str, Any]) -> bytes:
    """The file with changed fields (names of `EventDraft`) of the whole event; all else byte for byte as it was.

    Exceptions follow a series that is moved, and changed occasions take over what they had in common with it.
    """
    master = parts_of(data, change.uid)[0]
    old = _event(master)
    changes = _in_form(changes, TimeForm.of(master), change.zone)
    new_start, new_end = changes.get("start", old.start), changes.get("end", old.end)
    if new_start != old.start:
        data = _series_moved(data, change, old.start, new_start)
    if changes.get("recurrence") == "" and old.recurrence:
        data = _file_with(master.lines, [_without(master, *_OF_A_SERIES)], also=_others(data, change.uid))
        changes = changes | {"extra_dates": ()}
    first, *overrides = parts_of(data, change.uid)
    data = written(first, stamped(first, change.now, changes))
    shared = {name: value for name, value in changes.items() if name in _SHARED}
    for number in range(1, len(overrides) + 1):
        part = parts_of(data, change.uid)[number]
        said = _event(part)
        own = {name: value for name, value in shared.items() if getattr(said, name) == getattr(old, name)}
        if ("start" in changes or "end" in changes) and said.length == old.length and _in_place(part, said):
            own |= {"start": said.start, "end": _after(said.start, new_end - new_start)}
        if own:
            data = written(part, stamped(part, change.now, own))
    return data


def edited_one(data: bytes, change: Change, which: Which, changes: dict[str, Any]) -> bytes:
    """The file with changed fields of one occasion."""
    data = _with_override(data, change, which)
    part = _override(data, change, which)
    assert part is not None
    return written(part, stamped(part, change.now, _in_form(changes, TimeForm.of(part), change.zone)))


def without_one(data: bytes, change: Change, which: Which) -> bytes:
    """The file with one occasion left out."""
    override = _override(data, change, which)
    if override is not None:
        place = override.place
        data = content_lines.join_lines([*override.lines[: place.start], *override.lines[place.end :]])
    master = next((part for part in parts_of(data, change.uid) if not part.is_override), None)
    if master is None:  # an invitation to single occasions of a series that is not here
        return data
    form = TimeForm.of(master)
    known = b"".join(line.raw for line in content_lines.own_lines(master.lines, master.place, b"EXDATE"))
    new = known + form.line(b"EXDATE", [_identity(data, change, which)])
    lines = content_lines.set_properties(master.lines, master.place, {b"EXDATE": new})
    part = parts_of(content_lines.join_lines(lines), change.uid)[0]
    return written(part, stamped(part, change.now, {}))


def ended_before(data: bytes, change: Change, which: Which) -> bytes:
    """The file of the series that now ends before an occasion."""
    master = parts_of(data, change.uid)[0]
    begins = _identity(data, change, which)
    last = _until(TimeForm.of(master), begins)
    lines = content_lines.map_properties(
        master.lines, master.place, {b"RRULE"}, lambda line: rule_with(line, {b"COUNT": None, b"UNTIL": last})
    )
    at = seconds(begins)
    data = _kept(content_lines.join_lines(lines), change.uid, lambda moment: seconds(moment) < at)
    part = parts_of(data, change.uid)[0]
    return written(part, stamped(part, change.now, {}))


def beginning_with(data: bytes, change: Change, which: Which, new_uid: str) -> bytes:
    """A file of its own, under another UID, with the series from an occasion on."""
    master = parts_of(data, change.uid)[0]
    start = _identity(data, change, which)
    at = seconds(start)
    lines = list(master.lines)
    if "COUNT" in str(_event(master).recurrence).upper():
        left = str(max(occasions_from(master.parsed, start), 1)).encode()
        lines = content_lines.map_properties(
            lines, master.place, {b"RRULE"}, lambda line: rule_with(line, {b"COUNT": left})
        )
    data = _kept(content_lines.join_lines(lines), change.uid, lambda moment: seconds(moment) >= at)
    first, *overrides = parts_of(data, change.uid)
    length = times_of(master.parsed)[1] - times_of(master.parsed)[0]
    changes = stamped(first, change.now, {"start": start, "end": start + length}) | {"sequence": 0}
    data = written(first, changes)
    first, *overrides = parts_of(data, change.uid)
    return _file_with(first.lines, [_without(part, uid=new_uid) for part in (first, *overrides)])


def alone(data: bytes, change: Change, which: Which, new_uid: str) -> bytes:
    """A file of its own, under another UID, with one occasion as an event that does not repeat."""
    data = _with_override(data, change, which)
    part = _override(data, change, which)
    assert part is not None
    data = _file_with(part.lines, [_without(part, b"RECURRENCE-ID", uid=new_uid)])
    single = parts_of(data, new_uid)[0]
    return written(single, stamped(single, change.now, {}) | {"sequence": 0})


# Times


def _in_form(changes: dict[str, Any], form: TimeForm, zone: ZoneInfo) -> dict[str, Any]:
    """The changes with their times in the zone of the file."""
    changes = dict(changes)
    for name in ("start", "end"):
        if name in changes:
            changes[name] = form.as_written(changes[name], zone)
    if "extra_dates" in changes:
        changes["extra_dates"] = tuple(form.as_written(moment, zone) for moment in changes["extra_dates"])
    return changes


def _as_of_series(form: TimeForm, moment: Moment, zone: ZoneInfo) -> Moment:
    """A moment as the series writes its own, a day for a series of days."""
    if form.kind == "day":
        return moment.date() if isinstance(moment, datetime) else moment
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    return form.as_written(moment, zone)


def _until(form: TimeForm, occasion: Moment) -> bytes:
    """The last moment before an occasion, as UNTIL is written beside such a DTSTART (RFC 5545 3.3.10)."""
    if not isinstance(occasion, datetime):
        return form.value(occasion - timedelta(days=1))
    before = occasion - timedelta(seconds=1)
    if before.tzinfo is None:
        return form.value(before)
    before = occasion.astimezone(UTC) - timedelta(seconds=1)
    return f"{before.year:04}{before:%m%dT%H%M%SZ}".encode()


def _after(start: Moment, length: timedelta) -> Moment:
    return start + length


def _series_moved(data: bytes, change: Change, old: Moment, new: Moment) -> bytes:
    """Rules, exceptions and the changed occasions that kept their time, moved with their series."""
    same_kind = isinstance(old, datetime) == isinstance(new, datetime)

    def rule(line: bytes) -> bytes:
        line = rule_moved(line, old, new)
        if same_kind:
            return line
        head, _, text = line.partition(b":")
        new_rule = rule_for(text.decode("utf-8", "replace"), new)
        return head + b":" + _as_text(new_rule)

    def times(line: bytes) -> bytes:
        head, value = Line(line, b"").parts
        if same_kind:
            return head + b":" + times_shifted(value, old, new)
        name = head.split(b";", 1)[0]
        days = [_other_kind(moment, old, new) for moment in _days_in(value)]
        kind = TimeForm("day", b";VALUE=DATE", None) if not isinstance(new, datetime) else _form_of_new(new)
        return content_lines.split_lines(kind.line(name, days))[0].unfolded

    for number in range(len(parts_of(data, change.uid))):
        part = parts_of(data, change.uid)[number]
        lines = content_lines.map_properties(part.lines, part.place, {b"RRULE"}, rule)
        names = {b"RECURRENCE-ID"} if part.is_override else {b"EXDATE", b"RDATE"}
        if same_kind and _in_place(part, _event(part)):
            names |= {b"DTSTART", b"DTEND"}
        data = content_lines.join_lines(content_lines.map_properties(lines, part.place, names, times))
    return data


def _as_text(rule: Any) -> bytes:
    text: bytes = rule.to_ical()
    return text


def _days_in(value: bytes) -> list[datetime]:
    return [datetime.strptime(text[:8].decode(), "%Y%m%d") for text in value.split(b",") if text[:8].isdigit()]


def _other_kind(day: datetime, old: Moment, new: Moment) -> Moment:
    moved = day + timedelta(days=new.toordinal() - old.toordinal())
    if not isinstance(new, datetime):
        return moved.date()
    return new.replace(year=moved.year, month=moved.month, day=moved.day)


def _form_of_new(moment: datetime) -> TimeForm:
    key = getattr(moment.tzinfo, "key", None)
    if moment.tzinfo is None:
        return TimeForm("floating", b"", None)
    return TimeForm("zoned", b";TZID=" + key.encode(), moment.tzinfo) if key else TimeForm("utc", b"", UTC)


# Components


def _event(part: Part) -> Event:
    return event_of(part.parsed, part.uid, Path(), "")


def _in_place(part: Part, said: Event) -> bool:
    """A changed occasion that takes place when the series has it."""
    return part.is_override and seconds(part.parsed["RECURRENCE-ID"].dt) == seconds(said.start)


def _identity(data: bytes, change: Change, which: Which) -> Moment:
    """What the series calls an occasion: a floating one names it without a zone."""
    return _as_of_series(TimeForm.of(parts_of(data, change.uid)[0]), which.recurrence_id, change.zone)


def _override(data: bytes, change: Change, which: Which) -> Part | None:
    at = seconds(_identity(data, change, which))
    parts = [part for part in parts_of(data, change.uid) if part.is_override]
    return next((part for part in parts if seconds(part.parsed["RECURRENCE-ID"].dt) == at), None)


def _with_override(data: bytes, change: Change, which: Which) -> bytes:
    """The file with a component of its own for the occasion: a copy of the series', where it has none yet."""
    if _override(data, change, which) is not None:
        return data
    parts = parts_of(data, change.uid)
    master, form = parts[0], TimeForm.of(parts[0])
    properties = {name: b"" for name in _OF_A_SERIES}
    identity = _identity(data, change, which)
    properties[b"RECURRENCE-ID"] = form.line(b"RECURRENCE-ID", [identity])
    properties[b"DTSTART"] = form.line(b"DTSTART", [_as_of_series(form, which.start, change.zone)])
    if "DURATION" not in master.parsed:
        end_form = TimeForm.of(master, b"DTEND") if "DTEND" in master.parsed else form
        properties[b"DTEND"] = end_form.line(b"DTEND", [_as_of_series(end_form, which.end, change.zone)])
    copied, place = _taken_out(master)
    lines = content_lines.set_properties(copied, place, properties)
    last = max((part.place for part in parts), key=lambda place: place.end)
    return content_lines.join_lines(content_lines.insert_after(master.lines, last, content_lines.join_lines(lines)))


def _taken_out(part: Part) -> tuple[list[Line], Component]:
    """The lines of one component by themselves."""
    lines = part.lines[part.place.start : part.place.end]
    return lines, Component("VEVENT", 0, len(lines), part.place.uid, part.is_override, "")


def _without(part: Part, *names: bytes, uid: str = "") -> bytes:
    """The text of one component, without some properties and perhaps under another UID."""
    lines, place = _taken_out(part)
    properties = {name: b"" for name in names}
    if uid:
        properties[b"UID"] = b"UID:" + uid.encode() + b"\r\n"
    return content_lines.join_lines(content_lines.set_properties(lines, place, properties))


def _others(data: bytes, uid: str) -> list[bytes]:
    """The components of a file that belong to other events."""
    lines = content_lines.split_lines(data)
    mine = {part.place.start for part in parts_of(data, uid)}
    return [
        content_lines.join_lines(lines[c.start : c.end])
        for c in content_lines.components(lines)
        if c.kind != "VTIMEZONE" and c.start not in mine
    ]


def _file_with(lines: Sequence[Line], texts: Sequence[bytes], also: Iterable[bytes] = ()) -> bytes:
    """The head and the zones of a file with other components in it."""
    rest = content_lines.keep(lines, lambda component: component.kind == "VTIMEZONE")
    end = max(number for number, line in enumerate(rest) if line.name == b"END")
    return content_lines.join_lines(rest[:end]) + b"".join([*texts, *also]) + content_lines.join_lines(rest[end:])


def _kept(data: bytes, uid: str, wanted: Callable[[Moment], bool]) -> bytes:
    """The file with those further dates, exceptions and changed occasions of a series that are wanted."""
    parts = parts_of(data, uid)
    lines = parts[0].lines
    for part in sorted(parts, key=lambda part: part.place.start, reverse=True):
        if part.is_override:
            if not wanted(part.parsed["RECURRENCE-ID"].dt):
                lines = [*lines[: part.place.start], *lines[part.place.end :]]
            continue
        properties = {name: _dates_kept(part, name, wanted) for name in (b"EXDATE", b"RDATE")}
        changed = {name: text for name, text in properties.items() if text is not None}
        lines = content_lines.set_properties(lines, part.place, changed)
    return content_lines.join_lines(lines)


def _dates_kept(part: Part, name: bytes, wanted: Callable[[Moment], bool]) -> bytes | None:
    """The lines of EXDATE or RDATE with the wanted values; None where all are."""
    parsed = part.parsed.get(name.decode(), [])
    parsed = parsed if isinstance(parsed, list) else [parsed]
    text = b""
    complete = True
    for line, values in zip(content_lines.own_lines(part.lines, part.place, name), parsed, strict=True):
        moments = [value.dt[0] if isinstance(value.dt, tuple) else value.dt for value in values.dts]
        head, value = line.parts
        kept = [raw for raw, moment in zip(value.split(b","), moments, strict=True) if wanted(moment)]
        complete = complete and len(kept) == len(moments)
        if len(kept) == len(moments):
            text += line.raw
        elif kept:
            text += content_lines.folded(head + b":" + b",".join(kept), b"\r\n")
    return None if complete else text
