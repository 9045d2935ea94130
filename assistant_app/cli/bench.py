"""`assistant bench`: how fast it is here. The numbers in the README come from this command.

Each group is a module `bench_GROUP` with `measure(bench)`, which gives a JSON object, and
`print_table(results)`. Everything runs in a profile of its own that is thrown away; the calendar and
documents of the user are not touched. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from assistant_app.cli.bench_run import EVENTS, BenchRun
from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json

GROUPS = ("start", "agenda", "brain", "memory", "turn")
"""In the order they run: what loads comes after what must not have been loaded."""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("bench", help="measure speed and memory")
    parser.add_argument("group", nargs="*", type=_group, metavar="GROUP", help=f"{', '.join(GROUPS)}; else all of them")
    parser.add_argument("--repeat", type=_count, default=5, metavar="N", help="runs a figure is the median of")
    parser.add_argument(
        "--events", type=_count, nargs="+", default=EVENTS, metavar="N", help="agenda: sizes of the calendar"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="agenda: write how it grows as an SVG file")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    invocation = Invocation(args)
    results: dict[str, Any] = {"machine": _machine()}
    with tempfile.TemporaryDirectory(prefix="assistant-bench-") as folder:
        place = Path(folder)
        paths = dataclasses.replace(
            invocation.paths, config_dir=place / "config", data_dir=place / "data", cache_dir=place / "cache"
        )
        bench = BenchRun(
            invocation.settings, invocation.paths, paths, place, args.repeat, tuple(args.events), args.plot
        )
        try:
            for name in (name for name in GROUPS if not args.group or name in args.group):
                results[name] = _module(name).measure(bench)
        finally:
            bench.close()
    if args.json:
        print_json(results)
    else:
        _print_tables(results)
    return DONE


def _module(group: str) -> Any:
    return importlib.import_module(f"assistant_app.cli.bench_{group}")


def _machine() -> dict[str, Any]:
    return {"cpu_count": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def _print_tables(results: dict[str, Any]) -> None:
    machine = results["machine"]
    print(f"{machine['cpu_count']} CPU cores, {machine['system']}, Python {machine['python']}")
    for name in GROUPS:
        if name in results:
            _module(name).print_table(results[name])


def _group(text: str) -> str:
    if text not in GROUPS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(GROUPS)}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)
