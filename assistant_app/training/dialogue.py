"""Training the dialogue adapter through the trunk's last layers, and measuring it.

Objective: cross-entropy of the reply's tokens and of the end of the turn. The layers below the adapter
run once, frozen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.prompts import conversation, is_chinese, system_prefix
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import sink_token_id
from assistant_app.training.balance import Balance, TaskLoss
from assistant_app.training.job import Job
from assistant_app.training.loop import Plan, Rows, optimise
from assistant_app.training.tasks import dialogue_examples
from assistant_app.training.tunable_trunk import TunableTrunk, on_device

SECTIONS = ("seed", "trunk", "dialogue")
TASK = "replies"
LONGEST_TOKENS = 600
BATCH = 16
"""Conversations read at once, of like length."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A conversation up to a reply to learn."""

    states: Tensor
    """(T, D) float16: below the adapter, all but the last token."""
    wanted: Tensor
    """(T,): the token that each state should say, -100 before the reply; the last one is the end of the turn."""
    held_out: bool


def train_dialogue(job: Job) -> dict[str, Any]:
    """The adapter's tensors, and the loss on held-out replies before and after."""
    recipe, options = job.recipe, job.recipe["dialogue"]
    first, seed = int(options["first_layer"]), int(recipe["seed"])
    trunk = TunableTrunk(job.trunk_folder, device=job.world.device, tuned_from=first, with_output=True)
    adapter = LowRankAdapter.new(
        trunk.config,
        range(first, trunk.config.layers),
        rank=int(options["rank"]),
        generator=torch.Generator().manual_seed(seed),
    )
    adapter = on_device(adapter, job.world.device)
    exchanges = _read(job, trunk, first)
    train_rows = [row for row, one in enumerate(exchanges) if not one.held_out]

    def losses(rows: Rows, tuned: bool = True) -> dict[str, TaskLoss]:
        if not rows:
            return {}
        x = trunk.run(
            pad_sequence([exchanges[row].states for row in rows], batch_first=True).float(),
            first,
            trunk.config.layers,
            adapter=adapter if tuned else None,
        )
        return {TASK: TaskLoss(*trunk.next_token_loss(x, [exchanges[row].wanted for row in rows]))}

    def held_out_loss(tuned: bool) -> float:
        rows = sorted(
            (row for row, one in enumerate(exchanges) if one.held_out), key=lambda row: len(exchanges[row].wanted)
        )
        size = int(options["batch"])
        with torch.no_grad():
            parts = [losses(rows[at : at + size], tuned)[TASK] for at in range(0, len(rows), size)]
        return sum(float(part.total) for part in parts) / max(1.0, sum(part.count for part in parts))

    def batches(epoch: int) -> list[list[int]]:
        rows = list(train_rows)
        random.Random(f"{seed} replies {epoch}").shuffle(rows)
        size = int(options["batch"])
        return [rows[at : at + size] for at in range(0, len(rows), size)]

    before = held_out_loss(False)
    optimise(
        Plan(
            name="replies",
            groups=[(adapter.parameters(), float(options["learning_rate"]))],
            batches=batches,
            losses=losses,
            tasks=[TASK],
            epochs=int(options["epochs"]),
            weight_decay=0.0,
            seed=seed,
            balance=Balance([TASK], {}),
            warm_share=0.1,
        ),
        job.kept("replies", job.sections(SECTIONS)),
    )
    if job.world.rank:
        return {}
    after = held_out_loss(True)
    job.report(f"dialogue: held-out loss per token {before:.3f} before, {after:.3f} after")
    return {
        "adapter": {name: value.cpu() for name, value in adapter.state().items()},
        "metrics": {"dialogue loss per token before": before, "dialogue loss per token": after},
    }


def _read(job: Job, trunk: TunableTrunk, first: int) -> list[Exchange]:
    """The exchanges, read up to the adapter."""
    tokenizer = TextTokenizer(job.trunk_folder)
    sink = sink_token_id(job.trunk_folder)
    prefixes = {chinese: tokenizer.encode(system_prefix(chinese)).ids for chinese in (False, True)}
    read = []
    for example in dialogue_examples(job.data):
        prefix = prefixes[is_chinese(example.text)]
        asked = prefix[prefix[0] == sink :] + tokenizer.encode(conversation(example.history, example.text)).ids
        said = [*tokenizer.encode(example.reply).ids, trunk.config.eos_token_id]
        if len(asked) + len(said) <= LONGEST_TOKENS:
            wanted = torch.tensor([-100] * (len(asked) - 1) + said)
            read.append((torch.tensor(asked + said[:-1]), wanted, example.held_out))
    read.sort(key=lambda one: len(one[0]))
    exchanges = []
    for at in range(0, len(read), BATCH):
        group = read[at : at + BATCH]
        with torch.no_grad():
            states = trunk.run(trunk.embed(pad_sequence([ids for ids, _, _ in group], batch_first=True)), 0, first)
        exchanges += [
            Exchange(own[: len(ids)].half(), wanted, held_out)
            for own, (ids, wanted, held_out) in zip(states, group, strict=True)
        ]
        job.progress("states of conversations", len(exchanges), len(read), "")
    return exchanges
