"""Putting something into the calendar, and asking for what is missing, one question at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant_app.agenda.events import EventDraft, as_datetime
from assistant_app.agenda.spoken import spoken_duration, spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.answers import NO, chosen, refuses, words_of
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_events import REMINDER, is_clock_time, read_time, times_in
from assistant_app.skills.scheduling_words import (
    Span,
    action_on,
    at_midnight,
    days_of,
    described,
    listed,
    said,
    title_of,
    without_times,
    words_of_time,
)
from assistant_app.turn import SCHEDULING, Choice, Pending, Route, SkillReply, Utterance

TITLE = "title"
TIME = "time"
ALL_DAY = "all day"
REMINDER_LENGTH = timedelta(minutes=15)
_SURE = 0.8
"""Above it an answer that reads as another request is one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of the event so far."""

    title: str = ""
    location: str = ""
    time_words: str = ""
    """The words the time was read from, so that an answer can complete them."""
    language: str = "en"
    reading: WhenReading | None = None
    reminder: bool = False
    all_day: bool = False


def create(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _go_on(_wanted(utterance, route, context), context)


def create_reminder(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _go_on(dataclasses.replace(_wanted(utterance, route, context), reminder=True), context)


def resume_title(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    route = context.router.route(answer)
    if refuses(answer, context):
        return _left_out()
    if _is_new_request(route):
        return None
    times = times_in(answer, context.now())
    title = title_of(answer.text, route.slots, [span for reading in times for span in reading.spans])
    wanted: Wanted = pending.state["wanted"]
    return _go_on(dataclasses.replace(wanted, title=title or without_times(answer.text, times)), context)


def resume_time(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    wanted: Wanted = pending.state["wanted"]
    choice = chosen(answer, pending, context)
    if choice is not None:
        return _left_out() if choice.value == NO else _go_on(dataclasses.replace(wanted, all_day=True), context)
    reading = _completed(wanted, answer, context.now())
    if reading is None or reading.start is None or _words_beside_time(answer, context.now()) > 2:
        route = context.router.route(answer)
        if refuses(answer, context):
            return _left_out()
        if _is_new_request(route):
            return None
    if reading is None or reading.start is None:
        question = f"I did not find a time in that. {pending.question}"
        return SkillReply(question, pending=pending)
    another_day = reading.all_day and wanted.reading is not None and wanted.reading.start is not None
    words = answer.text if another_day else f"{wanted.time_words} {answer.text}".strip()
    return _go_on(dataclasses.replace(wanted, reading=reading, time_words=words), context)


def _wanted(utterance: Utterance, route: Route, context: SkillContext) -> Wanted:
    reading = time_of(utterance, route, context.now())
    location = " ".join(slot.text for slot in route.slots if slot.name == "location")
    return Wanted(
        title=title_of(utterance.text, route.slots, reading.spans if reading else ()),
        location=location,
        time_words=words_of_time(utterance.text, reading) if reading else "",
        language=utterance.language,
        reading=reading,
    )


def time_of(utterance: Utterance, route: Route, now: datetime) -> WhenReading | None:
    """The time the whole request names; its time slots alone where a time-like word is part of the title."""
    reading = parse_when(utterance.text, now=now, language=utterance.language)
    slots = [slot for slot in route.slots if slot.name in ("datetime", "recurrence")]
    titles = [slot for slot in route.slots if slot.name == "title"]
    if slots and (reading is None or any(t.start <= s and e <= t.end for t in titles for s, e in reading.spans)):
        words = " ".join(utterance.text[slot.start : slot.end] for slot in sorted(slots, key=lambda slot: slot.start))
        from_slots = parse_when(words, now=now, language=utterance.language)
        if from_slots is not None:
            return dataclasses.replace(from_slots, spans=tuple((slot.start, slot.end) for slot in slots))
    return reading


def _go_on(wanted: Wanted, context: SkillContext) -> SkillReply:
    if not wanted.title:
        question = "What should I remind you of?" if wanted.reminder else "What is it called?"
        return _ask(question, TITLE, wanted)
    reading = wanted.reading
    if reading is None or reading.start is None:
        return _ask(f"When is {_in_quotes(wanted.title)}?", TIME, wanted)
    span = _span(reading, wanted, context)
    if span is None:
        day = reading.grain in ("day", "part_of_day")
        when = spoken_time(reading.start.date(), context.now()) if day else reading.words
        choices = (Choice("All day", ALL_DAY), Choice("Leave it", NO))
        return _ask(f"At what time is {_in_quotes(wanted.title)}, {when}?", TIME, wanted, choices)
    return _book(wanted, span, context)


def _span(reading: WhenReading, wanted: Wanted, context: SkillContext) -> Span | None:
    """Start and end of the event; None where a clock time is still to be asked for."""
    assert reading.start is not None
    recurrence = reading.recurrence or ""
    if is_clock_time(reading):
        usual = REMINDER_LENGTH if wanted.reminder else timedelta(minutes=context.settings.calendar.event_minutes)
        end = reading.end or reading.start + (reading.duration or usual)
        return Span(reading.start, end, recurrence)
    days = days_of(reading)
    several = days is not None and reading.grain == "day" and days[1] - days[0] > timedelta(days=1)
    if days is not None and (wanted.all_day or several):
        return Span(*days, recurrence)
    return None


def _book(wanted: Wanted, span: Span, context: SkillContext) -> SkillReply:
    now = context.now()
    timed = isinstance(span.start, datetime) and not wanted.reminder
    overlapping = context.calendar.conflicts(span.start, span.end) if timed else []
    event = context.calendar.add(
        EventDraft(
            title=wanted.title,
            start=span.start,
            end=span.end,
            calendar=context.settings.calendar.default_calendar,
            location=wanted.location,
            recurrence=span.recurrence,
            reminder_minutes=(0,) if wanted.reminder else (),
            categories=(REMINDER,) if wanted.reminder else (),
            busy=not wanted.reminder,
        )
    )
    notes = []
    if span.recurrence:
        notes.append("It repeats.")
    if as_datetime(event.start, context.zone) < now and isinstance(event.start, datetime) and not span.recurrence:
        notes.append("That is in the past.")
    if overlapping:
        notes.append(f"It overlaps with {listed([said(o, now) for o in overlapping[:3]])}.")
    rest = "".join(f" {note}" for note in notes)
    if wanted.reminder and isinstance(event.start, datetime):
        when = spoken_time(event.start.astimezone(now.tzinfo), now)
        actions = (action_on("event_added", event, context.zone),)
        return SkillReply(f"I will remind you {when}: {event.title}.{rest}", actions=actions)
    return SkillReply(
        f"Done: {described(event, now)}.{rest}",
        speech=f"Done. {said(event, now)}{_length_said(wanted, span)}.{rest}",
        actions=(action_on("event_added", event, context.zone),),
    )


def _length_said(wanted: Wanted, span: Span) -> str:
    if wanted.reminder or not isinstance(span.start, datetime) or not isinstance(span.end, datetime):
        return ""
    return f", for {spoken_duration(span.end - span.start)}"


def _ask(question: str, step: str, wanted: Wanted, choices: tuple[Choice, ...] = ()) -> SkillReply:
    state: Mapping[str, Any] = {"step": step, "wanted": wanted}
    return SkillReply(question, pending=Pending(question, choices, SCHEDULING, state))


def _completed(wanted: Wanted, answer: Utterance, now: datetime) -> WhenReading | None:
    """The answer's time, on the day that is known already where it names none."""
    alone = read_time(answer.text, now, answer.language)
    known = wanted.reading
    if known is None or (known.start is None and known.duration is None):
        return alone
    if known.start is None:
        return _with_length(alone, known.duration)
    if alone is None or not is_clock_time(alone):
        return alone
    if names_no_day(answer, now):
        together = parse_when(f"{wanted.time_words} {alone.text}", now=now, language=answer.language)
        if together is not None and is_clock_time(together):
            return together
    return _with_length(alone, known.duration)


def names_no_day(said_time: Utterance, now: datetime) -> bool:
    """Whether the words are a clock time only.

    Such a time lies on the day itself while the day begins, and on the next one when it ends;
    "today at ten" stays on its day, "Tuesday at ten" goes to another Tuesday.
    """
    begins = at_midnight(now.date(), _zone(now)) + timedelta(minutes=1)
    ends = at_midnight(now.date() + timedelta(days=1), _zone(now)) - timedelta(seconds=1)
    early = read_time(said_time.text, begins, said_time.language)
    late = read_time(said_time.text, ends, said_time.language)
    if early is None or late is None or early.start is None or late.start is None:
        return False
    return early.start.date() == begins.date() and late.start.date() == begins.date() + timedelta(days=1)


def _with_length(reading: WhenReading | None, length: timedelta | None) -> WhenReading | None:
    if reading is None or reading.start is None or length is None or reading.end is not None:
        return reading
    return dataclasses.replace(reading, end=reading.start + length, duration=length)


def _words_beside_time(answer: Utterance, now: datetime) -> int:
    return len(words_of(without_times(answer.text, times_in(answer, now))))


def _is_new_request(route: Route) -> bool:
    """Whether an answer to "what?" or "when?" is rather another request."""
    if route.unsure or route.confidence < _SURE:
        return False
    return route.skill == SCHEDULING and route.intent not in ("create_event", "set_reminder", "add_to_list")


def _left_out() -> SkillReply:
    return SkillReply("All right, I left it out of the calendar.")


def _in_quotes(title: str) -> str:
    return f"“{title}”"


def _zone(now: datetime) -> Any:
    return now.tzinfo
