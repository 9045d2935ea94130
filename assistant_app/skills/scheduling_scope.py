"""How much of a series a change is meant for: only that occasion, it and all later ones, or the series.

It asks, understands the answer and makes the change. Which event is meant and where it goes was
settled before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant_app.agenda.events import Event, Moment, Occurrence, Scope
from assistant_app.agenda.spoken import spoken_time
from assistant_app.skills.answers import AFFIRM, NO, chosen, words_of
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_words import action_on, described, listed, said, title_and
from assistant_app.turn import SCHEDULING, Choice, Pending, SkillReply, Utterance

SCOPE = "scope"
_LABELS: Mapping[Scope, str] = {
    "one": "Only that one",
    "following": "That one and all following",
    "all": "The whole series",
}
_NONE = "None of them"
_LATER = frozenset("following onward onwards later future after rest remaining subsequent".split())  # noqa: SIM905
_WHOLE = frozenset("all every everything series whole entire both".split())  # noqa: SIM905
_SINGLE = frozenset("only just one single once this that".split())  # noqa: SIM905
_HAN: tuple[tuple[Scope, str], ...] = (
    ("following", "以后之后后面往后"),
    ("all", "全部所有整个都"),
    ("one", "只这次一次"),
)
"""What the words of a button are said as when nobody reads it out."""
_LONGEST_ANSWER_WORDS = 9


def ask_delete(which: Occurrence, context: SkillContext, before: str = "") -> SkillReply:
    """Before an occasion of a series is deleted: how much of it."""
    return _ask(f"{before}{said(which, context.now())}, repeats. Shall I delete", which, {"what": "delete"})


def ask_move(which: Occurrence, start: Moment, end: Moment, context: SkillContext) -> SkillReply:
    """Before an occasion of a series is moved: how much of it."""
    now = context.now()
    question = f"{said(which, now)}, repeats. Shall I move, to {spoken_time(start, now)},"
    return _ask(question, which, {"what": "move", "start": start, "end": end})


def resume_scope(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    scope = _scope_in(answer, pending)
    if scope is None:
        choice = chosen(answer, pending, context)
        if choice is not None and choice.value == NO:
            return SkillReply("All right, nothing was changed.")
        if choice is None:
            if context.router.route(answer).intent == AFFIRM:
                return SkillReply(pending.question, pending=pending)
            return None
        scope = _as_scope(choice.value)
    which: Occurrence = pending.state["which"]
    if pending.state["what"] == "delete":
        return delete_one(which, scope, context)
    return move_one(which, scope, pending.state["start"], pending.state["end"], context)


def delete_one(which: Occurrence, scope: Scope, context: SkillContext) -> SkillReply:
    """Delete so much of a series, and say what is left."""
    now = context.now()
    gone = context.calendar.delete(which.event.uid, scope=scope, occurrence=which.recurrence_id)
    rest = {
        "one": f"{said(which, now)}. The others stay.",
        "following": f"{title_and(which)}, from {_when(which.start, now)} on.",
        "all": f"{title_and(which)}, the whole series.",
    }[scope]
    return SkillReply(
        f"Deleted: {rest} Say “undo” to bring it back.", actions=(action_on("event_deleted", gone, context.zone),)
    )


def move_one(which: Occurrence, scope: Scope, start: Moment, end: Moment, context: SkillContext) -> SkillReply:
    """Move so much of a series, and point out what it now overlaps with."""
    now = context.now()
    uid = which.event.uid
    overlapping = context.calendar.conflicts(start, end, ignore_uid=uid) if isinstance(start, datetime) else []
    moved = context.calendar.edit(uid, scope=scope, occurrence=which.recurrence_id, start=start, end=end)
    shown = _at(moved, start, end)
    how = {"one": " Only this once.", "following": " So are all that follow.", "all": " So is the whole series."}[scope]
    rest = f" It overlaps with {listed([said(o, now) for o in overlapping[:3]])}." if overlapping else ""
    return SkillReply(
        f"Moved: {described(shown, now)}.{how}{rest}",
        speech=f"Moved. {said(shown, now)}.{how}{rest}",
        actions=(action_on("event_moved", moved if scope != "all" else shown, context.zone),),
    )


def _ask(question: str, which: Occurrence, state: dict[str, Any]) -> SkillReply:
    question = f"{question} only that one, that one and all following, or the whole series?"
    choices = (*(Choice(label, scope) for scope, label in _LABELS.items()), Choice(_NONE, NO))
    pending = Pending(question, choices, SCHEDULING, {"step": SCOPE, "which": which, **state})
    return SkillReply(question, pending=pending)


def _scope_in(answer: Utterance, pending: Pending) -> Scope | None:
    """The scope that an answer names; None where it may be something else."""
    words = words_of(answer.text)
    if not words or len(words) > _LONGEST_ANSWER_WORDS:
        return None
    for number, choice in enumerate(pending.choices, start=1):
        if words in (words_of(choice.label), [str(number)]):
            return None if choice.value == NO else _as_scope(choice.value)
    for scope, characters in _HAN:
        if any(word in characters for word in words if not word.isascii()):
            return scope
    known = set(words)
    if known & {"none", "no", "not", "neither", "nothing", "keep", "leave", "stop"}:
        return None
    for scope, names in (("following", _LATER), ("all", _WHOLE), ("one", _SINGLE)):
        if known & names:
            return _as_scope(scope)
    return None


def _as_scope(value: str) -> Scope:
    return "one" if value == "one" else "following" if value == "following" else "all"


def _at(event: Event, start: Moment, end: Moment) -> Event:
    return replace(event, start=start, end=end)


def _when(moment: Moment, now: datetime) -> str:
    return spoken_time(moment.date() if isinstance(moment, datetime) else moment, now)
