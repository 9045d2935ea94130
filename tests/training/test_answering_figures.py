"""How sure an answer must be, from questions kept for that."""

from __future__ import annotations

import torch

from assistant_app.training.answering_figures import _Judged, _probability, calibrated


def judged(margin: float, answerable: bool, f1: float = 0.9) -> _Judged:
    return _Judged(margin, f1 if answerable else 0.0, answerable, "squad2")


def test_the_threshold_parts_answered_questions_from_the_others() -> None:
    some = [judged(m, True) for m in (2.0, 3.0, 4.0, 6.0)] + [judged(m, False) for m in (-5.0, -3.0, -2.0, 0.0)]
    slope, offset, threshold = calibrated(some)
    assert slope > 0
    assert [_probability(j, slope, offset) >= threshold for j in some] == [j.answerable for j in some]


def test_the_probability_is_calibrated_where_the_margin_tells_little() -> None:
    margins = torch.linspace(-4, 4, 41).tolist()
    some = [judged(m, n % 4 != 0) for n, m in enumerate(margins * 4)]
    slope, offset, _ = calibrated(some)
    mean = sum(_probability(j, slope, offset) for j in some) / len(some)
    assert abs(mean - sum(j.answerable for j in some) / len(some)) < 0.02


def test_missing_an_answer_weighs_more_than_giving_one_too_many() -> None:
    # Between -1 and 1 two questions in five have an answer: refusing them all scores higher over all questions.
    between = [judged(-1 + 0.2 * n, n % 5 < 2, 1.0) for n in range(10)]
    sure = [judged(5.0, True, 1.0)] * 2 + [judged(-5.0, False)] * 2
    slope, offset, threshold = calibrated([*between, *sure])
    assert _probability(between[0], slope, offset) >= threshold
    assert _probability(sure[-1], slope, offset) < threshold


def test_without_both_kinds_of_question_nothing_is_learned() -> None:
    assert calibrated([]) == (1.0, 0.0, 0.5)
    assert calibrated([judged(1.0, True)]) == (1.0, 0.0, 0.5)
