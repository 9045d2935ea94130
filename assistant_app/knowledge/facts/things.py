"""Countries, elements, constants and cities as things with facts, read from `resources/facts`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from assistant_app.knowledge.facts.numbers import rounded
from assistant_app.turn import Source

FACTBOOK = "The World Factbook"
GEONAMES = "GeoNames"
REGIONS = "States and provinces"
ELEMENTS = "mendeleev (periodic table)"
_FROM_GEONAMES = ("calling_code", "internet", "continent")
_KELVIN = Fraction(27315, 100)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a thing."""

    value: str
    chinese: str = ""
    """Empty: it is not known in Chinese."""
    year: str = ""
    """Of the figure."""
    title: str = FACTBOOK
    edition: str = ""
    spoken: str = ""
    """How the value is said, where that differs."""

    def source(self, name: str, relation: str) -> Source:
        where = f"{name}, {relation.replace('_', ' ')}{f', edition of {self.edition}' if self.edition else ''}"
        year = f" ({self.year})" if self.year else ""
        return Source(self.title, where, f"{name}: {self.value}{year}")


@dataclass(frozen=True, slots=True)
class Leader:
    """Somebody in an office."""

    title: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that has facts."""

    key: str
    name: str
    chinese: str
    facts: Mapping[str, Fact]
    names: tuple[str, ...] = ()
    """All it is called by, in both languages."""
    adjectives: tuple[str, ...] = ()
    leaders: tuple[Leader, ...] = ()


@dataclass(frozen=True, slots=True)
class City:
    """A city of 100,000 people or more, or a capital."""

    name: str
    chinese: tuple[str, ...]
    country: str
    """Two letters."""
    zone: str
    population: int = field(compare=False)


def read_countries(file: Path) -> tuple[Thing, ...]:
    table = json.loads(file.read_text(encoding="utf-8"))
    return tuple(_country(row, table["edition"]) for row in table["countries"])


def _country(row: Mapping[str, object], edition: str) -> Thing:
    facts = row["facts"]
    leaders = row["leaders"]
    assert isinstance(facts, dict)
    assert isinstance(leaders, list)
    found: dict[str, Fact] = {}
    for relation, (value, chinese, *year) in facts.items():
        title = GEONAMES if relation in _FROM_GEONAMES else FACTBOOK
        spoken = ""
        if relation in ("population", "area"):
            spoken = _said(int(float(value)))
            value = chinese = f"{float(value):,.0f}" if float(value) >= 10 else value
        of = "" if title == GEONAMES else edition
        found[relation] = Fact(value, chinese, year[0] if year else "", title, of, spoken)
    names, adjectives = row["names"], row["adjectives"]
    assert isinstance(names, list)
    assert isinstance(adjectives, list)
    return Thing(
        str(row["code"]),
        _with_article(str(row["en"])),
        str(row["zh"]),
        found,
        tuple(names),
        tuple(adjectives),
        tuple(Leader(*leader) for leader in leaders),
    )


def _with_article(name: str) -> str:
    """ "the Netherlands": names of several parts are said with an article."""
    several = name.endswith(("Islands", "lands", "Kingdom", "States", "Emirates", "Philippines", "Republic", "Bahamas"))
    single = name in ("Gambia", "Maldives", "Comoros", "Isle of Man", "Seychelles")
    return f"the {name}" if (several and name != "Highlands") or single else name


def _said(number: int) -> str:
    """A large number as it is said: "68.5 million"."""
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return f"{number:,}"


def read_elements(file: Path) -> tuple[Thing, ...]:
    return tuple(_element(row) for row in _rows(file))


def _element(row: Mapping[str, str]) -> Thing:
    facts = {
        "symbol": Fact(row["symbol"], row["symbol"], spoken=" ".join(row["symbol"].upper())),
        "number": Fact(row["number"], row["number"]),
        "mass": Fact(row["mass"], row["mass"]),
    }
    for relation, column in (("melts", "melts_k"), ("boils", "boils_k")):
        if row[column]:
            facts[relation] = _temperature(Fraction(row[column]))
    if row["density"]:
        density = rounded(Fraction(row["density"]), 4)
        facts["density"] = Fact(
            f"{density} g/cm³", f"{density}克每立方厘米", spoken=f"{density} grams per cubic centimetre"
        )
    if row["year"] and int(row["number"]) > 1:
        facts["year"] = Fact(row["year"], row["year"])
    people = row["discoverers"]
    if people and "ancient" not in people.lower():
        facts["discoverers"] = Fact(people)
    named = {relation: Fact(f.value, f.chinese, title=ELEMENTS, spoken=f.spoken) for relation, f in facts.items()}
    also = {"Aluminum": ("aluminium",), "Cesium": ("caesium",), "Sulfur": ("sulphur",)}.get(row["name"], ())
    return Thing(
        row["symbol"],
        row["name"].lower(),
        row["chinese"],
        named,
        (row["name"], row["chinese"], row["chinese"] + "元素", *also),
    )


def read_regions(file: Path) -> tuple[Thing, ...]:
    """States of the US and of Australia, provinces of Canada."""
    return tuple(_region(row) for row in _rows(file))


def _region(row: Mapping[str, str]) -> Thing:
    facts = {"capital": Fact(row["capital"], title=REGIONS), "code": Fact(row["code"], title=REGIONS)}
    kind = row["kind"].split()[-1]
    names = (row["name"], f"{kind} of {row['name']}", f"{row['name']} {kind}")
    return Thing(f"{row['kind']} {row['code']}", row["name"], "", facts, names)


def _temperature(kelvin: Fraction) -> Fact:
    celsius = rounded(kelvin - _KELVIN, 4)
    fahrenheit = rounded((kelvin - _KELVIN) * 9 / 5 + 32, 4)
    return Fact(f"{celsius} °C ({fahrenheit} °F)", f"{celsius}摄氏度", spoken=f"{celsius} degrees Celsius")


def read_constants(file: Path) -> Iterator[tuple[Mapping[str, str], tuple[str, ...]]]:
    """Rows with value, name, chinese, unit, and all names of each."""
    for row in _rows(file):
        names = (row["name"], *row["names"].split("|"), *row["chinese"].split("|"))
        yield row, tuple(name for name in names if name)


def read_cities(file: Path) -> tuple[City, ...]:
    """The largest first."""
    return tuple(
        City(
            row["name"],
            tuple(filter(None, row["chinese"].split("|"))),
            row["country"],
            row["zone"],
            int(row["population"]),
        )
        for row in _rows(file)
    )


def _rows(file: Path) -> Iterator[Mapping[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
