"""What an event is. All-day and timed are different: `date` against aware `datetime`.

Values only; the files are `store.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

Moment = date | datetime
"""A `date` for all-day events, an aware `datetime` otherwise."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event that has no file yet."""

    title: str
    start: Moment
    end: Moment
    """Exclusive; of the same kind as `start` and after it."""
    calendar: str = ""
    """Folder name; empty is the default calendar."""
    location: str = ""
    notes: str = ""
    recurrence: str = ""
    """An RFC 5545 RRULE value without the property name (`FREQ=WEEKLY;BYDAY=MO`); empty for one occasion."""
    reminder_minutes: tuple[int, ...] = ()
    """Minutes before the start, one VALARM each."""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event on disk."""

    uid: str
    """RFC 5545 UID."""
    title: str
    start: Moment
    end: Moment
    calendar: str
    file: Path
    location: str = ""
    notes: str = ""
    recurrence: str = ""
    reminder_minutes: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    @property
    def length(self) -> timedelta:
        if isinstance(self.start, datetime) and isinstance(self.end, datetime):
            if self.start.tzinfo and self.end.tzinfo:
                # Within one zone Python subtracts wall times; what passes is meant.
                return self.end.astimezone(UTC) - self.start.astimezone(UTC)
            return self.end - self.start
        return self.end - self.start  # type: ignore[operator]  # both are days


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occasion of an event; start and end are this occasion's own."""

    event: Event
    start: Moment
    end: Moment

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file in the calendar folder that could not be read. It is left where it is."""

    file: Path
    reason: str


@dataclass(frozen=True, slots=True)
class FreeSlot:
    start: datetime
    end: datetime


ChangeKind = Literal["event_added", "event_edited", "event_moved", "event_deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """What an undo or redo did."""

    kind: ChangeKind
    """The action that was undone or done again."""
    before: Event | None
    """The event before that action; None where there was none."""
    after: Event | None
    """The event after that action; None where it was deleted."""
    undone: bool
    """True after an undo, False after a redo."""
    count: int = 1
    """Events that the action touched (an import touches several; `after` is the first)."""


def as_datetime(moment: Moment, zone: ZoneInfo) -> datetime:
    """The moment as an aware datetime in `zone`; a day begins at its midnight."""
    if isinstance(moment, datetime):
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    return datetime.combine(moment, time(), tzinfo=zone)
