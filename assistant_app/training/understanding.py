"""Training router and scheduling decoder, in two stages.

Stage one, on the frozen trunk's cached states: tasks share nothing but the trunk, unless the recipe
says so. Stage two, jointly with a low-rank adapter on the upper of the layers an utterance passes,
which all understanding tasks share.

Objective, over a batch of B texts: the cross-entropies of our own intents, of each data set's own intents
(times `auxiliary_weight`), both summed over the texts that have such a label and divided by B, and
those of the slot tags, averaged over tokens; balanced as the recipe says (`balance.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.checkpoint import ADAPTER_SCALE
from assistant_app.brain.decoders import EncoderShape, Router, SlotDecoder, understanding_decoders
from assistant_app.brain.tokens import spans_to_tags
from assistant_app.brain.understanding import OUT_OF_SCOPE
from assistant_app.errors import InputError
from assistant_app.training.balance import Balance, TaskLoss, sampled_sizes
from assistant_app.training.confusions import Confusions
from assistant_app.training.job import Job
from assistant_app.training.loop import Plan, Rows, optimise
from assistant_app.training.speech_noise import noisy
from assistant_app.training.states import TextStates, compute_states
from assistant_app.training.tasks import OURS, TextExample, select, stable_fraction, text_examples
from assistant_app.training.tunable_trunk import TunableTrunk, on_device
from assistant_app.training.understanding_figures import measure_understanding

INTENT, SLOT = "intent", "slot"
SECTIONS = ("seed", "trunk", "encoder", "most", "most_held_out", "understanding")
"""What of the recipe this part depends on."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length."""

    taps: Tensor
    """(B, T, L, D)."""
    padding: Tensor
    """(B, T), True where there is no token."""
    tokens: Tensor
    """(B, T), where each token stands among those of all texts."""
    rows: Rows


class UnderstandingData:
    """Texts, their states and their labels as numbers."""

    def __init__(self, examples: Sequence[TextExample], states: TextStates) -> None:
        self.examples = examples
        self.states = states
        self.lengths: list[int] = (states.starts[1:] - states.starts[:-1]).tolist()
        intents: dict[str, set[str]] = {}
        slots: dict[str, set[str]] = {}
        for example in examples:
            if not example.held_out:
                for label_set, intent in example.intents.items():
                    intents.setdefault(label_set, set()).add(intent)
                for label_set, spans in example.slots.items():
                    slots.setdefault(label_set, set()).update(name for _, _, name in spans)
        self.intent_labels = {label_set: sorted(names) for label_set, names in intents.items()}
        self.slot_labels = {
            label_set: ["O", *(f"{prefix}-{name}" for name in sorted(names) for prefix in "BI")]
            for label_set, names in slots.items()
        }
        number = {name: {label: at for at, label in enumerate(labels)} for name, labels in self.intent_labels.items()}
        tag = {name: {label: at for at, label in enumerate(tags)} for name, tags in self.slot_labels.items()}
        self.intents = [
            {name: number[name][intent] for name, intent in example.intents.items() if intent in number.get(name, {})}
            for example in examples
        ]
        self.tags = [
            {
                name: [tag[name].get(one, 0) for one in spans_to_tags(self.offsets(row), spans)]
                for name, spans in example.slots.items()
                if name in tag
            }
            for row, example in enumerate(examples)
        ]
        self._intent_targets: dict[str, Tensor] = {}
        self._tag_targets: dict[str, Tensor] = {}

    def intent_targets(self, name: str) -> Tensor:
        """(N,): the intent of each text in a label set, -100 where it has none."""
        if name not in self._intent_targets:
            of_texts = torch.tensor([intents.get(name, -100) for intents in self.intents])
            self._intent_targets[name] = of_texts.to(self.states.taps.device)
        return self._intent_targets[name]

    def tag_targets(self, name: str) -> Tensor:
        """(tokens of all texts,): the tag of each token in a label set, -100 where its text has none."""
        if name not in self._tag_targets:
            of_tokens = torch.full((int(self.states.starts[-1]),), -100)
            for row, tags in enumerate(self.tags):
                if name in tags:
                    start = int(self.states.starts[row])
                    of_tokens[start : start + len(tags[name])] = torch.tensor(tags[name])
            self._tag_targets[name] = of_tokens.to(self.states.taps.device)
        return self._tag_targets[name]

    def only(self, task: str) -> UnderstandingData:
        """The same texts with the labels of one task ("intent:SET" or "slot:SET") alone."""
        kind, _, label_set = task.partition(":")

        def of_task(labels: Mapping[str, Any], wanted: str) -> dict[str, Any]:
            return {name: value for name, value in labels.items() if kind == wanted and name == label_set}

        return UnderstandingData(
            [
                replace(one, intents=of_task(one.intents, INTENT), slots=of_task(one.slots, SLOT))
                for one in self.examples
            ],
            self.states,
        )

    def offsets(self, row: int) -> list[tuple[int, int]]:
        """Character offsets of a text's tokens."""
        pairs = self.states.offsets[self.states.starts[row] : self.states.starts[row + 1]].tolist()
        return [(left, right) for left, right in pairs]

    def train_rows(self) -> list[int]:
        return [
            row
            for row, example in enumerate(self.examples)
            if not example.held_out and (self.intents[row] or self.tags[row]) and self.lengths[row]
        ]

    def held_out_rows(self) -> list[int]:
        return [row for row, example in enumerate(self.examples) if example.held_out and self.lengths[row]]

    def batch(self, rows: Rows) -> Batch:
        at = torch.tensor(list(rows))
        lengths = torch.tensor([self.lengths[row] for row in rows])
        steps = torch.arange(int(lengths.max()))
        padding = steps >= lengths[:, None]
        tokens = (self.states.starts[at][:, None] + steps).masked_fill_(padding, 0)
        device = self.states.taps.device
        padding, tokens = padding.to(device), tokens.to(device)
        taps = self.states.taps[tokens].float().masked_fill_(padding[..., None, None], 0.0)
        return Batch(taps, padding, tokens, rows)

    def by_length(self, rows: Rows, size: int, rng: random.Random | None = None) -> list[list[int]]:
        """Batches of texts of like length; shuffled where there is an `rng`."""
        rows = list(rows)
        if rng:
            rng.shuffle(rows)
        ordered = sorted(rows, key=lambda row: min(self.lengths[row], 64))
        groups = [ordered[at : at + size] for at in range(0, len(ordered), size)]
        if rng:
            rng.shuffle(groups)
        return groups

    def alternating(self, rows: Rows, size: int, temperature: float, rng: random.Random) -> list[list[int]]:
        """As many batches as `by_length` gives, each of one data set, sets drawn by temperature."""
        by_set: dict[str, list[int]] = {}
        for row in rows:
            by_set.setdefault(self.examples[row].data_set, []).append(row)
        count = -(-len(rows) // size)
        sizes = sampled_sizes({name: len(members) for name, members in by_set.items()}, count, temperature)
        batches: list[list[int]] = []
        for name in sorted(sizes):
            own: list[list[int]] = []
            while len(own) < sizes[name]:
                own += self.by_length(by_set[name], size, rng)
            batches += own[: sizes[name]]
        rng.shuffle(batches)
        return [batches[at % len(batches)] for at in range(count)]


class Understanding(nn.Module):
    """Router and scheduling decoder in training, with the trunk's tuned layers where there are any."""

    def __init__(self, data: UnderstandingData, recipe: Mapping[str, Any]) -> None:
        super().__init__()
        self.data = data
        self.depths: list[int] = recipe["trunk"]["utterance_depths"]
        options = recipe["understanding"]
        self.auxiliary_weight = float(options["auxiliary_weight"])
        self.label_smoothing = float(options["label_smoothing"])
        shape = EncoderShape(data.states.taps.shape[-1], len(self.depths), **dict(recipe["encoder"]))
        self.seed = int(recipe["seed"])
        torch.manual_seed(self.seed)
        self.router: Router
        self.slots: SlotDecoder
        self.router, self.slots = understanding_decoders(
            shape,
            {name: len(labels) for name, labels in data.intent_labels.items()},
            {name: len(labels) for name, labels in data.slot_labels.items()},
            options.get("sharing", "separate"),
        )
        self.to(data.states.taps.device)
        self.trunk: TunableTrunk | None = None
        self.adapter: LowRankAdapter | None = None

    def tasks(self) -> list[str]:
        return [
            *(f"{INTENT}:{name}" for name in sorted(self.data.intent_labels)),
            *(f"{SLOT}:{name}" for name in sorted(self.data.slot_labels)),
        ]

    def tune(self, trunk: TunableTrunk, options: Mapping[str, Any]) -> None:
        """From now on all understanding tasks read the trunk through a new adapter (`rank`, from `first_layer` on)."""
        adapter = LowRankAdapter.new(
            trunk.config,
            range(int(options["first_layer"]), max(self.depths)),
            rank=int(options["rank"]),
            scale=ADAPTER_SCALE,
            generator=torch.Generator().manual_seed(self.seed),
        )
        self.trunk, self.adapter = trunk, on_device(adapter, str(trunk.device))

    def taps(self, batch: Batch) -> Tensor:
        """(B, T, L, D): the cached states, or those the adapter makes of the deeper ones."""
        if self.trunk is None or self.adapter is None:
            return batch.taps
        first = self.trunk.tuned_from
        start = max(depth for depth in self.depths if depth <= first)
        tapped: dict[int, Tensor] = {}
        with torch.no_grad():
            x = batch.taps[:, :, self.depths.index(start)]
            x = self.trunk.run(x, start, first)
        self.trunk.run(x, first, max(self.depths), adapter=self.adapter, taps=self.depths, tapped=tapped)
        return torch.stack(
            [tapped[depth] if depth > first else batch.taps[:, :, at] for at, depth in enumerate(self.depths)], dim=2
        )

    def losses(self, rows: Rows) -> dict[str, TaskLoss]:
        """Of each task that these texts have labels for."""
        if not rows:
            return {}
        data = self.data
        batch = data.batch(rows)
        taps = self.taps(batch)
        losses: dict[str, TaskLoss] = {}
        at = torch.tensor(list(rows), device=taps.device)
        present = sorted({name for row in rows for name in data.intents[row]})
        if present:
            logits, _ = self.router(taps, batch.padding, present)
            for name in present:
                total = functional.cross_entropy(
                    logits[name],
                    data.intent_targets(name)[at],
                    label_smoothing=self.label_smoothing,
                    reduction="sum",
                )
                losses[f"{INTENT}:{name}"] = TaskLoss(total, len(rows))
        tagged = [place for place, row in enumerate(rows) if data.tags[row]]
        if tagged:
            names = sorted({name for place in tagged for name in data.tags[rows[place]]})
            padding, tokens = batch.padding[tagged], batch.tokens[tagged]
            tags = self.slots(taps[tagged], padding, names)
            for name in names:
                wanted = data.tag_targets(name)[tokens].masked_fill_(padding, -100)
                total = functional.cross_entropy(tags[name].flatten(0, 1), wanted.flatten(), reduction="sum")
                count = sum(len(data.tags[rows[place]].get(name, ())) for place in tagged)
                losses[f"{SLOT}:{name}"] = TaskLoss(total, count)
        return losses

    def weights(self, given: Mapping[str, float]) -> dict[str, float]:
        """A weight for each task; the recipe's `given` ones come first."""
        own = {f"{INTENT}:{OURS}", f"{SLOT}:{OURS}"}
        return {task: given.get(task, 1.0 if task in own else self.auxiliary_weight) for task in self.tasks()}


def tuned_trunk(job: Job) -> TunableTrunk:
    """The layers that an utterance passes; gradients can pass those that the recipe's second stage tunes."""
    return TunableTrunk(
        job.trunk_folder,
        device=job.world.device,
        last=max(job.recipe["trunk"]["utterance_depths"]),
        tuned_from=int(job.recipe["understanding"]["joint"]["first_layer"]),
    )


def load_understanding_data(job: Job) -> UnderstandingData:
    """The recipe's texts with their states, computed where they are not cached yet."""
    recipe = job.recipe
    examples = select(list(text_examples(job.data, job.labels)), recipe["most"], recipe["most_held_out"])
    if not examples:
        raise InputError("no_data", f"{job.data} holds no data set this recipe knows. See models/cards.")
    examples = list(_with_outsiders(examples, recipe["understanding"].get("outside", {})))
    examples += _misheard(examples, float(recipe["understanding"].get("misheard", 0.0)), job.data)
    job.report(f"understanding: {len(examples)} texts")
    states: TextStates = job.world.first_alone(
        lambda: compute_states(
            [example.text for example in examples],
            job.trunk_folder,
            recipe["trunk"]["utterance_depths"],
            job.work / "states",
            workers=job.workers,
            device=job.world.device,
            on_progress=lambda done, total: job.progress("states of texts", done, total, ""),
        )
    )
    return UnderstandingData(examples, states)


def _with_outsiders(
    examples: Sequence[TextExample], outside: Mapping[str, Mapping[str, list[str]]]
) -> Iterator[TextExample]:
    """Texts of other sets that a label set has no intent for, as its out-of-scope examples.

    Outlier exposure (Hendrycks et al. 2019, arXiv:1812.04606). `outside`: label set -> data set -> intents, or ["*"].
    """
    for example in examples:
        intents = dict(example.intents)
        if not example.held_out:
            for label_set, sets in outside.items():
                wanted = sets.get(example.data_set, [])
                own = example.intents.get(example.data_set, example.intents.get(OURS, ""))
                if wanted and label_set not in intents and (wanted == ["*"] or own in wanted):
                    intents[label_set] = OUT_OF_SCOPE
        yield replace(example, intents=intents)


def _misheard(examples: Sequence[TextExample], share: float, data: Path) -> list[TextExample]:
    """A share of the training texts once more, as a speech recogniser might give them."""
    if not share:
        return []
    confusions = Confusions.learn(data)
    return [
        noisy(example, random.Random(example.text), confusions)
        for example in examples
        if not example.held_out and stable_fraction(example.text, "misheard") < share
    ]


def train_understanding(job: Job) -> dict[str, Any]:
    """Both stages; everything a checkpoint needs of this part."""
    recipe = job.recipe
    data = load_understanding_data(job)
    model = Understanding(data, recipe)
    first = recipe["understanding"]
    run_stage(job, model, "decoders", first)
    second = first.get("joint")
    adapter_state: dict[str, Tensor] = {}
    if second and int(second["epochs"]):
        model.tune(tuned_trunk(job), second)
        run_stage(job, model, "joint", {**first, **second})
    if model.adapter:
        adapter_state = {name: value.cpu() for name, value in model.adapter.state().items()}
    if job.world.rank:
        return {}
    metrics, calibration = measure_understanding(model, job.progress)
    job.report("understanding: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(metrics.items())))
    return {
        "router": model.router.cpu().state_dict(),
        "slots": model.slots.cpu().state_dict(),
        "understanding": adapter_state,
        "shared_depth": int(second["first_layer"]) if adapter_state else 0,
        "understanding_rank": int(second["rank"]) if adapter_state else 0,
        "intent_labels": data.intent_labels,
        "slot_labels": data.slot_labels,
        "metrics": metrics,
        **calibration,
    }


def run_stage(job: Job, model: Understanding, name: str, options: Mapping[str, Any]) -> None:
    """One stage of training, from where an earlier run of it stopped."""
    data = model.data
    rows = data.train_rows()
    repeats = [row for row in rows if data.examples[row].data_set == "own"] * int(options.get("repeat_own", 3))
    size, seed = int(options["batch"]), int(job.recipe["seed"])

    def batches(epoch: int) -> list[list[int]]:
        rng = random.Random(f"{seed} {name} {epoch}")
        if options.get("batches", "joint") == "alternating":
            return data.alternating(rows + repeats, size, float(options.get("temperature", 1.0)), rng)
        return data.by_length(rows + repeats, size, rng)

    groups: list[tuple[Sequence[nn.Parameter | Tensor], float]] = [
        (list(dict.fromkeys([*model.router.parameters(), *model.slots.parameters()])), float(options["learning_rate"]))
    ]
    shared: list[Tensor] = []
    if options.get("sharing") == "shared":
        shared += list(model.router.encoder.parameters())
    if model.adapter:
        groups.append((model.adapter.parameters(), float(options["adapter_learning_rate"])))
        shared += model.adapter.parameters()
    tasks = model.tasks()
    plan = Plan(
        name=name,
        groups=groups,
        batches=batches,
        losses=model.losses,
        tasks=tasks,
        epochs=int(options["epochs"]),
        weight_decay=float(options["weight_decay"]),
        seed=seed,
        balance=Balance(
            tasks,
            model.weights(options.get("weights", {})),
            learned=options.get("balance") == "uncertainty",
            surgery=options.get("balance") == "pcgrad",
            group_of=_family,
        ),
        modules=(model,),
        shared=shared or list(model.router.encoder.parameters()),
    )
    # The first stage does not depend on what the second will be.
    depends_on = {**job.sections(SECTIONS), "understanding": {k: v for k, v in options.items() if k != "joint"}}
    optimise(plan, job.kept(f"understanding-{name}", depends_on))


def _family(task: str) -> str:
    """Gradient surgery keeps apart our own intents, the data sets' intents, and slots."""
    kind, _, label_set = task.partition(":")
    return "own intents" if (kind, label_set) == (INTENT, OURS) else f"{kind}s"
