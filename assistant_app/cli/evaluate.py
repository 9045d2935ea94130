"""`assistant evaluate`: the model's figures on a folder of data sets."""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path

from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json, say
from assistant_app.errors import InputError
from assistant_app.paths import shipped_models_dir


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the model on data sets",
        description="Measure the model on every data set in DIR (a folder a set; each *.jsonl.gz is one split).",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder a data set")
    parser.add_argument("--task", nargs="+", default=[], metavar="SET", help="only these sets")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N texts of a set, chosen by their hash")
    parser.add_argument(
        "--held-out", action="store_true", help="only texts the released recipe never trains on (our data folder)"
    )
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write every prediction as a JSON line")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write the figures into DIR")
    add_json(parser)
    add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.data.is_dir():
        raise InputError("no_data", f"There is no folder {args.data}. Name one that holds a folder a data set.")
    from tqdm import tqdm

    from assistant_app.app import build_brain
    from assistant_app.training.evaluate import SETS, evaluate, table
    from assistant_app.training.tasks import LabelMap

    unknown = sorted(set(args.task) - set(SETS))
    if unknown:
        raise InputError("no_such_set", f"No figures are defined for {', '.join(unknown)}; known: {', '.join(SETS)}.")
    invocation = Invocation(args)
    model = build_brain(invocation.settings, invocation.paths).load()
    with contextlib.ExitStack() as stack:
        predictions = stack.enter_context(args.predictions.open("w", encoding="utf-8")) if args.predictions else None
        bar = stack.enter_context(tqdm(unit="text", leave=False))

        def progress(name: str, done: int, total: int) -> None:
            if done <= bar.n:  # the next set
                bar.reset(total=total)
            bar.set_description(name)
            bar.total = total
            bar.update(done - bar.n)

        report = evaluate(
            model,
            args.data,
            LabelMap.load(shipped_models_dir() / "recipes"),
            tasks=args.task,
            limit=args.limit,
            held_out_only=args.held_out,
            predictions=predictions,
            on_progress=progress,
        )
    if args.report:
        args.report.mkdir(parents=True, exist_ok=True)
        (args.report / "figures.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        say(f"The figures are in {args.report / 'figures.json'}.")
    if args.json:
        print_json(report)
    else:
        for line in table(report["tasks"]):
            print(line)
    return DONE
