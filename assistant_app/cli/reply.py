"""`assistant reply`: the dialogue decoder alone, without skills and without routing."""

from __future__ import annotations

import argparse
from typing import Any

from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json
from assistant_app.cli.lines import Line, add_jsonl, answer_lines
from assistant_app.errors import InputError


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("reply", help="a reply in conversation")
    parser.add_argument("text", nargs="?", help="what was said, instead of --jsonl")
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
    limit = invocation.settings.model.reply_tokens

    def answer(line: Line) -> dict[str, Any]:
        pairs, text = exchanges(line.get("history"))
        return {"reply": "".join(brain.reply(pairs, text, max_tokens=limit)).strip()}

    if args.jsonl:
        return answer_lines(answer)
    if args.json:
        print_json(answer({"history": [args.text]}))
        return DONE
    for piece in brain.reply([], args.text, max_tokens=limit):
        print(piece, end="", flush=True)
    print(flush=True)
    return DONE


def exchanges(history: Any) -> tuple[list[tuple[str, str]], str]:
    """(user, assistant) pairs and the text to reply to, from what was said in turn, the last by the user.

    A line is a text, or an object with "role" and "content" ("text" will do); where a speaker has
    several lines in a row they are joined.
    """
    if not isinstance(history, list) or not history:
        raise InputError("bad_line", 'The line needs "history": what was said, oldest first, the last by the user.')
    said: list[tuple[str, str]] = []
    for place, entry in enumerate(history):
        role = "user" if (len(history) - place) % 2 else "assistant"
        content = entry
        if isinstance(entry, dict):
            content = entry.get("content", entry.get("text"))
            role = str(entry.get("role", entry.get("speaker", role)))
        if not isinstance(content, str):
            raise InputError("bad_line", 'Each entry of "history" must be a text or have a "content".')
        role = "assistant" if role in ("assistant", "system", "bot") else "user"
        if said and said[-1][0] == role:
            said[-1] = (role, f"{said[-1][1]}\n{content}")
        else:
            said.append((role, content))
    if said[-1][0] != "user":
        raise InputError("bad_line", 'The last entry of "history" must be by the user.')
    pairs: list[tuple[str, str]] = []
    question = ""
    for role, content in said[:-1]:
        if role == "user":
            question = content
        else:
            pairs.append((question, content))
            question = ""
    return pairs, said[-1][1]
