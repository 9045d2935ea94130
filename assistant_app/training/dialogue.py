"""Training the dialogue adapter through the trunk's last layers, and measuring it.

Objective: cross-entropy of the reply's tokens. The layers below run once, frozen.
"""

from __future__ import annotations

import random
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.prompts import conversation, system_prefix
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from assistant_app.training.job import Job
from assistant_app.training.tasks import dialogue_examples


def train_dialogue(job: Job) -> dict[str, Any]:
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
