"""Training the question-answering decoder on the frozen trunk's states, and measuring it.

Objective: `decoders.span_loss`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from assistant_app.brain.decoders import EncoderShape, SpanDecoder, best_span, no_answer_probability, span_loss
from assistant_app.brain.prompts import is_chinese, question_after_passage
from assistant_app.brain.tokens import whole_words
from assistant_app.errors import InputError
from assistant_app.training.job import Job, fit
from assistant_app.training.metrics import answer_f1
from assistant_app.training.states import SpanStates, compute_span_states
from assistant_app.training.tasks import SpanExample, span_examples, stable_fraction

KEPT = 0.9


def train_answering(job: Job) -> dict[str, Any]:
    recipe = job.recipe
    examples = list(span_examples(job.data))
    limits = recipe["question_answering"]["most_held_out"]
    held_out = sorted((e for e in examples if e.held_out), key=lambda e: stable_fraction(e.question, e.passage[:20]))
    chosen = [e for e in examples if not e.held_out] + [
        e for name, limit in limits.items() for e in [h for h in held_out if h.data_set == name][:limit]
    ]
    if not chosen:
        raise InputError("no_data", f"{job.data} holds no questions on passages (squad2, cmrc2018).")
    depths = recipe["trunk"]["passage_depths"]
    states = compute_span_states(
        [(e.passage, question_after_passage(e.question, chinese=is_chinese(e.question))) for e in chosen],
        job.trunk_folder,
        depths,
        job.work / "states",
        workers=job.workers,
        on_progress=lambda done, total: job.report(f"states of passages: {done} of {total} shards"),
    )
    options = recipe["question_answering"]
    span = SpanDecoder(EncoderShape(states.size, len(depths), **dict(recipe["encoder"])))
    first_last = [_answer_tokens(states, row, example) for row, example in enumerate(chosen)]
    train_rows = [row for row, e in enumerate(chosen) if not e.held_out and (e.start < 0 or first_last[row][0] >= 0)]

    def batches(rng: random.Random) -> Iterator[list[int]]:
        rows = list(train_rows)
        rng.shuffle(rows)
        rows.sort(key=lambda row: states.tokens(row) // 48)
        groups = [rows[at : at + options["batch"]] for at in range(0, len(rows), options["batch"])]
        rng.shuffle(groups)
        return iter(groups)

    def loss(rows: list[int]) -> Tensor:
        taps, padding, passage, copy, last = states.batch(rows)
        start, end, none = span(taps, padding, passage, copy, last)
        wanted = torch.tensor([first_last[row] for row in rows])
        return span_loss(start, end, none, wanted[:, 0], wanted[:, 1])

    fit(
        span,
        batches,
        -(-len(train_rows) // options["batch"]),
        loss,
        options,
        int(recipe["seed"]),
        lambda text: job.report(f"question answering: {text}"),
    )
    rows = [row for row, example in enumerate(chosen) if example.held_out]
    metrics, threshold = measure_answering(chosen, states, span, rows)
    job.report("question answering: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(metrics.items())))
    return {"span": span.state_dict(), "answer_threshold": threshold, "metrics": metrics}


def _answer_tokens(states: SpanStates, row: int, example: SpanExample) -> tuple[int, int]:
    """First and last passage token of the answer; (-1, -1) where there is none or it was cut off."""
    if example.start < 0:
        return -1, -1
    end = example.start + len(example.answers[0])
    inside = [
        at for at, (left, right) in enumerate(states.passage_offsets(row)) if right > example.start and left < end
    ]
    return (inside[0], inside[-1]) if inside else (-1, -1)


def measure_answering(
    examples: Sequence[SpanExample], states: SpanStates, span: SpanDecoder, rows: Sequence[int]
) -> tuple[dict[str, float], float]:
    """Figures of the decoder alone, and the least confidence at which a question counts as answerable.

    The threshold keeps `KEPT` of the answerable questions of the SQuAD part: a wrong answer shows its
    source and can be checked, a missed one is lost.
    """
    pointed: dict[str, list[float]] = {}
    confidences: list[tuple[float, bool]] = []
    with torch.inference_mode():
        for row in rows:
            example = examples[row]
            taps, padding, passage, copy, last = states.batch([row])
            start, end, none = span(taps, padding, passage, copy, last)
            if example.data_set == "squad2":
                confidences.append((1 - float(no_answer_probability(start, end, none)[0]), bool(example.answers)))
            if example.answers:
                first, final, _ = best_span(start[0], end[0])
                offsets = states.passage_offsets(row)
                left, right = whole_words(example.passage, offsets[first][0], offsets[final][1])
                pointed.setdefault(example.data_set, []).append(answer_f1(example.passage[left:right], example.answers))
    metrics = {f"{name} f1 by pointing alone": sum(values) / len(values) for name, values in pointed.items()}
    threshold, kept, refused = _keeping(confidences)
    metrics.update({"squad2 answerable kept": kept, "squad2 unanswerable refused": refused})
    return metrics, threshold


def _keeping(confidences: Sequence[tuple[float, bool]]) -> tuple[float, float, float]:
    """Threshold, share of answerable questions at or above it, share of unanswerable ones below it."""
    answerable = sorted(confidence for confidence, has in confidences if has)
    others = [confidence for confidence, has in confidences if not has]
    if not answerable:
        return 0.5, 0.0, 0.0
    threshold = answerable[int((1 - KEPT) * len(answerable))]
    kept = sum(confidence >= threshold for confidence in answerable) / len(answerable)
    refused = sum(confidence < threshold for confidence in others) / max(1, len(others))
    return threshold, kept, refused
