"""Moving, deleting and undoing. Deleting asks first; of a series it is asked how much is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant_app.agenda.events import Event, Moment, Occurrence, as_datetime
from assistant_app.agenda.spoken import spoken_duration, spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills import scheduling_scope as scope
from assistant_app.skills import scheduling_wide as wide
from assistant_app.skills.answers import NO, chosen, refuses, yes_or_no
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_events import (
    MOST_CHOICES,
    REMINDER,
    Meant,
    choices_of,
    distinct,
    events_meant,
    is_clock_time,
    read_time,
    source_and_target,
    times_in,
)
from assistant_app.skills.scheduling_targets import new_times
from assistant_app.skills.scheduling_words import action_on, described, listed, said, title_and
from assistant_app.turn import SCHEDULING, Choice, Pending, Route, SkillReply, Utterance

WHICH = "which"
WHERE_TO = "where_to"
CONFIRM_DELETE = "confirm_delete"
CONFIRM_MOVE = "confirm_move"
_EVERY = "every"
_ELSEWHERE = "There is nothing of that name at that time. "


# Deleting


def cancel(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _cancel(utterance, route, context)


def cancel_reminder(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _cancel(utterance, route, context, category=REMINDER)


def _cancel(utterance: Utterance, route: Route, context: SkillContext, *, category: str = "") -> SkillReply:
    times = times_in(utterance, context.now())
    if wide.is_wide(utterance.text) and (several := wide.all_meant(utterance, route, times, context, category)):
        return wide.ask_delete(several, context)
    meant = events_meant(utterance, route, times, context, category=category)
    found = distinct(meant.found)
    if not found:
        return _none_found(meant, "delete")
    if len(found) > 1:
        return _ask_which(found, "delete", context, {})
    return _delete_one_of(found[0], context, meant)


def _delete_one_of(which: Occurrence, context: SkillContext, meant: Meant | None = None) -> SkillReply:
    if which.recurrence_id is not None:
        return scope.ask_delete(which, context, _ELSEWHERE if meant and meant.at_another_time else "")
    return _confirm_delete([which], context, meant)


def resume_delete(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    return (
        _delete(pending.state["found"], context)
        if choice.value != NO
        else SkillReply("All right, nothing was deleted.")
    )


def _confirm_delete(found: Sequence[Occurrence], context: SkillContext, meant: Meant | None = None) -> SkillReply:
    now = context.now()
    names = listed([said(occurrence, now) for occurrence in found])
    elsewhere = _ELSEWHERE if meant and meant.at_another_time else ""
    question = f"{elsewhere}Shall I delete {names}?"
    pending = Pending(
        question,
        yes_or_no("Yes, delete it", "No, keep it"),
        SCHEDULING,
        {"step": CONFIRM_DELETE, "found": tuple(found)},
    )
    return SkillReply(question, pending=pending)


def _delete(found: Sequence[Occurrence], context: SkillContext) -> SkillReply:
    """Delete events; of those that repeat, the occasions that were found."""
    deleted = [_delete_just(which, context) for which in found]
    names = listed([title_and(event) for event in deleted])
    how = "Say “undo” to bring it back." if len(deleted) == 1 else "Each “undo” brings one back."
    return SkillReply(
        f"Deleted: {names}. {how}",
        actions=tuple(action_on("event_deleted", event, context.zone) for event in deleted),
    )


def _delete_just(which: Occurrence, context: SkillContext) -> Event:
    if which.recurrence_id is None:
        return context.calendar.delete(which.event.uid)
    return context.calendar.delete(which.event.uid, scope="one", occurrence=which.recurrence_id)


# Moving


def move(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    sources, target = source_and_target(utterance, route, context.now())
    if target and wide.is_wide(utterance.text) and (several := wide.all_meant(utterance, route, sources, context)):
        return wide.ask_move(several, target, utterance, context)
    meant = events_meant(utterance, route, sources, context)
    found = distinct(meant.found)
    if not found:
        return _none_found(meant, "move")
    state = {"target": target, "said": utterance}
    if len(found) > 1:
        return _ask_which(found, "move", context, state)
    return move_to(found[0], state, context, sure=not meant.by_time_alone)


def resume_where_to(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    target = read_time(answer.text, context.now(), answer.language)
    if target is None:
        if refuses(answer, context):
            return SkillReply("All right, it stays where it is.")
        return None
    return move_to(pending.state["which"], {"target": target, "said": answer}, context)


def resume_move(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, it stays where it is.")
    return put_at(context.calendar.get(pending.state["uid"]), pending.state["start"], pending.state["end"], context)


def move_to(which: Occurrence, state: dict[str, Any], context: SkillContext, *, sure: bool = True) -> SkillReply:
    """Move it to the time in `state` ("target", as "said"), asking for what is still open; `sure`: it is this one."""
    event = replace(which.event, start=which.start, end=which.end)
    target: WhenReading | None = state["target"]
    times = new_times(event, target, state["said"], context) if target else None
    if times is None:
        return ask_where_to(which)
    start, end = times
    if which.recurrence_id is not None:
        return scope.ask_move(which, start, end, context)
    if sure:
        return put_at(event, start, end, context)
    now = context.now()
    goal = spoken_time(start, now)
    question = f"Shall I move {said(event, now)}, to {goal}?"
    return SkillReply(
        question,
        pending=Pending(
            question,
            yes_or_no("Yes, move it", "No, leave it"),
            SCHEDULING,
            {"step": CONFIRM_MOVE, "uid": event.uid, "start": start, "end": end},
        ),
    )


def ask_where_to(which: Occurrence) -> SkillReply:
    """When the new time is still missing."""
    question = f"When should {title_and(which)} be?"
    return SkillReply(question, pending=Pending(question, (), SCHEDULING, {"step": WHERE_TO, "which": which}))


def put_at(event: Event, start: Moment, end: Moment, context: SkillContext) -> SkillReply:
    """Give an event that does not repeat other times, and point out what it now overlaps with."""
    now = context.now()
    overlapping = context.calendar.conflicts(start, end, ignore_uid=event.uid) if isinstance(start, datetime) else []
    same_kind = isinstance(start, datetime) != event.all_day
    length = as_datetime(end, context.zone) - as_datetime(start, context.zone)
    if same_kind and length == event.length:
        moved = context.calendar.move(event.uid, start)
    else:
        moved = context.calendar.edit(event.uid, start=start, end=end)
    rest = f" It overlaps with {listed([said(o, now) for o in overlapping[:3]])}." if overlapping else ""
    if start == event.start and isinstance(start, datetime):
        text, speech = f"Changed: {described(moved, now)}.", f"{title_and(moved)} takes {spoken_duration(length)} now."
    elif REMINDER in moved.categories:
        text, speech = f"Moved: {said(moved, now)}.", f"Moved. {said(moved, now)}."
    else:
        text, speech = f"Moved: {described(moved, now)}.", f"Moved. {said(moved, now)}."
    actions = (action_on("event_moved" if start != event.start else "event_edited", moved, context.zone),)
    return SkillReply(f"{text}{rest}", speech=f"{speech}{rest}", actions=actions)


# Which one


def resume_which(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context) or _by_time(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, nothing was changed.")
    if pending.state["what"] == "delete":
        if choice.value == _EVERY:
            return _delete(pending.state["found"], context)
        which = _found(pending, choice.value)
        return scope.ask_delete(which, context) if which.recurrence_id is not None else _delete([which], context)
    return move_to(_found(pending, choice.value), dict(pending.state), context)


def _found(pending: Pending, uid: str) -> Occurrence:
    found: Sequence[Occurrence] = pending.state["found"]
    return next(which for which in found if which.event.uid == uid)


def _ask_which(found: Sequence[Occurrence], what: str, context: SkillContext, state: dict[str, Any]) -> SkillReply:
    now = context.now()
    offered = found[:MOST_CHOICES]
    labels = [described(occurrence, now) for occurrence in offered]
    choices = choices_of(offered, labels, "None of them")
    if what == "delete":
        choices = (*choices[:-1], Choice(f"All {len(found)} of them", _EVERY), choices[-1])
    more = f" (the first {len(offered)} of {len(found)})" if len(found) > len(offered) else ""
    question = f"There are {len(found)} that fit. Which one shall I {what}{more}?"
    pending = Pending(question, choices, SCHEDULING, {**state, "step": WHICH, "what": what, "found": tuple(found)})
    return SkillReply(
        "\n".join((question, *(f"{number}. {label}" for number, label in enumerate(labels, start=1)))),
        speech=f"{question} {'; '.join(said(occurrence, now) for occurrence in offered)}?",
        pending=pending,
    )


def _by_time(answer: Utterance, pending: Pending, context: SkillContext) -> Choice | None:
    """The choice at the time that was named: "the one on Friday"."""
    reading = parse_when(answer.text, now=context.now(), language=answer.language)
    if reading is None or reading.start is None:
        return None
    fitting = []
    for choice in pending.choices:
        if choice.value in (NO, _EVERY):
            continue
        start = as_datetime(_found(pending, choice.value).start, context.zone)
        same_day = start.date() == reading.start.date()
        same_clock = (start.hour % 12, start.minute) == (reading.start.hour % 12, reading.start.minute)
        fitting.append((choice, same_day, same_clock and is_clock_time(reading)))
    # "The one on Friday" has a clock time in it for a reader of times, so the day alone is enough.
    both = [choice for choice, day, clock in fitting if day and clock]
    by_day = [choice for choice, day, _ in fitting if day]
    by_clock = [choice for choice, _, clock in fitting if clock]
    named = both or by_day or by_clock
    return named[0] if len(named) == 1 else None


def _none_found(meant: Meant, what: str) -> SkillReply:
    if meant.words:
        return SkillReply(f"I found nothing called “{meant.words}” in the calendar, so there is nothing to {what}.")
    return SkillReply(f"I found no event there to {what}. Name it by its title or its time.")


# Undo


def undo(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return undo_last(context)


def undo_last(context: SkillContext) -> SkillReply:
    """Take back the latest change of the calendar or a list, whoever made it."""
    change = context.calendar.undo()
    event = (change.before or change.after) if change else None
    if change is None:
        return SkillReply("There is nothing to undo.")
    if event is None:  # a to-do, not an event
        more = f" and {change.count - 1} more" if change.count > 1 else ""
        return SkillReply(f"Undone: {change.title}{more}, as before.")
    now = context.now()
    if change.before is None:
        more = f" and {change.count - 1} more" if change.count > 1 else ""
        text = f"Undone: {title_and(event)}{more} is no longer in the calendar."
    elif change.after is None:
        text = f"Undone: {described(event, now)} is back."
    else:
        text = f"Undone: {described(event, now)}, as before."
    return SkillReply(text, actions=(action_on("undone", event, context.zone),))
