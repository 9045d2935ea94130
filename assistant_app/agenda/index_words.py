"""Words of events for the full-text index, and what a person typed or said as queries of it.

The index finds whole words and beginnings of words by itself. Middles of words and slips of a finger
or a recogniser are looked up among the words that the index holds. It knows no events.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from assistant_app.agenda.word_search import GENERAL, PASSING, fold

_HAN = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff])")
_CLOSE_ENOUGH = 0.8
_MOST_ALTERNATIVES = 40
_MOST_TERMS = 4000
"""Words looked at for a slip."""


class Terms(Protocol):
    def terms_like(self, pattern: str, lengths: tuple[int, int], limit: int) -> list[str]:
        """Words in the index that fit a GLOB pattern and are so many letters long."""


def indexed_words(texts: Iterable[str]) -> str:
    """Folded words, one space between; each Chinese or Japanese character is a word of its own."""
    return _spaced(" ".join(fold(" ".join(texts))))


def _spaced(text: str) -> str:
    return " ".join(_HAN.sub(r" \1 ", text).split())


def queries(text: str, terms: Terms) -> tuple[list[str], str]:
    """Full-text queries for a request: those that ask for all of its telling words, strictest first, and the one that
    asks for any of them. Nothing for a request without words."""
    words = fold(text)
    telling = [word for word in words if word not in PASSING] or words
    particular = [word for word in telling if word not in GENERAL]
    alternatives = {word: _alternatives(word, terms) for word in dict.fromkeys(telling)}
    found = [word for word in particular if alternatives[word]]
    all_of: list[str] = []
    for wanted in (telling, particular):
        if wanted and all(alternatives[word] for word in wanted):
            all_of.append(" AND ".join(alternatives[word] for word in wanted))
    any_of = " OR ".join(alternatives[word] for word in found)
    return list(dict.fromkeys(all_of)), any_of


def _alternatives(word: str, terms: Terms) -> str:
    """The word as a query, or what the index has in its place; empty where it has nothing like it."""
    if _HAN.search(word):
        return f'"{_spaced(word)}"'
    stem = word[:-1] if word.endswith("s") and len(word) > 3 else word
    prefix = len(word) >= 3
    if terms.terms_like(f"{word}*" if prefix else word, (1, 100), 1) or terms.terms_like(stem, (1, 100), 1):
        query = f'"{word}"*' if prefix else f'"{word}"'
        return query if stem == word else f'({query} OR "{stem}")'
    return _any(_middles(word, terms) or _slips(word, terms))


def _middles(word: str, terms: Terms) -> list[str]:
    return terms.terms_like(f"*{word}*", (len(word), 100), _MOST_ALTERNATIVES) if len(word) >= 4 else []


def _slips(word: str, terms: Terms) -> list[str]:
    """Words that differ by a letter or so; the first letter is tried as heard before any other is."""
    if len(word) < 4 or not word.isascii():
        return []
    lengths = (len(word) - 2, len(word) + 2)
    for pattern in (f"{word[0]}*", f"*{word[-2:]}"):
        known = terms.terms_like(pattern, lengths, _MOST_TERMS)
        close = difflib.get_close_matches(word, known, n=3, cutoff=_CLOSE_ENOUGH)
        if close:
            return close
    return []


def _any(words: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")" if words else ""
