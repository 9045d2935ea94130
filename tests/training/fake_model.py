"""A multi-task model of a few rules: what the evaluation asks of one, with no weights."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from assistant_app.brain.model import SpanAnswer
from assistant_app.brain.prototypes import Sentence
from assistant_app.brain.tokens import Tokens
from assistant_app.turn import SCHEDULING, Candidate, Command, Route, Slot, Utterance, Why

RULES: Sequence[tuple[str, str, str]] = (
    # words of the text, our label, the HWU64 label
    (r"\b(cancel|delete)\b", "scheduling/cancel_event", "calendar_remove"),
    (r"\b(move|shift)\b", "scheduling/move_event", "calendar_set"),
    (r"\b(add|schedule|book)\b", "scheduling/create_event", "calendar_set"),
    (r"\b(free time)\b", "scheduling/find_free_time", "calendar_query"),
    (r"\b(calendar|agenda)\b", "scheduling/query_events", "calendar_query"),
    (r"^(yes|sure)\b", "dialogue/affirm", "general_affirm"),
    (r"^no\b", "dialogue/deny", "general_negate"),
    (r"\b(who|what|where)\b", "question_answering/ask", "qa_factoid"),
    (r"\b(rain|snow|hotel|loan)\b", "unknown/other", "weather_query"),
    (r"", "dialogue/chat", "general_quirky"),
)
TITLES = re.compile(r"\b(?:the )?(piano lesson|dentist|swim class|garden party)\b")
TIMES = re.compile(r"\b(?:(?:on |at |next )?(?:monday|tuesday|friday|tomorrow|march 5th|\d+ [ap]m)\b ?)+")
SIZE = 128


class FakeTokenizer:
    """A word a token."""

    def encode(self, text: str) -> Tokens:
        found = list(re.finditer(r"\w+", text.lower()))
        return Tokens([zlib.crc32(word[0].encode()) % SIZE for word in found], [word.span() for word in found])


@dataclass
class FakeModel:
    """Routes by the first rule whose words are in the text; what is shown as the reason are those words."""

    weights_name = "fake"

    def __post_init__(self) -> None:
        self.tokenizer = FakeTokenizer()
        self.checkpoint = SimpleNamespace(
            intent_labels={
                "assistant": sorted({label for _, label, _ in RULES}),
                "hwu64": sorted({label for _, _, label in RULES}),
            },
            slot_labels={"assistant": ["O", "B-title", "I-title", "B-datetime", "I-datetime"]},
            out_of_scope_threshold=0.5,
        )
        self.understanding = SimpleNamespace(reference=None)
        self.learned: dict[str, list[set[str]]] = {}

    def know(self, reference: object) -> None:
        self.understanding.reference = reference

    def learn(self, examples: Mapping[str, Sequence[str]]) -> None:
        assert self.understanding.reference is not None
        self.learned = {label: [set(text.lower().split()) for text in texts] for label, texts in examples.items()}

    def read_reference(self, sentences: Sequence[Sentence], on_progress: Callable[[int, int], None]) -> list[Sentence]:
        on_progress(len(sentences), len(sentences))
        return list(sentences)

    def route(self, utterance: Utterance) -> Route:
        text = utterance.text.lower()
        words_of_it = set(text.split())
        for learned, examples in self.learned.items():
            if any(len(words_of_it & one) > len(words_of_it) / 2 for one in examples):
                return Route(*learned.split("/"), 0.9)
        pattern, label, _ = next(rule for rule in RULES if re.search(rule[0], text))
        skill, _, intent = label.partition("/")
        found = re.search(pattern, text)
        words = ((utterance.text[found.start() : found.end()], 0.9),) if found and found[0] else ()
        others = [word for word in text.split() if not words or word != words[0][0].lower()]
        slots = tuple(Slot(name, utterance.text[a:b], a, b) for a, b, name in self._slots(text))
        return Route(
            skill,
            intent,
            0.9,
            slots if skill == SCHEDULING else (),
            why=Why((Candidate(skill, intent, 0.9),), (*words, *((word, 0.05) for word in others[:2]))),
        )

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        return (Command(utterance, self.route(utterance)),)

    def classify(self, text: str, label_set: str) -> tuple[str, float, list[tuple[int, int, str]]]:
        rule = next(rule for rule in RULES if re.search(rule[0], text.lower()))
        intent = rule[2] if label_set == "hwu64" else rule[1]
        return intent, 0.9, self._slots(text.lower()) if label_set == "assistant" else []

    def answer(self, question: str, passage: str) -> SpanAnswer:
        found = re.search(r"by (\w+ \w+)", passage) if question.startswith("who") else None
        return SpanAnswer(found[1], 0.9, found.start(1), found.end(1)) if found else SpanAnswer("", 0.2, 0, 0)

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        yield from ("That ", "is ", "nice.")

    def _slots(self, text: str) -> list[tuple[int, int, str]]:
        found = [(*match.span(1), "title") for match in TITLES.finditer(text)]
        for match in TIMES.finditer(text):
            found.append((match.start(), match.start() + len(match[0].rstrip()), "datetime"))
        return sorted(found)
