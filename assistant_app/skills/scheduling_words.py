"""The words around events: titles out of slots, intervals out of readings, events said back.

It asks nothing and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import Event, Moment, Occurrence, as_datetime
from assistant_app.agenda.reminders import ALARM, REMINDER
from assistant_app.agenda.spoken import spoken_day, spoken_time, written_range
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.turn import Action, Slot

CLOCK_GRAINS = ("second", "minute", "hour")
_ARTICLES = ("a", "an", "the", "my", "our", "some")
_EARLIER = ("earlier", "forward", "sooner", "ahead", "提前", "早")
"""The words that turn the sign of "by an hour"; a length of time has no direction of its own."""
_LONGEST_GAP_WORDS = 2
_RINGING = frozenset((ALARM, REMINDER))


@dataclass(frozen=True, slots=True)
class Span:
    """When an event takes place."""

    start: Moment
    end: Moment
    recurrence: str = ""


def title_of(text: str, slots: Sequence[Slot], times: Iterable[tuple[int, int]] = ()) -> str:
    """The event's title out of the request: its title and person slots, less the words for times.

    Slots that stand side by side keep the words between them ("dentist appointment with Doctor
    Patel", "call mum"); a person elsewhere in the sentence is added with "with".
    """
    all_times = list(times)
    titles = sorted((slot for slot in slots if slot.name in ("title", "list_item")), key=lambda slot: slot.start)
    people = sorted((slot for slot in slots if slot.name == "person"), key=lambda slot: slot.start)
    # "Lunch tomorrow": a meal names a time as well, and stays the title all the same.
    time_spans = [(a, b) for a, b in all_times if not any(a <= slot.start and slot.end <= b for slot in titles)]
    if not titles:
        named = [_without(text, slot.start, slot.end, time_spans) for slot in people]
        return f"Meeting with {listed(named)}" if named else ""
    start, end = titles[0].start, titles[0].end
    apart: list[str] = []
    others: list[str] = []
    for slot in sorted([*titles[1:], *people], key=lambda slot: slot.start):
        if slot.start <= end and slot.end >= start:
            start, end = min(start, slot.start), max(end, slot.end)
        elif slot.start > end and _close(text[end : slot.start]) and not _touches(end, slot.start, all_times):
            end = slot.end
        elif slot.end < start and _close(text[slot.end : start]) and not _touches(slot.end, start, all_times):
            start = slot.start
        elif slot.name == "person":
            others.append(text[slot.start : slot.end])
        else:
            apart.append(f" {text[slot.start : slot.end]}")
    title = _without(text, start, end, time_spans)
    if others:
        before = re.search(r"\bwith\s+(.+)$", title, re.IGNORECASE)  # "dinner with Arjun", and Maya comes after a comma
        title = (
            f"{title[: before.start(1)]}{listed([before[1], *others])}" if before else f"{title} with {listed(others)}"
        )
    return tidy(title + "".join(apart))


def tidy(title: str) -> str:
    """Without an article before it and stray marks around it, beginning with a capital."""
    words = title.strip(' \t\n,.;:!?"“”。，！？').split()
    while len(words) > 1 and words[0].lower() in _ARTICLES:
        words = words[1:]
    joined = " ".join(words)
    return joined[:1].upper() + joined[1:]


def without_times(text: str, readings: Iterable[WhenReading]) -> str:
    """`text` without the words that were read as times."""
    return tidy(_without(text, 0, len(text), [span for reading in readings for span in reading.spans]))


def search_words(text: str, slots: Sequence[Slot]) -> str:
    """The words that tell which event is meant."""
    named = [slot for slot in slots if slot.name in ("title", "person", "location", "list_item")]
    carried = [slot.text for slot in named if slot.start == slot.end]
    return " ".join(
        [*carried, *(text[s.start : s.end] for s in sorted(named, key=lambda s: s.start) if s.end > s.start)]
    )


def interval_of(reading: WhenReading, default: timedelta) -> tuple[datetime, datetime] | None:
    """The stretch of time a reading names; None for one without a beginning and an end to go by."""
    if reading.start is None:
        return None
    if reading.end is not None:
        return reading.start, reading.end
    if reading.grain in CLOCK_GRAINS:
        return reading.start, reading.start + (reading.duration or default)
    return reading.start, _next_day(reading.start, reading.duration)


def days_of(reading: WhenReading) -> tuple[date, date] | None:
    """First day and the day after the last."""
    interval = interval_of(reading, timedelta(days=1))
    if interval is None:
        return None
    first, last = interval[0].date(), interval[1].date()
    if reading.includes_end_day and reading.end is not None:
        last += timedelta(days=1)
    return first, max(last, first + timedelta(days=1))


def words_of_time(text: str, reading: WhenReading) -> str:
    """The words a reading was made of, without what stands between them."""
    return " ".join(text[first:last] for first, last in reading.spans)


def is_earlier(text: str) -> bool:
    """Whether a shift by a length of time goes towards the past."""
    lowered = text.lower()
    return any(word in lowered.split() if word.isascii() else word in lowered for word in _EARLIER)


def described(event: Event | Occurrence, now: datetime) -> str:
    """ "Dentist appointment, tomorrow, 15:30 to 16:15"; of what only rings, when it does."""
    categories = (event.event if isinstance(event, Occurrence) else event).categories
    if isinstance(event.start, datetime) and not _RINGING.isdisjoint(categories):
        start = event.start.astimezone(now.tzinfo)
        return f"{title_and(event)}, {spoken_day(start.date(), now.date())}, {start:%H:%M}"
    return f"{title_and(event)}, {written_range(*_local(event, now), now)}"


def said(event: Event | Occurrence, now: datetime) -> str:
    """ "Dentist appointment, tomorrow at half past three"."""
    start, end = _local(event, now)
    if not isinstance(start, datetime):
        return f"{title_and(event)}, {written_range(start, end, now)}"
    return f"{title_and(event)}, {spoken_time(start, now)}"


def title_and(event: Event | Occurrence) -> str:
    title = (event.event if isinstance(event, Occurrence) else event).title
    return title or "An event without a title"


def action_on(kind: str, event: Event, zone: ZoneInfo) -> Action:
    """What a card shows of a change."""
    details = {
        "title": event.title,
        "start": iso(event.start, zone),
        "end": iso(event.end, zone),
        "calendar": event.calendar,
    }
    for name in ("location", "recurrence"):
        if value := getattr(event, name):
            details[name] = value
    return Action(kind, event.uid, details)


def iso(moment: Moment, zone: ZoneInfo) -> str:
    """Local ISO time without an offset; a day for all-day events."""
    if isinstance(moment, datetime):
        return as_datetime(moment, zone).replace(tzinfo=None).isoformat(timespec="minutes")
    return moment.isoformat()


def listed(names: Sequence[str]) -> str:
    """ "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def at_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _local(event: Event | Occurrence, now: datetime) -> tuple[Moment, Moment]:
    start, end = event.start, event.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        return start.astimezone(now.tzinfo), end.astimezone(now.tzinfo)
    return start, end


def _next_day(start: datetime, length: timedelta | None) -> datetime:
    return datetime.combine(start.date(), time(), tzinfo=start.tzinfo) + max(length or timedelta(), timedelta(days=1))


def _without(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> str:
    kept = "".join(
        "\0" if any(first <= place < last for first, last in spans) else text[place] for place in range(start, end)
    )
    return " ".join(kept.replace("\0", " ").split()) if "\0" in kept else kept.strip()


def _close(gap: str) -> bool:
    """Whether two slots with these words between them are one phrase."""
    if gap.strip() == ".":  # an abbreviation: "Dr. Patel"
        return True
    return len(gap.split()) <= _LONGEST_GAP_WORDS and not any(mark in gap for mark in ",.;:!?，。；：！？")


def _touches(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first < end and last > start for first, last in spans)
