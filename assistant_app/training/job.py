"""What every part of a training run shares: its folders and recipe, and the optimisation loop."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from assistant_app.errors import InputError
from assistant_app.training.tasks import LabelMap

Report = Callable[[str], None]
"""Gets a line of progress."""


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


def fit(
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
            if count % 50 == 0:
                report(f"epoch {epoch + 1} of {epochs}, step {count} of {steps_per_epoch}, loss {total / count:.4f}")
        report(f"epoch {epoch + 1} of {epochs}, loss {total / max(count, 1):.4f}")
    module.eval()
