"""Training the question-answering adapter, and measuring it.

The task's decoder is the language-model head, kept to the words of the passage (`brain/copying.py`), behind a
low-rank adapter on the trunk's upper layers. It learns to say the answer's exact words, or to end its turn at
once where the passage does not answer. Objective: cross-entropy of the answer's tokens and of the end
of the turn.

All questions on a passage are read in one sequence: passage first, then the questions side by
side, each seeing the passage and itself alone, at the places that it would have alone. A passage is thus
read once an epoch instead of once a question, and its states below the adapter once for all.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.checkpoint import ADAPTER_SCALE
from assistant_app.brain.prompts import copy_passage, copy_question
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import sink_token_id
from assistant_app.errors import InputError
from assistant_app.training.balance import Balance, TaskLoss
from assistant_app.training.job import Job
from assistant_app.training.loop import Plan, Rows, optimise
from assistant_app.training.tasks import SpanExample, span_examples, stable_fraction
from assistant_app.training.tunable_trunk import TunableTrunk

SECTIONS = ("seed", "trunk", "question_answering")
TASK = "answers"


@dataclass(frozen=True, slots=True)
class PassageWithQuestions:
    """One sequence of tokens: a passage and questions with their answers side by side."""

    ids: Tensor
    """(T,)."""
    positions: Tensor
    """(T,): each question goes on where the passage ends."""
    allowed: Tensor
    """(T, T): which token sees which."""
    wanted: Tensor
    """(T,): the next token to learn, -100 where there is none."""


def for_calibration(example: SpanExample) -> bool:
    """Whether a training passage is kept for choosing the threshold."""
    return stable_fraction(example.passage, "calibration") < 0.1


def read_together(
    tokenizer: TextTokenizer,
    passage: str,
    questions: Sequence[tuple[str, str]],
    *,
    sink: int,
    end_of_turn: int,
    longest_passage: int,
) -> PassageWithQuestions:
    """Token ids, places, mask and targets for (question, answer) pairs on a passage; "" is no answer."""
    prefix = tokenizer.encode(copy_passage(passage)).ids
    prefix = prefix[1:] if prefix[0] == sink else prefix
    prefix = prefix[:longest_passage]
    ids, positions, wanted = list(prefix), list(range(len(prefix))), [-100] * len(prefix)
    spans = []
    for question, answer in questions:
        asked = tokenizer.encode(copy_question(question)).ids
        said = [*(tokenizer.encode(answer).ids if answer else []), end_of_turn]
        branch = asked + said[:-1]
        spans.append((len(ids), len(ids) + len(branch)))
        ids += branch
        positions += range(len(prefix), len(prefix) + len(branch))
        wanted += [-100] * (len(asked) - 1) + said
    allowed = torch.zeros(len(ids), len(ids), dtype=torch.bool)
    allowed[: len(prefix), : len(prefix)] = torch.ones(len(prefix), len(prefix), dtype=torch.bool).tril()
    for first, last in spans:
        allowed[first:last, : len(prefix)] = True
        allowed[first:last, first:last] = torch.ones(last - first, last - first, dtype=torch.bool).tril()
    return PassageWithQuestions(torch.tensor(ids), torch.tensor(positions), allowed, torch.tensor(wanted))


def questions_by_passage(
    examples: Sequence[SpanExample], seed: int, strangers: int, most_questions: int
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Training passages with (question, answer) pairs, at most `most_questions` in one sequence.

    Each passage gets `strangers` questions of other passages of its data set and language as questions that
    it does not answer.
    """
    rng = random.Random(seed)
    by_passage: dict[str, list[SpanExample]] = {}
    by_set: dict[str, list[SpanExample]] = {}
    for example in examples:
        by_passage.setdefault(example.passage, []).append(example)
        by_set.setdefault(example.data_set, []).append(example)
    result = []
    for passage, own in by_passage.items():
        pairs = [(example.question, example.answers[0] if example.answers else "") for example in own]
        others = [other for other in by_set[own[0].data_set] if other.passage != passage and other.answers]
        own_answers = {answer.casefold() for _, answer in pairs if answer}
        for other in rng.sample(others, min(strangers, len(others))):
            # Another passage's question may well be answered here if its answer stands here.
            if not any(answer in passage for answer in other.answers) and not own_answers & set(other.answers):
                pairs.append((other.question, ""))
        rng.shuffle(pairs)
        result += [(passage, pairs[at : at + most_questions]) for at in range(0, len(pairs), most_questions)]
    return result


class Answering:
    """The adapter in training."""

    def __init__(self, job: Job, examples: Sequence[SpanExample]) -> None:
        recipe, options = job.recipe, job.recipe["question_answering"]
        self.first = int(options["first_layer"])
        self.trunk = TunableTrunk(job.trunk_folder, device="cpu", tuned_from=self.first, with_output=True)
        self.tokenizer = TextTokenizer(job.trunk_folder)
        self.adapter = LowRankAdapter.new(
            self.trunk.config,
            range(self.first, self.trunk.config.layers),
            rank=int(options["rank"]),
            scale=ADAPTER_SCALE,
            generator=torch.Generator().manual_seed(int(recipe["seed"])),
        )
        grouped = questions_by_passage(
            examples, int(recipe["seed"]), int(options["strangers"]), int(options["most_questions"])
        )
        sink = sink_token_id(job.trunk_folder)
        self.sequences = [
            read_together(
                self.tokenizer,
                passage,
                pairs,
                sink=sink,
                end_of_turn=self.trunk.config.eos_token_id,
                longest_passage=int(options["longest_passage"]),
            )
            for passage, pairs in grouped
        ]
        self._lower: dict[int, Tensor] = {}

    def lower(self, row: int) -> Tensor:
        """(T, D) float16: the states below the adapter, computed at first use."""
        known = self._lower.get(row)
        if known is None:
            one = self.sequences[row]
            with torch.no_grad():
                x = self.trunk.run(
                    self.trunk.embed(one.ids[None]),
                    0,
                    self.first,
                    positions=one.positions[None],
                    allowed=one.allowed[None],
                )
            known = self._lower[row] = x[0].half()
        return known

    def losses(self, rows: Rows) -> dict[str, TaskLoss]:
        total, count = torch.zeros(()), 0
        for row in rows:
            one = self.sequences[row]
            x = self.trunk.run(
                self.lower(row)[None].float(),
                self.first,
                self.trunk.config.layers,
                positions=one.positions[None],
                allowed=one.allowed[None],
                adapter=self.adapter,
            )
            at = (one.wanted >= 0).nonzero().squeeze(1)
            total = total + functional.cross_entropy(self.trunk.logits(x[0, at]), one.wanted[at], reduction="sum")
            count += len(at)
        return {TASK: TaskLoss(total, count)} if rows else {}


def train_answering(job: Job) -> dict[str, Any]:
    """The adapter's tensors and the figures and threshold that `measure_answering` finds."""
    from assistant_app.training.answering_figures import measure_answering

    options, seed = job.recipe["question_answering"], int(job.recipe["seed"])
    examples = list(span_examples(job.data))
    if not examples:
        raise InputError("no_data", f"{job.data} holds no questions on passages (squad2, cmrc2018).")
    model = Answering(job, [e for e in examples if not e.held_out and not for_calibration(e)])
    size = int(options["batch"])

    def batches(epoch: int) -> list[list[int]]:
        rows = list(range(len(model.sequences)))
        random.Random(f"{seed} answers {epoch}").shuffle(rows)
        return [rows[at : at + size] for at in range(0, len(rows), size)]

    optimise(
        Plan(
            name="answers",
            groups=[(model.adapter.parameters(), float(options["learning_rate"]))],
            batches=batches,
            losses=model.losses,
            tasks=[TASK],
            epochs=int(options["epochs"]),
            weight_decay=float(options["weight_decay"]),
            seed=seed,
            balance=Balance([TASK], {}),
        ),
        job.kept("answers", job.sections(SECTIONS)),
    )
    if job.world.rank:
        return {}
    state = model.adapter.state()
    figures = measure_answering(job, examples, state)
    job.report("answers: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(figures.metrics.items())))
    return {
        "answers": state,
        "metrics": figures.metrics,
        "answer_threshold": figures.threshold,
        "answer_slope": figures.slope,
        "answer_offset": figures.offset,
    }
