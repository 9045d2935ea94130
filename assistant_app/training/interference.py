"""Do the tasks disturb or help each other? Each alone, all together, and together with each measure.

    assistant train --data DATA --recipe models/recipes/released.toml --compare

Every run trains decoders and an adapter of the trunk's layers at once, on the same texts of each task for the
same number of epochs, so that what differs is what the tasks share: a task alone has an adapter and an encoder to
itself. Question answering and dialogue have adapters of their own and share only frozen weights: they
cannot disturb each other and are left out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant_app.training.job import Job
from assistant_app.training.tasks import OURS
from assistant_app.training.tunable_trunk import TunableTrunk
from assistant_app.training.understanding import (
    INTENT,
    SLOT,
    Understanding,
    UnderstandingData,
    load_understanding_data,
    run_stage,
    tuned_trunk,
)
from assistant_app.training.understanding_figures import measure_understanding

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "joint, one encoder, no measure": {"sharing": "shared"},
    "joint, learned uncertainty weights": {"sharing": "shared", "balance": "uncertainty"},
    "joint, gradient surgery (PCGrad)": {"sharing": "shared", "balance": "pcgrad"},
    "alternating, temperature 1": {"sharing": "shared", "batches": "alternating", "temperature": 1.0},
    "alternating, temperature 3": {"sharing": "shared", "batches": "alternating", "temperature": 3.0},
    "joint, gates between encoders": {"sharing": "gated"},
    "joint, an encoder each for intents and slots": {"sharing": "separate"},
}
FIGURES = {
    f"{INTENT}:{OURS}": "our intent",
    f"{INTENT}:clinc150": "clinc150 in-scope intent",
    f"{INTENT}:hwu64": "hwu64 intent",
    f"{INTENT}:snips": "snips intent",
    f"{INTENT}:fb_task_oriented_en": "fb_task_oriented_en intent",
    f"{SLOT}:hwu64": "hwu64 slots (hwu64)",
    f"{SLOT}:snips": "snips slots (snips)",
    f"{SLOT}:fb_task_oriented_en": "fb_task_oriented_en slots (fb_task_oriented_en)",
}
"""The figure that judges each task."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One way of training."""

    name: str
    figures: Mapping[str, float]
    """Task -> accuracy or F1 on held-out texts."""
    seconds: float

    @property
    def mean(self) -> float:
        return sum(self.figures.values()) / max(1, len(self.figures))


def compare(job: Job) -> list[Compared]:
    """All ways, the single tasks together as the first."""
    options = job.recipe["interference"]
    most = {name: min(int(count), int(options["most"])) for name, count in job.recipe["most"].items()}
    recipe = {**job.recipe, "most": most, "most_held_out": {"default": int(options["most_held_out"])}}
    understanding = recipe["understanding"]
    recipe["understanding"] = {**understanding, **understanding["joint"], "joint": understanding["joint"]}
    recipe["understanding"] |= {name: options[name] for name in ("epochs", "learning_rate") if name in options}
    job = replace(job, recipe=recipe)
    return compare_on(job, load_understanding_data(job), tuned_trunk(job))


def compare_on(job: Job, data: UnderstandingData, trunk: TunableTrunk) -> list[Compared]:
    """`compare` on texts that are loaded already."""
    recipe = job.recipe
    tasks = [task for task in FIGURES if task in Understanding(data, recipe).tasks()]
    alone: dict[str, float] = {}
    started = time.monotonic()
    for task in tasks:
        figures = _train(job, data.only(task), trunk, f"alone-{task}", {"sharing": "separate"})
        alone[task] = figures[FIGURES[task]]
        job.report(f"alone, {task}: {alone[task]:.4f}")
    results = [Compared("each task alone", alone, time.monotonic() - started)]
    for name, changes in VARIANTS.items():
        started = time.monotonic()
        figures = _train(job, data, trunk, name, changes)
        of_tasks = {task: figures[FIGURES[task]] for task in tasks}
        results.append(Compared(name, of_tasks, time.monotonic() - started))
        job.report(f"{name}: mean {results[-1].mean:.4f}")
    return results


def _train(
    job: Job, data: UnderstandingData, trunk: TunableTrunk, name: str, changes: Mapping[str, Any]
) -> dict[str, float]:
    options = {**job.recipe["understanding"], **changes}
    recipe = {**job.recipe, "understanding": options}
    model = Understanding(data, recipe)
    model.tune(trunk, options["joint"])
    run_stage(replace(job, recipe=recipe), model, f"compare-{name.replace(':', '-').replace(' ', '-')}", options)
    figures, _ = measure_understanding(model, job.progress)
    return figures


def table(results: Sequence[Compared]) -> list[str]:
    """Lines of a Markdown table, a way of training each."""
    tasks = list(results[0].figures)
    short = [task.replace(f":{OURS}", ":ours").replace("_task_oriented_en", "") for task in tasks]
    lines = ["| | " + " | ".join(short) + " | mean | s |", "|---" * (len(tasks) + 3) + "|"]
    for one in results:
        cells = [f"{one.figures[task] * 100:.1f}" for task in tasks]
        lines.append(f"| {one.name} | " + " | ".join(cells) + f" | {one.mean * 100:.1f} | {one.seconds:.0f} |")
    return lines
