"""Training the decoders and adapters of the multi-task model from a recipe.

Stage one of the staged plan: the trunk is frozen, so its states are computed once
(`states.py`) and each decoder trains on them alone; no task can disturb another by construction.
The dialogue adapter trains through the trunk's last layers. Every part is saved as soon as it is
trained, so that an interrupted run goes on with the next part.

Objective, understanding: cross-entropy of our own head plus `auxiliary_weight` times the mean of
the data sets' own heads, each over the texts that have a label in it. Slots: the same over tokens.
Question answering: `decoders.span_loss`. Dialogue: cross-entropy of the reply's tokens.
"""

from __future__ import annotations

import hashlib
import json
import random
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from assistant_app.brain.checkpoint import Checkpoint, save_checkpoint, trunk_fingerprint
from assistant_app.brain.decoders import EncoderShape, Router, SlotDecoder, SpanDecoder, best_span, span_loss
from assistant_app.brain.prompts import conversation, is_chinese, question_after_passage, system_prefix
from assistant_app.brain.tokens import TextTokenizer, spans_to_tags, tags_to_spans, whole_words
from assistant_app.brain.trunk import LowRankAdapter, Trunk
from assistant_app.errors import InputError
from assistant_app.training.metrics import answer_f1, slot_f1
from assistant_app.training.states import SpanStates, TextStates, compute_span_states, compute_states
from assistant_app.training.tasks import (
    OURS,
    LabelMap,
    SpanExample,
    TextExample,
    dialogue_examples,
    select,
    span_examples,
    stable_fraction,
    text_examples,
)

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """Where a training run reads and writes."""

    data: Path
    recipe: Mapping[str, Any]
    labels: LabelMap
    trunk_folder: Path
    out: Path
    work: Path
    """States and finished parts; may be deleted after the run."""
    command: str
    workers: int
    report: Report


def load_recipe(file: Path) -> dict[str, Any]:
    """Raises `InputError` naming what is wrong."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("recipe_unreadable", f"The recipe {file} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("recipe_syntax", f"The recipe {file} is not valid TOML: {error}.") from error


def train(job: Job) -> dict[str, float]:
    """Train every part, save the checkpoint to `job.out`; the figures on held-out texts."""
    torch.manual_seed(int(job.recipe["seed"]))
    understanding = _part(job, "understanding", lambda: _train_understanding(job))
    answering = _part(job, "question_answering", lambda: _train_answering(job))
    dialogue = _part(job, "dialogue", lambda: _train_dialogue(job))
    metrics = {**understanding["metrics"], **answering["metrics"], **dialogue["metrics"]}
    recipe = job.recipe
    checkpoint = Checkpoint(
        trunk_name=recipe["trunk"]["name"],
        trunk_fingerprint=trunk_fingerprint(job.trunk_folder),
        utterance_depths=tuple(recipe["trunk"]["utterance_depths"]),
        passage_depths=tuple(recipe["trunk"]["passage_depths"]),
        encoder=recipe["encoder"],
        intent_labels=understanding["intent_labels"],
        slot_labels=understanding["slot_labels"],
        skill_threshold=understanding["skill_threshold"],
        out_of_scope_threshold=understanding["out_of_scope_threshold"],
        answer_threshold=answering["answer_threshold"],
        dialogue_rank=int(recipe["dialogue"]["rank"]),
        dialogue_scale=2.0,
        command=job.command,
        metrics={name: round(value, 4) for name, value in metrics.items()},
    )
    save_checkpoint(
        job.out,
        checkpoint,
        {
            "router": understanding["router"],
            "slots": understanding["slots"],
            "span": answering["span"],
            "dialogue": dialogue["adapter"],
        },
    )
    return metrics


_SECTIONS = {
    "understanding": ("seed", "trunk", "encoder", "most", "most_held_out", "understanding"),
    "question_answering": ("seed", "trunk", "encoder", "question_answering"),
    "dialogue": ("seed", "trunk", "dialogue"),
}
"""What of the recipe a part depends on."""


def _part(job: Job, name: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of an earlier run with the same recipe, or of this one."""
    sections = {section: job.recipe[section] for section in _SECTIONS[name]}
    key = hashlib.sha256(json.dumps([name, sections], sort_keys=True).encode()).hexdigest()[:12]
    file = job.work / f"{name}-{key}.pt"
    if not file.exists():
        result = run()
        job.work.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        torch.save(result, temporary)
        temporary.replace(file)
    job.report(f"{name}: ready")
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


# --- understanding: router and scheduling decoder


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


def _train_understanding(job: Job) -> dict[str, Any]:
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
        ("slots", slots, slot_rows, slot_loss),
    ):
        _fit(
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


def _fit(
    module: nn.Module,
    batches: Callable[[random.Random], Iterator[Any]],
    steps_per_epoch: int,
    loss: Callable[[Any], Tensor],
    options: Mapping[str, Any],
    seed: int,
    report: Report,
) -> None:
    """AdamW with a one-cycle learning rate (Smith and Topin 2017, arXiv:1708.07120)."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=options["learning_rate"], weight_decay=options["weight_decay"]
    )
    epochs = int(options["epochs"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=options["learning_rate"], total_steps=epochs * steps_per_epoch + 1, pct_start=0.15
    )
    module.train()
    for epoch in range(epochs):
        total, count = 0.0, 0
        for batch in batches(rng):
            optimiser.zero_grad(set_to_none=True)
            value = loss(batch)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(value.detach())
            count += 1
        report(f"epoch {epoch + 1} of {epochs}, loss {total / max(count, 1):.4f}")
    module.eval()


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
    for (_, _, data_set), ok, best in zip(ours, right.tolist(), logits.argmax(-1).tolist(), strict=True):
        scores.setdefault("skill", []).append(float(ok))
        scores.setdefault(f"skill on {data_set}", []).append(float(ok))
        del best
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


def expected_calibration_error(confidence: Tensor, right: Tensor, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Naeini et al. 2015)."""
    error = 0.0
    places = (confidence * bins).long().clamp(0, bins - 1)
    for number in range(bins):
        inside = places == number
        if bool(inside.any()):
            gap = abs(float(confidence[inside].mean()) - float(right[inside].float().mean()))
            error += gap * float(inside.float().mean())
    return error


# --- question answering


def _train_answering(job: Job) -> dict[str, Any]:
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

    _fit(
        span,
        batches,
        -(-len(train_rows) // options["batch"]),
        loss,
        options,
        int(recipe["seed"]),
        lambda text: job.report(f"question answering: {text}"),
    )
    rows = [row for row, example in enumerate(chosen) if example.held_out]
    metrics, threshold = _measure_answering(chosen, states, span, rows)
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


def _measure_answering(
    examples: Sequence[SpanExample], states: SpanStates, span: SpanDecoder, rows: Sequence[int]
) -> tuple[dict[str, float], float]:
    results: list[tuple[float, str, SpanExample]] = []
    with torch.inference_mode():
        for row in rows:
            taps, padding, passage, copy, last = states.batch([row])
            start, end, none = span(taps, padding, passage, copy, last)
            first, final, score = best_span(start[0], end[0])
            offsets = states.passage_offsets(row)
            left, right = whole_words(examples[row].passage, offsets[first][0], offsets[final][1])
            results.append((score / 2 - float(none[0]), examples[row].passage[left:right], examples[row]))
    squad = [item for item in results if item[2].data_set == "squad2"]
    candidates = sorted({round(margin, 2) for margin, _, _ in squad}) or [0.0]

    def total(threshold: float) -> float:
        return sum(answer_f1(text if margin >= threshold else "", e.answers) for margin, text, e in squad)

    threshold = max(candidates, key=total)
    metrics = {"cmrc2018 f1": _mean(answer_f1(text, e.answers) for _, text, e in results if e.data_set == "cmrc2018")}
    metrics["squad2 f1 on answerable, answer forced"] = _mean(answer_f1(t, e.answers) for _, t, e in squad if e.answers)
    metrics["squad2 f1 with no-answer"] = total(threshold) / max(1, len(squad))
    return metrics, threshold


def _mean(values: Iterator[float] | Any) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


# --- dialogue


def _train_dialogue(job: Job) -> dict[str, Any]:
    """A low-rank adapter on the trunk's last layers; the layers below are run once, frozen."""
    recipe, options = job.recipe, job.recipe["dialogue"]
    trunk = Trunk.load(job.trunk_folder, precision="float32")
    tokenizer = TextTokenizer(job.trunk_folder)
    examples = list(dialogue_examples(job.data))
    first = int(options["first_layer"])
    generator = torch.Generator().manual_seed(int(recipe["seed"]))
    adapter = LowRankAdapter.new(
        trunk.config, range(first, trunk.config.layers), rank=int(options["rank"]), generator=generator
    )
    prefix = tokenizer.encode(system_prefix()).ids
    rows: list[tuple[Tensor, list[int], int, bool]] = []
    with torch.inference_mode():
        for number, example in enumerate(examples):
            asked = tokenizer.encode(conversation(example.history, example.text)).ids
            answer = [*tokenizer.encode(example.reply).ids, trunk.config.eos_token_id]
            ids = (prefix + asked + answer)[:400]
            if len(ids) < len(prefix) + len(asked) + 2:
                continue
            x = trunk.run(trunk.embed(torch.tensor([ids])), 0, first)
            rows.append((x[0].half(), ids, len(prefix) + len(asked), example.held_out))
            if number % 100 == 0:
                job.report(f"dialogue: states of {number} of {len(examples)}")
    # Tensors made in inference mode cannot be saved for a backward pass; copies can.
    rows = [(x.clone(), ids, begins, held_out) for x, ids, begins, held_out in rows]
    train_rows = [row for row in rows if not row[3]]
    held_rows = [row for row in rows if row[3]]

    def loss_of(row: tuple[Tensor, list[int], int, bool], tuned: bool) -> tuple[Tensor, int]:
        x, ids, begins, _ = row
        states = trunk.run(x[None].float(), first, trunk.config.layers, adapter=adapter if tuned else None)
        logits = trunk.logits(states[0, begins - 1 : -1])
        wanted = torch.tensor(ids[begins:])
        return functional.cross_entropy(logits, wanted, reduction="sum"), len(wanted)

    def held_out_loss(tuned: bool) -> float:
        with torch.no_grad():
            pairs = [loss_of(row, tuned) for row in held_rows]
        return sum(float(loss) for loss, _ in pairs) / max(1, sum(count for _, count in pairs))

    before = held_out_loss(False)
    optimiser = torch.optim.AdamW(adapter.parameters(), lr=options["learning_rate"], weight_decay=0.0)
    rng = random.Random(int(recipe["seed"]))
    size = int(options["batch"])
    steps = int(options["epochs"]) * -(-len(train_rows) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=options["learning_rate"], total_steps=steps + 1, pct_start=0.1
    )
    step = 0
    for _ in range(int(options["epochs"])):
        rng.shuffle(train_rows)
        for at in range(0, len(train_rows), size):
            optimiser.zero_grad(set_to_none=True)
            group = train_rows[at : at + size]
            tokens = sum(len(ids) - begins for _, ids, begins, _ in group)
            for row in group:
                loss, _ = loss_of(row, True)
                (loss / tokens).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(adapter.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            if step % 10 == 0:
                job.report(f"dialogue: step {step} of {steps}")
    after = held_out_loss(True)
    metrics = {"dialogue loss per token before": before, "dialogue loss per token": after}
    job.report(f"dialogue: held-out loss per token {before:.3f} before, {after:.3f} after")
    return {"adapter": adapter.state(), "metrics": metrics}
