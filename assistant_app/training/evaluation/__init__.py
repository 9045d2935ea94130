"""Every figure of the model and the assistant, on any folder laid out like our data folder; five sides.

    tasks            each task, set by set (`each_task`)
    carry_over       skills it never saw, added by a few sentences (`carry_over`)
    experience       whole conversations, turn by turn (`conversations` and the two files of its sets)
    resources        size, memory, time, energy (`resources`)
    explainability   whether the words shown as the reason are the reason (`explainability`)

Sets that are not there are left out. Nothing is kept from one run to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from assistant_app.training.evaluation.conversations import NewAssistant
from assistant_app.training.evaluation.html_report import write_report
from assistant_app.training.evaluation.resources import Weights, resident_mb
from assistant_app.training.evaluation.samples import SETS, OnProgress, Predictions, Samples
from assistant_app.training.tasks import LabelMap

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel

__all__ = ["SETS", "SIDES", "NewAssistant", "Weights", "evaluate", "resident_mb", "table", "write_report"]

SIDES = ("tasks", "carry_over", "experience", "resources", "explainability")


def evaluate(
    model: MultiTaskModel,
    data: Path,
    labels: LabelMap,
    *,
    now: datetime,
    new_assistant: NewAssistant | None = None,
    weights: Weights | None = None,
    sides: Sequence[str] = SIDES,
    tasks: Sequence[str] = (),
    limit: int | None = None,
    held_out_only: bool = False,
    predictions: TextIO | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> dict[str, Any]:
    """Figures by side, fractions from 0 to 1.

    `limit` takes at most so many texts, questions or conversations of a set, chosen by their hash;
    `held_out_only` leaves out what the released recipe trains on (for our own data folder). `now` is what
    the conversations take for the time. Without `new_assistant` there are no conversations. Each prediction
    is written to `predictions` as one JSON line, with its side.
    """
    samples = Samples(data, labels, tasks, limit, held_out_only)
    written = Predictions(predictions)
    report: dict[str, Any] = {side: {} for side in SIDES}
    if "tasks" in sides:
        from assistant_app.training.evaluation import each_task

        report["tasks"], report["over_all"] = each_task.measure(model, samples, written, on_progress)
    if "carry_over" in sides:
        from assistant_app.training.evaluation import carry_over

        report["carry_over"] = carry_over.measure(model, samples, written, on_progress)
    if "experience" in sides:
        report["experience"] = _experience(model, samples, new_assistant, now, written, on_progress)
        goal = report["experience"].get("sgd", {}).get("joint_goal_accuracy")
        if goal is not None and "sgd" in report["tasks"]:
            report["tasks"]["sgd"]["joint_goal_accuracy"] = goal
    if "explainability" in sides:
        from assistant_app.training.evaluation import explainability

        report["explainability"] = explainability.measure(model, samples, written, on_progress)
    if "resources" in sides:
        from assistant_app.training.evaluation import resources

        report["resources"] = resources.measure(model, weights or Weights(), on_progress)
    return report


def _experience(
    model: MultiTaskModel,
    samples: Samples,
    new_assistant: NewAssistant | None,
    now: datetime,
    predictions: Predictions,
    on_progress: OnProgress,
) -> dict[str, Any]:
    from assistant_app.training.evaluation import sgd_conversations, sgd_state, smcalflow_conversations

    there = samples.sets()
    results: dict[str, Any] = {"now": now.isoformat()}
    if sgd_state.SET in there:
        results["sgd"] = sgd_state.measure(model, samples, now, predictions, on_progress)
        if new_assistant is not None:
            results["sgd"] |= sgd_conversations.measure(new_assistant, samples, now, predictions, on_progress)
    if smcalflow_conversations.SET in there and new_assistant is not None:
        results["smcalflow"] = smcalflow_conversations.measure(new_assistant, samples, now, predictions, on_progress)
    return results if len(results) > 1 else {}


def table(report: Mapping[str, Any]) -> Iterator[str]:
    """The report's main figures as lines of text, a side after the other."""
    for name, figures in report["tasks"].items():
        yield _line(name, figures)
    over_all = report.get("over_all", {})
    if over_all.get("calibration"):
        yield _line("all texts", {**over_all, "calibration_error": over_all["calibration"]["error"]})
    carry_over = report["carry_over"]
    if carry_over.get("curve"):
        for point in carry_over["curve"]:
            yield _line(f"new skill, {point['examples']} sentences", point, skip=("examples",))
    for name, figures in report["experience"].items():
        if isinstance(figures, dict):
            yield _line(f"conversations: {name}", figures)
    for name in ("route", "reply", "memory_mb", "parameters", "bytes_on_disk"):
        if report["resources"].get(name):
            yield _line(name, report["resources"][name])
    if report["resources"].get("energy"):
        yield f"{'energy':32} {report['resources']['energy']}"
    if report["explainability"].get("curve"):
        for point in report["explainability"]["curve"]:
            yield _line(f"{point['removed']} words taken out", point, skip=("removed",))


def _line(name: str, figures: Mapping[str, Any], skip: Sequence[str] = ()) -> str:
    shown = []
    for key, value in figures.items():
        if isinstance(value, dict) and set(value) == {"p50", "p95"}:
            shown.append(f"{key} p50 {number(value['p50'])} p95 {number(value['p95'])}")
        elif isinstance(value, int | float) and key not in skip:
            shown.append(f"{key} {number(value)}")
    return f"{name:32} {'  '.join(shown)}"


def number(value: float) -> str:
    """Fractions with three places, greater numbers shorter."""
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"
