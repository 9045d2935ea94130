"""The words for reading aloud that lie in `resources/speech/reading.toml`: units, currencies, short forms, names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from assistant_app.paths import resources_dir

Pair = tuple[str, str]
"""In English and in Chinese."""


@dataclass(frozen=True)
class ReadingWords:
    """What the file holds; keys are what is written."""

    units: Mapping[str, Pair]
    units_after_per: Mapping[str, Pair]
    currencies: Mapping[str, tuple[str, str, str]]
    """English, its hundredth (empty where people do not say it), Chinese."""
    file_endings: frozenset[str]
    address_signs: Mapping[str, Pair]
    abbreviations: Mapping[str, str]
    abbreviations_before_number: Mapping[str, str]
    abbreviations_by_side: Mapping[str, Pair]
    """Before a name, after a name."""
    parts: frozenset[str]
    """What Roman numerals count: chapters, wars."""
    rulers: frozenset[str]
    """Whom they rank: kings, popes."""


@cache
def reading_words() -> ReadingWords:
    """Read once."""
    file = resources_dir() / "speech" / "reading.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    units = {symbol: (english, chinese) for symbol, (english, chinese) in table["units"].items()}
    per = {symbol: (english, chinese) for symbol, (english, chinese) in table["units_after_per"].items()}
    return ReadingWords(
        units=units,
        units_after_per=units | per,
        currencies={sign: (name, part, chinese) for sign, (name, part, chinese) in table["currencies"].items()},
        file_endings=frozenset(table["addresses"]["file_endings"].split()),
        address_signs={sign: (english, chinese) for sign, (english, chinese) in table["address_signs"].items()},
        abbreviations=table["abbreviations"],
        abbreviations_before_number=table["abbreviations_before_number"],
        abbreviations_by_side={short: (one, other) for short, (one, other) in table["abbreviations_by_side"].items()},
        parts=frozenset(table["roman_numerals"]["parts"].split()),
        rulers=frozenset(table["roman_numerals"]["rulers"].split()),
    )


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of them, the longest that fits."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
