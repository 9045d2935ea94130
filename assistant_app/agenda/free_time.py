"""Free time between occasions. It knows intervals, not files."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import FreeSlot, Occurrence, as_datetime


def overlapping(busy: Iterable[Occurrence], spans: Sequence[tuple[datetime, datetime]]) -> list[Occurrence]:
    """The timed occasions that overlap one of the spans, which are in order."""
    starts = [start.timestamp() for start, _ in spans]
    latest_ends = list(accumulate((end.timestamp() for _, end in spans), max))
    found = []
    for occurrence in busy:
        if isinstance(occurrence.start, datetime) and isinstance(occurrence.end, datetime):
            begins, ends = occurrence.start.timestamp(), max(occurrence.end.timestamp(), occurrence.start.timestamp())
            before = bisect_left(starts, max(ends, begins + 1))
            if before and latest_ends[before - 1] > begins:
                found.append(occurrence)
    return found


def free_slots(
    busy: Iterable[Occurrence],
    length: timedelta,
    start: datetime,
    end: datetime,
    *,
    day_starts_hour: int,
    day_ends_hour: int,
    zone: ZoneInfo,
) -> list[FreeSlot]:
    """Every free stretch of at least `length` within working hours. All-day events do not make a day busy."""
    spans = sorted((as_datetime(o.start, zone), as_datetime(o.end, zone)) for o in busy if not o.all_day)
    slots: list[FreeSlot] = []
    day = start.astimezone(zone).date()
    while as_datetime(day, zone) < end:
        opens = max(start, datetime.combine(day, time(day_starts_hour), tzinfo=zone))
        closes = min(end, _at_hour(day, day_ends_hour, zone))
        free_from = opens
        for busy_start, busy_end in spans:
            if busy_end <= free_from or busy_start >= closes:
                continue
            if busy_start.timestamp() - free_from.timestamp() >= length.total_seconds():
                slots.append(FreeSlot(free_from.astimezone(zone), busy_start))
            free_from = max(free_from, busy_end)
        if closes.timestamp() - free_from.timestamp() >= length.total_seconds():
            slots.append(FreeSlot(free_from.astimezone(zone), closes.astimezone(zone)))
        day += timedelta(days=1)
    return slots


def _at_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    if hour >= 24:
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return datetime.combine(day, time(hour), tzinfo=zone)
