"""The first side: how well each task is done, set by set.

A set with a head of its own in the model (its labels are the head's) has `intent_accuracy` and `slot_f1` of
that head, SLURP those of the HWU64 head, whose labels it shares; the others have them in our own labels.
`skill_accuracy` is our router's choice of the skill wherever our map gives a set's label a skill. The expected
calibration error (15 bins, Naeini et al. 2015) and the confusion of skills are over all such texts together.
Texts are read one by one by the model as it runs. It knows no conversation and no calendar.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant_app.brain.tokens import whole_words
from assistant_app.training.evaluation.samples import (
    SPAN_SETS,
    OnProgress,
    Predictions,
    Samples,
    mean,
    ours,
    percentiles,
)
from assistant_app.training.metrics import Span, answer_exact, answer_f1, slot_f1
from assistant_app.training.tasks import OURS, READERS, SpanExample, TextExample
from assistant_app.turn import UNKNOWN, Route, Utterance

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel


CALIBRATION_BINS = 15
ASKED = "(asks)"
"""In the confusion of skills: the router was below its threshold and asks which was meant."""


@dataclass(slots=True)
class Judged:
    """What one set's texts gave."""

    intents: list[bool] = field(default_factory=list)
    skills: list[bool] = field(default_factory=list)
    in_scope: list[bool] = field(default_factory=list)
    out_of_scope: list[bool] = field(default_factory=list)
    slots: list[tuple[set[Span], set[Span]]] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    """Of the skill, where `skills` has a judgement."""
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(wanted, found) skill."""
    milliseconds: list[float] = field(default_factory=list)

    def add(self, other: Judged) -> None:
        self.skills += other.skills
        self.confidence += other.confidence
        self.confusion.update(other.confusion)
        self.milliseconds += other.milliseconds


def measure(
    model: MultiTaskModel, samples: Samples, predictions: Predictions, on_progress: OnProgress
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Figures by set, and what is over all sets: calibration, confusion, milliseconds a route."""
    results: dict[str, dict[str, float]] = {}
    everything = Judged()
    for name in samples.sets():
        figures: dict[str, float] = {}
        if name == "datetime_specs":
            figures = _times(samples, predictions, on_progress)
        if name in READERS:
            judged = judge_texts(model, name, samples.texts(name), predictions, on_progress)
            figures |= figures_of(judged)
            everything.add(judged)
        if name in SPAN_SETS:
            figures |= _answers(model, name, samples.questions(name), predictions, on_progress)
        for kind in (name, f"{name} questions"):
            if kind in samples.unreadable:
                figures["unreadable_rows"] = figures.get("unreadable_rows", 0.0) + samples.unreadable[kind]
        if figures.get("texts") or figures.get("questions") or name == "datetime_specs":
            results[name] = figures
        elif name not in samples.damaged:
            samples.damaged[name] = "no row of it can be scored here"
    return results, _over_all(everything)


def judge_texts(
    model: MultiTaskModel,
    name: str,
    examples: Sequence[TextExample],
    predictions: Predictions,
    on_progress: OnProgress,
) -> Judged:
    """Route every text, and read it with its set's own head where there is one."""
    judged = Judged()
    for number, example in enumerate(examples, start=1):
        started = time.perf_counter()
        route = model.route(Utterance(example.text, "typed", "en" if example.text.isascii() else "zh"))
        judged.milliseconds.append((time.perf_counter() - started) * 1000)
        record: dict[str, Any] = {
            "set": name,
            "text": example.text,
            "skill": route.skill,
            "intent": route.intent,
            "confidence": route.confidence,
            "unsure": route.unsure,
            "slots": [{"name": slot.name, "start": slot.start, "end": slot.end} for slot in route.slots],
        }
        _judge_route(judged, example, route, record)
        _judge_heads(judged, model, example, record)
        predictions.write("tasks", record)
        on_progress(name, number, len(examples))
    return judged


def _judge_route(judged: Judged, example: TextExample, route: Route, record: dict[str, Any]) -> None:
    label = ours(example)
    if label is None:
        return
    skill = label.partition("/")[0]
    judged.skills.append(route.skill == skill)
    judged.confidence.append(route.confidence)
    judged.confusion[skill, ASKED if route.unsure else route.skill] += 1
    record |= {"wanted_skill": skill, "wanted_label": label}
    if example.data_set == "banking77":
        judged.out_of_scope.append(route.skill == UNKNOWN)
    if set(example.intents) == {OURS}:
        judged.intents.append(f"{route.skill}/{route.intent}" == label)


def _judge_heads(judged: Judged, model: MultiTaskModel, example: TextExample, record: dict[str, Any]) -> None:
    checkpoint = model.checkpoint
    read: dict[str, tuple[str, float, list[Span]]] = {}

    def reading(head: str) -> tuple[str, float, list[Span]]:
        if head not in read:
            read[head] = model.classify(example.text, head)
        return read[head]

    for head, intent in example.intents.items():
        if head == OURS or head not in checkpoint.intent_labels:
            continue
        found, probability, _ = reading(head)
        if head == "clinc150":
            outside = probability < checkpoint.out_of_scope_threshold or found == "oos"
            if intent == "oos":
                judged.out_of_scope.append(outside)
            else:
                judged.in_scope.append(found == intent and not outside)
            found = "oos" if outside else found
        judged.intents.append(found == intent)
        record |= {"own_intent": found, "wanted_intent": intent}
    for head, spans in example.slots.items():
        if head not in checkpoint.slot_labels or (head == OURS and len(example.slots) > 1):
            continue
        predicted = set(reading(head)[2])
        truth = {(*whole_words(example.text, start, end), kind) for start, end, kind in spans}
        judged.slots.append((predicted, truth))
        record |= {"own_slots": sorted(predicted), "wanted_slots": sorted(truth)}


def figures_of(judged: Judged) -> dict[str, float]:
    """Those that the texts have judgements for, and how many texts."""
    figures = {
        "intent_accuracy": mean(judged.intents),
        "skill_accuracy": mean(judged.skills),
        "in_scope_accuracy": mean(judged.in_scope),
        "out_of_scope_recall": mean(judged.out_of_scope),
        "slot_f1": slot_f1(judged.slots) if judged.slots else None,
        "calibration_error": calibration(judged.confidence, judged.skills)["error"] if judged.skills else None,
    }
    count = {"texts": float(len(judged.milliseconds))}
    return count | {name: value for name, value in figures.items() if value is not None}


def _answers(
    model: MultiTaskModel,
    name: str,
    questions: Sequence[SpanExample],
    predictions: Predictions,
    on_progress: OnProgress,
) -> dict[str, float]:
    scores: list[tuple[float, float, bool]] = []
    for number, question in enumerate(questions, start=1):
        found = model.answer(question.question, question.passage)
        f1, exact = answer_f1(found.text, question.answers), answer_exact(found.text, question.answers)
        scores.append((f1, exact, bool(question.answers)))
        record = {"set": name, "question": question.question, "answer": found.text, "answers": question.answers}
        predictions.write("tasks", {**record, "confidence": found.confidence, "f1": f1, "exact": exact})
        on_progress(f"{name} answers", number, len(questions))
    figures = {
        "f1": mean(f1 for f1, _, _ in scores),
        "exact": mean(exact for _, exact, _ in scores),
        "f1_answerable": mean(f1 for f1, _, has in scores if has),
        "no_answer_accuracy": mean(exact for _, exact, has in scores if not has),
    }
    return {"questions": float(len(scores))} | {key: value for key, value in figures.items() if value is not None}


def _times(samples: Samples, predictions: Predictions, on_progress: OnProgress) -> dict[str, float]:
    """How often words are read as the right time; every expression, whatever the limit: it takes seconds."""
    from assistant_app.training.when_accuracy import Judged as JudgedTime
    from assistant_app.training.when_accuracy import evaluate as when_accuracy

    name = "datetime_specs"
    rows, count = len(samples.rows(name)), 0
    last: Mapping[str, Any] = {}

    def on_judged(one: JudgedTime) -> None:
        nonlocal count, last
        found = [[r.text, r.start, r.end, r.duration, r.recurrence] for r in one.found]
        record = {"set": name, "text": one.row["text"], "now": one.row["reference"], "found": found}
        predictions.write("tasks", {**record, "wanted": one.wanted and one.wanted["values"], "right": one.right})
        if one.row is not last:
            count, last = count + 1, one.row
            on_progress(name, count, rows)

    return when_accuracy(samples.data / name, on_judged)


def _over_all(judged: Judged) -> dict[str, Any]:
    wanted = sorted({skill for skill, _ in judged.confusion})
    found = sorted({skill for _, skill in judged.confusion} | set(wanted))
    return {
        "texts": len(judged.milliseconds),
        "skill_accuracy": mean(judged.skills),
        "calibration": calibration(judged.confidence, judged.skills) if judged.skills else {},
        "confusion": {
            "wanted": wanted,
            "found": found,
            "counts": [[judged.confusion[row, column] for column in found] for row in wanted],
        },
        "route_ms": percentiles(judged.milliseconds),
    }


def calibration(confidence: Sequence[float], right: Sequence[bool], bins: int = CALIBRATION_BINS) -> dict[str, Any]:
    """Expected calibration error and the reliability diagram's points (equal-width bins, empty ones left out)."""
    inside: dict[int, list[tuple[float, bool]]] = {}
    for value, hit in zip(confidence, right, strict=True):
        inside.setdefault(min(int(value * bins), bins - 1), []).append((value, hit))
    points: list[Mapping[str, float]] = []
    error = 0.0
    for _, members in sorted(inside.items()):
        sure = sum(value for value, _ in members) / len(members)
        accuracy = sum(hit for _, hit in members) / len(members)
        error += abs(sure - accuracy) * len(members) / len(confidence)
        points.append({"confidence": sure, "accuracy": accuracy, "texts": float(len(members))})
    return {"error": error, "bins": points}
