"""`assistant route`: which skill and intent a text goes to, without doing anything."""

from __future__ import annotations

import argparse
from typing import Any

from assistant_app.assistant import typed_utterance
from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json
from assistant_app.cli.lines import Line, add_jsonl, answer_lines, text_of
from assistant_app.cli.turns import route_json, why_json, why_lines


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("route", help="which skill a text goes to")
    parser.add_argument("text", nargs="?", help="one text, instead of --jsonl")
    parser.add_argument("--why", action="store_true", help="show the evidence as well")
    add_jsonl(parser)
    add_json(parser)
    add_profile(parser)
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_brain

    if args.jsonl == (args.text is not None):
        args.usage_error("give a TEXT or --jsonl")
    invocation = Invocation(args)
    brain = build_brain(invocation.settings, invocation.paths)

    def answer(line: Line) -> dict[str, Any]:
        route = brain.route(typed_utterance(text_of(line)))
        return {**route_json(route), **({"why": why_json(route)} if args.why else {})}

    if args.jsonl:
        return answer_lines(answer)
    if args.json:
        print_json(answer({"text": args.text}))
        return DONE
    route = brain.route(typed_utterance(args.text))
    if args.why:
        print("\n".join(why_lines(route)))
        return DONE
    print(f"{route.skill} / {route.intent} ({route.confidence:.0%})")
    for slot in route.slots:
        print(f"  {slot.name}: {slot.text}")
    return DONE
