"""The third side: what it is like to use. Real conversations, turn by turn, with the whole assistant.

Each conversation has a profile and a calendar of its own that are thrown away, a clock that stands still, and
no voice. The user's turns are said in their order as they were published; the replies are ours, so a question
of ours may be answered by the user's next turn or not. How an end counts as right is told in
`sgd_conversations` and `smcalflow_conversations`; this file runs them and keeps the tally of what every
turn has: whether it ended in a question back, how long the reply is and how long it took.
"""

from __future__ import annotations

import difflib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant_app.agenda.events import Event, EventDraft, as_datetime
from assistant_app.assistant import Assistant
from assistant_app.training.evaluation.samples import mean, percentiles
from assistant_app.turn import Cancel, Pending, Route, Turn

NewAssistant = Callable[[Path, datetime], Assistant]
"""Makes an assistant whose settings, calendar and documents lie in the folder, and whose clock stands."""

CHANGES = ("event_", "alarm_", "timer_", "reminder_", "todo_", "list_", "undone")
"""How the kinds of actions that change something of the user's begin."""
_SAME_TITLE = 0.6
"""From this likeness on two titles are the same: "the dentist" and "dentist appointment" are not the same words."""
_QUANTILES = tuple(range(0, 101, 5))


@dataclass(frozen=True, slots=True)
class Said:
    """One turn, with what was open before it."""

    turn: Turn
    open_before: Pending | None

    @property
    def reply(self) -> str:
        return self.turn.reply.text if self.turn.reply else ""

    @property
    def asks(self) -> Pending | None:
        return self.turn.reply.pending if self.turn.reply else None

    @property
    def route(self) -> Route | None:
        return self.turn.route

    @property
    def goes_to(self) -> str:
        return f"{self.turn.route.skill}/{self.turn.route.intent}" if self.turn.route else ""

    def actions(self, *kinds: str) -> list[Mapping[str, str]]:
        """What was done, as a card shows it: those kinds, or every change."""
        if self.turn.reply is None:
            return []
        wanted = kinds or CHANGES
        return [
            {"kind": action.kind, "uid": action.uid, **action.details}
            for action in self.turn.reply.actions
            if action.kind.startswith(wanted)
        ]

    def record(self) -> dict[str, Any]:
        """For the predictions file."""
        return {
            "text": self.turn.utterance.text if self.turn.utterance else "",
            "route": self.goes_to,
            "reply": self.reply,
            "actions": self.actions(),
            "asks": self.asks is not None,
            "outcome": self.turn.outcome,
            "total_ms": self.turn.timings.total,
        }


class Talk:
    """One conversation with an assistant of its own."""

    def __init__(self, assistant: Assistant, tally: Tally) -> None:
        self._assistant = assistant
        self._tally = tally

    def say(self, text: str) -> Said:
        before = self._assistant.pending
        turn = self._assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel(), speak=False)
        said = Said(turn, before)
        self._tally.add(said)
        return said

    def put(self, title: str, start: datetime, end: datetime) -> Event:
        """An event that was there before the conversation came to it."""
        return self._assistant.context.calendar.add(EventDraft(title=title, start=start, end=end))

    def begins(self, event: Event) -> datetime:
        return as_datetime(event.start, self._assistant.context.zone)

    def events(self, start: datetime, end: datetime) -> list[Event]:
        return [occurrence.event for occurrence in self._assistant.context.calendar.between(start, end)]


@dataclass(slots=True)
class Tally:
    """What every turn has, whatever it was about."""

    asked: list[bool] = field(default_factory=list)
    unsure: list[bool] = field(default_factory=list)
    failed: list[bool] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    route_ms: list[float] = field(default_factory=list)
    total_ms: list[float] = field(default_factory=list)

    def add(self, said: Said) -> None:
        self.asked.append(said.asks is not None)
        self.unsure.append(bool(said.route and said.route.unsure))
        self.failed.append(said.turn.outcome == "failed")
        self.words.append(float(len(re.findall(r"[\u3400-\u9fff]|[^\W_]+", said.reply))))
        if said.turn.timings.route is not None:
            self.route_ms.append(said.turn.timings.route)
        if said.turn.timings.total is not None:
            self.total_ms.append(said.turn.timings.total)

    def figures(self) -> dict[str, Any]:
        ordered = sorted(self.total_ms)
        return {
            "turns": len(self.asked),
            "clarification_rate": mean(self.asked),
            "which_was_meant_rate": mean(self.unsure),
            "failed_rate": mean(self.failed),
            "reply_words": percentiles(self.words),
            "route_ms": percentiles(self.route_ms),
            "turn_ms": percentiles(self.total_ms),
            "turn_ms_by_percent": [
                [percent, ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]]
                for percent in (_QUANTILES if ordered else ())
            ],
        }


@contextmanager
def conversation(new_assistant: NewAssistant, now: datetime, tally: Tally) -> Iterator[Talk]:
    """A conversation on a calendar that is thrown away at its end."""
    with tempfile.TemporaryDirectory(prefix="assistant-evaluate-") as folder:
        assistant = new_assistant(Path(folder), now)
        try:
            yield Talk(assistant, tally)
        finally:
            assistant.context.calendar.close()


def likeness(left: str, right: str) -> float:
    """0 to 1: the words of both in alphabetical order, compared letter by letter (token sort ratio)."""
    one, other = (" ".join(sorted(re.findall(r"\w+", text.casefold()))) for text in (left, right))
    return difflib.SequenceMatcher(None, one, other).ratio()


def same_title(found: str, wanted: str) -> bool:
    """Whether two titles name the same thing: alike, or all words of the shorter are in the longer."""
    ours, theirs = (set(re.findall(r"\w+", text.casefold())) for text in (found, wanted))
    if not ours or not theirs:
        return False
    return likeness(found, wanted) >= _SAME_TITLE or ours <= theirs or theirs <= ours


def starts_of(actions: Sequence[Mapping[str, str]]) -> list[datetime]:
    """The local times in the cards of actions, those under `start` first."""
    found = []
    for action in actions:
        for _, value in sorted(action.items(), key=lambda item: item[0] != "start"):
            try:
                moment = datetime.fromisoformat(value)
            except (ValueError, TypeError):
                continue
            found.append(moment.replace(tzinfo=None))
    return found
