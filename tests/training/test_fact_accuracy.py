"""How answers from the box are judged against those of a data set."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from assistant_app.knowledge.facts import FactBase
from assistant_app.paths import resources_dir
from assistant_app.training.fact_accuracy import is_right, judge, main, questions_of


@pytest.mark.parametrize(
    ("value", "answers", "right"),
    [
        ("Brasília", ["Brasilia"], True),
        ("Japanese yen", ["The Yen"], True),
        ("Washington, D.C.", ["Washington D.C."], True),
        ("68,512,806", ["68 million"], True),
        ("68,512,806", ["40 million"], False),
        ("US dollar", ["United States dollar"], True),
        ("Paris", ["Lyon", "Nice"], False),
        ("Bern", ["Bernard"], False),
        ("", ["anything"], False),
    ],
)
def test_answer_is_right_in_other_case_accents_and_years(value: str, answers: list[str], right: bool) -> None:
    assert is_right(value, answers) is right


def test_set_is_counted_by_what_was_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"question": "what is the capital of France", "answers": ["Paris"]},
        {"question": "what is the capital of Peru", "answers": ["Cusco"]},
        {"question": "who sings this song", "answers": ["Poison"]},
    ]
    (tmp_path / "nq_open").mkdir()
    with gzip.open(tmp_path / "nq_open" / "dev.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    facts = FactBase(resources_dir() / "facts")
    figures = judge(questions_of(tmp_path, "nq_open"), facts).figures()
    assert (figures["right"], figures["wrong"], figures["left_alone"], figures["precision"]) == (1, 1, 1, 0.5)
    assert main([str(tmp_path), "--wordnet", str(tmp_path), "--show", "wrong"]) == 0
    assert "Cusco" in capsys.readouterr().out
