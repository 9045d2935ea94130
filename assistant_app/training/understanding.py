"""Training router and scheduling decoder on the frozen trunk's states, and measuring them.

Objective: cross-entropy of our own head plus `auxiliary_weight` times the mean of the data sets'
own heads, each over the texts that have a label in it; for slots the same over tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.decoders import EncoderShape, Router, SlotDecoder
from assistant_app.brain.tokens import spans_to_tags, tags_to_spans, whole_words
from assistant_app.errors import InputError
from assistant_app.training.job import Job, fit
from assistant_app.training.metrics import expected_calibration_error, slot_f1
from assistant_app.training.states import TextStates, compute_states
from assistant_app.training.tasks import OURS, TextExample, select, text_examples


@dataclass(frozen=True, slots=True)
class _Batch:
    taps: Tensor
    """(B, T, L, D)."""
    padding: Tensor
    """(B, T)."""
    rows: list[int]


def _batches(states: TextStates, rows: Sequence[int], size: int, rng: random.Random | None) -> Iterator[_Batch]:
    """Batches of texts of like length; shuffled where there is an `rng`."""
    lengths = (states.starts[1:] - states.starts[:-1]).tolist()
    rows = [row for row in rows if lengths[row] > 0]
    if rng:
        rng.shuffle(rows)
    ordered = sorted(rows, key=lambda row: min(lengths[row], 64))
    groups = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    if rng:
        rng.shuffle(groups)
    for group in groups:
        longest = max(lengths[row] for row in group)
        taps = states.taps.new_zeros((len(group), longest, *states.taps.shape[1:]))
        padding = torch.ones(len(group), longest, dtype=torch.bool)
        for at, row in enumerate(group):
            taps[at, : lengths[row]] = states.taps[states.starts[row] : states.starts[row + 1]]
            padding[at, : lengths[row]] = False
        yield _Batch(taps.float(), padding, list(group))


def _label_sets(examples: Sequence[TextExample]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    intents: dict[str, set[str]] = {}
    slots: dict[str, set[str]] = {}
    for example in examples:
        if not example.held_out:
            for label_set, intent in example.intents.items():
                intents.setdefault(label_set, set()).add(intent)
            for label_set, spans in example.slots.items():
                slots.setdefault(label_set, set()).update(name for _, _, name in spans)
    tags = {
        label_set: ["O", *(f"{prefix}-{name}" for name in sorted(names) for prefix in "BI")]
        for label_set, names in slots.items()
    }
    return {label_set: sorted(names) for label_set, names in intents.items()}, tags


def train_understanding(job: Job) -> dict[str, Any]:
    recipe = job.recipe
    examples = select(list(text_examples(job.data, job.labels)), recipe["most"], recipe["most_held_out"])
    if not examples:
        raise InputError("no_data", f"{job.data} holds no data set this recipe knows. See models/cards.")
    job.report(f"understanding: {len(examples)} texts")
    depths = recipe["trunk"]["utterance_depths"]
    states = compute_states(
        [example.text for example in examples],
        job.trunk_folder,
        depths,
        job.work / "states",
        workers=job.workers,
        on_progress=lambda done, total: job.report(f"states of texts: {done} of {total} shards"),
    )
    intent_labels, slot_labels = _label_sets(examples)
    encoder = dict(recipe["encoder"])
    shape = EncoderShape(states.taps.shape[-1], len(depths), **encoder)
    router = Router(shape, {name: len(labels) for name, labels in intent_labels.items()})
    slots = SlotDecoder(shape, {name: len(labels) for name, labels in slot_labels.items()})
    options = recipe["understanding"]

    numbered = {name: {label: at for at, label in enumerate(labels)} for name, labels in intent_labels.items()}

    def router_loss(batch: _Batch) -> Tensor:
        present: dict[str, list[tuple[int, int]]] = {}
        for at, row in enumerate(batch.rows):
            for name, intent in examples[row].intents.items():
                if intent in numbered[name]:
                    present.setdefault(name, []).append((at, numbered[name][intent]))
        logits, _ = router(batch.taps, batch.padding, list(present))
        losses = {
            name: functional.cross_entropy(
                logits[name][[at for at, _ in pairs]],
                torch.tensor([label for _, label in pairs]),
                label_smoothing=options["label_smoothing"],
            )
            for name, pairs in present.items()
        }
        return _with_auxiliary(losses, options["auxiliary_weight"])

    tag_numbers = {name: {tag: at for at, tag in enumerate(tags)} for name, tags in slot_labels.items()}
    targets = [
        {
            name: [tag_numbers[name].get(tag, 0) for tag in spans_to_tags(_offsets(states, row), spans)]
            for name, spans in example.slots.items()
            if name in tag_numbers
        }
        for row, example in enumerate(examples)
    ]

    def slot_loss(batch: _Batch) -> Tensor:
        names = sorted({name for row in batch.rows for name in targets[row]})
        logits = slots(batch.taps, batch.padding, names)
        losses = {}
        for name in names:
            wanted = torch.full(batch.padding.shape, -100)
            for at, row in enumerate(batch.rows):
                if name in targets[row]:
                    tags = targets[row][name]
                    wanted[at, : len(tags)] = torch.tensor(tags)
            losses[name] = functional.cross_entropy(logits[name].flatten(0, 1), wanted.flatten())
        return _with_auxiliary(losses, options["auxiliary_weight"])

    train_rows = [row for row, example in enumerate(examples) if not example.held_out and example.intents]
    slot_rows = [row for row in train_rows if targets[row]]
    held_out = [row for row, example in enumerate(examples) if example.held_out]
    repeats = [row for row in train_rows if examples[row].data_set == "own"] * 3
    for name, module, rows, loss in (
        ("router", router, train_rows + repeats, router_loss),
        ("slots", slots, slot_rows + [row for row in repeats if targets[row]], slot_loss),
    ):
        fit(
            module,
            lambda rng, rows=rows: _batches(states, rows, options["batch"], rng),  # type: ignore[misc]
            -(-len(rows) // options["batch"]),
            loss,
            options,
            int(recipe["seed"]),
            lambda text, name=name: job.report(f"{name}: {text}"),  # type: ignore[misc]
        )

    metrics, calibration = _measure_understanding(examples, states, router, slots, intent_labels, slot_labels, held_out)
    job.report("understanding: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(metrics.items())))
    return {
        "router": router.state_dict(),
        "slots": slots.state_dict(),
        "intent_labels": intent_labels,
        "slot_labels": slot_labels,
        "metrics": metrics,
        **calibration,
    }


def _with_auxiliary(losses: Mapping[str, Tensor], weight: float) -> Tensor:
    others = [loss for name, loss in losses.items() if name != OURS]
    total = losses.get(OURS, torch.zeros(()))
    if others:
        total = total + weight * torch.stack(others).mean()
    return total


def _offsets(states: TextStates, row: int) -> list[tuple[int, int]]:
    pairs = states.offsets[states.starts[row] : states.starts[row + 1]].tolist()
    return [(left, right) for left, right in pairs]


def _measure_understanding(
    examples: Sequence[TextExample],
    states: TextStates,
    router: Router,
    slots: SlotDecoder,
    intent_labels: Mapping[str, list[str]],
    slot_labels: Mapping[str, list[str]],
    rows: Sequence[int],
) -> tuple[dict[str, float], dict[str, float]]:
    """Figures on held-out texts, and the temperature and thresholds chosen on them."""
    ours: list[tuple[Tensor, int, str]] = []
    scores: dict[str, list[float]] = {}
    in_scope: list[tuple[float, bool]] = []
    found: dict[str, list[tuple[set[tuple[int, int, str]], set[tuple[int, int, str]]]]] = {}
    labels = intent_labels[OURS]
    with torch.inference_mode():
        for batch in _batches(states, rows, 64, None):
            logits, _ = router(batch.taps, batch.padding, list(intent_labels))
            tags = slots(batch.taps, batch.padding, list(slot_labels))
            for at, row in enumerate(batch.rows):
                example = examples[row]
                for name, intent in example.intents.items():
                    best = intent_labels[name][int(logits[name][at].argmax())]
                    if name == OURS:
                        if intent in labels:
                            ours.append((logits[name][at].clone(), labels.index(intent), example.data_set))
                    elif name == "clinc150":
                        at_scope = [k for k, label in enumerate(intent_labels[name]) if label != "oos"]
                        probabilities = logits[name][at].softmax(-1)[at_scope]
                        in_scope.append((float(probabilities.max()), intent == "oos"))
                        if intent != "oos":
                            best = intent_labels[name][at_scope[int(probabilities.argmax())]]
                            scores.setdefault("clinc150 in-scope intent", []).append(float(best == intent))
                    else:
                        scores.setdefault(f"{example.data_set} intent", []).append(float(best == intent))
                for name, spans in example.slots.items():
                    if name in slot_labels:
                        offsets = _offsets(states, row)
                        own = [slot_labels[name][k] for k in tags[name][at, : len(offsets)].argmax(-1).tolist()]
                        predicted = set(tags_to_spans(example.text, offsets, own))
                        wanted = {(*whole_words(example.text, a, b), kind) for a, b, kind in spans}
                        found.setdefault(f"{example.data_set} slots ({name})", []).append((predicted, wanted))
    logits = torch.stack([row for row, _, _ in ours])
    wanted_labels = torch.tensor([label for _, label, _ in ours])
    temperature = _temperature(logits, wanted_labels)
    router.temperature.fill_(temperature)
    skills = sorted({label.partition("/")[0] for label in labels})
    to_skill = torch.tensor([[float(label.startswith(f"{skill}/")) for skill in skills] for label in labels])
    by_skill = (logits / temperature).softmax(-1) @ to_skill
    skill_wanted = to_skill[wanted_labels].argmax(-1)
    right = by_skill.argmax(-1) == skill_wanted
    for (_, _, data_set), is_right in zip(ours, right.tolist(), strict=True):
        scores.setdefault("skill", []).append(float(is_right))
        scores.setdefault(f"skill on {data_set}", []).append(float(is_right))
    three = [k for k, skill in enumerate(skills) if skill != "unknown"]
    of_three = torch.isin(skill_wanted, torch.tensor(three))
    scores["skill, texts of the three skills"] = right[of_three].float().tolist()
    scores["our intent"] = (logits.argmax(-1) == wanted_labels).float().tolist()
    metrics = {name: sum(values) / len(values) for name, values in scores.items()}
    metrics.update({name: slot_f1(pairs) for name, pairs in found.items()})
    metrics["skill calibration error"] = expected_calibration_error(by_skill.max(-1).values, right)
    threshold = _threshold_for(by_skill.max(-1).values, right, wanted_accuracy=0.985)
    metrics["asked instead of guessed"] = float((by_skill.max(-1).values < threshold).float().mean())
    scope_threshold = (
        sorted(score for score, out in in_scope if not out)[int(0.03 * len(in_scope))] if in_scope else 0.0
    )
    outside = [score for score, out in in_scope if out]
    if outside:
        metrics["clinc150 out-of-scope recall"] = sum(score < scope_threshold for score in outside) / len(outside)
    return metrics, {"skill_threshold": threshold, "out_of_scope_threshold": scope_threshold}


def _temperature(logits: Tensor, wanted: Tensor) -> float:
    """The temperature with the lowest cross-entropy (Guo et al. 2017), by a fine search."""
    candidates = [0.4 + 0.02 * step for step in range(100)]
    losses = [float(functional.cross_entropy(logits / t, wanted)) for t in candidates]
    return candidates[losses.index(min(losses))]


def _threshold_for(confidence: Tensor, right: Tensor, *, wanted_accuracy: float) -> float:
    """The lowest threshold in [0.3, 0.7] above which decisions are right `wanted_accuracy` of the time."""
    for step in range(30, 71):
        accepted = confidence >= step / 100
        if bool(accepted.any()) and float(right[accepted].float().mean()) >= wanted_accuracy:
            return step / 100
    return 0.7
