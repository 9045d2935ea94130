"""A chart parser: words with types are combined by rules into larger meanings, each with a score.

Rules are written as patterns over types, `the? ORD of? MONTH`; a lower-case symbol is a literal word
or sign. It knows no language and no calendar.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from assistant_app.agenda.when.tokens import Token, tokenise

_ALTERNATIVES_PER_CELL = 4


class Item(NamedTuple):
    """A stretch of tokens with a meaning."""

    start: int
    end: int
    """Exclusive."""
    kind: str
    value: Any
    score: float


class Sides:
    """What a rule may look at besides its parts."""

    __slots__ = ("end", "start", "tokens")

    def __init__(self, tokens: Sequence[Token], start: int, end: int) -> None:
        self.tokens = tokens
        """The whole text."""
        self.start = start
        self.end = end

    @property
    def first(self) -> str:
        return self.tokens[self.start].text

    @property
    def last(self) -> str:
        return self.tokens[self.end - 1].text

    @property
    def before(self) -> str:
        """The token before, empty at the start of the text."""
        return self.tokens[self.start - 1].text if self.start else ""

    @property
    def after(self) -> str:
        """The token behind, empty at the end of the text."""
        return self.tokens[self.end].text if self.end < len(self.tokens) else ""

    @property
    def ends_text(self) -> bool:
        """Nothing but punctuation stands behind."""
        return not any(token.text.isalnum() for token in self.tokens[self.end :])

    @property
    def is_text(self) -> bool:
        return self.start == 0 and self.ends_text

    @property
    def tight(self) -> bool:
        """No space inside."""
        return not any(token.after_space for token in self.tokens[self.start + 1 : self.end])

    def has(self, *words: str) -> bool:
        """One of these words stands inside."""
        return any(token.text in words for token in self.tokens[self.start : self.end])


@dataclass(frozen=True, slots=True)
class Rule:
    result: str
    keep: tuple[int, ...]
    """Which symbols carry a value into `make`: those written in upper case."""
    make: Callable[..., Any]
    """(context, sides, *values) -> value, or None where the parts do not fit."""
    bonus: float
    rescue: bool
    """These surroundings make words sure that are doubtful alone ("may", a bare number)."""


class _State:
    """A place in the rules reached by a row of types; rules that begin alike share it."""

    __slots__ = ("following", "rules")

    def __init__(self) -> None:
        self.following: dict[str, _State] = {}
        self.rules: list[Rule] = []


class Grammar:
    """Rules and words of a language."""

    def __init__(self) -> None:
        self.words: dict[str, list[tuple[str, Any, float]]] = defaultdict(list)
        self.numeral: tuple[str, Callable[[str], Any]] | None = None
        """Type of a token of digits, and what makes its meaning."""
        self._rules = _State()
        self._literals: set[str] = set()
        self._longest: dict[str, int] = {}
        """By a first token: of how many tokens the longest word is that begins with it."""

    def word(self, kind: str, entries: Mapping[str, Any], score: float = 0.0) -> None:
        """Give words (several tokens: separated by spaces) a type and a meaning."""
        for text, value in entries.items():
            tokens = tokenise(text)
            self.words[text].append((kind, value, score))
            first = tokens[0].text
            self._longest[first] = max(self._longest.get(first, 1), len(tokens))

    def rule(
        self, result: str, *patterns: str, bonus: float = 0.0, rescue: bool = False
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate the function that makes a `result` of the values of a pattern's upper-case symbols."""

        def add(make: Callable[..., Any]) -> Callable[..., Any]:
            for pattern in patterns:
                for symbols in _expand(pattern):
                    state = self._rules
                    for symbol in symbols:
                        state = state.following.setdefault(symbol, _State())
                    keep = tuple(n for n, symbol in enumerate(symbols) if symbol[0].isupper())
                    state.rules.append(Rule(result, keep, make, bonus, rescue))
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
            longest = self._longest.get(token.text)
            if longest is None:
                continue
            text = ""
            for end in range(start + 1, min(start + longest, len(tokens)) + 1):
                piece = tokens[end - 1]
                text += (" " if text and piece.after_space else "") + piece.text
                for kind, value, score in self.words.get(text, ()):
                    items.append(Item(start, end, kind, value, score))
        return items

    def parse(self, tokens: Sequence[Token], lexical: Iterable[Item], context: object) -> list[Item]:
        """Every meaning of every stretch, bottom up."""
        agenda = list(lexical)
        found: list[Item] = []
        best: dict[tuple[int, int, str], dict[Any, float]] = {}
        by_start: dict[int, list[Item]] = defaultdict(list)
        waiting: dict[int, list[tuple[_State, tuple[Item, ...]]]] = defaultdict(list)
        root = self._rules.following
        while agenda:
            item = agenda.pop()
            if not _kept(best, item):
                continue
            found.append(item)
            by_start[item.start].append(item)
            reached: list[tuple[_State, tuple[Item, ...]]] = []
            state = root.get(item.kind)
            if state is not None:
                reached.append((state, (item,)))
            for earlier, parts in waiting[item.start]:
                state = earlier.following.get(item.kind)
                if state is not None:
                    reached.append((state, (*parts, item)))
            while reached:
                state, parts = reached.pop()
                end = parts[-1].end
                if state.rules:
                    sides = Sides(tokens, parts[0].start, end)
                    for rule in state.rules:
                        value = rule.make(context, sides, *[parts[n].value for n in rule.keep])
                        if value is not None:
                            agenda.append(Item(sides.start, end, rule.result, value, _score(rule, parts)))
                if state.following:
                    waiting[end].append((state, parts))
                    for item_after in by_start[end]:
                        following = state.following.get(item_after.kind)
                        if following is not None:
                            reached.append((following, (*parts, item_after)))
        return found


def _score(rule: Rule, parts: tuple[Item, ...]) -> float:
    if rule.rescue:
        return sum([part.score for part in parts if part.score > 0]) + rule.bonus
    return sum([part.score for part in parts]) + rule.bonus


def _kept(best: dict[tuple[int, int, str], dict[Any, float]], item: Item) -> bool:
    """Whether the item is new or better; a stretch keeps a few meanings of a type, the best."""
    cell = best.setdefault((item.start, item.end, item.kind), {})
    known = cell.get(item.value)
    if known is not None:
        if known >= item.score:
            return False
    elif len(cell) >= _ALTERNATIVES_PER_CELL:
        worst = min(cell, key=lambda value: cell[value])
        if cell[worst] >= item.score:
            return False
        del cell[worst]
    cell[item.value] = item.score
    return True


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


def best_cover(items: Iterable[Item]) -> list[Item]:
    """The non-overlapping items with the highest total score."""
    ending: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        if item.score > 0:
            ending[item.end].append(item)
    ends, totals = [0], [0.0]
    covers: list[tuple[Item, ...]] = [()]
    for end in sorted(ending):
        total, cover = totals[-1], covers[-1]
        for item in ending[end]:
            before = bisect.bisect_right(ends, item.start) - 1
            if totals[before] + item.score > total:
                total, cover = totals[before] + item.score, (*covers[before], item)
        ends.append(end)
        totals.append(total)
        covers.append(cover)
    return list(covers[-1])
