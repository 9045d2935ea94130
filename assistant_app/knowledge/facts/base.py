"""Exact answers without the network: sums, units, constants, countries, elements, cities, meanings of words.

Every part answers only a question that it understands whole, so that what is none of theirs goes on untouched to the
documents and the model.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant_app.knowledge.facts.answer import FactAnswer
from assistant_app.knowledge.facts.arithmetic import compute
from assistant_app.knowledge.facts.asking import fold, plain, plain_chinese
from assistant_app.knowledge.facts.conversion import Units
from assistant_app.knowledge.facts.dictionary import Dictionary
from assistant_app.knowledge.facts.lookup import LookUp
from assistant_app.knowledge.facts.names import Names
from assistant_app.knowledge.facts.things import (
    GEONAMES,
    City,
    read_cities,
    read_constants,
    read_countries,
    read_elements,
    read_regions,
)
from assistant_app.turn import Source

CALCULATOR = "Calculator"
UNITS = "Units"
CODATA = "CODATA 2022"
_HERE = "computed on this machine"
_AROUND_CONSTANT = frozenset(
    ["what", "whats", "is", "s", "the", "value", "of", "a", "constant", "exact", "how", "much", "fast"]
)
_CITY = r"(?:the city of |the city )?(?P<city>.+?)(?: located| situated)?"
_CITY_ASKED = (
    re.compile(
        r"(?:what|which) country is (?:the city of |the city )?(?P<city>.+?)(?: located| situated)?(?: in)?",
        re.IGNORECASE,
    ),
    re.compile(rf"in (?:what|which) country is {_CITY}", re.IGNORECASE),
    re.compile(rf"where(?:'s| is) {_CITY}", re.IGNORECASE),
)
_ZH_CITY_ASKED = re.compile(r"(?P<city>.+?)(?:市)?(?:是|在|位于|属于)(?:哪个|哪一个|什么)(?:国家|国)(?:的城市)?")
_ZH_UNITS = {"metres per second": "米每秒", "per mole": "每摩尔"}
_SO_MUCH_LARGER = 5
"""Of two cities of one name the larger is meant where it is so many times as large."""
_LONGEST = 300
"""Characters; a longer text is no such question."""


class FactBase:
    """What is in the box. The tables are read at the first question. Safe to call from several threads."""

    def __init__(self, folder: Path, dictionaries: Sequence[Path] = ()) -> None:
        """`folder` holds the tables of `resources/facts`; WordNet is taken from the first folder that has it."""
        self._folder = folder
        self._dictionaries = dictionaries

    def answer(self, question: str, language: str = "en", country: str = "") -> FactAnswer | None:
        """The exact answer; None where the question is not wholly understood. `country` (two letters) is the user's."""
        if not question.strip() or len(question) > _LONGEST:
            return None
        return (
            _computed(question, language)
            or self._converted(question, language, country)
            or self._constant(question, language)
            or self._of_place(question, language)
            or self.elements.answer(question, language)
            or self._place_of_city(question, language)
        )

    def define(self, question: str, language: str = "en") -> FactAnswer | None:
        """The meaning of the word that is asked for; None where it is no such question, or there is no dictionary."""
        if len(question) > _LONGEST:
            return None
        dictionary = self.dictionary
        return dictionary.define(question, language) if dictionary else None

    @property
    def dictionary(self) -> Dictionary | None:
        """WordNet, where it is installed: looked for again until it is there."""
        if self._open_dictionary is None:
            self._open_dictionary = next((Dictionary(f) for f in self._dictionaries if Dictionary.lies_in(f)), None)
        return self._open_dictionary

    _open_dictionary: Dictionary | None = None

    def city(self, name: str) -> City | None:
        """The city that is meant by a name; None where it is not clear which."""
        found = self._cities.get(fold(name), ())
        if len(found) > 1 and found[0].population < _SO_MUCH_LARGER * found[1].population:
            return None
        return found[0] if found else None

    def capital_of(self, name: str) -> City | None:
        """The capital of the country of this name, as a city with its time zone."""
        country = self.countries.named(name)
        capital = country.facts.get("capital") if country else None
        if country is None or capital is None:
            return None
        found = self._cities.get(fold(capital.value.split(",")[0]), ())
        return next((city for city in found if city.country == country.key), None)

    @functools.cached_property
    def countries(self) -> LookUp:
        return LookUp("country", read_countries(self._folder / "countries.json"), self._folder / "relations.toml")

    @functools.cached_property
    def _regions(self) -> LookUp:
        return LookUp("region", read_regions(self._folder / "regions.tsv"), self._folder / "relations.toml")

    @functools.cached_property
    def elements(self) -> LookUp:
        return LookUp("element", read_elements(self._folder / "elements.tsv"), self._folder / "relations.toml")

    @functools.cached_property
    def _units(self) -> Units:
        return Units(self._folder / "units.tsv")

    @functools.cached_property
    def _constants(self) -> tuple[Names, dict[str, Mapping[str, str]]]:
        names, rows = Names(), {}
        for row, called in read_constants(self._folder / "constants.tsv"):
            rows[row["name"]] = row
            for name in called:
                names.add(name, row["name"])
        return names, rows

    @functools.cached_property
    def _cities(self) -> dict[str, list[City]]:
        found: dict[str, list[City]] = {}
        for city in read_cities(self._folder / "cities.tsv"):
            for name in dict.fromkeys(
                fold(name) for name in (city.name, city.name.removesuffix(" City"), *city.chinese)
            ):
                found.setdefault(name, []).append(city)
        return found

    def _of_place(self, question: str, language: str) -> FactAnswer | None:
        """A country's fact or a state's; both where the name is of both."""
        country, region = (places.answer(question, language) for places in (self.countries, self._regions))
        if country is None or region is None or country.value == region.value:
            return country or region
        return FactAnswer(f"{country.value} or {region.value}", f"{country.text} {region.text}", country.source)

    def _converted(self, question: str, language: str, country: str) -> FactAnswer | None:
        found = self._units.convert(question, language, country)
        if found is None:
            return None
        return FactAnswer(found.value, found.sentence, Source(UNITS, _HERE, found.sentence))

    def _constant(self, question: str, language: str) -> FactAnswer | None:
        names, rows = self._constants
        if language == "zh":
            text = re.sub(r"(?:的值)?(?:是|等于|有)(?:多少|几)?$", "", plain_chinese(question))
            key = names.get(text)
        else:
            words = fold(plain(question)).split()
            key = next(
                (
                    key
                    for start, end, key in names.within(words)
                    if set([*words[:start], *words[end:]]) <= _AROUND_CONSTANT and len(words) > end - start
                ),
                None,
            )
        if key is None:
            return None
        row = rows[key]
        unit = _ZH_UNITS.get(row["unit"], row["unit"]) if language == "zh" else row["unit"]
        value = f"{row['value']} {unit}".strip()
        name = row["chinese"].partition("|")[0] if language == "zh" else f"the {row['name']}"
        name = name if key not in ("pi", "Euler's number") or language == "zh" else row["name"]
        text = f"{name}是{value}。" if language == "zh" else f"{name[0].upper()}{name[1:]} is {value}."
        speech = re.sub(r"× 10\^(-?\d+)", r"times ten to the power of \1", text) if language != "zh" else None
        source = Source(CODATA, row["name"], f"{row['name']} = {value}")
        return FactAnswer(value, text, source, speech if speech != text else None)

    def _place_of_city(self, question: str, language: str) -> FactAnswer | None:
        if language == "zh":
            match = _ZH_CITY_ASKED.fullmatch(plain_chinese(question))
        else:
            match = next(filter(None, (pattern.fullmatch(plain(question)) for pattern in _CITY_ASKED)), None)
        city = self.city(match["city"]) if match else None
        country = self.countries.thing(city.country) if city else None
        if match is None or city is None or country is None:
            return None
        if fold(city.name) in fold(country.name):
            return None  # "Singapore is in Singapore"
        source = Source(GEONAMES, city.name, f"{city.name}, {country.name}")
        if language == "zh":
            return FactAnswer(country.chinese, f"{match['city']}在{country.chinese}。", source)
        return FactAnswer(country.name.removeprefix("the "), f"{city.name} is in {country.name}.", source)


def _computed(question: str, language: str) -> FactAnswer | None:
    found = compute(question, language)
    if found is None:
        return None
    zh = language == "zh"
    if not found.value:
        why = "没有结果：除数是零。" if zh else " has no result: one cannot divide by zero."
        return FactAnswer("", f"{found.written}{why}", Source(CALCULATOR, _HERE, found.written))
    written = f"{found.written} {'=' if found.exact else '≈'} {found.value}"
    if zh:
        speech = f"{'等于' if found.exact else '约等于'}{found.value}。"
    else:
        speech = f"That is {'' if found.exact else 'about '}{found.value}."
    return FactAnswer(found.value, f"{written}{'。' if zh else '.'}", Source(CALCULATOR, _HERE, written), speech)
