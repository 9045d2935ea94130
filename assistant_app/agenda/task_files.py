"""To-dos to and from the bytes of an `.ics` file (VTODO, RFC 5545 3.6.2).

Reading is `icalendar`'s; an edit rewrites only the properties that changed. It knows no folder.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from assistant_app.agenda import content_lines
from assistant_app.agenda.event_files import PRODUCT_ID, parse
from assistant_app.agenda.events import Moment, as_datetime

_ORDER_SINCE = datetime(2001, 1, 1, tzinfo=UTC)
_OVER = ("COMPLETED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Task:
    """A to-do on disk."""

    uid: str
    title: str
    list_name: str
    """Folder name."""
    file: Path
    due: Moment | None = None
    """A `date`, or an aware `datetime` in the user's zone."""
    done: bool = False
    notes: str = ""
    alarms: tuple[datetime, ...] = ()
    """When it rings, aware."""
    created: datetime | None = None
    order: float = 0.0
    """Place in the list, smaller first: seconds since 2001, as Apple, Tasks.org and Nextcloud write it."""


def new_task_file(uid: str, title: str, due: Moment | None, now: datetime, *, place: int = 0) -> bytes:
    """The file of a new to-do; one that is due at a clock time rings then.

    `place` counts those that are added at once.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    todo = icalendar.Todo()
    stamp = now.astimezone(UTC).replace(microsecond=0)
    todo.add("uid", uid)
    for name in ("dtstamp", "created", "last-modified"):
        todo.add(name, stamp)
    todo.add("sequence", 0)
    todo.add("summary", title)
    todo.add("status", "NEEDS-ACTION")
    todo.add("x-apple-sort-order", str(_order_of(stamp) + place))
    if due is not None:
        todo.add("due", due)
    if isinstance(due, datetime):
        todo.add_component(_alarm(title))
    calendar.add_component(todo)
    return content_lines.join_lines(_with_zone_of(due, content_lines.split_lines(calendar.to_ical())))


def _order_of(created: datetime) -> int:
    return int((created - _ORDER_SINCE).total_seconds())


def _alarm(title: str) -> icalendar.Alarm:
    """At the time it is due: without a DTSTART, a trigger must be related to the end (RFC 5545 3.8.6.3)."""
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(0), parameters={"RELATED": "END"})
    return alarm


def read_tasks(data: bytes, file: Path, list_name: str, zone: ZoneInfo) -> list[Task]:
    """The to-dos of a file; `ValueError` where it is not a calendar file."""
    return [
        _task(component, file, list_name, zone)
        for component in parse(data).walk("VTODO")
        if "RECURRENCE-ID" not in component
    ]


def _task(component: Any, file: Path, list_name: str, zone: ZoneInfo) -> Task:
    due: Moment | None = component["DUE"].dt if "DUE" in component else None
    created = component["CREATED"].dt if "CREATED" in component else None
    created = as_datetime(created, zone) if isinstance(created, datetime) else None
    order = str(component.get("X-APPLE-SORT-ORDER", ""))
    return Task(
        uid=str(component.get("UID", file.stem)),
        title=str(component.get("SUMMARY", "")),
        list_name=list_name,
        file=file,
        due=as_datetime(due, zone) if isinstance(due, datetime) else due,
        done=str(component.get("STATUS", "")).upper() in _OVER or "COMPLETED" in component,
        notes=str(component.get("DESCRIPTION", "")),
        alarms=tuple(_alarms(component, due, zone)),
        created=created,
        order=int(order) if order.lstrip("-").isdecimal() else _order_of(created) if created else 0,
    )


def _alarms(component: Any, due: Moment | None, zone: ZoneInfo) -> Iterator[datetime]:
    start: Moment | None = component["DTSTART"].dt if "DTSTART" in component else None
    for alarm in component.walk("VALARM"):
        trigger = alarm.get("TRIGGER")
        if trigger is None:
            continue
        if isinstance(trigger.dt, datetime):
            yield as_datetime(trigger.dt, zone)
            continue
        at_end = str(trigger.params.get("RELATED", "START")).upper() == "END" or start is None
        anchor = due if at_end else start
        if anchor is not None and isinstance(trigger.dt, timedelta):
            yield (as_datetime(anchor, zone).astimezone(UTC) + trigger.dt).astimezone(zone)


def edited_task(data: bytes, uid: str, changes: dict[str, Any], now: datetime) -> bytes:
    """The file with some fields of one to-do changed (title, due, done); all else byte for byte as it was."""
    lines = content_lines.split_lines(data)
    component = next(c for c in content_lines.components(lines) if c.kind == "VTODO" and c.uid == uid)
    parsed = next(c for c in parse(data).walk("VTODO") if str(c.get("UID")) == uid)
    stamp = now.astimezone(UTC).replace(microsecond=0)
    wanted: dict[str, object] = {
        "DTSTAMP": stamp,
        "LAST-MODIFIED": stamp,
        "SEQUENCE": int(parsed.get("SEQUENCE", 0)) + 1,
    }
    alarms = None
    if "title" in changes:
        wanted["SUMMARY"] = changes["title"]
    if "done" in changes:
        done = bool(changes["done"])
        wanted["STATUS"] = "COMPLETED" if done else "NEEDS-ACTION"
        wanted["COMPLETED"] = stamp if done else None
        wanted["PERCENT-COMPLETE"] = 100 if done else None
    if "due" in changes:
        due = changes["due"]
        wanted["DUE"] = due
        rings = _alarm(changes.get("title", str(parsed.get("SUMMARY", "")))) if isinstance(due, datetime) else None
        alarms = rings.to_ical() if rings else b""
    properties = {name.encode(): _lines_of(name, value) for name, value in wanted.items()}
    lines = content_lines.set_properties(lines, component, properties, alarms=alarms)
    return content_lines.join_lines(_with_zone_of(changes.get("due"), lines))


def _with_zone_of(due: Moment | None, lines: list[content_lines.Line]) -> list[content_lines.Line]:
    """Every zone that is named must be in the file (RFC 5545 3.2.19)."""
    key = getattr(getattr(due, "tzinfo", None), "key", "")
    known = {found.tzid for found in content_lines.components(lines) if found.kind == "VTIMEZONE"}
    if not key or key == "UTC" or key in known:
        return lines
    return content_lines.insert_before_first_component(lines, _zone_text(key))


@functools.lru_cache(maxsize=8)
def _zone_text(key: str) -> bytes:
    data: bytes = icalendar.Timezone.from_tzinfo(ZoneInfo(key)).to_ical()
    return data


def _lines_of(name: str, value: object) -> bytes:
    if value is None:
        return b""
    scratch = icalendar.Todo()
    scratch.add(name, value)
    return b"".join(line.raw for line in content_lines.split_lines(scratch.to_ical()) if line.name == name.encode())


def without_task(data: bytes, uid: str) -> bytes | None:
    """The file without one to-do; None where nothing else is in it."""
    rest = content_lines.keep(content_lines.split_lines(data), lambda c: not (c.kind == "VTODO" and c.uid == uid))
    others = any(component.kind != "VTIMEZONE" for component in content_lines.components(rest))
    return content_lines.join_lines(rest) if others else None
