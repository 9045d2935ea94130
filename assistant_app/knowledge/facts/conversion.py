"""Quantities in other units: "5 km in miles", "how many ounces are in two pounds", "五英里是多少公里".

Units are exact fractions of their base units (`resources/facts/units.tsv`). A name that means several units
(ounce, gallon) is read as the one that fits the other side, then by the user's country.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from assistant_app.knowledge.facts.asking import plain, plain_chinese
from assistant_app.knowledge.facts.numbers import CHINESE, DIGITS, chinese_number, exactly, number_at, rounded

_IMPERIAL = frozenset(("GB", "IE", "AU", "NZ", "CA", "ZA", "IN"))
"""Countries where a gallon is the imperial one."""
_JOINTS = frozenset(
    [
        "is",
        "are",
        "in",
        "there",
        "make",
        "makes",
        "up",
        "equal",
        "equals",
        "to",
        "the",
        "do",
        "does",
        "have",
        "has",
        "go",
        "goes",
        "into",
        "one",
        "fit",
    ]
)
_INTO = (
    "in",
    "to",
    "into",
    "as",
    "expressed in",
    "converted to",
    "equals how many",
    "is how many",
    "equal to how many",
)
_ASKED = re.compile(
    r"^(?:what(?:'s| is| are)|whats|how much (?:is|are)|convert|change|turn|express|calculate|i need"
    r"|(?:tell me )?how (?:to|do (?:you|i|we)|can (?:you|i|we)|would (?:you|i|we)) (?:convert|change|turn|get from)"
    r"|(?:what(?:'s| is) )?the conversion (?:for|from|of)"
    r"|how (?:long|far|big|heavy) is)\s+",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"^(?:how many|how much|(?:what(?:'s| is) )?the number of)\s+(?P<rest>.+)$", re.IGNORECASE)
_ZH_TO = re.compile(
    r"^(?:把|将)?(?P<of>.+?)(?:是|等于|有|合|相当于|换算成|转换成|换成|转成|折合)(?:多少|几个?|)(?P<into>\D+?)$"
)
_ZH_OF = re.compile(r"^(?:多少|几个?)(?P<into>.+?)(?:是|等于)(?P<of>.+)$")
_WORD = re.compile(rf"{DIGITS}(?=\D|$)|[^\W\d_]+(?:/[^\W\d_]+)?[²³]?|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its place among others of its kind."""

    dimension: str
    factor: Fraction
    """Base units in one of it."""
    offset: Fraction
    """Base units at its zero."""
    singular: str
    plural: str
    chinese: str
    where: str
    """ "us" or "uk" where its name means another unit elsewhere."""


@dataclass(frozen=True, slots=True)
class Amount:
    value: Fraction
    unit: Unit


@dataclass(frozen=True, slots=True)
class Converted:
    """A quantity, and what it is in the other unit."""

    value: str
    """The number with its unit."""
    sentence: str
    exact: bool


class Units:
    """The units by what they are called."""

    def __init__(self, file: Path) -> None:
        self._named: dict[str, list[Unit]] = {}
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                chinese = [name for name in row["chinese"].split("|") if name]
                unit = Unit(
                    row["dimension"],
                    Fraction(row["factor"]),
                    Fraction(row["offset"]),
                    row["singular"],
                    row["plural"],
                    chinese[0] if chinese else "",
                    row["where"] or "",
                )
                names = {row["singular"].lower(), row["plural"].lower(), *row["names"].split("|"), *chinese}
                for name in names - {""}:
                    self._named.setdefault(" ".join(_WORD.findall(name)), []).append(unit)
        self._longest = max(len(name.split()) for name in self._named)

    def convert(self, question: str, language: str = "en", country: str = "") -> Converted | None:
        """The conversion that the whole question asks for; None where it asks for none."""
        asked = self._chinese(question) if language == "zh" else self._english(question)
        for amounts, targets in asked:
            fitting = [
                (amount, target)
                for amount in amounts
                for target in targets
                if amount[0].unit.dimension == target.dimension and [part.unit for part in amount] != [target]
            ]
            if fitting:
                where = "uk" if country in _IMPERIAL else "us"
                home = [
                    pair
                    for pair in fitting
                    if all(u.where in ("", where) for u in (pair[1], *(p.unit for p in pair[0])))
                ]
                return _told(*(home or fitting)[0], language)
        return None

    def _english(self, question: str) -> Iterator[tuple[list[tuple[Amount, ...]], list[Unit]]]:
        text = plain(question)
        words = _WORD.findall(text.lower())
        if len(words) > 24:
            return
        many = _HOW_MANY.match(text)
        if many is not None:
            rest = _WORD.findall(many["rest"].lower())
            for targets, at in self._units_at(rest, 0):
                joints, last = at, len(rest)
                while joints < len(rest) and rest[joints] in _JOINTS:
                    joints += 1
                while last > joints and rest[last - 1] in _JOINTS:
                    last -= 1
                if joints > at or not rest[at:]:
                    yield self._amounts(rest[joints:last]), targets
            return
        bare = _WORD.findall(_ASKED.sub("", text, count=1).lower())
        for cut in range(1, len(bare)):
            for joint in _INTO:
                length = len(joint.split())
                if " ".join(bare[cut : cut + length]) == joint:
                    for targets, at in self._units_at(bare, cut + length):
                        if at == len(bare):
                            yield self._amounts(bare[:cut]), targets

    def _units_at(self, words: Sequence[str], start: int) -> Iterator[tuple[list[Unit], int]]:
        for length in range(self._longest, 0, -1):
            if start + length <= len(words):
                named = self._named.get(" ".join(words[start : start + length]))
                if named:
                    yield named, start + length
                    return

    def _amounts(self, words: Sequence[str]) -> list[tuple[Amount, ...]]:
        """Readings of "5 feet 11 inches", "half a mile", "a pound": all words, or none."""
        if not words:
            return []
        number = number_at(words, 0)
        if number is None and words[0] == "-":
            number = number_at(words, 1)
            number = (-number[0], number[1]) if number else None
        value, at = number or (Fraction(1), 0)
        article = words[at : at + 1] in (["a"], ["an"])
        if article:
            at += 1
        elif words[at : at + 2] in (["of", "a"], ["of", "an"]) and number:
            at += 2
        elif number is None and words[0] in ("minus",) and (number := number_at(words, 1)):
            value, at = -number[0], number[1]
        if number is None and not article and at == 0 and len(words) > self._longest:
            return []
        if words[at : at + 1] == ["-"] and number:
            at += 1
        for units, after in self._units_at(words, at):
            if after == len(words):
                return [(Amount(value, unit),) for unit in units]
            if words[after : after + 3] == ["and", "a", "half"] and after + 3 == len(words):
                return [(Amount(value + Fraction(1, 2), unit),) for unit in units]
            after += words[after] == "and" or words[after] == ","
            more = number_at(words, after)
            if number is None or more is None:
                return []
            rest = list(words[after:])
            smaller = self._amounts(rest)
            if not smaller and more[1] == len(words):  # "five foot eleven"
                twelfths = [unit for unit in self._named["inch"] if units[0].singular == "foot"]
                smaller = [(Amount(more[0], unit),) for unit in twelfths]
            return [
                (Amount(value, unit), *rest_of_it)
                for unit in units
                for rest_of_it in smaller
                if rest_of_it[0].unit.dimension == unit.dimension
                and not unit.offset
                and rest_of_it[0].unit.factor * rest_of_it[0].value < unit.factor
            ]
        return []

    def _chinese(self, question: str) -> Iterator[tuple[list[tuple[Amount, ...]], list[Unit]]]:
        text = plain_chinese(question).lower().replace(" ", "")
        for match in (_ZH_TO.match(text), _ZH_OF.match(text)):
            if match is None:
                continue
            amount = re.fullmatch(
                rf"(?P<minus>零下|负|-)?(?P<number>半|{CHINESE})个?(?P<half>半)?(?P<unit>\D+)", match["of"]
            )
            targets = self._chinese_units(match["into"].removesuffix("是多少"))
            if amount is None or not targets:
                continue
            value = Fraction(1, 2) if amount["number"] == "半" else chinese_number(amount["number"])
            if value is None:
                continue
            value = (-value if amount["minus"] else value) + (Fraction(1, 2) if amount["half"] else 0)
            yield [(Amount(value, unit),) for unit in self._chinese_units(amount["unit"])], targets

    def _chinese_units(self, name: str) -> list[Unit]:
        return self._named.get(" ".join(_WORD.findall(name)), [])


def _told(amounts: tuple[Amount, ...], target: Unit, language: str) -> Converted:
    base = sum((part.value * part.unit.factor + part.unit.offset for part in amounts), Fraction(0))
    value = (base - target.offset) / target.factor
    written = exactly(value, 4)
    exact = written is not None and len(written.replace(",", "")) <= 12
    written = written if exact and written else rounded(value, 6 if abs(value) >= 1000 else 4)
    if language == "zh" and target.chinese and all(part.unit.chinese for part in amounts):
        of = "".join(f"{_number(part.value)}{part.unit.chinese}" for part in amounts)
        told = f"{written}{target.chinese}"
        return Converted(told, f"{of}{'等于' if exact else '约等于'}{told}。", exact)
    of = " ".join(f"{_number(part.value)} {_name(part.unit, part.value)}" for part in amounts)
    told = f"{written} {_name(target, value if exact else Fraction(2))}"
    verb = "is" if len(amounts) == 1 and abs(amounts[0].value) <= 1 else "are"
    return Converted(told, f"{of} {verb} {'' if exact else 'about '}{told}.", exact)


def _number(value: Fraction) -> str:
    return exactly(value, 9) or rounded(value, 6)


def _name(unit: Unit, value: Fraction) -> str:
    return unit.singular if abs(value) == 1 else unit.plural
