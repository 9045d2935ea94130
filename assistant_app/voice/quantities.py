"""Units and currencies as they are said, in English and Chinese.

unit_words("km/h", one=False, chinese=False)  ->  "kilometers per hour"
unit_words("m²", one=True, chinese=True)      ->  "平方米"
"""

from __future__ import annotations

import re
from functools import cache

from assistant_app.voice.reading_words import any_of, reading_words

_SQUARE, _CUBIC = ("square", "平方"), ("cubic", "立方")
_POWERS = {"²": _SQUARE, "2": _SQUARE, "³": _CUBIC, "3": _CUBIC}
_SAME_PLURAL = ("hertz", "horsepower", "yen", "yuan", "won")
_IRREGULAR = {"foot": "feet", "penny": "pence"}
NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![A-Za-z])\.\d+)"
"""Digits with thousands set apart by commas, or a decimal."""


@cache
def unit_pattern() -> str:
    """What a unit looks like, as a regular expression; a number stands before it."""
    words = reading_words()
    power = r"(?:\^?[²³23](?![\d.]))?"
    return rf"(?:{any_of(words.units)}){power}(?:/(?:{any_of(words.units_after_per)}){power})*(?![A-Za-z\d_°²³/])"


@cache
def _part() -> re.Pattern[str]:
    return re.compile(rf"({any_of(reading_words().units_after_per)})(?:\^?([²³23]))?")


def unit_words(symbol: str, *, one: bool, chinese: bool) -> str:
    """The name of a unit that `unit_pattern` matches; `one`: a single one of it."""
    known = reading_words().units_after_per
    names: list[str] = []
    for number, part in enumerate(symbol.split("/")):
        found = _part().fullmatch(part)
        name = known[found[1] if found else part][chinese]
        if not chinese and not number and not one:
            name = plural(name)
        if found and found[2]:
            name = f"{_POWERS[found[2]][chinese]}{'' if chinese else ' '}{name}"
        names.append(name)
    return ("每" if chinese else " per ").join(names)


def plural(name: str) -> str:
    """ "miles per hour", "feet", "degrees Celsius"."""
    head, gap, tail = name.partition(" per ")
    if head.endswith(_SAME_PLURAL):
        return name
    if head.startswith("degree "):
        return f"degrees {head[7:]}"
    return _IRREGULAR.get(head, f"{head}s") + gap + tail
