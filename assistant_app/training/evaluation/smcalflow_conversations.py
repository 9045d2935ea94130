"""SMCalFlow conversations: the share of the user's turns that end in the right action.

What is wanted is read from the turn's program (`lispress`): the act, and of the event its title, day and hour
where the program names one day and one hour. How a turn is judged, by act:

    create, remind  something was added, that begins on the day and at the hour named and has the title named
    cancel          the meant event was deleted, or is named in a question whether to delete it
    move            the meant event was changed, to the day and hour named, or is named in a question back
    query           the calendar was asked (`query_events`, `find_free_time`), nothing was changed, and an event
                    with the title named is in the reply
    revise          the last change was changed again, or made, to the day and hour named
    accept          an open question was answered by doing it; where none was open, it was understood as agreement
    refuse          nothing was changed and no question stays open; where none was open, as refusal or stopping
    small_talk      nothing was changed, and it went to dialogue
    elsewhere       (weather, places, people) nothing was changed and it did not go to the calendar, but may be
                    asked back
    nothing         (what the published agent refused) nothing was changed

What a program leaves open is not judged. Turns with several acts or of no act above are left out of the share
and counted. An event that the user means but never made in the conversation is put into the calendar before
the turn, at noon or at the hour named. A question back about what is missing is not right; it is counted as
`asked_instead`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from assistant_app.agenda.events import Event
from assistant_app.training.evaluation.conversations import (
    NewAssistant,
    Said,
    Talk,
    Tally,
    conversation,
    same_title,
    starts_of,
)
from assistant_app.training.evaluation.lispress import Described, Program, read_program
from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, mean
from assistant_app.turn import DIALOGUE, SCHEDULING

SET = "smcalflow"
ADDED = ("event_added", "reminder_added", "alarm_added", "timer_added", "todo_added")
CHANGED = (*ADDED, "event_moved", "event_edited", "undone", "reminder_", "alarm_", "timer_", "todo_")
_QUERIES = ("query_events", "find_free_time", "query_reminders")
_REACH = timedelta(days=800)


def measure(
    new_assistant: NewAssistant, samples: Samples, now: datetime, predictions: Predictions, on_progress: OnProgress
) -> dict[str, Any]:
    """Figures of the set's conversations."""
    rows = samples.conversations(SET, lambda row: any(turn.get("program") for turn in row["turns"]))
    tally = Tally()
    right: dict[str, list[bool]] = defaultdict(list)
    asked_instead = left_out = 0
    for number, row in enumerate(rows, start=1):
        with conversation(new_assistant, now, tally) as talk:
            for turn in row["turns"]:
                if not turn.get("user", "").strip():
                    continue
                program = read_program(turn.get("program") or "", now)
                meant = _meant(talk, program.target, now) if program.act in ("cancel", "move", "query") else None
                said = talk.say(turn["user"])
                verdict = None if program.act is None else is_right(said, program, meant)
                if program.act is None or verdict is None:
                    left_out += 1
                else:
                    right[program.act].append(verdict)
                    asked_instead += not verdict and said.asks is not None
                predictions.write(
                    "experience",
                    {
                        "set": SET,
                        "conversation": row.get("id"),
                        **said.record(),
                        "wanted_act": program.act,
                        "wanted": _shown(program.new if program.act != "query" else program.target),
                        "right": verdict,
                    },
                )
        on_progress("smcalflow conversations", number, len(rows))
    verdicts = [verdict for by_act in right.values() for verdict in by_act]
    return {
        "conversations": len(rows),
        "judged_turns": len(verdicts),
        "left_out_turns": left_out,
        "right_action": mean(verdicts),
        "asked_instead": asked_instead / len(verdicts) if verdicts else None,
        "by_act": {act: {"right": mean(by_act), "turns": len(by_act)} for act, by_act in sorted(right.items())},
        **tally.figures(),
    }


def is_right(said: Said, program: Program, meant: Event | None) -> bool | None:
    """Whether a turn ended as its program wants; by what the module's docstring says."""
    changed = said.actions()
    skill, intent = (said.route.skill, said.route.intent) if said.route else ("", "")
    act = program.act
    if act in ("create", "remind"):
        return _fits(said.actions(*ADDED), program.new)
    if act == "cancel":
        return _done_to(said, said.actions("event_deleted", "reminder_"), meant, "cancel_")
    if act == "move":
        moved = said.actions("event_moved", "event_edited")
        return _done_to(said, moved, meant, "move_") and (not moved or _fits(moved, program.new, title=False))
    if act == "query":
        named = program.target.subject is None or meant is None or _names(said.reply, meant)
        return not changed and skill == SCHEDULING and intent in _QUERIES and named
    if act == "revise":
        return _fits(said.actions(*CHANGED), program.new, title=False)
    if act == "accept":
        return bool(changed) if said.open_before else skill == DIALOGUE and intent in ("affirm", "thank", "chat")
    if act == "refuse":
        quiet = not changed and said.asks is None
        return quiet if said.open_before else quiet and skill == DIALOGUE and intent in ("deny", "stop", "thank")
    if act == "small_talk":
        return not changed and skill == DIALOGUE
    if act == "elsewhere":
        return not changed and (skill != SCHEDULING or bool(said.route and said.route.unsure))
    return not changed


def _fits(actions: Sequence[Mapping[str, str]], wanted: Described, *, title: bool = True) -> bool:
    """Whether one of the actions left an event as wanted."""
    for action in actions:
        starts = starts_of([action])
        day_fits = wanted.day is None or any(start.date() == wanted.day for start in starts[:1])
        clock_fits = wanted.clock is None or any(start.time() == wanted.clock for start in starts[:1])
        named = not title or wanted.subject is None or same_title(action.get("title", ""), wanted.subject)
        if day_fits and clock_fits and named:
            return True
    return False


def _done_to(said: Said, actions: Sequence[Mapping[str, str]], meant: Event | None, intents: str) -> bool:
    """Whether it was done to the event that is meant, or is asked whether to; `intents`: how those of the act begin."""
    if actions:
        return meant is None or any(action["uid"] == meant.uid for action in actions)
    asks_about_it = said.asks is not None and bool(said.asks.choices) and said.route is not None
    if meant is None:
        return asks_about_it and said.goes_to.startswith(f"{SCHEDULING}/{intents}")
    return asks_about_it and said.goes_to.startswith(f"{SCHEDULING}/") and _names(said.reply, meant)


def _names(reply: str, event: Event) -> bool:
    return event.title.casefold() in reply.casefold()


def _meant(talk: Talk, target: Described, now: datetime) -> Event | None:
    """The event that the program means, put into the calendar if it is not there; None for "that one"."""
    if target.empty:
        return None
    start, end = now - timedelta(days=1), now + _REACH
    for event in talk.events(start, end):
        begins = talk.begins(event)
        if (
            (target.subject is None or same_title(event.title, target.subject))
            and (target.day is None or begins.date() == target.day)
            and (target.clock is None or begins.time() == target.clock)
        ):
            return event
    day = target.day or (now + timedelta(days=1)).date()
    begins = datetime.combine(day, target.clock or time(12), tzinfo=now.tzinfo)
    return talk.put(target.subject or "Appointment", begins, begins + timedelta(hours=1))


def _shown(wanted: Described) -> dict[str, str]:
    known = {"title": wanted.subject, "day": wanted.day, "clock": wanted.clock}
    return {key: str(value) for key, value in known.items() if value is not None}
