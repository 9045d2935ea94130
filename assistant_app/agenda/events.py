"""What an event is. All-day and timed are different: `date` against aware `datetime`.

Values only; the files are `store.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

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
        return self.end - self.start


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
