"""`assistant when`: words to times. Needs no weights."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from assistant_app.agenda.when import parse_when
from assistant_app.assistant import language_of, typed_utterance
from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, add_clock, add_json, add_profile, print_json
from assistant_app.cli.lines import Line, add_jsonl, answer_lines, text_of


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("when", help="the time that words name")
    parser.add_argument("text", nargs="?", help="one text, instead of --jsonl")
    parser.add_argument("--language", choices=("en", "zh"), help="the texts' language; else each text tells")
    add_jsonl(parser)
    add_json(parser)
    add_clock(parser)
    add_profile(parser)
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.jsonl == (args.text is not None):
        args.usage_error("give a TEXT or --jsonl")
    invocation = Invocation(args)

    def answer(line: Line) -> dict[str, Any]:
        text = typed_utterance(text_of(line)).text
        return reading_json(text, args.language or language_of(text), invocation.now())

    if args.jsonl:
        return answer_lines(answer)
    found = answer({"text": args.text})
    if args.json:
        print_json(found)
    elif any(found.values()):
        print("  ".join(f"{name}: {value}" for name, value in found.items() if value not in (None, False)))
    else:
        print("There is no time in that.")
        return NOT_DONE
    return DONE


def reading_json(text: str, language: str, now: datetime) -> dict[str, Any]:
    """Local ISO times; all null where the text has no time in it."""
    reading = parse_when(text, now=now, language=language)
    if reading is None:
        return dict.fromkeys(("start", "end", "grain", "all_day", "recurrence"))
    return {
        "start": _local(reading.start),
        "end": _local(reading.end),
        "grain": reading.grain,
        "all_day": reading.all_day,
        "recurrence": reading.recurrence,
    }


def _local(moment: datetime | None) -> str | None:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") if moment else None
