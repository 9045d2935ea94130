"""The optimisation loop that every part of training runs in.

AdamW with a one-cycle learning rate (Smith and Topin 2017, arXiv:1708.07120). A run writes its whole
state now and then and, started again, goes on from there to the same weights as one that was
never stopped: batches depend on seed and epoch alone, and the random numbers of dropout are part of the
state. Under `torchrun` each process takes its share of every batch and gradients are summed, so that
N processes make the same steps as one. It knows neither tasks nor models.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from assistant_app.training.balance import Balance, TaskLoss, surgically_combined
from assistant_app.training.world import World

Rows = Sequence[int]


class Progress(Protocol):
    """Where a run says how far it is."""

    def __call__(self, name: str, done: int, total: int, note: str) -> None: ...


def silent(name: str, done: int, total: int, note: str) -> None:
    """A `Progress` that says nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained, on what, for how long."""

    name: str
    groups: Sequence[tuple[Sequence[nn.Parameter | Tensor], float]]
    """Parameters and their greatest learning rate."""
    batches: Callable[[int], Sequence[Rows]]
    """Rows of each batch of an epoch (counted from 0); the same for the same epoch, as many in each."""
    losses: Callable[[Rows], Mapping[str, TaskLoss]]
    """Task name -> loss, summed over this process's share of a batch."""
    tasks: Sequence[str]
    """All names that `losses` can give, in one order for all processes."""
    epochs: int
    weight_decay: float
    seed: int
    balance: Balance
    modules: Sequence[nn.Module] = ()
    """Switched to training for the run and to evaluation after it."""
    shared: Sequence[Tensor] = ()
    """Parameters in which tasks can disturb each other: gradient surgery works on these."""
    warm_share: float = 0.15
    """Share of the steps in which the learning rate rises."""
    clip: float = 1.0
    """Greatest norm of the gradient."""


@dataclass(slots=True)
class Kept:
    """Where a run keeps its state and curve."""

    folder: Path | None = None
    """None: nothing is written."""
    every_seconds: float = 60.0
    every_steps: int = 0
    """Besides the time: after so many steps (0: by time alone)."""
    progress: Progress = silent
    world: World = field(default_factory=World)
    on_step: Callable[[int], None] = lambda _step: None
    """Called after each step."""


def optimise(plan: Plan, kept: Kept) -> None:
    """Train `plan`, from the state in `kept.folder` if there is one."""
    torch.manual_seed(plan.seed + kept.world.rank)
    balance_parameters = list(plan.balance.to(kept.world.device).parameters())
    groups = [{"params": list(parameters), "lr": rate} for parameters, rate in plan.groups]
    rates = [rate for _, rate in plan.groups]
    if balance_parameters:
        groups.append({"params": balance_parameters, "lr": max(rates), "weight_decay": 0.0})
        rates.append(max(rates))
    optimiser = torch.optim.AdamW(groups, weight_decay=plan.weight_decay)
    batches = plan.batches(0)
    total = plan.epochs * len(batches)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rates, total_steps=total + 1, pct_start=plan.warm_share
    )
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    step, epoch_of_batches = _restore(kept, parameters, optimiser, schedule), 0
    for module in plan.modules:
        module.train()
    curve = _Curve(kept, plan.name, plan.tasks, step)
    written_at = time.monotonic()
    while step < total:
        epoch, place = divmod(step, len(batches))
        if epoch != epoch_of_batches:
            batches, epoch_of_batches = plan.batches(epoch), epoch
        losses = plan.losses(batches[place][kept.world.rank :: kept.world.size])
        counts = kept.world.sums([losses[name].count if name in losses else 0.0 for name in plan.tasks])
        means = {
            name: losses[name].total / count
            for name, count in zip(plan.tasks, counts, strict=True)
            if name in losses and count
        }
        optimiser.zero_grad(set_to_none=True)
        if plan.balance.surgery:
            surgically_combined(plan.balance, means, parameters, plan.shared, kept.world, plan.seed + step)
        elif means:
            plan.balance(means, kept.world.size).backward()
        if not plan.balance.surgery:
            kept.world.sum_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, plan.clip)
        optimiser.step()
        schedule.step()
        step += 1
        known = iter(torch.stack([loss.detach() for loss in means.values()]).tolist() if means else [])
        by_task = dict(zip(means, known, strict=True))
        shown = kept.world.sums([by_task.get(name, 0.0) for name in plan.tasks])
        curve.add(step, [value if count else None for value, count in zip(shown, counts, strict=True)])
        kept.progress(plan.name, step, total, f"loss {curve.smooth:.3f}")
        due = kept.every_steps and step % kept.every_steps == 0
        if due or time.monotonic() - written_at > kept.every_seconds or step == total:
            curve.flush()
            _write(kept, step, parameters, optimiser, schedule, finished=step == total)
            written_at = time.monotonic()
        kept.on_step(step)
    for module in plan.modules:
        module.eval()


def _state_file(kept: Kept) -> Path | None:
    return kept.folder / f"state-{kept.world.rank}.pt" if kept.folder else None


def _restore(
    kept: Kept,
    parameters: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    """Steps already done."""
    file = _state_file(kept)
    if file is None or not file.exists():
        return 0
    saved: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    with torch.no_grad():
        for parameter, value in zip(parameters, saved["parameters"], strict=True):
            parameter.copy_(value)
    if "optimiser" in saved:
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        torch.set_rng_state(saved["random"])
        if "device_random" in saved:
            torch.cuda.set_rng_state(saved["device_random"])
    return int(saved["step"])


def _write(
    kept: Kept,
    step: int,
    parameters: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    *,
    finished: bool,
) -> None:
    """Everything the run needs to go on; of a finished one, what it has learned."""
    file = _state_file(kept)
    if file is None:
        return
    state: dict[str, Any] = {"step": step, "parameters": [parameter.detach().cpu() for parameter in parameters]}
    if not finished:
        state |= {
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "random": torch.get_rng_state(),
        }
        if kept.world.device != "cpu":
            state["device_random"] = torch.cuda.get_rng_state()
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    torch.save(state, temporary)
    temporary.replace(file)


class _Curve:
    """The losses by step, as a table that grows."""

    def __init__(self, kept: Kept, name: str, tasks: Sequence[str], step: int) -> None:
        self._file = kept.folder / f"{name}.csv" if kept.folder and kept.world.rank == 0 else None
        self._tasks = tasks
        self._rows: list[list[str]] = []
        self.smooth = 0.0
        """Running mean of the losses' mean."""
        self._started = False
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() and step else []
            # What was written after the state that is gone on from would stand there twice.
            lines = [line for line in lines[1:] if int(line.partition(",")[0]) <= step]
            self._file.write_text("\n".join([",".join(["step", *tasks]), *lines]) + "\n", encoding="utf-8")

    def add(self, step: int, losses: Sequence[float | None]) -> None:
        known = [loss for loss in losses if loss is not None]
        mean = sum(known) / max(1, len(known))
        self.smooth = mean if not self._started else 0.98 * self.smooth + 0.02 * mean
        self._started = True
        self._rows.append([str(step), *("" if loss is None else f"{loss:.5f}" for loss in losses)])

    def flush(self) -> None:
        if self._file:
            with self._file.open("a", encoding="utf-8", newline="") as out:
                csv.writer(out, lineterminator="\n").writerows(self._rows)
        self._rows = []
