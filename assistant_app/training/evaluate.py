"""Every figure of the model, on any folder laid out like our data folder.

A folder a data set; each `*.jsonl.gz` in it is one split, whatever its name. Texts are read one by
one by the model as it runs, not from cached states. Sets that are not there are left out.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.tokens import whole_words
from assistant_app.training.metrics import Span, answer_exact, answer_f1, slot_f1
from assistant_app.training.tasks import (
    OURS,
    READERS,
    LabelMap,
    SpanExample,
    TextExample,
    held_out,
    read_rows,
    span_examples,
    span_rows,
    stable_fraction,
)
from assistant_app.turn import Utterance

SPAN_SETS = ("squad2", "cmrc2018")
SETS = (*READERS, "datetime_specs")

OnProgress = Callable[[str, int, int], None]
"""Data set, texts done, texts in all."""


@dataclass(slots=True)
class _Judged:
    """What one set's texts gave."""

    intents: list[bool]
    skills: list[bool]
    in_scope: list[bool]
    out_of_scope: list[bool]
    slots: list[tuple[set[Span], set[Span]]]
    milliseconds: list[float]


def evaluate(
    model: MultiTaskModel,
    data: Path,
    labels: LabelMap,
    *,
    tasks: Sequence[str] = (),
    limit: int | None = None,
    held_out_only: bool = False,
    predictions: TextIO | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> dict[str, Any]:
    """Figures by data set, fractions from 0 to 1, and what it took.

    `limit` takes at most so many texts of a set, chosen by their hash; `held_out_only` leaves out
    what the released recipe trains on (for our own data folder). Each prediction is written
    to `predictions` as one JSON line.
    """
    wanted = tuple(tasks) or SETS
    results: dict[str, dict[str, float]] = {}
    milliseconds: list[float] = []
    for name in wanted:
        folder = data / name
        files = sorted(folder.glob("*.jsonl.gz"))
        if not files:
            continue
        if name == "datetime_specs":
            from assistant_app.training.when_accuracy import evaluate as when_accuracy

            results[name] = when_accuracy(folder)
            continue
        rows = [(file.name, row) for file in files for row in read_rows(file)]
        if name in READERS:
            examples = [
                example
                for file, row in rows
                for example in READERS[name](row, labels)
                if not held_out_only or held_out(example, file.partition(".jsonl")[0], row)
            ]
            examples = _at_most(examples, limit, lambda example: example.text)
            judged = _judge(model, name, examples, predictions, on_progress)
            results[name] = _figures(judged)
            milliseconds += judged.milliseconds
        if name in SPAN_SETS:
            questions = list(span_rows([row for _, row in rows], name))
            if held_out_only:
                questions = [q for q in span_examples(data) if q.data_set == name and q.held_out]
            results.setdefault(name, {}).update(_answers(model, name, questions, limit, predictions, on_progress))
    return {
        "tasks": results,
        "carry_over": {},
        "experience": {"route_ms": _percentiles(milliseconds)},
        "resources": _resources(model),
        "explainability": {},
    }


def _at_most(items: list[Any], limit: int | None, key: Callable[[Any], str]) -> list[Any]:
    if limit is None or len(items) <= limit:
        return items
    return sorted(items, key=lambda item: stable_fraction(key(item), "evaluate"))[:limit]


def _judge(
    model: MultiTaskModel,
    name: str,
    examples: Sequence[TextExample],
    predictions: TextIO | None,
    on_progress: OnProgress,
) -> _Judged:
    judged = _Judged([], [], [], [], [], [])
    checkpoint = model.checkpoint
    for number, example in enumerate(examples):
        started = time.perf_counter()
        route = model.route(Utterance(example.text, "typed", "en"))
        judged.milliseconds.append((time.perf_counter() - started) * 1000)
        record: dict[str, Any] = {
            "set": name,
            "text": example.text,
            "skill": route.skill,
            "intent": route.intent,
            "confidence": route.confidence,
            "slots": [{"name": slot.name, "start": slot.start, "end": slot.end} for slot in route.slots],
        }
        ours = example.intents.get(OURS)
        if ours:
            record["wanted_skill"] = ours.partition("/")[0]
            judged.skills.append(route.skill == record["wanted_skill"])
        for head, intent in example.intents.items():
            if head == OURS or head not in checkpoint.intent_labels:
                continue
            found, probability, _ = model.classify(example.text, head)
            if head == "clinc150":
                outside = probability < checkpoint.out_of_scope_threshold or found == "oos"
                if intent == "oos":
                    judged.out_of_scope.append(outside)
                else:
                    judged.in_scope.append(found == intent and not outside)
                found = "oos" if outside else found
            judged.intents.append(found == intent)
            record.update({"own_intent": found, "wanted_intent": intent})
        if name == "banking77":
            judged.out_of_scope.append(route.skill == "unknown")
        for head, spans in example.slots.items():
            if head not in checkpoint.slot_labels or (head == OURS and len(example.slots) > 1):
                continue
            predicted = set(model.classify(example.text, head)[2])
            truth = {(*whole_words(example.text, start, end), kind) for start, end, kind in spans}
            judged.slots.append((predicted, truth))
            record.update({"own_slots": sorted(predicted), "wanted_slots": sorted(truth)})
        if predictions:
            predictions.write(json.dumps(record, ensure_ascii=False) + "\n")
        if number % 20 == 0 or number + 1 == len(examples):
            on_progress(name, number + 1, len(examples))
    return judged


def _figures(judged: _Judged) -> dict[str, float]:
    figures = {
        "intent_accuracy": _mean(judged.intents),
        "skill_accuracy": _mean(judged.skills),
        "in_scope_accuracy": _mean(judged.in_scope),
        "out_of_scope_recall": _mean(judged.out_of_scope),
        "slot_f1": slot_f1(judged.slots) if judged.slots else None,
    }
    count = {"texts": float(len(judged.milliseconds))}
    return count | {name: value for name, value in figures.items() if value is not None}


def _answers(
    model: MultiTaskModel,
    name: str,
    questions: list[SpanExample],
    limit: int | None,
    predictions: TextIO | None,
    on_progress: OnProgress,
) -> dict[str, float]:
    examples = _at_most(questions, limit, lambda example: example.question)
    scores: list[tuple[float, float, bool]] = []
    for number, example in enumerate(examples):
        found = model.answer(example.question, example.passage)
        scores.append(
            (answer_f1(found.text, example.answers), answer_exact(found.text, example.answers), bool(example.answers))
        )
        if predictions:
            record = {"set": name, "question": example.question, "answer": found.text, "answers": example.answers}
            predictions.write(json.dumps(record, ensure_ascii=False) + "\n")
        if number % 5 == 0 or number + 1 == len(examples):
            on_progress(f"{name} answers", number + 1, len(examples))
    answerable = [f1 for f1, _, has in scores if has]
    return {
        "questions": float(len(scores)),
        "f1": _mean([f1 for f1, _, _ in scores]) or 0.0,
        "exact": _mean([exact for _, exact, _ in scores]) or 0.0,
        "f1_answerable": _mean(answerable) or 0.0,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)]}


def _resources(model: MultiTaskModel) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decoders = sum(
        parameter.numel() for module in (model.router, model.slots, model.span) for parameter in module.parameters()
    )
    return {
        "peak_memory_mb": peak / (1024**2 if sys.platform == "darwin" else 1024),
        "decoder_parameters": float(decoders),
        "adapter_parameters": float(sum(tensor.numel() for tensor in model.dialogue.parameters())),
    }


def table(results: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Lines of text, a set each."""
    for name, figures in results.items():
        shown = "  ".join(
            f"{key} {value:.3f}" if value <= 1 else f"{key} {value:.0f}" for key, value in figures.items()
        )
        yield f"{name:24} {shown}"
