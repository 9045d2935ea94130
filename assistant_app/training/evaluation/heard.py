"""What is left of slots, intents and skills when sentences are heard instead of read.

Sentences with marked slots are spoken by the program's own voice and transcribed by its own recogniser. The slots are
carried over to the transcript by word alignment (fewest edits), so that the same head is scored on both texts
by the same exact-span F1: a slot whose words were all lost stays wanted and is missed, and so is one that is found on
the wrong words. The sentences are those of English sets with slots, as many of each, chosen by their hash.
It knows neither voice nor recogniser, only how to ask for a transcript.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assistant_app.brain.tokens import whole_words
from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, ours
from assistant_app.training.metrics import Span, slot_f1
from assistant_app.training.tasks import OURS, SlotSpan, TextExample, stable_fraction
from assistant_app.turn import Route, Utterance

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel

Hear = Callable[[str], str]
"""A sentence to what the recogniser makes of its sound."""

SETS = ("snips", "fb_task_oriented_en", "hwu64", "home_assistant_intents", "smcalflow", "sgd", "xsid")
_MOST_WORDS = 25
_WORD = re.compile(r"[$€£¥#+]?[^\W_]+(?:['’.:,][^\W_]+)*[%°]?")
_LOST = "(lost)"
"""Begins the name of a slot whose words are not in the transcript, which nothing can find."""

Pairs = list[tuple[set[Span], set[Span]]]


@dataclass(slots=True)
class _Both:
    """Judgements of the sentences as they were written and as they were heard."""

    read: Pairs = field(default_factory=list)
    heard: Pairs = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        read, heard = slot_f1(self.read), slot_f1(self.heard)
        return {"texts": float(len(self.read)), "slot_f1": read, "slot_f1_heard": heard, "lost": read - heard}


def measure(
    model: MultiTaskModel,
    samples: Samples,
    hear: Hear,
    predictions: Predictions,
    on_progress: OnProgress,
    *,
    sentences: int,
) -> dict[str, Any]:
    """Slot F1 by head, and skills and intents, read and heard; empty without sentences."""
    examples = chosen(samples, model.checkpoint.slot_labels, sentences)
    if not examples:
        return {}
    heads: dict[str, _Both] = {}
    skills: list[tuple[bool, bool]] = []
    intents: list[tuple[bool, bool]] = []
    errors = words = 0
    for number, example in enumerate(examples, start=1):
        told = hear(example.text)
        alignment = aligned(example.text, told)
        errors += alignment.errors
        words += len(alignment.places)
        record: dict[str, Any] = {"set": example.data_set, "text": example.text, "heard": told}
        marked = {head: spans for head, spans in example.slots.items() if head in model.checkpoint.slot_labels}
        # All of a text before the other one: the model keeps its reading of the last.
        read, heard = (_understood(model, text, marked) for text in (example.text, told))
        for head, spans in marked.items():
            both = heads.setdefault(head, _Both())
            wanted = {(*whole_words(example.text, start, end), name) for start, end, name in spans}
            wanted_heard = {alignment.moved(span) for span in wanted}
            both.read.append((read[1][head], wanted))
            both.heard.append((heard[1][head], wanted_heard))
            record |= {f"{head}_slots": sorted(heard[1][head]), f"wanted_{head}_slots": sorted(wanted_heard)}
        label = ours(example)
        if label is not None:
            skills.append((read[0].skill == label.partition("/")[0], heard[0].skill == label.partition("/")[0]))
            named = [f"{route.skill}/{route.intent}" == label for route in (read[0], heard[0])]
            intents.append((named[0], named[1]))
        predictions.write("tasks", {"heard_test": True, **record})
        on_progress("spoken and heard", number, len(examples))
    own = _Both()
    for head, both in heads.items():
        if head != OURS:
            own.read += both.read
            own.heard += both.heard
    figures: dict[str, Any] = {
        "sentences": len(examples),
        "word_error_rate": errors / words if words else 0.0,
        "heads": {head: both.figures() for head, both in sorted(heads.items())},
    }
    if own.read:
        figures["heads"]["data sets' own heads together"] = own.figures()
    for name, pairs in (("skill_accuracy", skills), ("intent_accuracy", intents)):
        if pairs:
            figures[name] = statistics.fmean(read for read, _ in pairs)
            figures[f"{name}_heard"] = statistics.fmean(heard for _, heard in pairs)
    return figures


def _understood(model: MultiTaskModel, text: str, heads: Iterable[str]) -> tuple[Route, dict[str, set[Span]]]:
    """A text's route, and its slots by head."""
    route = model.route(Utterance(text, "spoken", "en"))
    return route, {head: set(model.classify(text, head)[2]) if text.strip() else set() for head in heads}


def chosen(samples: Samples, heads: Container[str], count: int) -> list[TextExample]:
    """`count` sentences with slots, as many of each set as there are; the same whatever the limit of `samples`."""
    samples = replace(samples, limit=count, _texts={})
    pools = []
    for name in (name for name in samples.sets() if name in SETS):
        usable = {
            example.text: example
            for example in samples.texts(name)
            if example.text.isascii()
            and len(_WORD.findall(example.text)) <= _MOST_WORDS
            and any(spans and head in heads for head, spans in example.slots.items())
        }
        pools.append(list(usable.values()))
    pools.sort(key=len)
    found: list[TextExample] = []
    for at, pool in enumerate(pools):
        share = (count - len(found)) // (len(pools) - at)
        found += sorted(pool, key=lambda example: stable_fraction(example.text, "heard"))[:share]
    return found


@dataclass(frozen=True, slots=True)
class Alignment:
    """Words of a sentence and where each of them is in its transcript."""

    transcript: str
    places: Sequence[tuple[int, int]]
    """Of the words said, in the sentence."""
    told: Sequence[tuple[int, int] | None]
    """Of each word said, in the transcript; None: lost."""
    errors: int

    def moved(self, span: SlotSpan) -> SlotSpan:
        """A slot of the sentence in the transcript; nowhere, if none of its words is there."""
        start, end, name = span
        there = [
            place
            for (left, right), place in zip(self.places, self.told, strict=True)
            if place is not None and left < end and start < right
        ]
        if not there:
            return start, end, f"{_LOST} {name}"
        return (*whole_words(self.transcript, there[0][0], there[-1][1]), name)


def aligned(said: str, told: str) -> Alignment:
    """Fewest words put in, left out and replaced, case and punctuation aside (jiwer)."""
    import jiwer

    places, theirs = ([word.span() for word in _WORD.finditer(text)] for text in (said, told))
    if not places or not theirs:
        return Alignment(told, places, [None] * len(places), len(places) + len(theirs))
    reference, hypothesis = (
        " ".join(text[start:end].lower() for start, end in found) for text, found in ((said, places), (told, theirs))
    )
    result = jiwer.process_words(reference, hypothesis)
    to: list[tuple[int, int] | None] = [None] * len(places)
    for chunk in result.alignments[0]:
        if chunk.type in ("equal", "substitute"):
            for offset in range(chunk.ref_end_idx - chunk.ref_start_idx):
                to[chunk.ref_start_idx + offset] = theirs[chunk.hyp_start_idx + offset]
    return Alignment(told, places, to, result.substitutions + result.deletions + result.insertions)
