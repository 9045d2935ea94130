"""The door between the assistant and its skills, ours and strangers' alike.

A skill names its intents and acts on a request. It reaches the calendar, the knowledge base, the
model's decoders and the clock only through `SkillContext`, so every skill has the same rights.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from assistant_app.knowledge.passage import Passage
from assistant_app.memory.conversation import Exchange
from assistant_app.memory.corrections import Corrections
from assistant_app.settings import Settings
from assistant_app.turn import Cancel, Command, Pending, Route, SkillReply, Slot, Utterance

if TYPE_CHECKING:
    from assistant_app.agenda.reminders import Reminders
    from assistant_app.agenda.store import CalendarStore
    from assistant_app.knowledge.facts import FactBase

__all__ = [
    "Answer",
    "DialogueModel",
    "Exchange",
    "FollowsUp",
    "Passage",
    "QuestionAnswerer",
    "Retriever",
    "Skill",
    "SkillContext",
    "TeachesByExample",
    "Understanding",
    "load_skills",
    "sentences_to_learn",
]

ENTRY_POINT_GROUP = "assistant_app.skills"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the question-answering decoder found in one passage."""

    text: str
    """Empty: the passage does not answer the question."""
    confidence: float
    """0 to 1."""
    start: int = 0
    """Character offset in the passage."""
    end: int = 0


class QuestionAnswerer(Protocol):
    def answer(self, question: str, passage: str) -> Answer:
        """The span of `passage` that answers `question`."""

    def explain(self, question: str, passage: str) -> str:
        """A sentence that answers from `passage`; "" where a few words are the better answer, or none is supported."""


class DialogueModel(Protocol):
    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply to `text`; `history` holds (user, assistant) pairs, oldest first."""


class Retriever(Protocol):
    def search(self, query: str, *, limit: int = 5) -> Sequence[Passage]:
        """The nearest passages, best first."""


class Understanding(Protocol):
    def route(self, utterance: Utterance) -> Route:
        """Skill, intent, confidence and slots of an utterance."""

    def commands(self, utterance: Utterance) -> Sequence[Command]:
        """What the utterance asks for, in its order: at least one thing, nearly always the utterance itself."""

    def slots(self, utterance: Utterance) -> Sequence[Slot]:
        """The slots of an utterance whatever it is routed to."""


@dataclass(frozen=True, slots=True)
class SkillContext:
    """Everything a skill may reach."""

    calendar: CalendarStore
    knowledge: Retriever
    answerer: QuestionAnswerer
    dialogue: DialogueModel
    reminders: Reminders
    """What rings, timers, and to-do lists (`reminders.tasks`)."""
    router: Understanding
    """To understand the answer to a pending question (yes, no, a time)."""
    settings: Settings
    zone: ZoneInfo
    now: Callable[[], datetime]
    """Aware, in `zone`."""
    facts: FactBase | None = None
    """What can be computed or looked up without documents; None: nothing."""
    corrections: Corrections | None = None
    """Where what the user puts right is kept; None: nowhere."""
    history: tuple[Exchange, ...] = ()
    """Oldest first."""
    cancel: Cancel = field(default_factory=Cancel)
    stream: Callable[[str], None] = lambda _piece: None
    """Shows a piece of the reply while the rest is being written; raises `TurnCancelled` when stopped."""


class Skill(Protocol):
    """One thing the assistant can do."""

    @property
    def name(self) -> str:
        """As in `Route.skill`."""

    @property
    def title(self) -> str:
        """For people: "Calendar"."""

    @property
    def examples(self) -> Sequence[str]:
        """Sentences a person might say, shown as suggestions."""

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        """Do what was asked and say so; ask by `SkillReply.pending` where unsure or destructive."""

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        """Go on after the user's answer to `pending`; None if it was no answer but a new request."""


@runtime_checkable
class FollowsUp(Protocol):
    """A skill that takes what is said right after its reply as said of it: "no, Thursday", "and on Friday?"."""

    def in_context(self, utterance: Utterance, route: Route, context: SkillContext) -> Route | None:
        """The route of what was said after the last exchange in `context.history`; None where it stands by itself."""


@runtime_checkable
class TeachesByExample(Protocol):
    """A skill that the router learns from a few sentences: what installed packages bring, with no training at all."""

    @property
    def sentences(self) -> Mapping[str, Sequence[str]]:
        """Intent -> 5 to 20 sentences a person says for it, in any language; one is the least."""


def sentences_to_learn(skills: Iterable[Skill], known: Container[str]) -> dict[str, tuple[str, ...]]:
    """ "skill/intent" -> sentences, of the skills that the router does not know from its training.

    A skill that only has `examples` is one intent, and these are its sentences.
    """
    learned: dict[str, tuple[str, ...]] = {}
    for skill in skills:
        if skill.name in known:
            continue
        intents = skill.sentences if isinstance(skill, TeachesByExample) else {"": skill.examples}
        learned |= {f"{skill.name}/{intent}": tuple(texts) for intent, texts in intents.items() if texts}
    return learned


def load_skills(own: Sequence[Skill]) -> dict[str, Skill]:
    """Our skills and the installed packages' (entry points of group `assistant_app.skills`), by name.

    A package's skill that fails to load is left out with a line in the log: it must not keep the
    program from starting.
    """
    import logging

    skills = {skill.name: skill for skill in own}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            skill: Skill = point.load()()
        except Exception:
            logging.getLogger(__name__).exception("skill %s could not be loaded", point.name)
            continue
        skills.setdefault(skill.name, skill)
    return skills
