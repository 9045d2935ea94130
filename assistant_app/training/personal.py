"""The personal adapter fitted on a person's corrections, with the program's own sentences replayed.

Objective, over the released decoders' features of each text (`UtteranceReader.features`; nothing but the adapter's
matrices is trained):

    corrections   cross-entropy of what was meant; where only the mistake is known, -log(1 - p(mistake))
    replay        KL(released || adapted) over the labels, and over the tags of each token: what is forgotten costs
                  (learning without forgetting: Li and Hoiem 2016, arXiv:1606.09282; rehearsal: Robins 1995)
    size          `decay` x the squared size of the matrices' products and biases

It is fitted at several strengths, and measured on base sentences that were not replayed. Of those strengths at
which the base loses no more than `MOST_LOST` the one is kept that puts most corrections right; where none does,
nothing is switched on and the reason is told. It runs on the user's machine and reads no data folder.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from assistant_app.brain.personal import PersonalAdapter, PersonalFolder, PersonalRecord
from assistant_app.brain.prototypes import Sentence, own_sentences
from assistant_app.brain.tokens import best_tags, spans_to_tags, tags_to_spans
from assistant_app.errors import InputError
from assistant_app.memory.corrections import Correction
from assistant_app.training.examples import OURS, LabelMap, SlotSpan, own_examples, stable_fraction

if TYPE_CHECKING:
    from assistant_app.brain.checkpoint import Checkpoint
    from assistant_app.brain.understanding import Features

MOST_LOST = 0.003
"""Share of base sentences, and of slot F1 on them, that may be lost."""
LEAST_LEARNED = 0.25
"""Share of the corrections understood wrongly before that must be understood as meant."""
HELD_OUT = 0.4
"""Share of the base sentences that is measured on and not replayed."""
MOST_OF_A_LABEL = 16
"""Base sentences of one label: reading them is what takes the time, some 40 ms each on one core."""
RANK = 8
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Weights of the corrections beside the replay, the mildest first."""
DECAY = 0.003
"""Small, and the strengths with it: read off 5, 10 and 20 texts that the router had wrong (EXPERIMENTS.md)."""
STEPS = 200
LEARNING_RATE = 0.02
_FOLDS = 5
_SEED = 20261124

OnProgress = Callable[[str, int, int], None]
"""What is being done, pieces done, pieces in all."""


class Adaptable(Protocol):
    """What the fit needs of the model."""

    checkpoint: Checkpoint

    @property
    def weights_name(self) -> str: ...

    def features(self, text: str) -> Features | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A text to fit or to measure on."""

    text: str
    features: Features
    label: int | None
    """Which of our labels it has; None: only that it is not `wrong`."""
    wrong: int | None = None
    slots: tuple[SlotSpan, ...] | None = None
    """None: nothing is known about them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the fit came to."""

    record: PersonalRecord | None
    """None where nothing was switched on."""
    figures: Mapping[str, float]
    message: str
    """For the user: what was learned, or why nothing is used."""


def fit_personal(
    load: Callable[[], Adaptable],
    corrections: Sequence[Correction],
    recipes: Path,
    folder: PersonalFolder,
    *,
    now: datetime,
    progress: OnProgress = lambda _words, _done, _all: None,
) -> Outcome:
    """Fit, measure, and switch on what passes. The adapter of before stays where nothing passes.

    The model is only loaded where there is something to learn. Raises `InputError` where there is nothing.
    """
    if not corrections:
        raise _nothing_to_learn()
    model = load()
    labels = model.checkpoint.intent_labels[OURS]
    samples = [sample for one in corrections if (sample := _corrected(model, one, labels))]
    if not samples:
        raise _nothing_to_learn()
    base = _base_samples(model, recipes, labels, progress)
    held_out = [one for one in base if stable_fraction(one.text, "personal") < HELD_OUT]
    replayed = [one for one in base if stable_fraction(one.text, "personal") >= HELD_OUT]
    fit = _Fit(model.checkpoint, replayed)
    before = fit.measure(None, held_out)
    right_before = fit.right(None, samples)
    best: tuple[int, float, PersonalAdapter, dict[str, float]] | None = None
    least_lost = 1.0
    for number, strength in enumerate(STRENGTHS):
        adapter = fit.fitted(samples, strength)
        after = fit.measure(adapter, held_out)
        lost = max(before[name] - after[name] for name in before)
        right = fit.right(adapter, samples)
        # All that was wrong counts as nothing where hardly any of it was learned.
        if right - right_before >= max(1.0, LEAST_LEARNED * (len(samples) - right_before)):
            least_lost = min(least_lost, lost)
            if lost <= MOST_LOST and (best is None or right > best[0]):
                best = right, strength, adapter, after
        progress("fitting", number + 1, len(STRENGTHS))
    figures: dict[str, float] = {
        "corrections": float(len(samples)),
        "corrections_right_before": right_before / len(samples),
        "base_sentences": float(len(held_out)),
        **{f"base_{name}_before": value for name, value in before.items()},
    }
    if best is None:
        return _refused(figures, right_before == len(samples), least_lost)
    right, strength, adapter, after = best
    figures |= {
        "corrections_right": right / len(samples),
        "strength": strength,
        **{f"base_{name}": value for name, value in after.items()},
    }
    if len(samples) >= _FOLDS:
        figures["corrections_right_unseen"] = fit.right_unseen(samples, strength, progress)
    record = PersonalRecord(model.weights_name, now.isoformat(timespec="seconds"), len(samples), figures)
    folder.save(adapter, record)
    return Outcome(
        record,
        figures,
        f"Learned: {right} of {len(samples)} corrections are now understood as meant ({right_before} before). "
        f"Of {len(held_out)} sentences that were kept apart, {after['intents']:.1%} are understood as they should be "
        f"({before['intents']:.1%} before). It is switched on; `assistant personal off` switches it off.",
    )


def _nothing_to_learn() -> InputError:
    return InputError(
        "no_corrections",
        "There is nothing to learn from yet. Say “that was wrong” after a request that was misunderstood, or: "
        "assistant personal add TEXT --meant SKILL/INTENT",
    )


def _refused(figures: Mapping[str, float], all_right: bool, lost: float) -> Outcome:
    if all_right:
        why = "All corrections are understood as meant already; there is nothing to change."
    elif lost < 1.0:
        why = (
            f"What the corrections ask for would make the assistant worse at other requests ({lost:.1%} of the "
            f"sentences kept apart; {MOST_LOST:.1%} is the most). Nothing was changed. Look through them with "
            "`assistant personal list` and forget what contradicts the others: assistant personal forget ID"
        )
    else:
        why = (
            "The corrections could not be learned without forgetting what is known. Nothing was changed. "
            "A few more sentences that mean the same may help."
        )
    return Outcome(None, figures, why)


class _Fit:
    """The replayed sentences, and fits on top of them."""

    def __init__(self, checkpoint: Checkpoint, replayed: Sequence[Sample]) -> None:
        self._tags = checkpoint.slot_labels[OURS]
        self._replayed = _Batch(replayed, self._tags)

    def fitted(self, corrections: Sequence[Sample], strength: float) -> PersonalAdapter:
        """The adapter after `STEPS` steps over all texts at once (Adam)."""
        torch.manual_seed(_SEED)
        replay, own = self._replayed, _Batch(corrections, self._tags)
        intents = _LowRank(replay.pooled, replay.logits.shape[1])
        slots = _LowRank(replay.encoded, replay.tag_logits.shape[1])
        train_slots = bool(len(own.tags))
        parts = [*intents.parameters(), *(slots.parameters() if train_slots else ())]
        optimizer = torch.optim.Adam(parts, LEARNING_RATE)
        released, released_tags = replay.logits.log_softmax(-1), replay.tag_logits.log_softmax(-1)
        for step in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * (1 - step / STEPS)
            loss = strength * own.intent_loss(intents) + _divergence(released, replay.logits + intents(replay.pooled))
            loss = loss + DECAY * intents.size()
            if train_slots:
                loss = loss + strength * own.tag_loss(slots) + DECAY * slots.size()
                loss = loss + _divergence(released_tags, replay.tag_logits + slots(replay.encoded))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            return PersonalAdapter(*intents.matrices(), *slots.matrices())

    def measure(self, adapter: PersonalAdapter | None, samples: Sequence[Sample]) -> dict[str, float]:
        """Share of texts with the right intent, and F1 of the slots where they are known."""
        right = [self._label(adapter, one) == one.label for one in samples]
        marked = [one for one in samples if one.slots is not None]
        found = [(set(one.slots or ()), set(self._spans(adapter, one))) for one in marked]
        hits = sum(len(wanted & got) for wanted, got in found)
        in_all = sum(len(wanted) + len(got) for wanted, got in found)
        return {"intents": statistics.fmean(right) if right else 1.0, "slots": 2 * hits / in_all if in_all else 1.0}

    def right(self, adapter: PersonalAdapter | None, corrections: Sequence[Sample]) -> int:
        """How many corrections are understood as meant, slots included where they were put right."""
        return sum(self._is_right(adapter, one) for one in corrections)

    def right_unseen(self, corrections: Sequence[Sample], strength: float, progress: OnProgress) -> float:
        """The share understood as meant by an adapter fitted on the others (cross-validation)."""
        right = 0
        for fold in range(_FOLDS):
            rest = [one for number, one in enumerate(corrections) if number % _FOLDS != fold]
            right += self.right(self.fitted(rest, strength), corrections[fold::_FOLDS])
            progress("checking on corrections not seen", fold + 1, _FOLDS)
        return right / len(corrections)

    def _is_right(self, adapter: PersonalAdapter | None, one: Sample) -> bool:
        label = self._label(adapter, one)
        if (one.label is None and label == one.wrong) or (one.label is not None and label != one.label):
            return False
        return one.slots is None or set(self._spans(adapter, one)) == set(one.slots)

    def _label(self, adapter: PersonalAdapter | None, one: Sample) -> int:
        logits = one.features.logits
        return int((logits + adapter.intents(one.features.pooled) if adapter else logits).argmax())

    def _spans(self, adapter: PersonalAdapter | None, one: Sample) -> list[SlotSpan]:
        logits = one.features.tag_logits
        if adapter:
            logits = logits + adapter.tags(one.features.encoded)
        return tags_to_spans(one.text, one.features.offsets, best_tags(logits, self._tags))


class _Batch:
    """All samples' features in one piece: intents a row a text, tags a row a token."""

    def __init__(self, samples: Sequence[Sample], tags: Sequence[str]) -> None:
        self.pooled = torch.stack([one.features.pooled for one in samples])
        self.logits = torch.stack([one.features.logits for one in samples])
        self.labels = torch.tensor([-1 if one.label is None else one.label for one in samples])
        self.wrong = torch.tensor([-1 if one.wrong is None or one.label is not None else one.wrong for one in samples])
        marked = [one for one in samples if one.slots is not None]
        number = {tag: row for row, tag in enumerate(tags)}
        self.encoded = _joined([one.features.encoded for one in marked], self.pooled)
        self.tag_logits = _joined([one.features.tag_logits for one in marked], self.pooled.new_zeros(0, len(tags)))
        self.tags = torch.tensor(
            [
                number.get(tag, number["O"])
                for one in marked
                for tag in spans_to_tags(one.features.offsets, one.slots or ())
            ]
        )

    def intent_loss(self, adapter: nn.Module) -> Tensor:
        """() over the texts of which something is known."""
        logits = (self.logits + adapter(self.pooled)).log_softmax(-1)
        known, warned = self.labels >= 0, self.wrong >= 0
        loss: Tensor = -logits[known].gather(1, self.labels[known, None]).sum()
        of_wrong = logits[warned].gather(1, self.wrong[warned, None]).exp()
        loss = loss - torch.log1p(-of_wrong.clamp_max(1 - 1e-4)).sum()
        return loss / max(int(known.sum() + warned.sum()), 1)

    def tag_loss(self, adapter: nn.Module) -> Tensor:
        return nn.functional.cross_entropy(self.tag_logits + adapter(self.encoded), self.tags)


def _joined(parts: Sequence[Tensor], empty: Tensor) -> Tensor:
    return torch.cat(list(parts)) if parts else empty[:0]


class _LowRank(nn.Module):
    """up (down x) + bias, x brought to a common spread first; starts as nothing."""

    def __init__(self, features: Tensor, outputs: int) -> None:
        super().__init__()
        width = features.shape[1]
        self._scale = 1 / float(features.pow(2).mean().sqrt().clamp_min(1e-6)) / width**0.5 if len(features) else 1.0
        self.down = nn.Parameter(torch.randn(RANK, width))
        self.up = nn.Parameter(torch.zeros(outputs, RANK))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = (x * self._scale) @ self.down.T @ self.up.T + self.bias
        return out

    def size(self) -> Tensor:
        size: Tensor = (self.up @ self.down).pow(2).sum() / self.down.shape[1] + self.bias.pow(2).sum()
        return size

    def matrices(self) -> tuple[Tensor, Tensor, Tensor]:
        return (self.down * self._scale).detach(), self.up.detach(), self.bias.detach()


def _divergence(released: Tensor, logits: Tensor) -> Tensor:
    """() KL(released || adapted), the mean over the rows; 0 without rows."""
    if not len(logits):
        return logits.new_zeros(())
    divergence: Tensor = nn.functional.kl_div(logits.log_softmax(-1), released, reduction="batchmean", log_target=True)
    return divergence


def _corrected(model: Adaptable, one: Correction, labels: Sequence[str]) -> Sample | None:
    """None for a correction that says nothing about what the decoders decide (a skill added by its sentences)."""
    label = labels.index(one.meant) if one.meant in labels else None
    wrong = labels.index(one.was) if one.was in labels else None
    if label is None and (wrong is None or one.meant is not None):
        return None
    features = model.features(one.text)
    slots = None if one.slots is None else tuple((slot.start, slot.end, slot.name) for slot in one.slots)
    return Sample(one.text, features, label, wrong, slots) if features else None


def _base_samples(model: Adaptable, recipes: Path, labels: Sequence[str], progress: OnProgress) -> list[Sample]:
    """The program's own sentences, at most `MOST_OF_A_LABEL` of each label, read once."""
    marked = {example.text: example.slots.get(OURS) for example in own_examples(LabelMap.load(recipes))}
    by_label: dict[str, list[Sentence]] = {}
    for one in sorted(own_sentences(recipes), key=lambda one: stable_fraction(one.text, "replay")):
        if one.label in labels:
            by_label.setdefault(one.label, []).append(one)
    sentences = [one for some in by_label.values() for one in some[:MOST_OF_A_LABEL]]
    found = []
    for number, sentence in enumerate(sentences, start=1):
        features = model.features(sentence.text)
        if features:
            found.append(Sample(sentence.text, features, labels.index(sentence.label), slots=marked.get(sentence.text)))
        progress("reading", number, len(sentences))
    return found
