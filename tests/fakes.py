"""A fake for each thing outside: microphone, transcriber, router, decoders, voice, clock, documents.

They keep the promises of the Protocols they stand for and do nothing else: what a test expects is
said in the test.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from assistant_app.assistant import Assistant
from assistant_app.knowledge.passage import Passage
from assistant_app.settings import Settings
from assistant_app.skills.api import Answer, Skill, SkillContext
from assistant_app.skills.clarification import CLARIFICATION, Clarification
from assistant_app.skills.correcting import CORRECTING, Correcting
from assistant_app.skills.unknown import Unknown
from assistant_app.turn import (
    UNKNOWN,
    AudioClip,
    Cancel,
    Command,
    Pending,
    Route,
    SkillReply,
    Slot,
    Source,
    TurnEvent,
    Utterance,
)

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY_MORNING = datetime(2026, 11, 24, 9, 30, tzinfo=BERLIN)


class FakeClock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime = TUESDAY_MORNING) -> None:
        self.time = now

    def __call__(self) -> datetime:
        return self.time


class FakeTranscriber:
    """Hears what it was told it would hear."""

    def __init__(self, *heard: str | None, fails: Exception | None = None) -> None:
        self.heard = list(heard)
        self.fails = fails

    def hear(self, clip: AudioClip, on_partial: Callable[[str], None], cancel: Cancel) -> Utterance | None:
        cancel.check()
        if self.fails:
            raise self.fails
        text = self.heard.pop(0)
        if text:
            on_partial(text)
        return None if text is None else Utterance(text, "spoken", "en")


class FakeRouter:
    """Routes by a table; what is not in it is dialogue. `several` names the commands of a sentence that has several,
    `slotted` the slots of one that is routed elsewhere."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        several: Mapping[str, Sequence[str]] | None = None,
        slotted: Mapping[str, tuple[Slot, ...]] | None = None,
        fails: Exception | None = None,
    ) -> None:
        self.several = several or {}
        self.slotted = slotted or {}
        self.routes = {
            "yes": Route("dialogue", "affirm", 0.99),
            "yes please": Route("dialogue", "affirm", 0.99),
            "no": Route("dialogue", "deny", 0.99),
            **(routes or {}),
        }
        self.fails = fails
        self.asked: list[str] = []

    def route(self, utterance: Utterance) -> Route:
        self.asked.append(utterance.text)
        if self.fails:
            raise self.fails
        return self.routes.get(utterance.text, Route("dialogue", "chat", 0.9))

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        parts = self.several.get(utterance.text, (utterance.text,))
        said = [utterance if text == utterance.text else replace(utterance, text=text) for text in parts]
        return tuple(Command(one, self.route(one)) for one in said)

    def slots(self, utterance: Utterance) -> tuple[Slot, ...]:
        return self.slotted.get(utterance.text, ())


class FakeDialogue:
    """A dialogue decoder that says the same words each time."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces or ("Good ", "morning.")
        self.histories: list[tuple[tuple[str, str], ...]] = []

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        self.histories.append(tuple(history))
        yield from self.pieces[:max_tokens]


class FakeAnswerer:
    """Finds an answer where the passage holds it."""

    def __init__(
        self,
        answers: Mapping[str, str] | None = None,
        *,
        confidence: float = 0.9,
        sentences: Mapping[str, str] | None = None,
    ) -> None:
        self.answers = answers or {}
        self.confidence = confidence
        self.sentences = sentences or {}

    def explain(self, question: str, passage: str) -> str:
        return self.sentences.get(question, "")

    def answer(self, question: str, passage: str) -> Answer:
        text = self.answers.get(question, "")
        start = passage.find(text) if text else -1
        if start < 0:
            return Answer("", 0.9)
        return Answer(text, self.confidence, start, start + len(text))


class FakeKnowledge:
    """Documents that are found by any query."""

    def __init__(self, *passages: str) -> None:
        self.passages = passages

    def search(self, query: str, *, limit: int = 5) -> Sequence[Passage]:
        found = [Passage(text, Source("notes", "notes.md", text), 0.8) for text in self.passages]
        return found[:limit]


class FakeBrain:
    """The multi-task model: a router, an answerer and a dialogue decoder in one, with no weights to load."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        answers: Mapping[str, str] | None = None,
        pieces: Sequence[str] = ("Good ", "morning."),
        fails: Exception | None = None,
    ) -> None:
        self.router = FakeRouter(routes, fails=fails)
        self._answerer = FakeAnswerer(answers)
        self._dialogue = FakeDialogue(*pieces)
        self.fails = fails

    def load(self, _report: Callable[[str], None] = lambda _words: None) -> FakeBrain:
        if self.fails:
            raise self.fails
        return self

    def warm_up(self) -> None:
        """There is nothing to warm."""

    def read_reference(self) -> None:
        """There are no sentences to read."""

    def route(self, utterance: Utterance) -> Route:
        return self.router.route(utterance)

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        return self.router.commands(utterance)

    def slots(self, utterance: Utterance) -> tuple[Slot, ...]:
        return self.router.slots(utterance)

    def answer(self, question: str, passage: str) -> Answer:
        self.load()
        return self._answerer.answer(question, passage)

    def explain(self, question: str, passage: str) -> str:
        self.load()
        return self._answerer.explain(question, passage)

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        self.load()
        return self._dialogue.reply(history, text, max_tokens=max_tokens)


class FakeEncoder:
    """Sentences as bags of words: texts that share words are near each other."""

    _SIZE = 256

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        rows = np.zeros((len(texts), self._SIZE), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self._SIZE] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


class FakeSpeech:
    """One reply of the fake voice: it speaks as soon as it is fed."""

    def __init__(self, on_sentence: Callable[[str], None], cancel: Cancel, problem: str | None) -> None:
        self._on_sentence = on_sentence
        self._cancel = cancel
        self._unsaid = ""
        self.said: list[str] = []
        self.fed: list[str] = []
        self.stopped = False
        self.finished = False
        self.first_sound_at: float | None = None
        self.problem = problem

    def feed(self, text: str) -> None:
        self.fed.append(text)
        self._unsaid += text
        while "." in self._unsaid:
            sentence, _, self._unsaid = self._unsaid.partition(".")
            self._say(sentence.strip() + ".")

    def finish(self) -> None:
        self.finished = True
        if self._unsaid.strip():
            self._say(self._unsaid.strip())
        self._unsaid = ""

    def wait(self) -> bool:
        assert self.finished, "wait() before finish() would never return"
        return True

    def stop(self) -> None:
        self.stopped = True

    def _say(self, sentence: str) -> None:
        if self._cancel.requested or self.problem:
            return
        if self.first_sound_at is None:
            self.first_sound_at = time.monotonic()
        self.said.append(sentence)
        self._on_sentence(sentence)


class FakeSpeaker:
    """A voice that can be listened to, or that fails."""

    def __init__(self, *, problem: str | None = None, fails: Exception | None = None) -> None:
        self.problem = problem
        self.fails = fails
        self.speeches: list[FakeSpeech] = []
        self.warm = False
        self.closed = False

    def warm_up(self) -> None:
        self.warm = True

    def close(self) -> None:
        self.closed = True

    def start(self, on_sentence: Callable[[str], None], cancel: Cancel) -> FakeSpeech:
        if self.fails:
            raise self.fails
        self.speeches.append(FakeSpeech(on_sentence, cancel, self.problem))
        return self.speeches[-1]

    @property
    def said(self) -> list[str]:
        return [sentence for speech in self.speeches for sentence in speech.said]


class FakeSkill:
    """A skill whose reply is given, or made by a function."""

    def __init__(
        self,
        name: str,
        reply: SkillReply | Callable[[Utterance, Route, SkillContext], SkillReply],
        resume: Callable[[Utterance, Pending, SkillContext], SkillReply | None] | None = None,
    ) -> None:
        self.name = name
        self.title = name.replace("_", " ").capitalize()
        self.examples: Sequence[str] = (f"try {name}",)
        self._reply = reply
        self._resume = resume
        self.acted_on: list[tuple[str, Route]] = []

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        self.acted_on.append((utterance.text, route))
        return self._reply(utterance, route, context) if callable(self._reply) else self._reply

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        return self._resume(answer, pending, context) if self._resume else None


class Events(list[TurnEvent]):
    """Collects what a turn announces."""

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self]


def make_context(**parts: Any) -> SkillContext:
    """A skill's context of fakes; `calendar` must be given where it is used."""
    defaults: dict[str, Any] = {
        "calendar": None,
        "reminders": None,
        "knowledge": FakeKnowledge(),
        "answerer": FakeAnswerer(),
        "dialogue": FakeDialogue(),
        "router": FakeRouter(),
        "settings": Settings(),
        "zone": BERLIN,
        "now": FakeClock(),
    }
    return SkillContext(**{**defaults, **parts})


def make_assistant(
    *skills: Skill,
    transcriber: FakeTranscriber | None = None,
    speaker: FakeSpeaker | None = None,
    context: SkillContext | None = None,
) -> Assistant:
    """An assistant of fakes with the given skills, asking back and honest refusal included."""
    table: dict[str, Skill] = {skill.name: skill for skill in skills}
    table[UNKNOWN] = Unknown(table)
    table[CLARIFICATION] = Clarification(table)
    table[CORRECTING] = Correcting(table)
    return Assistant(transcriber or FakeTranscriber(), table, speaker or FakeSpeaker(), context or make_context())


def silence(seconds: float = 1.0) -> AudioClip:
    return AudioClip(np.zeros(int(seconds * 16000), dtype=np.float32), 16000)
