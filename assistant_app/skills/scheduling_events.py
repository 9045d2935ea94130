"""Which events a request means: by its words, by its time, or the one just talked about."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant_app.agenda.events import Occurrence, as_datetime
from assistant_app.agenda.reminders import REMINDER
from assistant_app.agenda.when import find_times, parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.word_search import GENERAL, PASSING, fold
from assistant_app.skills.api import SkillContext
from assistant_app.skills.fragments import without_seeming_times
from assistant_app.skills.scheduling_focus import occasion_by_number, occasions_told
from assistant_app.skills.scheduling_words import CLOCK_GRAINS, interval_of, search_words
from assistant_app.turn import Choice, Route, Utterance

__all__ = [
    "MOST_CHOICES",
    "REMINDER",
    "Meant",
    "as_shift",
    "choices_of",
    "distinct",
    "events_meant",
    "is_clock_time",
    "read_time",
    "source_and_target",
    "time_looked_at",
    "times_in",
]

MOST_CHOICES = 5


@dataclass(frozen=True, slots=True)
class Meant:
    """What a request refers to."""

    found: tuple[Occurrence, ...]
    """In order of time."""
    words: str = ""
    """What was searched for, as said."""
    at_another_time: bool = False
    """Nothing of this name lies at the time that was named; `found` lies elsewhere."""
    by_time_alone: bool = False
    """Nothing has this name; `found` begins at the very minute that was named."""


def events_meant(
    utterance: Utterance, route: Route, times: Sequence[WhenReading], context: SkillContext, *, category: str = ""
) -> Meant:
    """The events that fit the words and the times of a request; by neither, what was last talked about."""
    now = context.now()
    numbered = occasion_by_number(utterance.text, context)
    if numbered is not None:
        return Meant((numbered,))
    words = search_words(utterance.text, route.slots)
    interval = next((found for reading in times if (found := time_looked_at(reading))), None)
    by_name = context.calendar.search(words, after=now) if words else []
    general = not by_name and set(fold(words)) <= GENERAL | PASSING  # "the meeting", and nothing is called so
    if general and interval is None:
        return Meant(tuple(occasions_told(context)))
    if interval is None:
        return Meant(_of_category(by_name, category), words)
    inside = context.calendar.between(*interval)
    exact = [o for o in inside if as_datetime(o.start, context.zone) == interval[0]]
    if not words:
        return Meant(_of_category(exact or inside, category), words)
    named = {occurrence.event.uid for occurrence in context.calendar.search(words, limit=200)}
    both = [occurrence for occurrence in inside if occurrence.event.uid in named]
    if both:
        return Meant(_of_category(both, category), words)
    if not by_name and exact and interval[1] - interval[0] == timedelta(minutes=1):
        return Meant(_of_category(exact, category), words, by_time_alone=True)
    if general:
        return Meant(_of_category(inside, category), words)
    people = [slot.text for slot in route.slots if slot.name in ("person", "location")]
    untold = set(fold(words)) - set(fold(" ".join(people)))
    if not by_name and people and untold <= GENERAL | PASSING and inside:  # "my meeting with Ann next week", none noted
        return Meant(_of_category(inside, category), words, by_time_alone=True)
    return Meant(_of_category(by_name, category), words, at_another_time=True)


def time_looked_at(reading: WhenReading) -> tuple[datetime, datetime] | None:
    """The interval in which events are looked for; a clock time is the minute itself."""
    return interval_of(reading, timedelta(minutes=1))


def read_time(text: str, now: datetime, language: str) -> WhenReading | None:
    """The time in words that were said as a time: "four" alone is a clock time there."""
    reading = parse_when(text, now=now, language=language)
    return parse_when(f"at {text}", now=now, language=language) if reading is None and language == "en" else reading


def times_in(utterance: Utterance, now: datetime) -> list[WhenReading]:
    """Every expression of time in the request, in reading order."""
    found = find_times(without_seeming_times(utterance.text), now=now, language=utterance.language)
    return sorted(found, key=lambda reading: reading.spans[0][0] if reading.spans else 0)


def source_and_target(
    utterance: Utterance, route: Route, now: datetime
) -> tuple[list[WhenReading], WhenReading | None]:
    """Of a request to move: the times that tell which event, and the one that tells where to, which is the last.

    "On Friday to Monday" reads as one stretch of time; where the router saw two times in it, they are two.
    """
    times = times_in(utterance, now)
    slots = sorted((slot for slot in route.slots if slot.name == "datetime"), key=lambda slot: slot.start)
    if slots and (not times or times[-1].spans[-1][1] <= slots[-1].start):  # "to four"
        last_slot = read_time(slots[-1].text, now, utterance.language)
        if last_slot is not None:
            return times, last_slot
    if not times:
        return [], None
    last = times[-1] = as_shift(times[-1], now, utterance.language)
    if last.start is None and len(times) > 1 and times[-2].start is not None:  # "to Friday for an hour"
        words = utterance.text[times[-2].spans[0][0] : last.spans[-1][1]]
        together = parse_when(words, now=now, language=utterance.language)
        return times[:-2], together or times[-2]
    inside = [slot for slot in slots if last.spans[0][0] <= slot.end and slot.start <= last.spans[-1][1]]
    if last.all_day and last.end is not None and len(inside) > 1:
        parts = [parse_when(slot.text, now=now, language=utterance.language) for slot in inside]
        read = [part for part in parts if part is not None]
        if len(read) > 1:
            return [*times[:-1], *read[:-1]], read[-1]
    return times[:-1], last


def as_shift(reading: WhenReading, now: datetime, language: str) -> WhenReading:
    """ "An hour later", said of an event, is later than the event and not than now: the length alone."""
    words = re.sub(r"\s+(later|earlier)$", "", reading.text, flags=re.IGNORECASE)
    length = parse_when(words, now=now, language=language) if words != reading.text else None
    if length is None or length.duration is None:
        return reading
    return dataclasses.replace(length, spans=reading.spans)


def is_clock_time(reading: WhenReading) -> bool:
    return reading.start is not None and reading.grain in CLOCK_GRAINS


def choices_of(occurrences: Sequence[Occurrence], labels: Sequence[str], none: str) -> tuple[Choice, ...]:
    """One choice an event, named by its label, and the safe one last."""
    offered = [Choice(label, o.event.uid) for o, label in zip(occurrences, labels, strict=True)]
    return (*offered, Choice(none, "no"))


def distinct(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """The first occasion of each event."""
    first: dict[str, Occurrence] = {}
    for occurrence in occurrences:
        first.setdefault(occurrence.event.uid, occurrence)
    return list(first.values())


def _of_category(occurrences: Sequence[Occurrence], category: str) -> tuple[Occurrence, ...]:
    fitting = [o for o in occurrences if not category or category in o.event.categories]
    return tuple(fitting or occurrences)
