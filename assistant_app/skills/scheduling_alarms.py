"""Alarms by voice and text: set, ask, move, cancel.

An alarm is an event in a calendar of its own (`Reminders.set_alarm`); this file tells which one and
when is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant_app.agenda.events import Event, as_datetime
from assistant_app.agenda.reminders import ALARM
from assistant_app.agenda.spoken import spoken_recurrence, spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.word_search import best
from assistant_app.skills import scheduling_wide as wide
from assistant_app.skills.answers import NO, chosen, refuses, yes_or_no
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_create import names_no_day, time_of
from assistant_app.skills.scheduling_events import (
    is_clock_time,
    read_time,
    source_and_target,
    time_looked_at,
    times_in,
)
from assistant_app.skills.scheduling_focus import alarms_talked_about
from assistant_app.skills.scheduling_reminders import alarm_title, stop
from assistant_app.skills.scheduling_targets import new_times
from assistant_app.skills.scheduling_timers import spoken_length
from assistant_app.skills.scheduling_words import action_on, listed, words_of_time
from assistant_app.turn import SCHEDULING, Choice, Pending, Route, SkillReply, Utterance

ALARM_TIME = "alarm_time"
WHICH_ALARM = "which_alarm"
CONFIRM_ALARMS = "confirm_alarms"
_EVERY = "every"
_WAKING = ("wake", "get up", "get me up", "起床")
"""What is asked for is the morning, whatever hour comes first."""
_MOST_ALARMS_SAID = 5


# Setting alarms


def set_alarm(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    title = alarm_title(route)
    clock_times = [reading for reading in times_in(utterance, context.now()) if is_clock_time(reading)]
    if len(clock_times) > 1 and not any(reading.recurrence for reading in clock_times):
        return _set([reading for reading in clock_times if reading.start], title, context)
    reading = time_of(utterance, route, context.now())
    reading = reading and in_the_morning(reading, context.now(), utterance.text)
    return _set_or_ask(reading, utterance.text, title, context)


def resume_alarm_time(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    now, known = context.now(), pending.state["words"]
    reading = read_time(answer.text, now, answer.language)
    if reading is not None and known and is_clock_time(reading) and names_no_day(answer, now):
        together = parse_when(f"{known} at {reading.text}", now=now, language=answer.language)
        reading = together if together is not None and is_clock_time(together) else reading
    if reading is None:
        return SkillReply("All right, no alarm.") if refuses(answer, context) else None
    return _set_or_ask(in_the_morning(reading, now), answer.text, pending.state["title"], context)


def in_the_morning(reading: WhenReading, now: datetime, words: str = "") -> WhenReading:
    """A bare "6:30" of a repeating alarm, of one on a later day, or after "wake me", is in the morning, though half
    past six in the evening comes first."""
    morning = _as_morning(reading, now)
    if morning is None or reading.start is None:
        return reading
    wakes = any(word in words.lower() for word in _WAKING)
    return morning if reading.recurrence or reading.start.date() > now.date() or wakes else reading


def _as_morning(reading: WhenReading, now: datetime) -> WhenReading | None:
    """The same words read as a time in the morning; None where they say which half of the day is meant."""
    if reading.start is None or reading.start.hour <= 12 or not is_clock_time(reading):
        return None
    morning = parse_when(f"in the morning {reading.text}", now=now)
    if morning is None or morning.start is None or morning.recurrence != reading.recurrence:
        return None
    same = (morning.start.hour + 12, morning.start.minute) == (reading.start.hour, reading.start.minute)
    return morning if same else None


def _set_or_ask(reading: WhenReading | None, text: str, title: str, context: SkillContext) -> SkillReply:
    now = context.now()
    if reading is not None and reading.start is None and reading.duration is not None:  # "for twenty minutes"
        return _set_at([now + reading.duration], title, "", context)
    if reading is not None and reading.start is not None and is_clock_time(reading):
        if reading.start > now or reading.recurrence:
            return _set([reading], title, context)
        return _ask_time("That time is over already. At what time shall I ring?", "", title)
    words = words_of_time(text, reading) if reading is not None and reading.spans else ""
    day = f" {spoken_time(reading.start.date(), now)}" if reading is not None and reading.start is not None else ""
    return _ask_time(f"At what time{day}?", words, title)


def _ask_time(question: str, words: str, title: str) -> SkillReply:
    state = {"step": ALARM_TIME, "words": words, "title": title}
    return SkillReply(question, pending=Pending(question, (), SCHEDULING, state))


def _set(readings: Sequence[WhenReading], title: str, context: SkillContext) -> SkillReply:
    starts = [reading.start for reading in readings if reading.start is not None]
    return _set_at(starts, title, readings[0].recurrence or "", context)


def _set_at(starts: Sequence[datetime], title: str, recurrence: str, context: SkillContext) -> SkillReply:
    now = context.now()
    events = [context.reminders.set_alarm(start, title=title, recurrence=recurrence) for start in starts]
    when = listed([spoken_time(start, now) for start in starts])
    repeats = f", {spoken_recurrence(recurrence)}" if recurrence else ""
    name = "Alarm" if not title else f"{title} alarm"
    first = f" It first rings {when}." if recurrence else ""
    said = f"{name} set{repeats or f' for {when}'}."
    return SkillReply(f"{said}{first}", actions=tuple(action_on("event_added", e, context.zone) for e in events))


# Asking about alarms


def query_alarms(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    every = context.reminders.alarms()
    if not every:
        return SkillReply("No alarm is set.")
    found = _meant(utterance, route, times_in(utterance, context.now()), every, context)
    if not found:
        following = _alarm_said(*every[0], context)
        return SkillReply(f"No alarm is set for that. The next one: {following}.")
    lines = [_alarm_said(event, start, context) for event, start in found[:_MOST_ALARMS_SAID]]
    if len(found) == 1:
        minutes = timedelta(minutes=round((found[0][1] - context.now()) / timedelta(minutes=1)))
        return SkillReply(f"{lines[0][0].upper()}{lines[0][1:]}, in {spoken_length(minutes)}.")
    more = f"; and {len(found) - len(lines)} more" if len(found) > len(lines) else ""
    return SkillReply(
        "\n".join([f"{len(found)} alarms are set:", *(f"- {line}" for line in lines)]) + more,
        speech=f"{len(found)} alarms are set: {'; '.join(lines)}{more}.",
    )


def _alarm_said(event: Event, start: datetime, context: SkillContext) -> str:
    now = context.now()
    named = f"{event.title}, " if event.title != "Alarm" else ""
    repeats = f", {spoken_recurrence(event.recurrence)}" if event.recurrence else ""
    return f"{named}{spoken_time(start.astimezone(now.tzinfo), now)}{repeats}"


# Moving and cancelling alarms


def change_alarm(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    sources, target = source_and_target(utterance, route, context.now())
    every = context.reminders.alarms()
    if not every:
        return (
            _set_or_ask(target, utterance.text, alarm_title(route), context)
            if target
            else SkillReply("No alarm is set.")
        )
    found = _meant(utterance, route, sources, every, context)
    if not found:
        return SkillReply("I found no such alarm. Name it by its time.")
    if target is None:
        return SkillReply("To what time? Say it with the alarm, for example: move my alarm to seven.")
    if len(found) > 1:
        return _ask_which("move", found, context, {"target": target, "said": utterance})
    return move_to(found[0][0], target, utterance, context)


def move_to(event: Event, target: WhenReading, said: Utterance, context: SkillContext) -> SkillReply:
    """Let an alarm ring at another time; the half of the day stays where the words leave it open."""
    times = new_times(event, target, said, context)
    if times is None or not isinstance(times[0], datetime):
        return SkillReply("To what time? Say it with the alarm, for example: move my alarm to seven.")
    start = times[0]
    read_as = target.start.hour if target.start is not None and is_clock_time(target) else start.hour
    was_in_the_morning = as_datetime(event.start, context.zone).hour < 12 <= start.hour
    if start.hour == read_as + 12 or (was_in_the_morning and _as_morning(target, context.now()) is not None):
        start -= timedelta(hours=12)  # "to half past six" keeps to the half of the day that the alarm was in
    if start <= context.now() and not event.recurrence:
        start += timedelta(days=1)  # "to seven", said at eight, is tomorrow's seven
    moved = context.calendar.edit(event.uid, start=start, recurrence=target.recurrence or event.recurrence)
    coming = next((at for alarm, at in context.reminders.alarms() if alarm.uid == moved.uid), start)
    text = f"Moved: {_alarm_said(moved, coming, context)}."
    return SkillReply(text, actions=(action_on("event_moved", moved, context.zone),))


def cancel_alarm(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    times = times_in(utterance, context.now())
    ringing = context.reminders.ringing()
    if ringing and not times and not alarm_title(route):  # "turn off the alarm" while it rings
        return stop(ringing, context)
    every = context.reminders.alarms()
    if not every:
        return SkillReply("No alarm is set.")
    found = _meant(utterance, route, times, every, context)
    if not found:
        return SkillReply(f"No alarm is set for that. The next one: {_alarm_said(*every[0], context)}.")
    if len(found) > 1 and wide.is_wide(utterance.text):
        question = f"Shall I cancel all {len(found)} alarms: {listed([_alarm_said(*one, context) for one in found])}?"
        state = {"step": CONFIRM_ALARMS, "uids": tuple(event.uid for event, _ in found)}
        choices = yes_or_no("Yes, cancel them", "No, keep them")
        return SkillReply(question, pending=Pending(question, choices, SCHEDULING, state))
    if len(found) > 1:
        return _ask_which("cancel", found, context, {})
    event, start = found[0]
    if not event.recurrence:
        return _cancelled([event], context)
    question = f"Shall I cancel {_alarm_said(event, start, context)}? It repeats, and all of it will be gone."
    choices = yes_or_no("Yes, cancel it", "No, keep it")
    if _names_one_day(times, context):
        question = f"{_alarm_said(event, start, context)} repeats. Only that once, or every time?"
        choices = (Choice("Only that once", start.isoformat()), Choice("Every time", "yes"), Choice("Keep it", NO))
    state = {"step": CONFIRM_ALARMS, "uids": (event.uid,)}
    return SkillReply(question, pending=Pending(question, choices, SCHEDULING, state))


def resume_confirm(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, it stays.")
    events = [context.calendar.get(uid) for uid in pending.state["uids"]]
    if choice.value == "yes":
        return _cancelled(events, context)
    once = datetime.fromisoformat(choice.value)
    for occurrence in context.calendar.between(once, once + timedelta(minutes=1)):
        if occurrence.event.uid == events[0].uid:
            context.calendar.delete(events[0].uid, scope="one", occurrence=occurrence.recurrence_id)
            text = f"No alarm {spoken_time(once.astimezone(context.now().tzinfo), context.now())}. The others stay."
            return SkillReply(text, actions=(action_on("event_deleted", events[0], context.zone),))
    return SkillReply("That alarm is gone already.")


def resume_which(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    uids: Sequence[str] = pending.state["uids"]
    if choice is None:
        reading = read_time(answer.text, context.now(), answer.language)
        fitting = [uid for uid in uids if reading and reading.start and _same_clock(_start(uid, context), reading)]
        if len(fitting) != 1:
            return None
        uids = fitting
    elif choice.value == NO:
        return SkillReply("All right, nothing was changed.")
    elif choice.value != _EVERY:
        uids = (choice.value,)
    if pending.state["what"] == "move":
        return move_to(context.calendar.get(uids[0]), pending.state["target"], pending.state["said"], context)
    return _cancelled([context.calendar.get(uid) for uid in uids], context)


def _cancelled(events: Sequence[Event], context: SkillContext) -> SkillReply:
    names = listed([_alarm_said(e, as_datetime(e.start, context.zone), context) for e in events])
    for event in events:
        context.calendar.delete(event.uid)
    alarms = "Alarm" if len(events) == 1 else f"{len(events)} alarms"
    how = "Say “undo” to bring it back." if len(events) == 1 else "Each “undo” brings one back."
    return SkillReply(
        f"{alarms} cancelled: {names}. {how}",
        speech=f"{alarms} cancelled.",
        actions=tuple(action_on("event_deleted", event, context.zone) for event in events),
    )


def _ask_which(
    what: str, found: Sequence[tuple[Event, datetime]], context: SkillContext, state: dict[str, object]
) -> SkillReply:
    question = f"There are {len(found)} alarms. Which one shall I {what}?"
    labels = [_alarm_said(event, start, context) for event, start in found]
    choices = [Choice(label, event.uid) for label, (event, _) in zip(labels, found, strict=True)]
    every = (Choice(f"All {len(found)} of them", _EVERY),) if what == "cancel" else ()
    uids = tuple(event.uid for event, _ in found)
    pending = Pending(
        question,
        (*choices, *every, Choice("None of them", NO)),
        SCHEDULING,
        {**state, "step": WHICH_ALARM, "what": what, "uids": uids},
    )
    lines = [f"{number}. {label}" for number, label in enumerate(labels, start=1)]
    return SkillReply("\n".join((question, *lines)), speech=f"{question} {'; '.join(labels)}?", pending=pending)


def _meant(
    utterance: Utterance,
    route: Route,
    times: Sequence[WhenReading],
    alarms: Sequence[tuple[Event, datetime]],
    context: SkillContext,
) -> list[tuple[Event, datetime]]:
    """The alarms of the name and the time that were said; all of them where neither was."""
    found = list(alarms)
    if title := alarm_title(route):
        found = best([(alarm, alarm[0].title) for alarm in alarms], title)
    reading = next((reading for reading in times if reading.start is not None), None)
    if reading is None:
        return found if title else alarms_talked_about(utterance.text, context, found) or found
    interval = time_looked_at(reading)
    if interval is not None:
        inside = {
            o.event.uid: as_datetime(o.start, context.zone)
            for o in reversed(context.calendar.between(*interval))
            if ALARM in o.event.categories
        }
        there = [(event, inside[event.uid]) for event, _ in found if event.uid in inside]
        if there:
            return there
    if is_clock_time(reading) and _no_day(reading, utterance, context):
        return [(event, start) for event, start in found if _same_clock(start, reading)]
    return []


def _no_day(reading: WhenReading, utterance: Utterance, context: SkillContext) -> bool:
    return names_no_day(Utterance(reading.text, utterance.source, utterance.language), context.now())


def _names_one_day(times: Sequence[WhenReading], context: SkillContext) -> bool:
    """Whether a day was said, so that one occasion of a series may be meant."""
    for reading in times:
        if reading.start is not None and not reading.recurrence:
            return reading.all_day or not names_no_day(Utterance(reading.text, "typed", "en"), context.now())
    return False


def _same_clock(start: datetime, reading: WhenReading) -> bool:
    """Half a day apart counts as the same: "the six o'clock alarm" may be either."""
    assert reading.start is not None
    return (start.hour % 12, start.minute) == (reading.start.hour % 12, reading.start.minute)


def _start(uid: str, context: SkillContext) -> datetime:
    return as_datetime(context.calendar.get(uid).start, context.zone)
