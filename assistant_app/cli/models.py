"""`assistant models list|fetch|verify|card`: the third-party weights, from the terminal.

What a fetch does is in `model_store`; here are only arguments, bars and sentences.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from assistant_app.cli import INTERRUPTED
from assistant_app.cli.invocation import print_json, say
from assistant_app.errors import ModelError
from assistant_app.model_store import Manifest, ModelEntry, ModelStatus, ModelStore, Progress
from assistant_app.paths import find_paths, shipped_models_dir

_STATES = {"ready": "ready", "missing": "not fetched", "damaged": "DAMAGED", "outdated": "outdated"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("models", help="list, fetch and verify the model weights")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|fetch|verify|card")
    listing = actions.add_parser("list", help="which models there are and whether they are on this machine")
    fetch = actions.add_parser("fetch", help="bring what is missing or damaged")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="these only, instead of all that are needed")
    fetch.add_argument("--all", action="store_true", help="the optional ones too")
    verify = actions.add_parser("verify", help="hash every file again")
    verify.add_argument("names", nargs="*", metavar="NAME", help="these only")
    for action in (listing, fetch, verify):
        action.add_argument("--json", action="store_true", help="one JSON object on standard output")
    card = actions.add_parser("card", help="what a model is, where it comes from, its licence and limits")
    card.add_argument("names", nargs=1, metavar="NAME")


def run(args: argparse.Namespace) -> int:
    paths = find_paths(args.profile)
    manifest = Manifest.load(shipped_models_dir() / "manifest.toml")
    store = ModelStore(manifest, paths.weights_search_path(), paths.weights_dir)
    if args.action == "list":
        return _list(store, as_json=args.json)
    if args.action == "card":
        return _card(manifest, args.names[0])
    if args.action == "verify":
        return _verify(store, args.names, as_json=args.json)
    names = args.names or (list(manifest.names) if args.all else [])
    return _fetch(store, names, as_json=args.json)


def _list(store: ModelStore, *, as_json: bool) -> int:
    entries = store.manifest.models
    statuses = [store.status(entry.name) for entry in entries]
    if as_json:
        print_json({"models": [_as_table(e, s) for e, s in zip(entries, statuses, strict=True)]})
        return 0
    for entry, status in zip(entries, statuses, strict=True):
        state = _STATES[status.state] + (", optional" if entry.optional and status.state == "missing" else "")
        print(
            f"{entry.name:<28} {state:<22} {_megabytes(entry.installed_bytes):>8}  {entry.licence:<11} {entry.purpose}"
        )
    return 0


def _verify(store: ModelStore, names: list[str], *, as_json: bool) -> int:
    with _Bars() as bars:
        statuses = store.verify(names, bars.show)
    bad = [status for status in statuses if status.state != "ready"]
    if as_json:
        table: dict[str, Any] = {"models": [_as_table(store.manifest.get(s.name), s) for s in statuses]}
        if bad:
            code = "model_missing" if bad[0].state == "missing" else "model_damaged"
            table["error"] = {"code": code, "message": bad[0].problem}
        print_json(table)
    else:
        for status in statuses:
            print(f"{status.name:<28} {'whole' if status.state == 'ready' else status.problem}")
    return 1 if bad else 0


def _fetch(store: ModelStore, names: list[str], *, as_json: bool) -> int:
    try:
        with _Bars() as bars:
            store.fetch(names, bars.show)
    except KeyboardInterrupt:
        say("Stopped. What has arrived is kept: `assistant models fetch` goes on from there.")
        return INTERRUPTED
    if as_json:
        wanted = names or [entry.name for entry in store.manifest.models if not entry.optional]
        print_json({"models": [_as_table(store.manifest.get(name), store.status(name)) for name in wanted]})
    return 0


def _card(manifest: Manifest, name: str) -> int:
    entry = manifest.get(name)
    try:
        print((shipped_models_dir() / "cards" / f"{entry.name}.md").read_text(encoding="utf-8").rstrip())
    except OSError as problem:
        raise ModelError("card_missing", f"The card of {name} cannot be read: {problem.strerror}.") from problem
    return 0


def _as_table(entry: ModelEntry, status: ModelStatus) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "state": status.state,
        "path": str(status.path) if status.path else None,
        "problem": status.problem or None,
        "licence": entry.licence,
        "optional": entry.optional,
        "download_bytes": entry.download_bytes,
        "installed_bytes": entry.installed_bytes,
    }


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


class _Bars:
    """Progress on standard error: a bar a stage in a terminal, a line a stage in a file."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage: tuple[str, str] | None = None
        self._in_terminal = sys.stderr.isatty()

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def show(self, progress: Progress) -> None:
        if progress.note:
            self._close()
            self._stage = None
            say(progress.note)
            return
        if progress.stage == "connecting":
            return  # seconds, and between two packages of one download it would tear the bar
        stage = (progress.name, progress.stage)
        if stage != self._stage:
            self._close()
            self._stage = stage
            self._start(progress)
        if self._bar is not None:
            self._bar.total = progress.total_bytes or None
            self._bar.update(progress.done_bytes - self._bar.n)

    def _start(self, progress: Progress) -> None:
        if progress.stage == "done":
            say(f"{progress.name}: ready")
        elif self._in_terminal:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=f"{progress.name}: {progress.stage}",
                total=progress.total_bytes or None,
                unit="B",
                unit_scale=True,
                leave=progress.stage == "downloading",
                file=sys.stderr,
            )
        else:
            size = f" ({_megabytes(progress.total_bytes)})" if progress.total_bytes else ""
            say(f"{progress.name}: {progress.stage}{size}")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
