"""What words for times mean before they are placed on the calendar.

Values only. They are partial on purpose ("the 3rd", "Friday", "half past three"); `resolve.py` finds
the date and the half of the day that fit best.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from assistant_app.agenda.when.holidays import Holiday
from assistant_app.agenda.when.reading import Grain


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    digits: int = 0
    """How many digits were written; 0 for words."""

    @property
    def whole(self) -> bool:
        return float(self.value).is_integer()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time as (months, days, seconds)."""

    grain: Grain
    months: int = 0
    days: int = 0
    seconds: int = 0
    business: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    months: float = 0
    days: float = 0
    seconds: float = 0
    grain: Grain = "day"
    """The finest unit named."""
    business: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or a longer stretch of the calendar: the fields that were named, or the dates they were counted to."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """0 is Monday."""
    nth: int | None = None
    """The nth such weekday of its month; -1 is the last."""
    start: date | None = None
    """Where the words say just which: "today", "next week"."""
    end: date | None = None
    """Exclusive, for a stretch."""
    holiday: Holiday | None = None
    grain: Grain = "day"
    edge: date | None = None
    """The bound that "the end of 2007" is as the start or end of a range."""
    base: date | None = None
    """Where `start` was counted from: "three days after tomorrow"."""
    near: bool = False
    """The year is the nearest, past or to come: "this Friday, 5/12"."""


@dataclass(frozen=True, slots=True)
class Clock:
    hour: int
    minute: int = 0
    second: int = 0
    sure: bool = False
    """The half of the day is known."""
    grain: Grain = "minute"
    zone: str | None = None
    """A time zone's key or offset, where one was named."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day by its hours."""

    start: float
    end: float
    name: str = ""
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A day with a clock time or part of day, or an exact moment; what was not named is None."""

    day: Day | None = None
    clock: Clock | None = None
    part: Part | None = None
    exact: datetime | None = None


@dataclass(frozen=True, slots=True)
class Range:
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Stretch:
    """A start and how long."""

    start: Point
    length: Length


@dataclass(frozen=True, slots=True)
class Open:
    point: Point
    after: bool
    """False: before."""
    inclusive: bool = False
    """ "since 2016" begins in 2016, "after 2016" when it is over."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A recurrence rule in pieces."""

    freq: str
    interval: int = 1
    weekdays: tuple[str, ...] = ()
    """BYDAY values."""
    month_day: int | None = None
    """-1 is the last."""
    more_month_days: tuple[int, ...] = ()
    """ "on the 1st and 15th" """
    month: int | None = None
    clock: Clock | None = None
    end_clock: Clock | None = None
    part: Part | None = None
    begin: Day | None = None
    until: Day | None = None
    count: int | None = None
    """How many times at all."""
    for_length: Length | None = None
    """How long from its first day."""


Value = Number | Unit | Length | Day | Clock | Part | Point | Range | Stretch | Open | Repeat | int | str
