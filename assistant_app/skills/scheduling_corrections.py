"""Changing what was done a moment ago: "no, Thursday", "make it an hour", "at the office", "actually cancel that".

`scheduling_context` has found that the words are said of the last exchange; this file says what they
change. A change of an occasion of a series asks how much of it is meant, unless the series was made
just now.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from assistant_app.agenda.events import Event, EventDraft, Moment, Occurrence, as_datetime
from assistant_app.agenda.reminders import ALARM, REMINDER
from assistant_app.agenda.spoken import spoken_duration, spoken_recurrence
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.errors import InputError
from assistant_app.skills import scheduling_alarms as alarms
from assistant_app.skills import scheduling_changes as changes
from assistant_app.skills import scheduling_create as create
from assistant_app.skills import scheduling_lists as lists
from assistant_app.skills import scheduling_scope as scope
from assistant_app.skills import scheduling_timers as timers
from assistant_app.skills.answers import NO, YES, chosen
from assistant_app.skills.api import SkillContext
from assistant_app.skills.fragments import (
    ENDING,
    LENGTH,
    LONGER,
    SHIFTING,
    SHORTER,
    Fragment,
    clock_of,
    fragment_of,
)
from assistant_app.skills.scheduling_events import as_shift, is_clock_time
from assistant_app.skills.scheduling_fields import Detail, alert_before, detail_of, with_people
from assistant_app.skills.scheduling_focus import (
    DID,
    last_actions,
    last_exchange,
    made_just_now,
    occasion_talked_about,
    timer_uid,
)
from assistant_app.skills.scheduling_targets import new_times
from assistant_app.skills.scheduling_words import action_on, described, listed, said, tidy, title_and
from assistant_app.turn import SCHEDULING, Action, Choice, Pending, Route, SkillReply, Utterance

CORRECTION = "correction"
_ASKED_WHEN = (create.TIME, changes.WHERE_TO, alarms.ALARM_TIME, timers.LENGTH)
_DAY = timedelta(days=1)
_EVENT_KINDS = ("event_added", "event_moved", "event_edited", "undone")
_TIMER_KINDS = ("timer_started", "timer_changed", "timer_paused", "timer_resumed")
_HALF_OF_DAY = re.compile(r"[ap]\.?m|noon|evening|night|morning|afternoon|1[3-9]|2[0-4]|午|晚|早", re.IGNORECASE)


def can_change(action: Action) -> bool:
    """Whether what an action did can be corrected."""
    return action.kind in (*_EVENT_KINDS, *_TIMER_KINDS, "task_added", "task_edited")


def is_vague_shift(fragment: Fragment) -> bool:
    """ "It needs to be later": when is still to be asked."""
    return fragment.has(frozenset(("later", "earlier", "sooner", "晚点", "早点")))


# Changing


def change(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """Correct what the last exchange did, or the one event that it told of."""
    exchange = last_exchange(context)
    did = last_actions(exchange)
    fragment = fragment_of(utterance.text, context.now(), utterance.language)
    if did and did[-1].kind.startswith("timer_"):
        return _change_timer(did[-1], utterance, fragment, context)
    if did and did[-1].kind.startswith("task_"):
        return lists.change_due(did, clock_of(fragment, context.now(), utterance.language), context)
    which = occasion_talked_about(context)
    if which is None:
        return SkillReply("It is not in the calendar any more.")
    just_made = made_just_now(which.event.uid, context)
    return _change_event(which, utterance, route, fragment, context, just_made=just_made)


def _change_event(
    which: Occurrence,
    utterance: Utterance,
    route: Route,
    fragment: Fragment,
    context: SkillContext,
    *,
    just_made: bool,
) -> SkillReply:
    now = context.now()
    before = alert_before(utterance, fragment)
    if before is not None:
        minutes = round(before / timedelta(minutes=1))
        known = which.event.reminder_minutes
        changed = context.calendar.edit(which.event.uid, reminder_minutes=tuple(sorted({*known, minutes})))
        text = f"I will remind you {spoken_duration(before)} before {title_and(changed)}."
        return SkillReply(text, actions=(action_on("event_edited", changed, context.zone),))
    detail = detail_of(utterance, route, fragment)
    if detail is not None:
        return _change_detail(which, detail, context)
    target = clock_of(fragment, now, utterance.language)
    if target is None:
        return changes.ask_where_to(which)
    if just_made and fragment.words & {"too", "also", "也"} and target.recurrence is None:
        return _once_more(which, target, utterance, context)
    if ALARM in which.event.categories:
        return alarms.move_to(which.event, _from_now(target, now), utterance, context)
    if target.recurrence is not None:
        return _repeat(which, target, context)
    if REMINDER in which.event.categories and target.start is None and not fragment.has(SHIFTING):
        target = _from_now(target, now)
    times = _new_times(which, target, utterance, fragment, context)
    if times is None:
        return changes.ask_where_to(which)
    if which.recurrence_id is None:
        return changes.put_at(replace(which.event, start=which.start, end=which.end), *times, context)
    if just_made:
        return scope.move_one(which, "all", *times, context)
    return scope.ask_move(which, *times, context)


def _once_more(which: Occurrence, target: WhenReading, utterance: Utterance, context: SkillContext) -> SkillReply:
    """ "And on Sunday too": the same again at another time."""
    event = replace(which.event, start=which.start, end=which.end)
    times = new_times(event, target, utterance, context)
    if times is None:
        return changes.ask_where_to(which)
    copied = ("title", "calendar", "location", "notes", "reminder_minutes", "categories", "colour", "busy")
    fields = {name: getattr(event, name) for name in copied}
    added = context.calendar.add(EventDraft(start=times[0], end=times[1], **fields))
    now = context.now()
    return SkillReply(
        f"Done: {described(added, now)}.",
        speech=f"Done. {said(added, now)}.",
        actions=(action_on("event_added", added, context.zone),),
    )


def _new_times(
    which: Occurrence, target: WhenReading, utterance: Utterance, fragment: Fragment, context: SkillContext
) -> tuple[Moment, Moment] | None:
    """Start and end after the change: "until six" and "make it end at six" set the end, "an hour" the length."""
    event = replace(which.event, start=which.start, end=which.end)
    ends = target.start is None and target.end is not None
    if ends or (fragment.has(ENDING) and is_clock_time(target) and target.end is None):
        return _ending_at(event, target, utterance, context)
    shift = as_shift(target, context.now(), utterance.language)
    if shift is target and target.start is None and target.duration is not None and _is_length(fragment):
        length = _length(event, target.duration, utterance, target, fragment)
        if isinstance(event.start, datetime) and length > timedelta():
            return event.start, event.start + length
        return None if isinstance(event.start, datetime) else (event.start, event.start + max(length, _DAY))
    return new_times(event, shift, utterance, context)


def _is_length(fragment: Fragment) -> bool:
    return fragment.has(LENGTH, LONGER, SHORTER) or not fragment.has(SHIFTING)


def _length(
    event: Event, length: timedelta, utterance: Utterance, target: WhenReading, fragment: Fragment
) -> timedelta:
    """ "Make it an hour" is an hour, "an hour longer" one more, "extend it to two hours" two."""
    start = target.spans[0][0] if target.spans else 0
    to = bool(re.search(r"\bto\s*$|到\s*$", utterance.text[:start], re.IGNORECASE))
    if to or not fragment.has(LONGER, SHORTER):
        return length
    return event.length + length if fragment.has(LONGER) else event.length - length


def _ending_at(
    event: Event, target: WhenReading, utterance: Utterance, context: SkillContext
) -> tuple[Moment, Moment] | None:
    moment = target.end if target.start is None else target.start
    if moment is None or not isinstance(event.start, datetime):
        return None
    start = as_datetime(event.start, context.zone)
    end = datetime.combine(start.date(), moment.timetz().replace(tzinfo=None), tzinfo=context.zone)
    if target.all_day:
        return None
    if end.hour < 12 and end <= start < end + timedelta(hours=12):  # "until six" of what begins at four
        end += timedelta(hours=12)
    if end.hour >= 12 and start < end - timedelta(hours=12) and _bare_hour(target):
        end -= timedelta(hours=12)
    if end <= start:
        end += timedelta(days=1)
    return start, end


def _bare_hour(target: WhenReading) -> bool:
    """Whether the words leave the half of the day open."""
    return not _HALF_OF_DAY.search(target.text)


def _from_now(target: WhenReading, now: datetime) -> WhenReading:
    """Of what only rings, "half an hour" is when: from now."""
    if target.start is None and target.duration is not None:
        return replace(target, start=now + target.duration, duration=None, grain="minute")
    return target


def _repeat(which: Occurrence, target: WhenReading, context: SkillContext) -> SkillReply:
    """ "Make it every week": at the hour it has, from its own day or the first that fits."""
    assert target.recurrence is not None
    now, event = context.now(), which.event
    fields: dict[str, Any] = {"recurrence": target.recurrence}
    if target.start is not None and isinstance(which.start, datetime):
        start = as_datetime(which.start, context.zone)
        if is_clock_time(target):
            start = target.start
        elif "BYDAY" in target.recurrence or "BYMONTHDAY" in target.recurrence:
            start = datetime.combine(target.start.date(), start.timetz().replace(tzinfo=None), tzinfo=context.zone)
        fields |= {"start": start, "end": start + event.length}
    changed = context.calendar.edit(event.uid, **fields)
    text = f"{title_and(changed)} is {spoken_recurrence(target.recurrence)} now, first {_when_said(changed, now)}."
    return SkillReply(text, actions=(action_on("event_edited", changed, context.zone),))


def _when_said(event: Event, now: datetime) -> str:
    return said(event, now).partition(", ")[2]


def _change_detail(which: Occurrence, detail: Detail, context: SkillContext) -> SkillReply:
    event, now = which.event, context.now()
    if detail.what == "location":
        changed = context.calendar.edit(event.uid, location=detail.new)
        text = f"{title_and(changed)} is at {detail.new} now."
    else:
        title = with_people(event.title, detail.new) if detail.what == "people" else tidy(detail.new)
        changed = context.calendar.edit(event.uid, title=title)
        text = f"Changed: {described(replace(changed, start=which.start, end=which.end), now)}."
    return SkillReply(text, actions=(action_on("event_edited", changed, context.zone),))


def _change_timer(action: Action, utterance: Utterance, fragment: Fragment, context: SkillContext) -> SkillReply:
    found = [timer for timer in context.reminders.timers() if timer_uid(timer) == action.uid]
    if not found:
        return SkillReply("That timer is over.")
    lengths = timers.lengths_in(utterance, context.now())
    if not lengths and fragment.number:
        lengths = timers.lengths_in(replace(utterance, text=f"{fragment.number} minutes"), context.now())
    if not lengths:
        return SkillReply("How long shall the timer run? Say, for example: make it ten minutes.")
    by = lengths[0] - timedelta(seconds=found[0].length_s)
    if fragment.has(LONGER) or fragment.has(SHORTER):
        by = lengths[0] if fragment.has(LONGER) else -lengths[0]
    return timers.change_length(found[0], by, context)


# Questions that are open


def in_answer(answer: Utterance, pending: Pending, context: SkillContext) -> Utterance | SkillReply:
    """ "No, Thursday" as the answer to a question of ours: the reply, or what is left for whoever asked to read."""
    fragment = fragment_of(answer.text, context.now(), answer.language)
    step, state = pending.state["step"], pending.state
    if fragment.asks or len(fragment.content) > (step in _ASKED_WHEN) or not (fragment.times or fragment.number):
        return answer
    if step in _ASKED_WHEN:  # "no, make it for Tuesday", "let's try a 6 pm start time", "the 19th works best"
        return replace(answer, text=" ".join(reading.text for reading in fragment.times) or fragment.number)
    if fragment.text == answer.text.strip():
        return answer
    plain = replace(answer, text=fragment.text)
    target = clock_of(fragment, context.now(), answer.language)
    if target is not None and step in (changes.CONFIRM_MOVE, scope.SCOPE) and "start" in state:
        which = state.get("which") or _only_occasion(context.calendar.get(state["uid"]))
        which = replace(which, start=state["start"], end=state["end"])  # "at five" is on the day it was to go to
        return changes.move_to(which, {"target": target, "said": plain}, context)
    if step in (changes.CONFIRM_DELETE, scope.SCOPE):
        return changes.cancel(plain, Route(SCHEDULING, "cancel_event", 1.0), context)
    return plain


def _only_occasion(event: Event) -> Occurrence:
    return Occurrence(event, event.start, event.end)


# Taking back


def discard(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """Take back what the last exchange did."""
    return _take_back(last_actions(last_exchange(context)), context)


def _take_back(did: tuple[Action, ...], context: SkillContext) -> SkillReply:
    kind = did[-1].kind if did else ""
    same = [action for action in did if action.kind == kind]
    if kind == "event_added" or (kind in _EVENT_KINDS and made_just_now(did[-1].uid, context)):
        gone = [event for action in same if (event := _deleted(action, context))]
        if not gone:
            return SkillReply("It is gone already.")
        names = listed([title_and(event) for event in gone])
        text = f"All right, {names} {'is' if len(gone) == 1 else 'are'} cancelled."
        return SkillReply(
            f"{text} Say “undo” to bring it back.",
            speech=text,
            actions=tuple(action_on("event_deleted", event, context.zone) for event in gone),
        )
    if kind in _TIMER_KINDS:
        return timers.cancel_these([action.uid for action in same], context)
    if kind == "task_added":
        return lists.take_off([action.uid for action in same], context)
    if kind in ("", "timer_cancelled"):
        return SkillReply("All right. Nothing was changed.")
    return changes.undo_last(context)


def _deleted(action: Action, context: SkillContext) -> Event | None:
    try:
        return context.calendar.delete(action.uid)
    except InputError:
        return None


def reject(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """ "No": what is wrong has to be asked."""
    did = last_actions(last_exchange(context))
    if not did:
        return SkillReply("All right. Nothing was changed.")
    which = occasion_talked_about(context) if did[-1].kind.startswith("event_") else None
    named = f" with {title_and(which)}" if which is not None else ""
    question = f"What is wrong{named}? Say how it should be, for example another time."
    if not can_change(did[-1]):
        question = "Shall I take that back?"
    choices = (Choice("Take it back", YES), Choice("Leave it as it is", NO))
    return SkillReply(question, pending=Pending(question, choices, SCHEDULING, {"step": CORRECTION, DID: did}))


def resume_correction(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    """What is wrong, told as a correction; yes takes it back."""
    fragment = fragment_of(answer.text, context.now(), answer.language)
    if not fragment.times and not fragment.number and (choice := chosen(answer, pending, context)) is not None:
        return _take_back(pending.state[DID], context) if choice.value == YES else SkillReply("All right, it stays.")
    return None
