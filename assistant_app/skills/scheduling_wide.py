"""Changing many events at once: "clear my calendar for Friday", "move all my meetings tomorrow to Monday".

Before anything is done it is asked, and said how many events it touches. Of a series only the
occasions that lie in the named time are touched; where no time was named, the whole series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assistant_app.agenda.events import Event, Moment, Occurrence, Scope
from assistant_app.agenda.reminders import ALARM, REMINDER
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.word_search import GENERAL, PASSING, fold
from assistant_app.errors import InputError
from assistant_app.skills.answers import NO, chosen, yes_or_no
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_events import distinct, time_looked_at
from assistant_app.skills.scheduling_queries import when_said
from assistant_app.skills.scheduling_targets import new_times
from assistant_app.skills.scheduling_words import action_on, listed, said, search_words, title_and
from assistant_app.turn import SCHEDULING, Action, Pending, Route, SkillReply, Utterance

WIDE_DELETE = "wide_delete"
WIDE_MOVE = "wide_move"
_WIDE = re.compile(
    r"\b(?:all|everything|both)\b(?![ -]day\b)|\bevery (?:event|meeting|appointment|reminder|alarm|single)\b"
    r"|\b(?:clear|empty|wipe|free up)\b.*\b(?:calendar|schedule|agenda|day|morning|afternoon|evening|week|weekend|"
    r"\w+day|tomorrow)\b|所有|全部|都(?:取消|删)|清空",
    re.IGNORECASE,
)
_UNTELLING = GENERAL | PASSING | {"everything", "all", "every", "calendar", "schedule", "agenda", "day", "reminders"}
_NAMED = 4
"""So many are named; of more the number."""
_FAR_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Several:
    """What a wide request touches."""

    found: tuple[Occurrence, ...]
    when: str = ""
    """The named time, said back; empty where none was named."""

    @property
    def whole_series(self) -> bool:
        return not self.when


def is_wide(text: str) -> bool:
    """ "All my meetings", "everything", "clear my calendar"."""
    return bool(_WIDE.search(text))


def all_meant(
    utterance: Utterance, route: Route, times: Sequence[WhenReading], context: SkillContext, category: str = ""
) -> Several | None:
    """Everything of the name, the kind and the time that were said; None for one event or none, or if nothing was said
    that sets a bound."""
    words = search_words(utterance.text, route.slots)
    words = "" if set(fold(words)) <= _UNTELLING else words
    reading = next((reading for reading in times if time_looked_at(reading)), None)
    interval = time_looked_at(reading) if reading is not None else None
    now = context.now()
    if interval is None and not words and not category:
        return None
    start, end = interval or (now, now + _FAR_AHEAD)
    found = [o for o in context.calendar.between(start, end) if _fits(o, category)]
    if words:
        named = {o.event.uid for o in context.calendar.search(words, limit=200)}
        found = [o for o in found if o.event.uid in named]
    if interval is None:
        found = distinct(found)
    when = when_said(reading, interval, now) if interval is not None else ""
    return Several(tuple(found), when) if len(found) > 1 else None


def _fits(which: Occurrence, category: str) -> bool:
    """Alarms are no events to a person; reminders are where they were named or a whole day is cleared."""
    return category in which.event.categories if category else ALARM not in which.event.categories


def ask_delete(several: Several, context: SkillContext) -> SkillReply:
    question = f"Shall I delete all {_counted(several, context)}?"
    state = {"step": WIDE_DELETE, "several": several}
    return SkillReply(
        question, pending=Pending(question, yes_or_no("Yes, delete them", "No, keep them"), SCHEDULING, state)
    )


def resume_delete(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, nothing was deleted.")
    several: Several = pending.state["several"]
    gone: list[Event] = []
    for which in several.found:
        once = which.recurrence_id is not None and not several.whole_series
        try:
            scope: Scope = "one" if once else "all"
            occurrence = which.recurrence_id if once else None
            gone.append(context.calendar.delete(which.event.uid, scope=scope, occurrence=occurrence))
        except InputError:  # it was deleted meanwhile, here or by another program
            continue
    if not gone:
        return SkillReply("They are gone already.")
    text = f"Deleted: {len(gone)} event{'' if len(gone) == 1 else 's'}{_when(several)}."
    return SkillReply(
        f"{text} Each “undo” brings one back.",
        speech=text,
        actions=tuple(action_on("event_deleted", event, context.zone) for event in gone),
    )


def ask_move(several: Several, target: WhenReading, said_by: Utterance, context: SkillContext) -> SkillReply:
    moves: list[tuple[Occurrence, Moment, Moment]] = []
    for which in several.found:
        times = new_times(replace(which.event, start=which.start, end=which.end), target, said_by, context)
        if times is not None:
            moves.append((which, *times))
    if not moves:
        return SkillReply(
            "To when? Say it with what is to move, for example: move all my meetings on Friday to Monday."
        )
    first, start, end = moves[0]
    goal = said(replace(first, start=start, end=end), context.now()).removeprefix(f"{title_and(first)}, ")
    question = f"Shall I move all {_counted(several, context)}? {title_and(first)} would be {goal}."
    state = {"step": WIDE_MOVE, "several": several, "moves": tuple(moves)}
    return SkillReply(
        question, pending=Pending(question, yes_or_no("Yes, move them", "No, leave them"), SCHEDULING, state)
    )


def resume_move(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, they stay where they are.")
    actions: list[Action] = []
    uids = {which.event.uid for which, _, _ in pending.state["moves"]}
    overlapping: dict[str, Occurrence] = {}
    for which, start, end in pending.state["moves"]:
        if isinstance(start, datetime):
            overlapping |= {o.event.uid: o for o in context.calendar.conflicts(start, end) if o.event.uid not in uids}
        occurrence = which.recurrence_id
        moved = context.calendar.edit(
            which.event.uid, scope="all" if occurrence is None else "one", occurrence=occurrence, start=start, end=end
        )
        actions.append(action_on("event_moved", moved, context.zone))
    now = context.now()
    rest = (
        f" There is an overlap with {listed([said(o, now) for o in list(overlapping.values())[:3]])}."
        if overlapping
        else ""
    )
    text = f"Moved: {len(actions)} events.{rest}"
    return SkillReply(f"{text} Each “undo” moves one back.", speech=text, actions=tuple(actions))


def _counted(several: Several, context: SkillContext) -> str:
    """ "3 events tomorrow: A, B and C"; reminders and alarms under their own names."""
    found = several.found
    kinds = {category for which in found for category in which.event.categories if category in (REMINDER, ALARM)}
    every = all(kind in which.event.categories for which in found for kind in kinds)
    kind = {REMINDER: "reminders", ALARM: "alarms"}[kinds.pop()] if len(kinds) == 1 and every else "events"
    series = any(which.recurrence_id is not None for which in found) and several.whole_series
    names = [
        title_and(which) + (", the whole series" if series and which.recurrence_id else "") for which in found[:_NAMED]
    ]
    more = [f"{len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return f"{len(found)} {kind}{_when(several)}: {listed([*names, *more])}"


def _when(several: Several) -> str:
    return f" {several.when}" if several.when else ""
