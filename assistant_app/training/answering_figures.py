"""Figures of question answering on held-back passages, and how sure an answer must be to be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.checkpoint import ADAPTER_SCALE
from assistant_app.brain.copying import CopyReader
from assistant_app.brain.tokens import TextTokenizer, whole_words
from assistant_app.brain.trunk import Trunk
from assistant_app.training.answering import for_calibration
from assistant_app.training.job import Job
from assistant_app.training.metrics import answer_f1
from assistant_app.training.tasks import SpanExample, stable_fraction


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    metrics: dict[str, float]
    slope: float
    """Probability that the passage answers = sigmoid(slope * margin + offset), the margin being the log-probability of
    the best words less that of none (Platt 1999)."""
    offset: float
    threshold: float
    """Least probability at which the words are given."""


@dataclass(frozen=True, slots=True)
class _Judged:
    margin: float
    f1: float
    """Of the words, against the truths; 0 where there is no answer."""
    answerable: bool
    data_set: str


def measure_answering(job: Job, examples: Sequence[SpanExample], adapter: Mapping[str, Tensor]) -> AnswerFigures:
    """Slope, offset and threshold from the passages kept for calibration, figures from the held-out ones."""
    options = job.recipe["question_answering"]
    trunk = Trunk.load(job.trunk_folder)
    tuned = LowRankAdapter.from_state(dict(adapter), int(options["rank"]), ADAPTER_SCALE).to(
        dtype=trunk.dtype, device=trunk.device
    )
    reader = CopyReader(trunk, TextTokenizer(job.trunk_folder), tuned)
    calibration = [e for e in examples if not e.held_out and for_calibration(e)]
    held_out = [e for e in examples if e.held_out]
    judged = {
        "calibration": _judge(job, reader, _some(calibration, options["most_held_out"]), "calibration"),
        "held out": _judge(job, reader, _some(held_out, options["most_held_out"]), "held out"),
    }
    slope, offset, threshold = calibrated([j for j in judged["calibration"] if j.data_set == "squad2"])
    metrics: dict[str, float] = {}
    for name in sorted({j.data_set for j in judged["held out"]}):
        of_set = [j for j in judged["held out"] if j.data_set == name]
        kept = [_probability(j, slope, offset) >= threshold for j in of_set]
        answerable = [(j.f1, keep) for j, keep in zip(of_set, kept, strict=True) if j.answerable]
        metrics[f"{name} f1 of the words"] = _mean([f1 for f1, _ in answerable])
        metrics[f"{name} f1 answerable"] = _mean([f1 * keep for f1, keep in answerable])
        metrics[f"{name} f1"] = _mean(
            [j.f1 * keep if j.answerable else float(not keep) for j, keep in zip(of_set, kept, strict=True)]
        )
        none = [not keep for j, keep in zip(of_set, kept, strict=True) if not j.answerable]
        if none:
            metrics[f"{name} unanswerable refused"] = _mean([float(one) for one in none])
    return AnswerFigures(metrics, slope, offset, threshold)


def _some(examples: Sequence[SpanExample], most: Mapping[str, int]) -> list[SpanExample]:
    ordered = sorted(examples, key=lambda e: stable_fraction(e.question, e.passage[:20]))
    return [e for name, limit in most.items() for e in [o for o in ordered if o.data_set == name][:limit]]


def _judge(job: Job, reader: CopyReader, examples: Sequence[SpanExample], part: str) -> list[_Judged]:
    judged = []
    with torch.inference_mode():
        # One passage's questions one after the other: the reader keeps the passage it has read.
        for number, example in enumerate(sorted(examples, key=lambda e: e.passage)):
            found = reader.read(example.question, example.passage)
            text = ""
            if found.spans:
                left, right = whole_words(example.passage, found.spans[0].start, found.spans[0].end)
                text = example.passage[left:right]
            f1 = answer_f1(text, example.answers) if example.answers else 0.0
            judged.append(_Judged(found.margin, f1, bool(example.answers), example.data_set))
            job.progress(f"answers, {part}", number + 1, len(examples), "")
    return judged


def calibrated(judged: Sequence[_Judged]) -> tuple[float, float, float]:
    """Slope and offset by logistic regression, and the threshold.

    It has the highest sum of F1 over all questions and F1 over those that have an answer: a wrong answer shows its
    source, a missed one is lost.
    """
    if not judged or all(j.answerable for j in judged) or not any(j.answerable for j in judged):
        return 1.0, 0.0, 0.5
    margins = torch.tensor([j.margin for j in judged]).clamp(-30, 30)
    wanted = torch.tensor([float(j.answerable) for j in judged])
    fit = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([fit], max_iter=100)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(fit[0] * margins / 10 + fit[1], wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    slope, offset = float(fit[0].detach()) / 10, float(fit[1].detach())
    probabilities = [_probability(j, slope, offset) for j in judged]

    answerable = sum(j.answerable for j in judged)

    def worth(threshold: float) -> float:
        given = sum(j.f1 for j, p in zip(judged, probabilities, strict=True) if j.answerable and p >= threshold)
        refused = sum(not j.answerable and p < threshold for j, p in zip(judged, probabilities, strict=True))
        return (given + refused) / len(judged) + given / answerable

    threshold = max((step / 100 for step in range(5, 96)), key=worth)
    return slope, offset, threshold


def _probability(judged: _Judged, slope: float, offset: float) -> float:
    return float(torch.sigmoid(torch.tensor(slope * max(-30.0, min(30.0, judged.margin)) + offset)))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
