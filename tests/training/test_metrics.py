"""Scores agree with the definitions of the data sets they belong to."""

from __future__ import annotations

import pytest

from assistant_app.training.metrics import answer_exact, answer_f1, slot_f1


@pytest.mark.parametrize(
    ("answer", "truths", "f1"),
    [
        ("the Norse raiders", ["Norse raiders"], 1.0),
        ("Rollo", ["Rollo, the leader"], 2 / 3),
        ("", [], 1.0),
        ("Rollo", [], 0.0),
        ("", ["Rollo"], 0.0),
        ("1972年", ["1972年12月"], 4 / 6),
    ],
)
def test_answer_f1(answer: str, truths: list[str], f1: float) -> None:
    assert answer_f1(answer, truths) == pytest.approx(f1)


def test_exact_match_ignores_case_articles_and_marks() -> None:
    assert answer_exact("The River.", ["river"]) == 1.0
    assert answer_exact("rivers", ["river"]) == 0.0


def test_slot_f1_counts_exact_spans_only() -> None:
    pairs = [({(0, 3, "title"), (4, 9, "datetime")}, {(0, 3, "title"), (4, 8, "datetime")})]
    assert slot_f1(pairs) == pytest.approx(0.5)
