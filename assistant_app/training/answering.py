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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

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
from assistant_app.training.tunable_trunk import TunableTrunk, on_device

SECTIONS = ("seed", "trunk", "question_answering")
TASK = "answers"
DRAWN_STRANGERS = 30
CALIBRATION_SHARE = 0.1
"""Of the training passages."""


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
    return stable_fraction(example.passage, "calibration") < CALIBRATION_SHARE


def read_together(
    tokenizer: TextTokenizer,
    passage: str,
    questions: Sequence[tuple[str, str]],
    *,
    sink: int,
    end_of_turn: int,
    longest_passage: int,
    ask: Callable[[str], str] = copy_question,
) -> PassageWithQuestions:
    """Token ids, places, mask and targets for (question, answer) pairs on a passage; "" is no answer.

    `ask` gives the words that the answer follows.
    """
    prefix = tokenizer.encode(copy_passage(passage)).ids
    prefix = prefix[1:] if prefix[0] == sink else prefix
    prefix = prefix[:longest_passage]
    ids, positions, wanted = list(prefix), list(range(len(prefix))), [-100] * len(prefix)
    spans = []
    for question, answer in questions:
        asked = tokenizer.encode(ask(question)).ids
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

    Each passage gets `strangers` questions of other passages of its data set as questions that it does
    not answer: of some drawn ones those that share the most words with it.
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
        drawn = rng.sample(others, min(DRAWN_STRANGERS, len(others)) if strangers else 0)
        drawn.sort(key=lambda other: _words_there(other.question, passage), reverse=True)
        for other in drawn[:strangers]:
            # Another passage's question may well be answered here if its answer stands here.
            if not any(answer in passage for answer in other.answers) and not own_answers & set(other.answers):
                pairs.append((other.question, ""))
        rng.shuffle(pairs)
        result += [(passage, pairs[at : at + most_questions]) for at in range(0, len(pairs), most_questions)]
    return result


def _words_there(question: str, passage: str) -> float:
    """Share of a question's longer words that stand in a passage."""
    words = [word for word in question.casefold().split() if len(word) > 3]
    return sum(word in passage.casefold() for word in words) / max(1, len(words))


class PassageTask:
    """An adapter that learns what to say to questions on passages."""

    def __init__(
        self,
        job: Job,
        trunk: TunableTrunk,
        grouped: Sequence[tuple[str, Sequence[tuple[str, str]]]],
        ask: Callable[[str], str] = copy_question,
    ) -> None:
        """`grouped`: passages with (question, answer) pairs; `ask` as in `read_together`."""
        self.job, self.trunk = job, trunk
        self.options: Mapping[str, Any] = job.recipe["question_answering"]
        self.first = int(self.options["first_layer"])
        self.seed = int(job.recipe["seed"])
        adapter = LowRankAdapter.new(
            trunk.config,
            range(self.first, trunk.config.layers),
            rank=int(self.options["rank"]),
            scale=ADAPTER_SCALE,
            generator=torch.Generator().manual_seed(self.seed),
        )
        self.adapter = on_device(adapter, job.world.device)
        self._ask = ask
        self._lower: dict[int, Tensor] = {}
        self.read(grouped)

    def read(self, grouped: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """From now on these passages and pairs."""
        folder = self.job.trunk_folder
        tokenizer, sink = TextTokenizer(folder), sink_token_id(folder)
        self._lower.clear()
        self.sequences = [
            read_together(
                tokenizer,
                passage,
                pairs,
                sink=sink,
                end_of_turn=self.trunk.config.eos_token_id,
                longest_passage=int(self.options["longest_passage"]),
                ask=self._ask,
            )
            for passage, pairs in grouped
        ]

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

    def states(self, rows: Rows) -> Tensor:
        """(B, T, D) after the last layer."""
        sequences = [self.sequences[row] for row in rows]
        longest = max(len(one.ids) for one in sequences)
        allowed = torch.zeros(len(rows), longest, longest, dtype=torch.bool)
        for at, one in enumerate(sequences):
            allowed[at, : len(one.ids), : len(one.ids)] = one.allowed
        return self.trunk.run(
            pad_sequence([self.lower(row) for row in rows], batch_first=True).float(),
            self.first,
            self.trunk.config.layers,
            positions=pad_sequence([one.positions for one in sequences], batch_first=True),
            allowed=allowed,
            adapter=self.adapter,
        )

    def losses(self, rows: Rows) -> dict[str, TaskLoss]:
        if not rows:
            return {}
        wanted = [self.sequences[row].wanted for row in rows]
        return {TASK: TaskLoss(*self.trunk.next_token_loss(self.states(rows), wanted))}

    def said(self, row: int) -> list[bool]:
        """Of each pair of a sequence: whether the answer's tokens are the likeliest ones, each after those before."""
        wanted = self.sequences[row].wanted
        (at,) = (wanted >= 0).nonzero(as_tuple=True)
        with torch.no_grad():
            best = self.trunk.logits(self.states([row])[0, at.to(self.trunk.device)]).argmax(-1).cpu()
        right: list[bool] = []
        before = -2
        for place, same in zip(at.tolist(), (best == wanted[at]).tolist(), strict=True):
            if place == before + 1:
                right[-1] &= same
            else:
                right.append(same)
            before = place
        return right

    def train(self, name: str, depends_on: Mapping[str, Any]) -> None:
        """The adapter, from where an earlier run of this `name` stopped."""
        size = int(self.options["batch"])

        def batches(epoch: int) -> list[list[int]]:
            rows = list(range(len(self.sequences)))
            random.Random(f"{self.seed} {name} {epoch}").shuffle(rows)
            return [rows[at : at + size] for at in range(0, len(rows), size)]

        optimise(
            Plan(
                name=name,
                groups=[(self.adapter.parameters(), float(self.options["learning_rate"]))],
                batches=batches,
                losses=self.losses,
                tasks=[TASK],
                epochs=int(self.options["epochs"]),
                weight_decay=float(self.options["weight_decay"]),
                seed=self.seed,
                balance=Balance([TASK], {}),
            ),
            self.job.kept(name, depends_on),
        )


def fit_answers(job: Job, examples: Sequence[SpanExample]) -> PassageTask:
    """The trained reader: from the training questions and, where the recipe says so, made ones."""
    from assistant_app.training.made_questions import make_questions

    options, seed = job.recipe["question_answering"], int(job.recipe["seed"])
    trunk = TunableTrunk(
        job.trunk_folder, device=job.world.device, tuned_from=int(options["first_layer"]), with_output=True
    )
    training = [e for e in examples if not e.held_out and not for_calibration(e)]

    def reader(of_job: Job, questions: Sequence[SpanExample]) -> PassageTask:
        return PassageTask(
            of_job,
            trunk,
            questions_by_passage(questions, seed, int(options["strangers"]), int(options["most_questions"])),
        )

    if "made" in options:
        training += make_questions(job, trunk, training, reader)
    model = reader(job, training)
    model.train("answers", job.sections(SECTIONS))
    return model


def train_answering(job: Job) -> dict[str, Any]:
    """The adapter's tensors and the figures and threshold that `measure_answering` finds."""
    from assistant_app.training.answering_figures import measure_answering

    examples = list(span_examples(job.data))
    if not examples:
        raise InputError("no_data", f"{job.data} holds no questions on passages (squad2, cmrc2018).")
    model = fit_answers(job, examples)
    if job.world.rank:
        return {}
    state = {name: value.cpu() for name, value in model.adapter.state().items()}
    figures = measure_answering(job, examples, state)
    job.report("answers: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(figures.metrics.items())))
    return {
        "answers": state,
        "metrics": figures.metrics,
        "answer_threshold": figures.threshold,
        "answer_slope": figures.slope,
        "answer_offset": figures.offset,
    }
