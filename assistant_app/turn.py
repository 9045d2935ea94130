"""The vocabulary of one turn: what was said, how it was understood, what was done, what is shown.

Frozen values only, and the events that announce them. It knows no engine, no file and no widget,
so that window, terminal, log and tests can all read the same stream.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import TurnCancelled

SCHEDULING = "scheduling"
QUESTION_ANSWERING = "question_answering"
DIALOGUE = "dialogue"
UNKNOWN = "unknown"
"""The route of a request for which there is no skill (out of scope)."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioClip:
    """Mono sound."""

    samples: NDArray[np.float32]
    """Shape (n,), -1.0 to 1.0."""
    sample_rate: int
    """Hertz."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the user said, as text."""

    text: str
    source: Literal["typed", "spoken"]
    language: str
    """ISO 639-1, "en" or "zh" in the first place."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of the utterance that a skill needs."""

    name: str
    text: str
    start: int
    """Character offset in the utterance's text."""
    end: int
    """Exclusive; the same as `start` for a slot that an earlier turn filled ("and on Friday?")."""
    value: str | None = None
    """The reading of the text where there is one, e.g. an ISO time."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A skill and intent the router considered."""

    skill: str
    intent: str
    probability: float
    """Calibrated, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SimilarExample:
    """A sentence the program knows that means the like."""

    text: str
    skill: str
    intent: str
    similarity: float
    """Cosine of the two sentences' encodings, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Why:
    """The evidence behind a route, for a person to read."""

    candidates: tuple[Candidate, ...] = ()
    """The likeliest first; the chosen one included."""
    words: tuple[tuple[str, float], ...] = ()
    """Words of the utterance with their weight in the decision, heaviest first."""
    examples: tuple[SimilarExample, ...] = ()
    """The nearest first."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which skill and intent an utterance goes to."""

    skill: str
    intent: str
    confidence: float
    """Calibrated probability of the skill, 0 to 1."""
    slots: tuple[Slot, ...] = ()
    unsure: bool = False
    """Below the threshold: ask which of `why.candidates` was meant, do not guess."""
    why: Why = field(default_factory=Why)


@dataclass(frozen=True, slots=True)
class Command:
    """One of the things an utterance asks for."""

    utterance: Utterance
    """Its own words."""
    route: Route
    """Offsets of slots count in these words."""


def overall_route(said: Utterance, commands: Sequence[Command]) -> Route:
    """The first command's route with the slots of all, placed in the whole of what was said."""
    slots: list[Slot] = []
    at = 0
    for command in commands:
        at = max(at, said.text.find(command.utterance.text, at))
        slots += [replace(slot, start=slot.start + at, end=slot.end + at) for slot in command.route.slots]
        at += len(command.utterance.text)
    return replace(commands[0].route, slots=tuple(slots))


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from."""

    title: str
    where: str
    """File and place in it: a path, a page, a heading."""
    quote: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was done to the user's data."""

    kind: str
    """`event_added`, `event_moved`, `event_edited`, `event_deleted`, `undone`."""
    uid: str
    """The item it was done to."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What a card shows: title, start, end, calendar, ... (ISO local times)."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Something of the user's that a reply tells of."""

    uid: str
    start: str = ""
    """ISO local time of the occasion that was told, or its day; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a pending question."""

    label: str
    """What the button says; saying it counts as pressing it."""
    value: str
    """What the skill receives."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question the skill needs answered before it goes on."""

    question: str
    choices: tuple[Choice, ...]
    """The safe one last. Empty: any text is an answer."""
    skill: str
    """Who asked, and who receives the answer."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The skill's own note of where it was."""


@dataclass(frozen=True, slots=True)
class SkillReply:
    """What a skill answers."""

    text: str
    speech: str | None = None
    """What is spoken, where it differs from the text."""
    sources: tuple[Source, ...] = ()
    actions: tuple[Action, ...] = ()
    pending: Pending | None = None
    about: tuple[Mention, ...] = ()
    """What it tells of beside what was done, in its order, so that "it" and "after that" can mean it."""

    def and_then(self, other: SkillReply) -> SkillReply:
        """Both replies as one, in this order; the question that stays open is the first one's, if it asks."""
        speech = None
        if self.speech is not None or other.speech is not None:
            speech = f"{self.speech or self.text} {other.speech or other.text}".strip()
        return SkillReply(
            f"{self.text}{gap_after(self.text) if other.text else ''}{other.text}",
            speech,
            self.sources + other.sources,
            self.actions + other.actions,
            self.pending or other.pending,
            self.about + other.about,
        )


def gap_after(text: str) -> str:
    """What stands between a reply and the next one."""
    return "" if not text else "\n" if "\n" in text else " "


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds per stage; None where the stage did not run."""

    hear: float | None = None
    route: float | None = None
    act: float | None = None
    speak: float | None = None
    """From the first word of the reply to the first sound of it."""
    total: float | None = None
    """From the start of the turn to the complete reply as text."""


Outcome = Literal["done", "heard_nothing", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange, complete."""

    id: str
    utterance: Utterance | None
    route: Route | None
    reply: SkillReply | None
    timings: Timings
    outcome: Outcome = "done"
    error_code: str | None = None
    """With outcome `failed`; the message is in the reply's text."""
    problem: str | None = None
    """What the user should know although the turn was done: the reply could not be spoken, and why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The utterance is known."""

    turn_id: str
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Partial:
    """Words heard so far; they may change."""

    turn_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Routed:
    turn_id: str
    route: Route


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply's text, to be appended."""

    turn_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Replied:
    """The reply is complete; its text replaces the tokens shown so far."""

    turn_id: str
    reply: SkillReply


@dataclass(frozen=True, slots=True)
class Speaking:
    """A sentence of the reply is now being spoken."""

    turn_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over: text complete, voice silent. Always the last event unless `Failed` is."""

    turn_id: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn could not be done; the last event."""

    turn_id: str
    code: str
    message: str


TurnEvent = Heard | Partial | Routed | Token | Replied | Speaking | Finished | Failed
Emit = Callable[[TurnEvent], None]


class Cancel:
    """A request to stop, made by one thread and seen by another."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """True as soon as a stop is requested, False after `seconds`."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise `TurnCancelled` if a stop was requested: called between stages and tokens."""
        if self._event.is_set():
            raise TurnCancelled
