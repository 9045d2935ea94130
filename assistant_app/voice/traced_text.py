"""A text that is rewritten step by step and remembers where each of its characters comes from.

traced = TracedText("It costs $5.")
traced.sub(re.compile(r"\\$(\\d)"), lambda found: "five dollars")
traced.words()  ->  ("five", 9, 11) for "five": characters 9 to 11 of the first text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_WORD = re.compile(r"\S+")

Place = tuple[int, int]
"""Start and end (exclusive) character offsets in the first text."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is said, and where it stands in the text that is shown."""

    text: str
    start: int
    """Character offset in the shown text."""
    end: int
    """Exclusive."""


class TracedText:
    """`text` changes, `places` (one a character of it) keep pointing into the first text, in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: list[Place] = [(at, at + 1) for at in range(len(text))]

    def sub(self, pattern: re.Pattern[str], said: Callable[[re.Match[str]], str | None] | str) -> None:
        """Every match becomes what `said` gives for it; None leaves it as it is."""
        pieces: list[str] = []
        places: list[Place] = []
        done = 0
        for found in pattern.finditer(self.text):
            new = said if isinstance(said, str) else said(found)
            if new is None or new == found[0]:
                continue
            start, end = found.span()
            pieces += (self.text[done:start], new)
            places += self.places[done:start]
            places += [self._place(start, end)] * len(new)
            done = end
        if done or pieces:
            self.text = "".join((*pieces, self.text[done:]))
            self.places = places + self.places[done:]

    def keep(self, pattern: re.Pattern[str], group: int = 1) -> None:
        """Of every match only the group stays, each of its characters in its own place."""
        kept: list[Place] = []
        done = 0
        for found in pattern.finditer(self.text):
            kept += ((done, found.start()), found.span(group))
            done = found.end()
        if done:
            kept.append((done, len(self.text)))
            self.places = [place for start, end in kept for place in self.places[start:end]]
            self.text = "".join(self.text[start:end] for start, end in kept)

    def words(self) -> Iterator[SpokenWord]:
        """The words of the text as it is now: what has no gap in it."""
        for found in _WORD.finditer(self.text):
            yield SpokenWord(found[0], *self._place(*found.span()))

    def _place(self, start: int, end: int) -> Place:
        if start == end:
            at = self.places[start - 1][1] if start else 0
            if start < len(self.places):  # inside a word that stands for another one
                at = min(at, self.places[start][0])
            return (at, at)
        return (self.places[start][0], max(place[1] for place in self.places[start:end]))
