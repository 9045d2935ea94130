"""`assistant personal ...`: what was put right, and the personal adapter that is made of it.

Fitting it is `assistant train --personal`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant_app.brain.personal import PersonalFolder, PersonalRecord
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, print_json
from assistant_app.cli.turns import slot_json
from assistant_app.errors import InputError
from assistant_app.memory.corrections import Correction, Corrections
from assistant_app.turn import Slot

Told = tuple[dict[str, Any], str]
"""The JSON object, and the words for people."""
NEXT_START = "It counts from the next start of the assistant."


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("personal", help="your corrections and what they changed")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the personal adapter and what was measured")
    listing = actions.add_parser("list", help="what you put right")
    add = actions.add_parser("add", help="put a sentence right")
    add.add_argument("text", help="the sentence as you say it")
    add.add_argument("--meant", metavar="SKILL/INTENT", help="what it means, for example question_answering/ask")
    add.add_argument("--was", metavar="SKILL/INTENT", default="", help="what it was taken for")
    add.add_argument(
        "--slot", action="append", metavar="NAME=WORDS", help="one of its slots, for example title=swim lesson; all"
    )
    add.set_defaults(usage_error=add.error)
    add_clock(add)
    forget = actions.add_parser("forget", help="delete corrections")
    forget.add_argument("id", nargs="*", help="as in `assistant personal list`")
    forget.add_argument("--all", action="store_true", help="every one")
    forget.set_defaults(usage_error=forget.error)
    on = actions.add_parser("on", help="use the personal adapter")
    off = actions.add_parser("off", help="leave it aside")
    export = actions.add_parser("export", help="copy the adapter and the corrections to a folder")
    export.add_argument("folder", type=Path, metavar="DIR")
    delete = actions.add_parser("delete", help="delete the adapter; the corrections stay")
    for action in (show, listing, add, forget, on, off, export, delete):
        add_json(action)
        add_profile(action)


def run(args: argparse.Namespace) -> int:
    invocation = Invocation(args)
    corrections = Corrections(invocation.paths.corrections_file)
    adapter = PersonalFolder(invocation.paths.personal_dir)
    acts: dict[str, Callable[[], Told]] = {
        "show": lambda: _shown(adapter.record(), corrections),
        "list": lambda: _listed(corrections),
        "add": lambda: _added(args, corrections, invocation.now()),
        "forget": lambda: _forgotten(args, corrections),
        "on": lambda: _switched(adapter, True),
        "off": lambda: _switched(adapter, False),
        "export": lambda: _exported(adapter, corrections, args.folder),
        "delete": lambda: _deleted(adapter),
    }
    result, words = acts[args.action]()
    if args.json:
        print_json(result)
    else:
        print(words)
    return DONE


def record_json(record: PersonalRecord | None) -> dict[str, Any] | None:
    """The adapter's record."""
    return None if record is None else {**asdict(record), "figures": dict(record.figures)}


def _shown(record: PersonalRecord | None, corrections: Corrections) -> Told:
    kept = len(corrections.newest())
    result = {"adapter": record_json(record), "corrections": kept}
    if record is None:
        return (
            result,
            f"There is no personal adapter; {kept} corrections are kept. Make one: assistant train --personal",
        )
    lines = [
        f"Personal adapter of {record.made}, {'on' if record.on else 'off'}: "
        f"fitted on {record.corrections} corrections ({kept} are kept now)."
    ]
    lines += [f"{value:10.4g}  {name.replace('_', ' ')}" for name, value in record.figures.items()]
    return result, "\n".join(lines)


def _listed(corrections: Corrections) -> Told:
    kept = corrections.all()
    lines = [
        f"{one.id}  {one.at:%Y-%m-%d %H:%M}  “{one.text}”  {one.was or '?'} → {one.meant or 'something else'}"
        + "".join(f"  [{slot.name}: {slot.text}]" for slot in one.slots or ())
        for one in kept
    ]
    return {"corrections": [_json(one) for one in kept]}, "\n".join(lines) or "Nothing was put right yet."


def _added(args: argparse.Namespace, corrections: Corrections, now: datetime) -> Told:
    if not args.meant and not args.was:
        args.usage_error(
            "say what it means (--meant SKILL/INTENT) or what it was wrongly taken for (--was SKILL/INTENT)"
        )
    for label in filter(None, (args.meant, args.was)):
        if "/" not in label:
            raise InputError("bad_label", f"“{label}” is no SKILL/INTENT, for example scheduling/set_reminder.")
    slots = None if args.slot is None else [_slot(args.text, given) for given in args.slot]
    added = corrections.add(args.text, was=args.was, meant=args.meant, at=now, slots=slots)
    return _json(added), f"Kept as {added.id}. Learn from it: assistant train --personal"


def _slot(text: str, given: str) -> Slot:
    name, _, words = given.partition("=")
    start = text.casefold().find(words.casefold())
    if not name or not words or start < 0:
        raise InputError("bad_slot", f"“{given}” is no NAME=WORDS with words of the sentence, for example title=lunch.")
    return Slot(name, text[start : start + len(words)], start, start + len(words))


def _forgotten(args: argparse.Namespace, corrections: Corrections) -> Told:
    if bool(args.id) == args.all:
        args.usage_error("give an ID, or --all")
    count = corrections.clear() if args.all else corrections.delete(args.id)
    if args.id and not count:
        raise InputError("unknown_correction", "There is no such correction. See: assistant personal list")
    return {
        "forgotten": count
    }, f"Forgotten: {count}. What was learned from them stays until: assistant train --personal"


def _switched(adapter: PersonalFolder, on: bool) -> Told:
    record = adapter.switch(on)
    return {"adapter": record_json(record)}, f"The personal adapter is {'on' if on else 'off'}. {NEXT_START}"


def _exported(adapter: PersonalFolder, corrections: Corrections, folder: Path) -> Told:
    files = list(adapter.export(folder))
    copy = Corrections(folder / corrections.file.name)
    copy.clear()
    for one in corrections.all():
        copy.add(one.text, was=one.was, meant=one.meant, at=one.at, slots=one.slots)
    if copy.file.exists():
        files.append(copy.file)
    return {"files": [str(file) for file in files]}, "\n".join(map(str, files))


def _deleted(adapter: PersonalFolder) -> Told:
    there = adapter.delete()
    words = f"The personal adapter is deleted. {NEXT_START}" if there else "There was no personal adapter."
    return {"deleted": there}, words


def _json(one: Correction) -> dict[str, Any]:
    slots = None if one.slots is None else [slot_json(slot) for slot in one.slots]
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "text": one.text,
        "was": one.was,
        "meant": one.meant,
        "slots": slots,
    }
