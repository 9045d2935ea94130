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
    colour: str = ""
    """A CSS3 colour name (RFC 7986 COLOR); empty is the calendar's own."""
    extra_dates: tuple[Moment, ...] = ()
    """Starts of further occasions beside those of the rule (RDATE); of the same kind as `start`."""
    busy: bool = True
    """False: time with this event in it still counts as free (TRANSP:TRANSPARENT)."""


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
    colour: str = ""
    extra_dates: tuple[Moment, ...] = ()
    busy: bool = True
    """It takes up its time: neither marked as free time nor cancelled by who invited to it."""

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    @property
    def repeats(self) -> bool:
        """A rule or further dates give it more than one occasion."""
        return bool(self.recurrence or self.extra_dates)

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
    recurrence_id: Moment | None = None
    """Which occasion of its series this is: the start that the rule gives it, wherever it was moved to since. It
    names the occasion to `edit`, `move` and `delete`; None for an event that does not repeat."""

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)


Scope = Literal["one", "following", "all"]
"""How much of a series a change touches: that occasion, it and all later ones, or the series."""


@dataclass(frozen=True, slots=True)
class CalendarInfo:
    """A calendar folder as it presents itself."""

    name: str
    """Of the folder."""
    title: str
    """For people; the folder's name where nothing else is given."""
    colour: str
    """`#rrggbb`, or empty."""


@dataclass(frozen=True, slots=True)
class BinnedFile:
    """What was deleted, or changed in part, and can be put back."""

    name: str
    """By which it is restored."""
    titles: tuple[str, ...]
    calendar: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file in the calendar folder that could not be read. It is left where it is."""

    file: Path
    reason: str


@dataclass(frozen=True, slots=True)
class FreeSlot:
    start: datetime
    end: datetime


ChangeKind = Literal[
    "event_added",
    "event_edited",
    "event_moved",
    "event_deleted",
    "task_added",
    "task_completed",
    "task_edited",
    "task_deleted",
    "list_added",
]


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
    title: str = ""
    """Of what was changed where it is no event."""


def as_datetime(moment: Moment, zone: ZoneInfo) -> datetime:
    """The moment as an aware datetime in `zone`; a day begins at its midnight."""
    if isinstance(moment, datetime):
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    return datetime.combine(moment, time(), tzinfo=zone)
