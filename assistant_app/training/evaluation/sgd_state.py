"""Schema-Guided Dialogue: joint goal accuracy of the calendar and alarm services, turn by turn.

The measure is DSTC8's (Rastogi et al. 2020, arXiv:2002.01359): after each turn of the user, for each service
with a frame, the product over all slots of the service of how well the slot's value fits: 1 where both sides
have none, 0 where one has none, else the token sort ratio with the best of the values given (all slots of these
services are free-form). The published turns of both sides are read as they are (teacher forcing); of the
annotation only the name of the frame's service is used, nothing of acts, slots or state.

The state is ours as follows. Slots are those the slot decoder finds in the user's words; a `datetime` is
divided into day and hour by reading it. A later value replaces an earlier one. What the system's last turn
named joins the state unless the router takes the user's turn as refusal or the user names another value; hours
of a free stretch do not, since they name no event. On a first request to add an event, a day or a place that
the conversation named before is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant_app.agenda.when import WhenReading, find_times
from assistant_app.training.evaluation.conversations import likeness
from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, mean
from assistant_app.training.tasks import OURS
from assistant_app.turn import SCHEDULING, Utterance

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel


SET = "sgd"
_NAMES: Mapping[str, Mapping[str, str]] = {
    "Calendar": {"title": "event_name", "location": "event_location", "day": "event_date", "clock": "event_time"},
    "Alarm": {"title": "new_alarm_name", "clock": "new_alarm_time"},
}
_INTENTS: Mapping[str, Sequence[str]] = {
    "GetEvents": ("query_events",),
    "AddEvent": ("create_event", "set_reminder"),
    "GetAvailableTime": ("find_free_time",),
    "GetAlarms": ("query_alarms",),
    "AddAlarm": ("set_alarm",),
}
"""The set's intents in ours."""
_CLOCK_GRAINS = ("second", "minute", "hour")
_REFUSALS = ("dialogue/deny", "dialogue/stop")
_LEADING = re.compile(r"^(?:(?:on|at|for|from|in|by|the|to|around|about)\s+)+", re.IGNORECASE)


def service_kind(service: str) -> str | None:
    """`Calendar` or `Alarm`, whatever the number behind; None for services that are not ours."""
    kind = service.partition("_")[0]
    return kind if kind in _NAMES else None


def has_our_services(row: Mapping[str, Any]) -> bool:
    """Whether a conversation has an annotated frame of a service of ours."""
    return any(
        not isinstance(turn, str) and any(service_kind(frame["service"]) for frame in turn.get("frames", ()))
        for turn in row["turns"]
    )


@dataclass(slots=True)
class _State:
    """What is known so far: our names of slots to words."""

    values: dict[str, str] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    """Named by the system's last turn."""
    mentioned: dict[str, str] = field(default_factory=dict)
    """The last of each kind, by whomever."""
    intent: str = ""
    """Of the last request, as "skill/intent"."""


def measure(
    model: MultiTaskModel, samples: Samples, now: datetime, predictions: Predictions, on_progress: OnProgress
) -> dict[str, Any]:
    """Joint goal accuracy and the share of turns whose active intent was known."""
    rows = samples.conversations(SET, has_our_services)
    goals: dict[str, list[float]] = {}
    exact: list[bool] = []
    intents: list[bool] = []
    for number, row in enumerate(rows, start=1):
        states: dict[str, _State] = {}
        shared = _State()
        for turn in row["turns"]:
            found = slots_in(model, turn["t"], now)
            shared.mentioned |= found
            frames = [frame for frame in turn.get("frames", ()) if service_kind(frame["service"])]
            for frame in frames:
                state = states.setdefault(frame["service"], _State())
                state.mentioned = shared.mentioned
                if turn["s"] != "U":
                    state.offered = found
                    continue
                _follow(state, model, turn["t"], found)
                kind = service_kind(frame["service"]) or ""
                names = _NAMES[kind]
                ours = {names[name]: words for name, words in state.values.items() if name in names}
                theirs = {name: values for name, values in frame.get("state", {}).items() if values}
                score = joint_goal(theirs, ours, names.values())
                goals.setdefault(kind, []).append(score)
                exact.append(score > 0.999)
                active = frame.get("intent", "")
                if active in _INTENTS:
                    intents.append(state.intent.partition("/")[2] in _INTENTS[active])
                predictions.write(
                    "experience",
                    {
                        "set": SET,
                        "conversation": row.get("id"),
                        "text": turn["t"],
                        "state": ours,
                        "wanted_state": theirs,
                        "joint_goal": score,
                    },
                )
        on_progress("sgd states", number, len(rows))
    scores = [score for by_kind in goals.values() for score in by_kind]
    return {
        "joint_goal_accuracy": mean(scores),
        "joint_goal_exact": mean(exact),
        "active_intent_accuracy": mean(intents),
        "joint_goal_by_service": {kind: mean(by_kind) for kind, by_kind in goals.items()},
        "judged_frames": len(scores),
    }


def _follow(state: _State, model: MultiTaskModel, text: str, found: Mapping[str, str]) -> None:
    route = model.route(Utterance(text, "typed", "en"))
    goes_to = f"{route.skill}/{route.intent}"
    if goes_to not in _REFUSALS:
        names_event = state.intent.partition("/")[2] != "find_free_time"
        state.values |= {name: words for name, words in state.offered.items() if name != "clock" or names_event}
    state.offered = {}
    if route.skill == SCHEDULING:
        if route.intent in _INTENTS["AddEvent"] and route.intent != state.intent.partition("/")[2]:
            before = {name: words for name, words in state.mentioned.items() if name in ("day", "location")}
            state.values = {**before, **state.values}
        state.intent = goes_to
    state.values |= found


def slots_in(model: MultiTaskModel, text: str, now: datetime) -> dict[str, str]:
    """What the slot decoder finds in a text, days and hours told apart; the last of each kind."""
    found: dict[str, str] = {}
    for start, end, name in sorted(model.classify(text, OURS)[2]):
        words = text[start:end]
        if name == "datetime":
            found |= day_and_clock(words, now)
        elif name == "title" and "title" in found:
            continue  # the first names it
        else:
            found[name] = words
    return found


def day_and_clock(words: str, now: datetime) -> dict[str, str]:
    """The words of the day and of the hour in an expression of time; a stretch between two hours is neither."""
    bare = _LEADING.sub("", words.strip())
    kind = _kind(find_times(words, now=now))
    if kind in ("day", "clock"):
        return {kind: bare}
    if kind != "both":
        return {}
    pieces = words.split()
    for at in range(1, len(pieces)):
        parts = " ".join(pieces[:at]), " ".join(pieces[at:])
        kinds = [_kind(_whole(part, now)) for part in parts]
        if set(kinds) == {"day", "clock"}:
            return {kind: _LEADING.sub("", part) for kind, part in zip(kinds, parts, strict=True) if kind}
    return {"day": bare, "clock": bare}


def _whole(words: str, now: datetime) -> list[WhenReading]:
    """The readings of an expression of time, if they leave no word of it over."""
    bare = _LEADING.sub("", words)
    readings = find_times(bare, now=now)
    read = sum(end - start for reading in readings for start, end in reading.spans)
    return readings if read >= len(bare.rstrip(".,!? ")) else []


def _kind(readings: Sequence[WhenReading]) -> str | None:
    if not readings:
        return None
    kinds = {_kind_of_one(reading) for reading in readings}
    if None in kinds:
        return None
    return "both" if len(kinds) > 1 else kinds.pop()


def _kind_of_one(reading: WhenReading) -> str | None:
    if reading.start is None:
        return None
    if reading.grain not in _CLOCK_GRAINS:
        return "day"
    if reading.end is not None:
        return None
    # An hour alone is read as its next occurrence: seen from another hour of another day it moves with it.
    seen_from = (reading.start.replace(hour=0, minute=1), reading.start.replace(day=15, month=7, hour=0, minute=1))
    days = set()
    for moment in seen_from:
        again = find_times(reading.text, now=moment)
        days.add((again[0].start.date() - moment.date()).days if again and again[0].start else None)
    names_no_day = len(days) == 1 and days <= {0, 1}
    relative_day = re.search(r"\b(?:today|tonight|tomorrow)\b", reading.text, re.IGNORECASE)
    return "clock" if names_no_day and not relative_day else "both"


def joint_goal(theirs: Mapping[str, Sequence[str]], ours: Mapping[str, str], slots: Any) -> float:
    """The product over `slots` of how well our value fits the best of theirs."""
    score = 1.0
    for slot in slots:
        wanted, found = theirs.get(slot), ours.get(slot)
        if wanted and found:
            score *= max(likeness(value, found) for value in wanted)
        elif wanted or found:
            return 0.0
    return score
