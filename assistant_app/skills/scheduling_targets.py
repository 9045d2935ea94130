"""Where an event goes: the words of a request to move, read from where the event is now."""

from __future__ import annotations

from datetime import datetime, timedelta

from assistant_app.agenda.events import Event, Moment, as_datetime
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_create import names_no_day
from assistant_app.skills.scheduling_events import is_clock_time
from assistant_app.skills.scheduling_words import at_midnight, days_of, is_earlier
from assistant_app.turn import Utterance


def new_times(
    event: Event, target: WhenReading, told: Utterance, context: SkillContext
) -> tuple[Moment, Moment] | None:
    """Where an event goes: a day keeps its clock time, a clock time its day, a length shifts it."""
    start, zone = event.start, context.zone
    if target.start is None:
        if target.duration is None:
            return None
        shift = -target.duration if is_earlier(told.text) else target.duration
        if not isinstance(start, datetime):
            shift = timedelta(days=round(shift / timedelta(days=1)))
            return (start + shift, event.end + shift) if shift else None
        return start + shift, event.end + shift
    if not isinstance(start, datetime):
        if not is_clock_time(target):
            return target.start.date(), target.start.date() + event.length
        usual = timedelta(minutes=context.settings.calendar.event_minutes)
        return target.start, target.end or target.start + (target.duration or usual)
    local = as_datetime(start, zone)
    if not is_clock_time(target):
        days = days_of(target)
        if (
            days is not None
            and target.end is not None
            and target.grain == "day"
            and days[1] - days[0] > timedelta(days=1)
        ):
            return days  # "from the 7th to the 11th" fills the days
        moved = datetime.combine(target.start.date(), local.timetz().replace(tzinfo=None), tzinfo=zone)
        return moved, moved + event.length
    words = Utterance(target.text, told.source, told.language)
    moved = target.start
    if names_no_day(words, context.now()):
        moved = _on_the_day_of(local, words, context) or moved
    length = target.end - target.start if target.end else target.duration or event.length
    return moved, moved + length


def _on_the_day_of(event_start: datetime, words: Utterance, context: SkillContext) -> datetime | None:
    """A bare clock time read as on the event's own day, in its working hours first ("four" is in the afternoon)."""
    morning = at_midnight(event_start.date(), context.zone) + timedelta(
        hours=context.settings.calendar.day_starts_hour, minutes=-1
    )
    reading = parse_when(words.text, now=morning, language=words.language)
    if reading is None or reading.start is None:
        return None
    return datetime.combine(event_start.date(), reading.start.timetz().replace(tzinfo=None), tzinfo=context.zone)
