"""A chart parser: words with types are combined by rules into larger meanings, each with a score.

Rules are written as patterns over types, `the? ORD of? MONTH`; a lower-case symbol is a literal word
or sign. It knows no language and no calendar.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant_app.agenda.when.tokens import Token

_ALTERNATIVES_PER_CELL = 4


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of tokens with a meaning."""

    start: int
    end: int
    """Exclusive."""
    kind: str
    value: Any
    score: float


@dataclass(frozen=True, slots=True)
class Sides:
    """What a rule may look at besides its parts."""

    tokens: Sequence[Token]
    start: int
    end: int
    opens_text: bool = False
    """Nothing stands before `tokens`."""
    closes_text: bool = False
    """Nothing but punctuation stands behind `tokens`."""

    @property
    def ends_text(self) -> bool:
        rest = self.tokens[self.end :]
        return self.closes_text and not any(token.text.isalnum() for token in rest)

    @property
    def is_text(self) -> bool:
        return self.opens_text and self.start == 0 and self.ends_text

    @property
    def tight(self) -> bool:
        """No space inside."""
        return not any(token.after_space for token in self.tokens[self.start + 1 : self.end])


@dataclass(frozen=True, slots=True)
class Rule:
    result: str
    symbols: tuple[str, ...]
    keep: tuple[int, ...]
    """Which symbols carry a value into `make`: those written in upper case."""
    make: Callable[..., Any]
    """(context, sides, *values) -> value, or None where the parts do not fit."""
    bonus: float
    rescue: bool
    """These surroundings make words sure that are doubtful alone ("may", a bare number)."""


class Grammar:
    """Rules and words of a language."""

    def __init__(self) -> None:
        self.words: dict[str, list[tuple[str, Any, float]]] = defaultdict(list)
        self.numeral: tuple[str, Callable[[str], Any]] | None = None
        """Type of a token of digits, and what makes its meaning."""
        self._first: dict[str, list[Rule]] = defaultdict(list)
        self._literals: set[str] = set()

    def word(self, kind: str, entries: dict[str, Any], score: float = 0.0) -> None:
        """Give words (several tokens: separated by spaces) a type and a meaning."""
        for text, value in entries.items():
            self.words[text].append((kind, value, score))

    def rule(
        self, result: str, *patterns: str, bonus: float = 0.0, rescue: bool = False
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate the function that makes a `result` of the values of a pattern's upper-case symbols."""

        def add(make: Callable[..., Any]) -> Callable[..., Any]:
            for pattern in patterns:
                for symbols in _expand(pattern):
                    keep = tuple(n for n, symbol in enumerate(symbols) if symbol[0].isupper())
                    self._first[symbols[0]].append(Rule(result, symbols, keep, make, bonus, rescue))
                    self._literals.update(symbol for symbol in symbols if not symbol[0].isupper())
            return make

        return add

    def lexical(self, tokens: Sequence[Token]) -> list[Item]:
        """Every word and literal in the text."""
        items: list[Item] = []
        for start, token in enumerate(tokens):
            if token.text in self._literals:
                items.append(Item(start, start + 1, token.text, None, 0.0))
            if self.numeral and token.text.isdecimal():
                kind, make = self.numeral
                items.append(Item(start, start + 1, kind, make(token.text), 0.0))
            text = ""
            for end in range(start + 1, min(start + 6, len(tokens)) + 1):
                piece = tokens[end - 1]
                text += (" " if text and piece.after_space else "") + piece.text
                for kind, value, score in self.words.get(text, ()):
                    items.append(Item(start, end, kind, value, score))
        return items

    def parse(
        self,
        tokens: Sequence[Token],
        lexical: Iterable[Item],
        context: object,
        *,
        opens_text: bool = False,
        closes_text: bool = False,
    ) -> list[Item]:
        """Every meaning of every stretch, bottom up."""
        agenda = list(lexical)
        found: list[Item] = []
        best: dict[tuple[int, int, str], dict[Any, float]] = defaultdict(dict)
        by_start: dict[tuple[int, str], list[Item]] = defaultdict(list)
        waiting: dict[tuple[int, str], list[tuple[Rule, int, tuple[Item, ...]]]] = defaultdict(list)
        while agenda:
            item = agenda.pop()
            cell = best[item.start, item.end, item.kind]
            known = cell.get(item.value)
            if (known is not None and known >= item.score) or (known is None and len(cell) >= _ALTERNATIVES_PER_CELL):
                continue
            cell[item.value] = item.score
            found.append(item)
            by_start[item.start, item.kind].append(item)
            active: list[tuple[Rule, int, tuple[Item, ...]]] = [
                (rule, 1, (item,)) for rule in self._first.get(item.kind, ())
            ]
            active += [(r, n + 1, (*parts, item)) for r, n, parts in waiting[item.start, item.kind]]
            while active:
                rule, dot, parts = active.pop()
                end = parts[-1].end
                if dot == len(rule.symbols):
                    sides = Sides(tokens, parts[0].start, end, opens_text, closes_text)
                    self._complete(rule, parts, sides, context, agenda)
                    continue
                wanted = rule.symbols[dot]
                waiting[end, wanted].append((rule, dot, parts))
                active += [(rule, dot + 1, (*parts, nxt)) for nxt in by_start.get((end, wanted), ())]
        return found

    def _complete(self, rule: Rule, parts: tuple[Item, ...], sides: Sides, context: object, agenda: list[Item]) -> None:
        value = rule.make(context, sides, *(parts[n].value for n in rule.keep))
        if value is not None:
            score = sum(max(part.score, 0.0) if rule.rescue else part.score for part in parts) + rule.bonus
            agenda.append(Item(sides.start, sides.end, rule.result, value, score))


def _expand(pattern: str) -> Iterable[tuple[str, ...]]:
    """`a? b|c` -> a b, a c, b, c."""
    choices = []
    for part in pattern.split():
        options: list[str] = part.removesuffix("?").split("|") if len(part) > 1 else [part]
        choices.append([*options, ""] if part.endswith("?") and len(part) > 1 else options)
    for combination in itertools.product(*choices):
        symbols = tuple(symbol for symbol in combination if symbol)
        if symbols:
            yield symbols


def best_cover(items: Iterable[Item], length: int) -> list[Item]:
    """The non-overlapping items with the highest total score."""
    ending: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        if item.score > 0:
            ending[item.end].append(item)
    table: list[tuple[float, tuple[Item, ...]]] = [(0.0, ())]
    for end in range(1, length + 1):
        choice = table[end - 1]
        for item in ending[end]:
            total = table[item.start][0] + item.score
            if total > choice[0]:
                choice = (total, (*table[item.start][1], item))
        table.append(choice)
    return list(table[length][1])
