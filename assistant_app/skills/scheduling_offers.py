"""Times to offer where a day is known and the hour is not."""

from __future__ import annotations

from datetime import datetime, timedelta

from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_words import interval_of

_APART = timedelta(hours=3)
_MOST_OFFERS = 3


def free_times(reading: WhenReading, context: SkillContext) -> list[datetime]:
    """Up to three times in the stretch that was named, far from each other, at which nothing lies."""
    hours, now = context.settings.calendar, context.now()
    stretch = interval_of(reading, timedelta(days=1))
    if stretch is None or stretch[1] <= now:
        return []
    length = reading.duration or timedelta(minutes=hours.event_minutes)
    begins = max(stretch[0], now)
    slots = context.calendar.free_slots(
        length, begins, stretch[1], day_starts_hour=hours.day_starts_hour, day_ends_hour=hours.day_ends_hour
    )
    several_days = stretch[1] - stretch[0] > timedelta(days=1, hours=1)
    found: list[datetime] = []
    for slot in slots:
        start = _next_half_hour(slot.start)
        while start + length <= slot.end and len(found) < _MOST_OFFERS:
            apart = not found or (start.date() > found[-1].date() if several_days else start - found[-1] >= _APART)
            if apart:
                found.append(start)
            start += timedelta(minutes=30)
    return found


def _next_half_hour(moment: datetime) -> datetime:
    past = timedelta(minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not past else moment - past + timedelta(minutes=30)
