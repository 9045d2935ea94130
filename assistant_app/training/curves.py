"""The losses of a training run as a picture beside their tables."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path


def read_curve(file: Path) -> dict[str, list[tuple[int, float]]]:
    """Task -> (step, loss) of a table that the loop wrote."""
    curves: dict[str, list[tuple[int, float]]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            step = int(row.pop("step"))
            for task, loss in row.items():
                if loss:
                    curves.setdefault(task, []).append((step, float(loss)))
    return curves


def draw_curves(runs: Path, report: Callable[[str], None]) -> list[Path]:
    """A PNG beside each `*.csv` in the folders of `runs`; needs matplotlib, and says so where it is missing."""
    tables = sorted(runs.glob("*/*.csv"))
    if not tables:
        return []
    try:
        from matplotlib.figure import Figure
    except ImportError:
        report(
            f"The losses are in {runs}; for pictures of them install matplotlib (pip install 'desk-assistant[train]')."
        )
        return []
    pictures = []
    for table in tables:
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for task, points in read_curve(table).items():
            axes.plot([step for step, _ in points], _smooth([loss for _, loss in points]), label=task, linewidth=1)
        axes.set_xlabel("step")
        axes.set_ylabel("loss (nats), running mean")
        axes.set_title(table.stem)
        axes.legend(fontsize="x-small", ncols=2)
        pictures.append(table.with_suffix(".png"))
        figure.savefig(pictures[-1], dpi=120)
    return pictures


def _smooth(values: list[float]) -> list[float]:
    keep = 1 - 1 / max(1.0, min(50.0, math.sqrt(len(values))))
    result, mean = [], values[0]
    for value in values:
        mean = keep * mean + (1 - keep) * value
        result.append(mean)
    return result
