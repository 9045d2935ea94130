"""Training the dialogue adapter through the trunk's last layers, and measuring it.

Objective: cross-entropy of the reply's tokens and of the end of the turn. The layers below the adapter
run once, frozen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.prompts import conversation, system_prefix
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import sink_token_id
from assistant_app.training.balance import Balance, TaskLoss
from assistant_app.training.job import Job
from assistant_app.training.loop import Plan, Rows, optimise
from assistant_app.training.tasks import dialogue_examples
from assistant_app.training.tunable_trunk import TunableTrunk

SECTIONS = ("seed", "trunk", "dialogue")
TASK = "replies"
LONGEST_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """A conversation up to a reply to learn."""

    states: Tensor
    """(T, D) float16: below the adapter, all but the last token."""
    wanted: Tensor
    """The reply's tokens and the end of the turn: what the last len(wanted) states should say."""
    held_out: bool


def train_dialogue(job: Job) -> dict[str, Any]:
    """The adapter's tensors, and the loss on held-out replies before and after."""
    recipe, options = job.recipe, job.recipe["dialogue"]
    first, seed = int(options["first_layer"]), int(recipe["seed"])
    trunk = TunableTrunk(job.trunk_folder, device="cpu", tuned_from=first, with_output=True)
    adapter = LowRankAdapter.new(
        trunk.config,
        range(first, trunk.config.layers),
        rank=int(options["rank"]),
        generator=torch.Generator().manual_seed(seed),
    )
    exchanges = _read(job, trunk, first)
    train_rows = [row for row, one in enumerate(exchanges) if not one.held_out]

    def losses(rows: Rows, tuned: bool = True) -> dict[str, TaskLoss]:
        if not rows:
            return {}
        total, count = torch.zeros(()), 0
        for row in rows:
            one = exchanges[row]
            x = trunk.run(one.states[None].float(), first, trunk.config.layers, adapter=adapter if tuned else None)
            scores = trunk.logits(x[0, -len(one.wanted) :])
            total = total + functional.cross_entropy(scores, one.wanted, reduction="sum")
            count += len(one.wanted)
        return {TASK: TaskLoss(total, count)}

    def held_out_loss(tuned: bool) -> float:
        with torch.no_grad():
            of_rows = [losses([row], tuned)[TASK] for row, one in enumerate(exchanges) if one.held_out]
        return sum(float(loss.total) for loss in of_rows) / max(1.0, sum(loss.count for loss in of_rows))

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
        "adapter": adapter.state(),
        "metrics": {"dialogue loss per token before": before, "dialogue loss per token": after},
    }


def _read(job: Job, trunk: TunableTrunk, first: int) -> list[Exchange]:
    """The exchanges, read up to the adapter."""
    tokenizer = TextTokenizer(job.trunk_folder)
    prefix = tokenizer.encode(system_prefix()).ids
    if prefix[0] == sink_token_id(job.trunk_folder):
        prefix = prefix[1:]
    examples = list(dialogue_examples(job.data))
    exchanges = []
    for number, example in enumerate(examples):
        asked = prefix + tokenizer.encode(conversation(example.history, example.text)).ids
        said = [*tokenizer.encode(example.reply).ids, trunk.config.eos_token_id]
        if len(asked) + len(said) <= LONGEST_TOKENS:
            ids = torch.tensor([asked + said[:-1]])
            with torch.no_grad():
                states = trunk.run(trunk.embed(ids), 0, first)[0].half()
            exchanges.append(Exchange(states, torch.tensor(said), example.held_out))
        job.progress("states of conversations", number + 1, len(examples), "")
    return exchanges
