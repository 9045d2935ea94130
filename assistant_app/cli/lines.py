"""JSON lines in, JSON lines out: each line is answered as it arrives.

A line that cannot be used gets an error object of its own, and the next one is read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from assistant_app.cli.invocation import DONE, NOT_DONE, error_object, print_json
from assistant_app.errors import AssistantError, InputError

Line = Mapping[str, Any]


def add_jsonl(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jsonl", action="store_true", help="read JSON objects from standard input, one a line")


def answer_lines(answer: Callable[[Line], dict[str, Any]]) -> int:
    """Print the answer to each line of standard input, with the line's id."""
    status = DONE
    for raw in iter(sys.stdin.readline, ""):
        if not raw.strip():
            continue
        given: Any = None
        try:
            given = json.loads(raw)
            if not isinstance(given, dict):
                raise InputError("bad_line", "Each line must be a JSON object.")
            print_json({"id": given.get("id"), **answer(given)})
        except json.JSONDecodeError as error:
            status = NOT_DONE
            print_json({"id": None, **error_object("bad_line", f"This line is not JSON: {error}.")})
        except AssistantError as error:
            status = NOT_DONE
            identity = given.get("id") if isinstance(given, dict) else None
            print_json({"id": identity, **error_object(error.code, error.message)})
    return status


def text_of(line: Line, name: str = "text") -> str:
    """A text the line must have."""
    value = line.get(name)
    if not isinstance(value, str):
        raise InputError("bad_line", f'The line needs "{name}" with a text.')
    return value
