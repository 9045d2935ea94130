"""The result of reading words as a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Grain = Literal[
    "second", "minute", "hour", "part_of_day", "day", "weekend", "week", "month", "quarter", "season", "year"
]


@dataclass(frozen=True, slots=True)
class WhenReading:
    """A point, an interval, an open interval, a recurrence, or a bare duration."""

    text: str
    """The words it was read from."""
    spans: tuple[tuple[int, int], ...]
    """Character offsets of those words, end exclusive: more than one where the expression is in pieces."""
    start: datetime | None = None
    """Aware, in the user's zone. Start of the day, week, ... for coarser grains."""
    end: datetime | None = None
    """Exclusive; None for a point in time and for "after ..."."""
    grain: Grain | None = None
    all_day: bool = False
    """The words name days, not hours."""
    includes_end_day: bool = False
    """The day `end` begins is meant too ("from Monday to Wednesday", "until Friday"): an all-day
    event that fills the range ends a day later."""
    recurrence: str | None = None
    """RRULE value without the property name; `start` is the first occurrence."""
    duration: timedelta | None = None
    """"for forty five minutes"; with a start it also sets `end`."""
    zone: str | None = None
    """Key or offset ("+05:30") of the zone that was named ("3 pm London time"); `start` is in the user's."""
    words: str = ""
    """The reading said back: "Thursday 26 November at half past three"."""
