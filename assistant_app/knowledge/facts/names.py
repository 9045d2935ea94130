"""Names of things in a question: found as they are, or a letter off where nothing else fits."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from assistant_app.knowledge.facts.asking import fold

_LEAST_FUZZY_LETTERS = 5
_LIKENESS = 0.86


class Names:
    """What things are called, folded, to their keys. A name of two things means neither."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._unclear: set[str] = set()
        self._longest = 1

    def add(self, name: str, key: str) -> None:
        folded = fold(name)
        if not folded or folded in self._unclear:
            return
        if self._keys.setdefault(folded, key) != key:
            del self._keys[folded]
            self._unclear.add(folded)
        self._longest = max(self._longest, len(folded.split()))

    def get(self, name: str) -> str | None:
        return self._keys.get(fold(name))

    def within(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """(start, end, key) of every name among the folded words, longest first."""
        for length in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                key = self._keys.get(" ".join(words[start : start + length]))
                if key is not None:
                    yield start, start + length, key

    def chinese_within(self, text: str) -> Iterator[tuple[str, str]]:
        """(name, key) of every name of Chinese characters in the text, longest first."""
        found = [(name, key) for name, key in self._keys.items() if name in text and not name.isascii()]
        return iter(sorted(found, key=lambda pair: -len(pair[0])))

    def nearly(self, name: str) -> str | None:
        """The key of the one name that this is a slip of."""
        folded = fold(name)
        if len(folded) < _LEAST_FUZZY_LETTERS or not folded.isascii() or folded in self._unclear:
            return None
        near = [known for known in self._keys if known[0] == folded[0] and abs(len(known) - len(folded)) < 3]
        found = difflib.get_close_matches(folded, near, n=3, cutoff=_LIKENESS)
        keys = {self._keys[known] for known in found}
        return keys.pop() if len(keys) == 1 else None


def phrases(table: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """ "a|b c" -> words to what they name, with the folded words as the key."""
    return {tuple(fold(way).split()): named for ways, named in table.items() for way in ways.split("|") if way}
