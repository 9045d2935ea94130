"""`assistant evaluate`: the model's and the assistant's figures on a folder of data sets.

A table on standard output, and with `--report` a page with plots. The conversations run in profiles that are
thrown away; nothing of the user's is read or changed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, print_json, say
from assistant_app.errors import InputError
from assistant_app.paths import shipped_models_dir

if TYPE_CHECKING:
    from assistant_app.app import LazyBrain, LocalAssistant

SIDES = ("tasks", "carry_over", "experience", "resources", "explainability")
_WHEN_WRITTEN = datetime(2019, 3, 1, 8)
"""The day on which the people in the Schema-Guided Dialogue conversations speak; a Friday."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the model on data sets",
        description="Measure the model on every data set in DIR (a folder a set; each *.jsonl.gz is one split): each "
        "task, skills it never saw, whole conversations, resources, and whether its reasons are its reasons.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder a data set")
    parser.add_argument("--task", nargs="+", default=[], metavar="SET", help="only these sets")
    parser.add_argument(
        "--side", nargs="+", default=list(SIDES), choices=SIDES, metavar="SIDE", help=f"only these: {', '.join(SIDES)}"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="at most N texts or conversations of a set, chosen by their hash"
    )
    parser.add_argument(
        "--held-out", action="store_true", help="only texts the released recipe never trains on (our data folder)"
    )
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write every prediction as a JSON line")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html and figures.json into DIR")
    add_json(parser)
    add_clock(parser)
    add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.data.is_dir():
        raise InputError("no_data", f"There is no folder {args.data}. Name one that holds a folder a data set.")
    from assistant_app.app import TRUNK, build_brain, build_model_store
    from assistant_app.training.evaluation import SETS, Weights, evaluate, resident_mb, table, write_report
    from assistant_app.training.tasks import LabelMap

    unknown = sorted(set(args.task) - set(SETS))
    if unknown:
        raise InputError("no_such_set", f"No figures are defined for {', '.join(unknown)}; known: {', '.join(SETS)}.")
    invocation = Invocation(args)
    now = invocation.fixed_now or _WHEN_WRITTEN.replace(tzinfo=invocation.zone)
    before_mb = resident_mb()
    brain = build_brain(invocation.settings, invocation.paths)
    model = brain.load()
    decoders = shipped_models_dir() / "released"
    weights = Weights(build_model_store(invocation.paths).require(TRUNK), decoders, before_mb)
    with contextlib.ExitStack() as stack:
        predictions = stack.enter_context(args.predictions.open("w", encoding="utf-8")) if args.predictions else None
        report = evaluate(
            model,
            args.data,
            LabelMap.load(shipped_models_dir() / "recipes"),
            now=now,
            new_assistant=_new_assistant(invocation, brain),
            weights=weights,
            sides=args.side,
            tasks=args.task,
            limit=args.limit,
            held_out_only=args.held_out,
            predictions=predictions,
            on_progress=stack.enter_context(_progress_bar()),
        )
    if args.report:
        page, figures = write_report(
            report, args.report, title="Evaluation of the assistant", about=_about(args, decoders, now)
        )
        say(f"The report is {page}, its figures {figures}.")
    if args.json:
        print_json(report)
    else:
        for line in table(report):
            print(line)
    return DONE


@contextlib.contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """One bar that starts anew with each thing measured, with the time left of it."""
    from tqdm import tqdm

    with tqdm(unit="", leave=False, dynamic_ncols=True, file=sys.stderr) as bar:
        current = ""

        def progress(name: str, done: int, total: int) -> None:
            nonlocal current
            if name != current:
                current = name
                bar.reset(total=total)
                bar.set_description(name)
            bar.update(done - bar.n)

        yield progress


def _new_assistant(invocation: Invocation, brain: LazyBrain) -> Callable[[Path, datetime], LocalAssistant]:
    """Assistants with profiles of their own and the one model."""
    from assistant_app.app import build_assistant

    def new_assistant(folder: Path, now: datetime) -> LocalAssistant:
        paths = dataclasses.replace(
            invocation.paths, config_dir=folder / "config", data_dir=folder / "data", cache_dir=folder / "cache"
        )
        zone = now.tzinfo.key if isinstance(now.tzinfo, ZoneInfo) else "UTC"
        calendar = dataclasses.replace(invocation.settings.calendar, folder="", time_zone=zone)
        settings = dataclasses.replace(invocation.settings, calendar=calendar)
        assistant = build_assistant(settings, paths, now=lambda: now)
        assistant.brain = brain
        assistant.context = dataclasses.replace(assistant.context, router=brain, answerer=brain, dialogue=brain)
        return assistant

    return new_assistant


def _about(args: argparse.Namespace, decoders: Path, now: datetime) -> list[tuple[str, str]]:
    """What the report says of its run: enough to make it again."""
    checkpoint: dict[str, Any] = json.loads((decoders / "checkpoint.json").read_text(encoding="utf-8"))
    command = ["assistant evaluate --data DIR"]
    command += [f"--task {' '.join(args.task)}"] if args.task else []
    command += [f"--side {' '.join(args.side)}"] if tuple(args.side) != SIDES else []
    command += [f"--limit {args.limit}"] if args.limit is not None else []
    command += ["--held-out"] if args.held_out else []
    return [
        ("command", " ".join(command)),
        ("trunk", str(checkpoint.get("trunk_name", ""))),
        ("decoders trained by", str(checkpoint.get("command", ""))),
        ("measured", datetime.now().astimezone().isoformat(timespec="minutes")),
        ("time in the conversations", now.isoformat(timespec="minutes")),
    ]
