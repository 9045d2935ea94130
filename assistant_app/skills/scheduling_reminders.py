"""What rings now: snooze it, stop it. "Stop", "turn off the alarm" and "ten more minutes" end here.

Reminders are events and are made and found with the others; alarms and timers have files of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant_app.agenda.ring_state import Ring
from assistant_app.agenda.ringing import due_words
from assistant_app.agenda.spoken import spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.word_search import best, fold
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_events import is_clock_time, times_in
from assistant_app.skills.scheduling_timers import lengths_in
from assistant_app.skills.scheduling_words import at_midnight, listed, tidy
from assistant_app.turn import Route, SkillReply, Utterance

_NAMELESS = frozenset(("alarm", "alarms", "reminder", "timer", "clock", "wake", "up", "闹钟"))


def snooze(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    context.reminders.look()
    ringing = _named(context.reminders.ringing(), route)
    if not ringing:
        return SkillReply("Nothing is ringing.")
    again = context.reminders.snooze(ringing, _snooze_end(utterance, context))
    names = listed([_ring_name(ring) for ring in ringing])
    return SkillReply(f"{names} again {spoken_time(again, context.now())}.")


def _snooze_end(utterance: Utterance, context: SkillContext) -> datetime | None:
    """ "For ten minutes", "until three", "until tomorrow morning"; None where nothing was said."""
    now = context.now()
    if lengths := lengths_in(utterance, now):
        return now + lengths[0]
    reading = next(iter(times_in(utterance, now)), None)
    if reading is None:
        return None
    if is_clock_time(reading) or reading.start is None:
        end = reading.start or reading.end
        if end is not None and reading.grain in ("second", "minute", "hour"):
            return end
        words = reading.text.partition(" ")[2]  # "until tomorrow morning" ends when that begins
        reading = parse_when(words, now=now, language=utterance.language) if words else None
    if reading is None or reading.start is None:
        return None
    opens = timedelta(hours=context.settings.calendar.day_starts_hour)
    opening = at_midnight(reading.start.date(), context.zone) + opens
    return max(reading.start, opening)


def dismiss(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    context.reminders.look()
    ringing = _named(context.reminders.ringing(), route)
    return stop(ringing, context) if ringing else SkillReply("Nothing is ringing.")


def stop_ringing(context: SkillContext) -> SkillReply | None:
    """A bare "stop" while something rings; None where nothing does."""
    ringing = context.reminders.ringing()
    return stop(ringing, context) if ringing else None


def stop(ringing: Sequence[Ring], context: SkillContext) -> SkillReply:
    """Stop these for good."""
    context.reminders.dismiss(ringing)
    now = context.now()
    lines = [f"{_ring_name(ring)}, {due_words(ring, now, context.zone)}" for ring in ringing]
    return SkillReply(f"Stopped: {'; '.join(lines)}.", speech="Stopped.")


def _named(ringing: Sequence[Ring], route: Route) -> Sequence[Ring]:
    """The one whose name was said; all where none was."""
    title = alarm_title(route)
    return (best([(ring, ring.title) for ring in ringing], title) if title else []) or ringing


def _ring_name(ring: Ring) -> str:
    return f"{ring.title} timer" if ring.kind == "timer" and ring.title != "Timer" else ring.title


def alarm_title(route: Route) -> str:
    """What the alarm is called, where that is more than "alarm"."""
    words = " ".join(slot.text for slot in sorted(route.slots, key=lambda s: s.start) if slot.name == "title")
    return "" if set(fold(words)) <= _NAMELESS else tidy(words)
