"""Scores, as the data sets' own publications define them."""

from __future__ import annotations

import re
import string
import typing
from collections import Counter
from collections.abc import Iterable, Sequence

if typing.TYPE_CHECKING:
    from torch import Tensor

Span = tuple[int, int, str]


def slot_f1(pairs: Iterable[tuple[set[Span], set[Span]]]) -> float:
    """Micro F1 of exact spans (predicted, wanted), as in CoNLL-2000."""
    right = predicted = wanted = 0
    for found, truth in pairs:
        right += len(found & truth)
        predicted += len(found)
        wanted += len(truth)
    return 2 * right / (predicted + wanted) if predicted + wanted else 1.0


def answer_f1(answer: str, truths: Sequence[str]) -> float:
    """SQuAD 2.0 token F1 against the best of `truths`; none given means the answer should be empty.

    Chinese is compared character by character, as CMRC 2018 does.
    """
    if not truths:
        return float(not answer.strip())
    return max(_f1(_words(answer), _words(truth)) for truth in truths)


def answer_exact(answer: str, truths: Sequence[str]) -> float:
    """SQuAD 2.0 exact match after normalisation."""
    if not truths:
        return float(not answer.strip())
    return float(any(_words(answer) == _words(truth) for truth in truths))


def _words(text: str) -> list[str]:
    text = "".join(" " if c in string.punctuation or c in "，。、：；？！“”‘’（）《》·—…" else c for c in text.lower())
    text = re.sub(r"\b(a|an|the)\b", " ", text)
    return re.sub(r"([\u4e00-\u9fff])", r" \1 ", text).split()


def _f1(words: list[str], truth: list[str]) -> float:
    if not words or not truth:
        return float(words == truth)
    common = sum((Counter(words) & Counter(truth)).values())
    return 2 * common / (len(words) + len(truth))


def expected_calibration_error(confidence: Tensor, right: Tensor, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Naeini et al. 2015)."""
    error = 0.0
    places = (confidence * bins).long().clamp(0, bins - 1)
    for number in range(bins):
        inside = places == number
        if bool(inside.any()):
            gap = abs(float(confidence[inside].mean()) - float(right[inside].float().mean()))
            error += gap * float(inside.float().mean())
    return error
