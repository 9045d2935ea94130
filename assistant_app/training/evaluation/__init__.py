"""Every figure of the model and the assistant, on any folder laid out like our data folder; five sides.

    tasks            each task, set by set (`each_task`); if wished, slots of sentences that are heard (`heard`)
    carry_over       skills it never saw, added by a few sentences (`carry_over`, `left_out`)
    experience       whole conversations, turn by turn (`conversations` and the two files of its sets)
    resources        size, memory, time, energy (`resources`)
    explainability   whether the words shown as the reason are the reason (`explainability`)

Importing this loads no torch, so that memory can be measured before and after. Sets that are not there are left
out, and the report says which and why. Nothing is kept from one run to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from assistant_app.paths import shipped_models_dir
from assistant_app.training.evaluation.conversations import NewAssistant
from assistant_app.training.evaluation.html_report import write_report
from assistant_app.training.evaluation.resources import Weights, resident_mb
from assistant_app.training.evaluation.samples import SETS, OnProgress, Predictions, Samples
from assistant_app.training.tasks import LabelMap

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel
    from assistant_app.training.evaluation.heard import Hear
    from assistant_app.training.job import Job

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
    hear: Hear | None = None,
    sentences_heard: int = 300,
    training: Job | None = None,
    left_out: Sequence[str] = (),
    predictions: TextIO | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> dict[str, Any]:
    """Figures by side, fractions from 0 to 1; under `skipped` what has none, with the reason.

    `limit` takes at most so many texts, questions or conversations of a set, chosen by their hash;
    `held_out_only` leaves out what the released recipe trains on (for our own data folder). `now` is what
    the conversations take for the time. `left_out` names domains to leave out of a `training` of the router
    (`left_out.py`), `hear` has sentences spoken and transcribed (`heard.py`); each takes minutes. Without
    `new_assistant` there are no conversations. Each prediction is written to `predictions` as one JSON line,
    with its side.
    """
    samples = Samples(data, labels, tasks, limit, held_out_only)
    written = Predictions(predictions)
    report: dict[str, Any] = {side: {} for side in SIDES} | {"skipped": samples.skipped()}
    if "resources" in sides:  # before anything else has filled the memory
        from assistant_app.training.evaluation import resources

        report["resources"] = resources.measure(model, weights or Weights(), on_progress)
    if "tasks" in sides:
        from assistant_app.training.evaluation import each_task

        report["tasks"], report["over_all"] = each_task.measure(model, samples, written, on_progress)
        if hear is not None:
            from assistant_app.training.evaluation import heard

            report["over_all"]["heard"] = heard.measure(
                model, samples, hear, written, on_progress, sentences=sentences_heard
            )
    if "carry_over" in sides:
        from assistant_app.training.evaluation import carry_over

        report["carry_over"] = carry_over.measure(model, samples, written, on_progress)
        if training and left_out:
            from assistant_app.training.evaluation import left_out as strict

            report["carry_over"]["left_out"] = strict.measure(
                training,
                model,
                written,
                on_progress,
                sentences_from=shipped_models_dir() / "recipes",
                domains={name: strict.DOMAINS[name] for name in left_out},
            )
        if not report["carry_over"]:
            report["skipped"]["carry_over"] = f"fewer than two new skills in {', '.join(carry_over.SETS)}"
    if "experience" in sides:
        report["experience"] = _experience(model, samples, new_assistant, now, written, on_progress)
        if not report["experience"]:
            report["skipped"]["experience"] = "there are no conversations with programs or frames"
        goal = report["experience"].get("sgd", {}).get("joint_goal_accuracy")
        if goal is not None and "sgd" in report["tasks"]:
            report["tasks"]["sgd"]["joint_goal_accuracy"] = goal
    if "explainability" in sides:
        from assistant_app.training.evaluation import explainability

        report["explainability"] = explainability.measure(model, samples, written, on_progress)
        if not report["explainability"]["texts"]:
            report["skipped"]["explainability"] = "there is no text whose skill is known"
    report["skipped"] |= samples.damaged
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
        # The figures of words to times go down to single kinds; here their sums.
        yield _line(name, {key: value for key, value in figures.items() if not set(key) & set("/:")})
    over_all = report.get("over_all", {})
    if over_all.get("calibration"):
        yield _line("all texts", {**over_all, "calibration_error": over_all["calibration"]["error"]})
    for name, figures in over_all.get("heard", {}).get("heads", {}).items():
        yield _line(f"spoken and heard: {name}", figures)
    if over_all.get("heard"):
        yield _line("spoken and heard", over_all["heard"])
    carry_over = report["carry_over"]
    if carry_over.get("curve"):
        for point in carry_over["curve"]:
            yield _line(f"new skill, {point['examples']} sentences", point, skip=("examples",))
    left_out = carry_over.get("left_out")
    if left_out:
        for name, figures in {**left_out["domains"], "mean": left_out["mean"]}.items():
            yield _line(f"left out of training: {name}", figures)
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
    for name, reason in report.get("skipped", {}).items():
        yield f"{name:32} skipped: {reason}"


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
