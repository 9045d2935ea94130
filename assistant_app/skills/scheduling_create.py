"""Putting something into the calendar, and asking for what is missing, one question at a time."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant_app.agenda.events import EventDraft, as_datetime
from assistant_app.agenda.spoken import spoken_clock, spoken_duration, spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.answers import NO, chosen, refuses, words_of
from assistant_app.skills.api import SkillContext
from assistant_app.skills.fragments import Fragment, fragment_of, without_seeming_times
from assistant_app.skills.scheduling_events import REMINDER, is_clock_time, read_time, times_in
from assistant_app.skills.scheduling_fields import Detail, detail_of, with_people
from assistant_app.skills.scheduling_focus import last_exchange, occasion_talked_about
from assistant_app.skills.scheduling_offers import free_times
from assistant_app.skills.scheduling_words import (
    Span,
    action_on,
    at_midnight,
    days_of,
    described,
    interval_of,
    listed,
    said,
    tidy,
    title_of,
    without_times,
    words_of_time,
)
from assistant_app.turn import DIALOGUE, SCHEDULING, Choice, Pending, Route, SkillReply, Utterance

TITLE = "title"
TIME = "time"
ALL_DAY = "all day"
REMINDER_LENGTH = timedelta(minutes=15)
_CREATING = ("create_event", "set_reminder", "set_alarm", "set_timer")
_NO_REQUESTS = (DIALOGUE, SCHEDULING, "clarification")
_ALL_DAY = re.compile(r"\b(?:all|whole|entire)[ -]day\b|全天|整天|一整天", re.IGNORECASE)
_KIND = re.compile(r"\b(?:meeting|appointment|call|video call)\b|会议|约会|预约", re.IGNORECASE)
"""What an event without a title of its own is called by."""
_HAN_FRAME = re.compile(
    r"^(?:请|帮我|给我|我要|我想|把|在)*(?:约|预约|安排|添加|加|订|新建|创建|记)(?:一下|一个|个)?|(?:加到|放到|放进|加入|记到)?(?:我的)?(?:日历|日程)(?:里|上|中)?$"
)
_THEN = re.compile(r"\b(?:then|at that time|that day)\W*$|那时候?|那天", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“「『]([^\"“”「」『』]{2,60})[\"”」』]")
_BESIDE = re.compile(
    r"\b(?:right |directly |straight |immediately )?"
    r"(?:(?P<way>after|before) (?:that|it|this|them)(?: one)?|afterwards?)\b"
    r"|(?P<han>(?:那|这|它)?(?:之|以)[后前])",
    re.IGNORECASE,
)
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
    wanted: Wanted = pending.state["wanted"]
    times = times_in(answer, context.now())
    title = title_of(answer.text, route.slots, [span for reading in times for span in reading.spans])
    title = title or without_times(answer.text, times)
    beside = fragment_of(answer.text, context.now(), answer.language).content
    if times and len(beside) <= 1 and not any(slot.name == "title" for slot in route.slots):  # when instead of what
        title = ""
    if times and (reading := _completed(wanted, answer, context.now())) is not None:
        wanted = dataclasses.replace(wanted, reading=reading, time_words=f"{wanted.time_words} {answer.text}".strip())
    elif not title or (route.skill == DIALOGUE and route.intent != "chat" and not route.unsure):
        return SkillReply(pending.question, pending=pending)
    return _go_on(dataclasses.replace(wanted, title=title), context)


def resume_time(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    wanted: Wanted = pending.state["wanted"]
    choice = chosen(answer, pending, context)
    if choice is not None and choice.value in (NO, ALL_DAY):
        return _left_out() if choice.value == NO else _go_on(dataclasses.replace(wanted, all_day=True), context)
    if choice is not None:
        return _go_on(dataclasses.replace(wanted, reading=_at(choice, wanted)), context)
    reading = _completed(wanted, answer, context.now())
    fragment = fragment_of(answer.text, context.now(), answer.language)
    if reading is None or reading.start is None or len(fragment.content) > 1 or fragment.asks:
        route = context.router.route(answer)
        if refuses(answer, context):
            return _left_out()
        detail = detail_of(answer, route, fragment)
        if detail is not None:
            return _go_on(_with_detail(wanted, detail), context)
        if _is_new_request(route) or _is_another_event(route, wanted, fragment):
            return None
        if reading is None and len(fragment.content) > 1 and not route.unsure and route.skill not in _NO_REQUESTS:
            return None
    if reading is None or reading.start is None:
        if reading is not None and reading.duration is not None and wanted.reading is not None:  # the length first
            known = dataclasses.replace(wanted.reading, duration=reading.duration)
            return _go_on(dataclasses.replace(wanted, reading=known), context)
        question = f"I did not find a time in that. {pending.question}"
        return SkillReply(question, pending=pending)
    another_day = reading.all_day and wanted.reading is not None and wanted.reading.start is not None
    words = answer.text if another_day else f"{wanted.time_words} {answer.text}".strip()
    all_day = wanted.all_day or says_all_day(answer.text)
    return _go_on(dataclasses.replace(wanted, reading=reading, time_words=words, all_day=all_day), context)


def _at(choice: Choice, wanted: Wanted) -> WhenReading:
    """The time that was offered and chosen."""
    start = datetime.fromisoformat(choice.value)
    length = wanted.reading.duration if wanted.reading is not None else None
    end = start + length if length is not None else None
    return WhenReading(choice.label, (), start, end, "minute", duration=length)


def _with_detail(wanted: Wanted, detail: Detail) -> Wanted:
    if detail.what == "location":
        return dataclasses.replace(wanted, location=detail.new)
    title = tidy(detail.new) if detail.what == "title" else with_people(wanted.title, detail.new)
    return dataclasses.replace(wanted, title=title)


def _wanted(utterance: Utterance, route: Route, context: SkillContext) -> Wanted:
    reading = time_of(utterance, route, context.now())
    if reading is None or reading.start is None:
        reading = beside_what_was_told(utterance.text, reading, context) or reading
    if reading is None and _THEN.search(utterance.text):  # "book a meeting then", after "am I free on Friday"
        exchange = last_exchange(context)
        reading = parse_when(exchange.user, now=context.now(), language=utterance.language) if exchange else None
        reading = dataclasses.replace(reading, spans=()) if reading is not None else None
    title = title_of(utterance.text, route.slots, reading.spans if reading else ())
    if not title and reading is not None and reading.start is not None:  # "a meeting tomorrow" has a name
        title = _kind_named(utterance, reading)
    location = " ".join(slot.text for slot in route.slots if slot.name == "location")
    return Wanted(
        title=title,
        location=location,
        time_words=(words_of_time(utterance.text, reading) or reading.text) if reading else "",
        language=utterance.language,
        reading=reading,
        all_day=says_all_day(utterance.text),
    )


def says_all_day(text: str) -> bool:
    return bool(_ALL_DAY.search(text))


def _kind_named(utterance: Utterance, reading: WhenReading) -> str:
    """What stands in quotes, or the kind of thing it is; of a Chinese sentence what is left of it."""
    text = utterance.text
    found = _QUOTED.search(text) or _KIND.search(text)
    if found is None and utterance.language == "zh":
        return _HAN_FRAME.sub("", without_times(text, [reading])).strip()
    return tidy(next((group for group in found.groups() if group), found[0].lower())) if found else ""


def beside_what_was_told(text: str, length: WhenReading | None, context: SkillContext) -> WhenReading | None:
    """ "Drinks afterwards", "an hour before that": a time by the event that was talked about last."""
    found = _BESIDE.search(text)
    which = occasion_talked_about(context) if found else None
    if found is None or which is None or not isinstance(which.start, datetime):
        return None
    start, end = as_datetime(which.start, context.zone), as_datetime(which.end, context.zone)
    before = (found["way"] or "").lower() == "before" or bool(found["han"] and "前" in found["han"])
    away = length.duration if length is not None and length.duration is not None else timedelta()
    usual = timedelta(minutes=context.settings.calendar.event_minutes)
    begins = start - (away or usual) if before else end + away
    spans = (*(length.spans if length is not None else ()), found.span())
    return WhenReading(found[0], spans, begins, None, "minute")


def time_of(utterance: Utterance, route: Route, now: datetime) -> WhenReading | None:
    """The time the whole request names; its time slots alone where a time-like word is part of the title."""
    text = without_seeming_times(utterance.text)
    reading = parse_when(text, now=now, language=utterance.language)
    slots = [slot for slot in route.slots if slot.name in ("datetime", "recurrence")]
    titles = [slot for slot in route.slots if slot.name == "title"]
    if slots and (reading is None or any(t.start <= s and e <= t.end for t in titles for s, e in reading.spans)):
        words = " ".join(text[slot.start : slot.end] for slot in sorted(slots, key=lambda slot: slot.start))
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
        return _ask_clock(wanted, reading, context)
    return _book(wanted, span, context)


def _ask_clock(wanted: Wanted, reading: WhenReading, context: SkillContext) -> SkillReply:
    """The day is known: at what time, with some that are free."""
    assert reading.start is not None
    now = context.now()
    day = reading.grain in ("day", "part_of_day")
    when = spoken_time(reading.start.date(), now) if day else reading.words
    question = f"At what time is {_in_quotes(wanted.title)}, {when}?"
    free = [] if wanted.reminder else free_times(reading, context)
    says_day = len({start.date() for start in free}) > 1
    labels = [spoken_time(start, now) if says_day else spoken_clock(start) for start in free]
    offers = tuple(Choice(label, start.isoformat()) for label, start in zip(labels, free, strict=True))
    choices = (*offers, Choice("All day", ALL_DAY), Choice("Leave it", NO))
    reply = _ask(question, TIME, wanted, choices)
    if len(labels) < 2:
        return reply
    return dataclasses.replace(reply, speech=f"{question} For example {', '.join(labels[:-1])} or {labels[-1]}.")


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
    overlapping = context.calendar.conflicts(span.start, span.end, recurrence=span.recurrence) if timed else []
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
    together = parse_when(f"{wanted.time_words} {alone.text}", now=now, language=answer.language)
    if together is not None and is_clock_time(together) and together.start is not None:
        stretch = interval_of(known, timedelta(days=1))
        if names_no_day(answer, now) or (stretch and stretch[0] <= together.start < stretch[1]):
            return _with_length(together, known.duration)
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


def _is_new_request(route: Route) -> bool:
    """Whether an answer to "what?" or "when?" is rather another request."""
    if route.unsure or route.confidence < _SURE:
        return False
    return route.skill == SCHEDULING and route.intent not in ("create_event", "set_reminder", "add_to_list")


def _is_another_event(route: Route, wanted: Wanted, fragment: Fragment) -> bool:
    """ "Book a dinner on Saturday", said when the hour of the lunch was asked for."""
    if route.unsure or route.skill != SCHEDULING or route.intent not in _CREATING:
        return False
    named = set(words_of(" ".join(slot.text for slot in route.slots if slot.name == "title")))
    return fragment.whole or (bool(named - set(words_of(wanted.title))) and len(fragment.content) > 2)


def _left_out() -> SkillReply:
    return SkillReply("All right, I left it out of the calendar.")


def _in_quotes(title: str) -> str:
    return f"“{title}”"


def _zone(now: datetime) -> Any:
    return now.tzinfo
