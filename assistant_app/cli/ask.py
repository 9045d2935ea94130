"""`assistant ask TEXT`: one typed turn."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from assistant_app.cli.invocation import (
    DONE,
    NOT_DONE,
    Invocation,
    add_clock,
    add_json,
    add_profile,
    error_object,
    print_json,
    say,
)
from assistant_app.cli.turns import StreamingPrinter, added, turn_json
from assistant_app.skills.answers import YES
from assistant_app.turn import Cancel, Turn, TurnEvent

_MOST_CONFIRMATIONS = 3


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("ask", help="one request in writing")
    parser.add_argument("text", help="the request, in plain words")
    parser.add_argument("--yes", action="store_true", help="answer confirmations with yes")
    add_json(parser)
    add_clock(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_assistant

    invocation = Invocation(args)
    assistant = build_assistant(invocation.settings, invocation.paths, now=invocation.clock)
    printer = StreamingPrinter()

    def emit(event: TurnEvent) -> None:
        if not args.json:
            printer.emit(event)

    turn = assistant.run_turn(args.text, emit=emit, cancel=Cancel(), speak=False)
    for _ in range(_MOST_CONFIRMATIONS if args.yes else 0):
        label = _yes_label(turn)
        if label is None:
            break
        if not args.json:
            printer.finish(turn)
            printer = StreamingPrinter()
        confirmed = assistant.run_turn(label, emit=emit, cancel=Cancel(), speak=False)
        turn = dataclasses.replace(
            confirmed,
            utterance=turn.utterance,
            route=turn.route,
            timings=added(turn.timings, confirmed.timings),
        )
    return show(turn, printer, as_json=args.json)


def show(turn: Turn, printer: StreamingPrinter, *, as_json: bool) -> int:
    """Print the finished turn; the exit status of the command."""
    reply = turn.reply.text if turn.reply else ""
    if turn.outcome in ("failed", "heard_nothing", "cancelled"):
        code = turn.error_code or turn.outcome
        if as_json:
            print_json(error_object(code, reply))
        say(reply or "Stopped.")
        return NOT_DONE
    if turn.problem:
        say(turn.problem)
    if as_json:
        print_json(turn_json(turn))
    else:
        printer.finish(turn)
    return DONE


def _yes_label(turn: Turn) -> str | None:
    pending = turn.reply.pending if turn.reply else None
    return next((choice.label for choice in pending.choices if choice.value == YES), None) if pending else None
