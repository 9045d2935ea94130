"""Schema-Guided Dialogue: the share of calendar and alarm tasks that are done by the end of the conversation.

A task is a call to a service that the published system made (to add an event, to look up a day, to find free
time, to set or list alarms). Said to our assistant are the user's turns that have a frame of such a service, in
their order; the published replies are not. A task is done, by method:

    AddEvent          an event was added on that day at that hour, with that name
    AddAlarm          something was added that begins or rings at that hour
    GetEvents         the turns up to the call brought a reply that names the event that the published system
                      found; it was put into the calendar before. Where none was found: a turn went to
                      `query_events` and was answered
    GetAvailableTime  a turn up to the call went to `find_free_time` and was answered
    GetAlarms         a turn up to the call went to `query_alarms` and was answered

`task_completion` is over the tasks whose day, hour and name the user says in these turns: the published user
often means what the published system has said, which ours has not. `task_completion_all` is over every task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from assistant_app.agenda.when import parse_when
from assistant_app.training.evaluation.conversations import (
    NewAssistant,
    Said,
    Talk,
    Tally,
    conversation,
    same_title,
    starts_of,
)
from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, mean
from assistant_app.training.evaluation.sgd_state import SET, has_our_services, service_kind

ADDED = ("event_added", "alarm_", "reminder_added", "timer_added")
_SAID_IN_WORDS = ("event_date", "event_time", "event_name", "new_alarm_time", "new_alarm_name")


@dataclass(frozen=True, slots=True)
class Task:
    """One call of the published system."""

    method: str
    parameters: Mapping[str, str]
    found: tuple[str, str] | None
    """Name and hour of the event that the published system found on that day."""
    turn: int
    """Index in the conversation."""
    sayable: bool
    """Every parameter that matters was among the user's own words."""


def measure(
    new_assistant: NewAssistant, samples: Samples, now: datetime, predictions: Predictions, on_progress: OnProgress
) -> dict[str, Any]:
    """Figures of the set's conversations."""
    rows = samples.conversations(SET, has_our_services)
    tally = Tally()
    done: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    whole: list[bool] = []
    for number, row in enumerate(rows, start=1):
        tasks = tasks_of(row)
        with conversation(new_assistant, now, tally) as talk:
            said = _talk(talk, row, tasks, now)
        verdicts = [is_done(task, _up_to(said, tasks, at), now) for at, task in enumerate(tasks)]
        for task, verdict in zip(tasks, verdicts, strict=True):
            done[task.method].append((verdict, task.sayable))
        if tasks:
            whole.append(all(verdicts))
        predictions.write(
            "experience",
            {
                "set": SET,
                "conversation": row.get("id"),
                "turns": [one.record() for _, one in said],
                "tasks": [
                    {"method": task.method, **task.parameters, "sayable": task.sayable, "done": verdict}
                    for task, verdict in zip(tasks, verdicts, strict=True)
                ],
            },
        )
        on_progress("sgd conversations", number, len(rows))
    every = [pair for pairs in done.values() for pair in pairs]
    return {
        "conversations": len(rows),
        "tasks": len(every),
        "sayable_tasks": sum(sayable for _, sayable in every),
        "task_completion": mean(verdict for verdict, sayable in every if sayable),
        "task_completion_all": mean(verdict for verdict, _ in every),
        "conversations_all_done": mean(whole),
        "by_method": {
            method: {"done": mean(verdict for verdict, _ in pairs), "tasks": len(pairs)}
            for method, pairs in sorted(done.items())
        },
        **tally.figures(),
    }


def _talk(talk: Talk, row: Mapping[str, Any], tasks: Sequence[Task], now: datetime) -> list[tuple[int, Said]]:
    for task in tasks:
        day, found = _day(task), task.found
        if task.method == "GetEvents" and found and day:
            begins = datetime.combine(day, _clock(found[1], now) or time(12), tzinfo=now.tzinfo)
            talk.put(found[0], begins, begins + timedelta(hours=1))
    return [
        (at, talk.say(turn["t"]))
        for at, turn in enumerate(row["turns"])
        if turn["s"] == "U" and any(service_kind(frame["service"]) for frame in turn.get("frames", ()))
    ]


def tasks_of(row: Mapping[str, Any]) -> list[Task]:
    """The calls to our services in a conversation; the same one made again is one task."""
    tasks: list[Task] = []
    users_words = ""
    known: Mapping[str, Sequence[str]] = {}
    for at, turn in enumerate(row["turns"]):
        frames = [frame for frame in turn.get("frames", ()) if service_kind(frame["service"])]
        if turn["s"] == "U":
            if frames:
                users_words += " " + turn["t"].casefold()
                known = {name: values for frame in frames for name, values in frame.get("state", {}).items()}
            continue
        for frame in frames:
            call = frame.get("call")
            if not call:
                continue
            parameters = {name: str(value) for name, value in call.get("parameters", {}).items()}
            offers = {act[1]: act[2][0] for act in frame.get("acts", ()) if act[0] == "OFFER" and act[2]}
            found = (offers["event_name"], offers.get("event_time", "")) if "event_name" in offers else None
            needed = [name for name in parameters if name in _SAID_IN_WORDS]
            sayable = all(any(value.casefold() in users_words for value in known.get(name, ())) for name in needed)
            task = Task(call["method"], parameters, found, at, sayable)
            if not any((task.method, task.parameters) == (one.method, one.parameters) for one in tasks):
                tasks.append(task)
    return tasks


def _up_to(said: Sequence[tuple[int, Said]], tasks: Sequence[Task], at: int) -> list[Said]:
    """What could do a task: for a look-up the turns since the call before it, for a change all turns."""
    task = tasks[at]
    if task.method.startswith("Add"):
        return [one for _, one in said]
    start = tasks[at - 1].turn if at else -1
    return [one for turn, one in said if start < turn <= task.turn]


def is_done(task: Task, said: Sequence[Said], now: datetime) -> bool:
    """Whether a task is done; by what the module's docstring says."""
    parameters, day = task.parameters, _day(task)
    if task.method.startswith("Add"):
        clock = _clock(parameters.get("event_time", parameters.get("new_alarm_time", "")), now)
        name = parameters.get("event_name")
        for action in (action for one in said for action in one.actions(*ADDED)):
            starts = starts_of([action])
            fits = any((day is None or s.date() == day) and (clock is None or s.time() == clock) for s in starts)
            if fits and (name is None or same_title(action.get("title", ""), name)):
                return True
        return False
    answered = [one for one in said if one.asks is None and one.turn.outcome == "done"]
    if task.method == "GetEvents" and task.found:
        return any(task.found[0].casefold() in one.reply.casefold() for one in answered)
    intent = {"GetEvents": "query_events", "GetAvailableTime": "find_free_time", "GetAlarms": "query_alarms"}
    return any(one.route is not None and one.route.intent == intent.get(task.method) for one in answered)


def _day(task: Task) -> date | None:
    try:
        return date.fromisoformat(task.parameters.get("event_date", ""))
    except ValueError:
        return None


def _clock(text: str, now: datetime) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        reading = parse_when(text, now=now) if text else None
        return reading.start.time() if reading and reading.start else None
