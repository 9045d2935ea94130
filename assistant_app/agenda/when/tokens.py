"""Text to tokens with their places. It knows no word's meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+|[^\w\s]|[^\W\dA-Za-z_]")
"""Runs of Latin letters, runs of digits, single signs, single characters of other scripts."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    """Lower case."""
    start: int
    end: int
    """Exclusive."""
    after_space: bool
    """Something separates it from the token before."""


def tokenise(text: str) -> list[Token]:
    """Tokens in order; `text[token.start:token.end]` is what was written."""
    tokens: list[Token] = []
    last_end = -1
    for match in _TOKEN.finditer(text.replace("’", "'")):
        word = match.group().lower()
        tokens.append(Token(word, match.start(), match.end(), match.start() != last_end))
        last_end = match.end()
    return tokens
