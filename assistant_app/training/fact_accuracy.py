"""How many open questions the facts in the box answer, and how many of those rightly.

    python -m assistant_app.training.fact_accuracy DIR [--wordnet DIR] [--show wrong|right]

DIR is laid out like the measuring data: nq_open (real searches), webquestions, open_trivia (its choices are not
looked at). Precision counts more than coverage: what is left alone goes on to documents and model. An answer is
right where it has exactly the words of one of the set's, case, articles and marks aside, or holds it whole or lies in
it whole (for numbers: within 3 per cent, since a figure has its year). The sets have answers of 2013 to 2018; what has
changed since is counted as wrong here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant_app.knowledge.facts import FactBase
from assistant_app.knowledge.facts.asking import fold
from assistant_app.paths import resources_dir

SETS = ("nq_open", "webquestions", "open_trivia")
_NEAR = 0.03


@dataclass
class Judged:
    """The questions of one set."""

    questions: int = 0
    right: int = 0
    wrong: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)
    """Question, our answer, theirs."""
    defined: int = 0
    """Words that the dictionary explains: the sets' own wordings cannot judge these."""
    rightly: list[tuple[str, str]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Counts, and shares of all and of the answered."""
        answered = self.right + len(self.wrong)  # without the definitions
        return {
            "questions": self.questions,
            "answered": answered,
            "right": self.right,
            "wrong": len(self.wrong),
            "definitions": self.defined,
            "left_alone": self.questions - answered - self.defined,
            "precision": round(self.right / answered, 4) if answered else 0.0,
        }


def judge(rows: Iterator[tuple[str, Sequence[str]]], facts: FactBase) -> Judged:
    """Every question of a set put to the facts and, where these say nothing, to the dictionary."""
    judged = Judged()
    for question, answers in rows:
        judged.questions += 1
        found = facts.answer(question)
        if found is None:
            judged.defined += facts.define(question) is not None
            continue
        if is_right(found.value, answers):
            judged.right += 1
            judged.rightly.append((question, found.value))
        else:
            judged.wrong.append((question, found.text, answers))
    return judged


def is_right(value: str, answers: Sequence[str]) -> bool:
    """Whether an answer says what one of the set's does."""
    for answer in answers:
        one, other = _plain(value), _plain(answer)
        if not one or not other:
            continue
        if re.search(rf"\b{re.escape(other)}\b", one) or re.search(rf"\b{re.escape(one)}\b", other):
            return True
        numbers = [_number(text) for text in (value, answer)]
        if None not in numbers and numbers[1] and abs((numbers[0] or 0) / numbers[1] - 1) <= _NEAR:
            return True
    return False


def questions_of(data: Path, name: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The questions of a set with their answers."""
    for file in sorted((data / name).glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield row["question"], row.get("answers") or [row["answer"]]


def _plain(text: str) -> str:
    text = fold(text.replace(".", "").replace(",", "")).replace("united states", "us").replace("mt ", "mount ")
    return " ".join(re.sub(r"\b(?:the|a|an|languages?)\b", " ", text).split())


def _number(text: str) -> float | None:
    match = re.match(r"\W*(\d[\d,]*(?:\.\d+)?)\s*(million|billion|trillion)?", text.strip())
    sizes = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
    return float(match[1].replace(",", "")) * sizes.get(match[2] or "", 1) if match else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--show", choices=("wrong", "right"))
    args = parser.parse_args(arguments)
    facts = FactBase(resources_dir() / "facts", [args.wordnet])
    for name in SETS:
        if not (args.data / name).is_dir():
            print(f"{name}: not in {args.data}", file=sys.stderr)  # noqa: T201
            continue
        judged = judge(questions_of(args.data, name), facts)
        print(json.dumps({name: judged.figures()}))  # noqa: T201
        shown = judged.wrong if args.show == "wrong" else judged.rightly if args.show == "right" else ()
        for one in shown:
            print("   ", *one, sep=" | ")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
