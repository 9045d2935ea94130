"""Finds texts by words, forgiving case, accents, half words and slips of the recogniser.

It knows texts, not events.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

PASSING = frozenset(
    "a an and are at for from in is it my of on our that the this to with your 和 在 的".split()  # noqa: SIM905
)
GENERAL = frozenset(
    "appointment appointments call entry event events meeting meetings session thing visit 会议 约会".split()  # noqa: SIM905
)
"""Words that say little about which event is meant."""
_GENERAL_WEIGHT = 0.2
_CLOSE_ENOUGH = 0.8


def best(texts: Sequence[tuple[T, str]], query: str) -> list[T]:
    """The entries that hold the most of the query's words, in the order given; none where no telling word is found."""
    words = fold(query)
    wanted = [word for word in words if word not in PASSING] or words
    if not wanted:
        return []
    scored = [(entry, _score(wanted, text)) for entry, text in texts]
    top = max((score for _, score in scored), default=0.0)
    if top < _GENERAL_WEIGHT:
        return []
    return [entry for entry, score in scored if score >= top - 0.15]


def fold(text: str) -> list[str]:
    """Lower-case words without accents; a run of Chinese characters is one word."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def _score(wanted: list[str], text: str) -> float:
    words = fold(text)
    joined = " ".join(words)
    total = 0.0
    for word in wanted:
        weight = _GENERAL_WEIGHT if word in GENERAL else 1.0
        total += weight * _match(word, words, joined)
    return total


def _match(word: str, words: list[str], joined: str) -> float:
    if word in words:
        return 1.0
    if not word.isascii():
        return 0.9 if word in joined else 0.0
    if len(word) >= 3 and any(other.startswith(word) for other in words):
        return 0.95
    stem = word[:-1] if word.endswith("s") and len(word) > 3 else word
    if stem in words:
        return 0.95
    if len(word) >= 4 and word in joined:
        return 0.9
    if len(word) >= 4 and difflib.get_close_matches(word, words, n=1, cutoff=_CLOSE_ENOUGH):
        return 0.75
    return 0.0
