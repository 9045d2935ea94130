"""Figures of router and scheduling decoder on held-out texts, and the temperature and thresholds chosen on them."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.tokens import best_tags, tags_to_spans, whole_words
from assistant_app.brain.understanding import OUT_OF_SCOPE
from assistant_app.training.metrics import Span, expected_calibration_error, slot_f1
from assistant_app.training.tasks import OURS

if typing.TYPE_CHECKING:
    from assistant_app.training.loop import Progress
    from assistant_app.training.understanding import Understanding

CLINC = "clinc150"
WANTED_RECALL = 0.68
"""Share of out-of-scope texts that the CLINC150 threshold has to catch on the validation part."""


def measure_understanding(
    model: Understanding, progress: Progress, rows: Sequence[int] | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Figures by name, and `skill_threshold` and `out_of_scope_threshold`. Sets the router's temperature."""
    data = model.data
    rows = data.held_out_rows() if rows is None else rows
    intent_logits: dict[str, list[tuple[int, Tensor]]] = {name: [] for name in data.intent_labels}
    found: dict[str, list[tuple[set[Span], set[Span]]]] = {}
    batches = data.by_length(rows, 64)
    model.eval()
    with torch.inference_mode():
        for number, group in enumerate(batches):
            batch = data.batch(group)
            taps = model.taps(batch)
            logits = on_cpu(model.router(taps, batch.padding, list(data.intent_labels))[0])
            tags = on_cpu(model.slots(taps, batch.padding, list(data.slot_labels))) if data.slot_labels else {}
            for at, row in enumerate(group):
                example = data.examples[row]
                for name in example.intents:
                    if name in intent_logits:
                        intent_logits[name].append((row, logits[name][at].clone()))
                for name, spans in example.slots.items():
                    if name in data.slot_labels:
                        offsets = data.offsets(row)
                        own = best_tags(tags[name][at, : len(offsets)], data.slot_labels[name])
                        predicted = set(tags_to_spans(example.text, offsets, own))
                        wanted = {(*whole_words(example.text, a, b), kind) for a, b, kind in spans}
                        found.setdefault(f"{example.data_set} slots ({name})", []).append((predicted, wanted))
            progress("figures", number + 1, len(batches), "")
    scores: dict[str, list[float]] = {}
    extra: dict[str, float] = {}
    scope_threshold = 0.0
    for name, pairs in intent_logits.items():
        if name == OURS or not pairs:
            continue
        labels = data.intent_labels[name]
        if name == CLINC and OUT_OF_SCOPE in labels:
            figures, scope_threshold = _scope(model, pairs, labels)
            extra.update(figures)
            continue
        for row, logits_of in pairs:
            example = data.examples[row]
            best = labels[int(logits_of.argmax())]
            scores.setdefault(f"{example.data_set} intent", []).append(float(best == example.intents[name]))
    threshold = 0.0
    if intent_logits.get(OURS):
        own_figures, threshold = _skills(model, intent_logits[OURS], scores)
        extra.update(own_figures)
    metrics = {name: sum(values) / len(values) for name, values in scores.items()}
    metrics.update({name: slot_f1(pairs) for name, pairs in found.items()})
    metrics.update(extra)
    return metrics, {"skill_threshold": threshold, "out_of_scope_threshold": scope_threshold}


def on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies for work item by item."""
    return {name: tensor.cpu() for name, tensor in tensors.items()}


def _scope(
    model: Understanding, pairs: Sequence[tuple[int, Tensor]], labels: Sequence[str]
) -> tuple[dict[str, float], float]:
    """CLINC150 as its paper scores it: in-scope accuracy and out-of-scope recall at one threshold."""
    wanted = [model.data.examples[row].intents[CLINC] for row, _ in pairs]
    probabilities = torch.stack([logits for _, logits in pairs]).softmax(-1)
    inside = [at for at, label in enumerate(labels) if label != OUT_OF_SCOPE]
    best = probabilities[:, inside].max(-1)
    outside = torch.tensor([label == OUT_OF_SCOPE for label in wanted])
    right = torch.tensor([labels[inside[int(at)]] == label for at, label in zip(best.indices, wanted, strict=True)])
    figures = {"clinc150 in-scope intent": float(right[~outside].float().mean())}
    if not bool(outside.any()):
        return figures, 0.0
    caught = best.values[outside].sort().values
    threshold = float(caught[min(len(caught) - 1, int(WANTED_RECALL * len(caught)))])
    kept = best.values >= threshold
    figures["clinc150 in-scope intent at the threshold"] = float((right & kept)[~outside].float().mean())
    figures["clinc150 out-of-scope recall"] = float((~kept)[outside].float().mean())
    return figures, threshold


def _skills(
    model: Understanding, pairs: Sequence[tuple[int, Tensor]], scores: dict[str, list[float]]
) -> tuple[dict[str, float], float]:
    data, labels = model.data, model.data.intent_labels[OURS]
    pairs = [(row, logits) for row, logits in pairs if data.examples[row].intents[OURS] in labels]
    logits = torch.stack([one for _, one in pairs])
    wanted = torch.tensor([labels.index(data.examples[row].intents[OURS]) for row, _ in pairs])
    temperature = best_temperature(logits, wanted)
    model.router.temperature.fill_(temperature)
    skills = sorted({label.partition("/")[0] for label in labels})
    to_skill = torch.tensor([[float(label.startswith(f"{skill}/")) for skill in skills] for label in labels])
    by_skill = (logits / temperature).softmax(-1) @ to_skill
    skill_wanted = to_skill[wanted].argmax(-1)
    right = by_skill.argmax(-1) == skill_wanted
    right_intent = logits.argmax(-1) == wanted
    for at, (row, _) in enumerate(pairs):
        data_set = data.examples[row].data_set
        scores.setdefault("skill", []).append(float(right[at]))
        scores.setdefault(f"skill on {data_set}", []).append(float(right[at]))
        scores.setdefault(f"our intent on {data_set}", []).append(float(right_intent[at]))
        if skills[int(skill_wanted[at])] != "unknown":
            scores.setdefault("skill, texts of the three skills", []).append(float(right[at]))
    scores["our intent"] = right_intent.float().tolist()
    confidence = by_skill.max(-1).values
    threshold = threshold_for(confidence, right, wanted_accuracy=0.985)
    return {
        "skill calibration error": expected_calibration_error(confidence, right),
        "asked instead of guessed": float((confidence < threshold).float().mean()),
        "skill where it is not asked": float(right[confidence >= threshold].float().mean()),
    }, threshold


def best_temperature(logits: Tensor, wanted: Tensor) -> float:
    """The temperature with the lowest cross-entropy (Guo et al. 2017, arXiv:1706.04599), by a fine search."""
    candidates = [0.4 + 0.02 * step for step in range(100)]
    losses = [float(functional.cross_entropy(logits / t, wanted)) for t in candidates]
    return candidates[losses.index(min(losses))]


def threshold_for(confidence: Tensor, right: Tensor, *, wanted_accuracy: float) -> float:
    """The lowest threshold in [0.3, 0.7] above which decisions are right `wanted_accuracy` of the time."""
    for step in range(30, 71):
        accepted = confidence >= step / 100
        if bool(accepted.any()) and float(right[accepted].float().mean()) >= wanted_accuracy:
            return step / 100
    return 0.7
