"""Facts of a thing by their names: the whole question must be a name, a relation and words of grammar.

"What is the population of Peru" is understood; "what was ...", "... in 1950", "is Lima the capital of ..." hold a
word that is none of these, and are left to others.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant_app.knowledge.facts.answer import FactAnswer
from assistant_app.knowledge.facts.asking import fold, plain, plain_chinese
from assistant_app.knowledge.facts.names import Names
from assistant_app.knowledge.facts.things import Fact, Leader, Thing

_GRAMMAR = frozenset(
    [
        "what",
        "whats",
        "which",
        "s",
        "is",
        "are",
        "the",
        "a",
        "an",
        "of",
        "in",
        "for",
        "by",
        "to",
        "do",
        "does",
        "its",
        "it",
        "that",
        "this",
        "name",
        "country",
        "nation",
        "called",
        "known",
        "as",
        "element",
        "chemical",
        "current",
        "currently",
        "present",
        "now",
        "today",
    ]
)
_ZH_GRAMMAR = re.compile(
    r"(?:的|是|哪里|哪儿|哪座|哪个|哪些|哪|什么|多少|几|有|为|叫|在|和|与|了|现在|目前|大概|大约|约|城市|国家|元素|一共|总共|地方|呢|[，,。？?])*"
)
_NO_ADJECTIVE = frozenset(("language", "location", "continent", "neighbours"))
"""What "Chinese ..." does not ask of China."""
_TITLES = ("prime minister", "president", "king", "queen", "emperor", "chancellor", "sultan", "pope", "supreme leader")
_BACK = ("capital", "currency", "symbol", "number", "calling_code", "internet")
_NOUNS = {
    "country": ("country", "countries", "nation", "nations"),
    "element": ("element", "elements"),
    "region": ("state", "province"),
}
_BACK_WITH = frozenset(
    [
        "uses",
        "use",
        "has",
        "have",
        "with",
        "used",
        "its",
        "as",
        "where",
        "on",
        "table",
        "periodic",
        "chemical",
        "called",
        "us",
        "u",
        "african",
        "asian",
        "european",
        "american",
        "south",
        "north",
        "central",
        "caribbean",
        "island",
        "canadian",
        "australian",
        "following",
        "these",
    ]
)
_MOST_WORDS = 20
_MOST_NAMED = 60


@dataclass(frozen=True, slots=True)
class Relation:
    """One thing that may be asked, of `relations.toml`."""

    key: str
    ways: tuple[Counter[str], ...]
    """The words of each way to ask, the longest first."""
    beside: frozenset[str]
    say: str
    several: str
    chinese_ways: tuple[str, ...]
    chinese_say: str
    bare: str
    """A pattern whose first group is the answer alone."""


class LookUp:
    """The facts of one kind of things."""

    def __init__(self, kind: str, things: Iterable[Thing], relations: Path) -> None:
        self._kind = kind
        self._things = {thing.key: thing for thing in things}
        table = tomllib.loads(relations.read_text(encoding="utf-8"))[kind]
        self._relations = [_relation(key, row) for key, row in table.items()]
        self._names, self._adjectives = Names(), Names()
        self._back: dict[tuple[str, str], list[Thing]] = {}
        for thing in self._things.values():
            for name in (*thing.names, thing.name.removeprefix("the ")):
                self._names.add(name, thing.key)
            for adjective in thing.adjectives:
                self._adjectives.add(adjective, thing.key)
            for relation in _BACK:
                for value in _values(thing.facts.get(relation)):
                    self._back.setdefault((relation, value), []).append(thing)

    def answer(self, question: str, language: str) -> FactAnswer | None:
        if language == "zh":
            return self._chinese(question)
        words = fold(plain(question)).split()
        if len(words) > _MOST_WORDS:
            return None
        return self._forward(words) or self._leader(words) or self._backward(words) or self._misspelt(words)

    def named(self, name: str) -> Thing | None:
        """The thing of exactly this name, in any language."""
        key = self._names.get(name.removeprefix("the "))
        return self._things.get(key) if key else None

    @property
    def things(self) -> tuple[Thing, ...]:
        return tuple(self._things.values())

    def thing(self, key: str) -> Thing | None:
        return self._things.get(key)

    def _forward(self, words: Sequence[str]) -> FactAnswer | None:
        for names, barred in ((self._names, frozenset[str]()), (self._adjectives, _NO_ADJECTIVE)):
            for start, end, key in names.within(words):
                relation = self._relation_in([*words[:start], *words[end:]])
                if relation is not None and relation.key not in barred:
                    return _told(self._things[key], relation)
        return None

    def _misspelt(self, words: Sequence[str]) -> FactAnswer | None:
        """No name is known, but what is left of the question is nearly one."""
        for relation in self._relations:
            for way in relation.ways:
                left = _without(words, way)
                if left is None:
                    continue
                unknown = [word for word in left if word not in _GRAMMAR | relation.beside]
                name = " ".join(unknown)
                key = self._names.nearly(name) if name and name in " ".join(words) else None
                if key is not None and not (self._names.get(name) or self._adjectives.get(name)):
                    return _told(self._things[key], relation)
        return None

    def _relation_in(self, rest: Sequence[str]) -> Relation | None:
        """The one relation that these words ask for, with nothing left."""
        best: tuple[int, Relation] | None = None
        for relation in self._relations:
            for way in relation.ways:
                left = _without(rest, way)
                if left is None or not set(left) <= _GRAMMAR | relation.beside:
                    continue
                if best is None or way.total() > best[0]:
                    best = (way.total(), relation)
                break
        return best[1] if best else None

    def _leader(self, words: Sequence[str]) -> FactAnswer | None:
        for names in (self._names, self._adjectives):
            for start, end, key in names.within(words):
                rest = [*words[:start], *words[end:]]
                for title in _TITLES:
                    left = _without(rest, Counter(title.split()))
                    if left is None or not set(left) <= _GRAMMAR | {"who"} or "who" not in left:
                        continue
                    thing = self._things[key]
                    found = [leader for leader in thing.leaders if title in leader.title.lower()]
                    return _told_leader(thing, found[0]) if len(found) == 1 else None
        return None

    def _backward(self, words: Sequence[str]) -> FactAnswer | None:
        """ "Which country has the capital Lima", "what element is Fe"."""
        noun = next((word for word in words if word in _NOUNS[self._kind]), None)
        if noun is None or next(self._names.within(words), None):
            return None
        for relation in (relation for relation in self._relations if relation.key in _BACK):
            ways = [*relation.ways, *([Counter[str]()] if relation.key in ("symbol", "currency") else [])]
            for way in ways:
                left = _without(words, way)
                value = [word for word in left or () if word not in _GRAMMAR | _BACK_WITH | set(_NOUNS[self._kind])]
                if not way and relation.key == "currency" and not {"use", "uses"} & set(words):
                    continue
                name = " ".join(value)
                found = self._back.get((relation.key, name), [])
                if name and found and name in " ".join(words):
                    return _told_back(found, relation, name)
        return None

    def _chinese(self, question: str) -> FactAnswer | None:
        text = plain_chinese(question)
        for name, key in self._names.chinese_within(text):
            rest = text.replace(name, "", 1)
            for relation in self._relations:
                for way in relation.chinese_ways:
                    if way in rest and _ZH_GRAMMAR.fullmatch(rest.replace(way, "", 1)):
                        return _told_chinese(self._things[key], relation)
        return None


def _relation(key: str, row: Mapping[str, str]) -> Relation:
    ways = sorted((Counter(fold(way).split()) for way in row["ask"].split("|")), key=lambda way: -way.total())
    return Relation(
        key,
        tuple(ways),
        frozenset(row.get("with", "").split()),
        row["say"],
        row.get("several", ""),
        tuple(sorted(filter(None, row.get("ask_zh", "").split("|")), key=len, reverse=True)),
        row.get("say_zh", ""),
        row.get("bare", ""),
    )


def _without(words: Sequence[str], way: Counter[str]) -> list[str] | None:
    """The words but for those of the way; None where one of them is missing."""
    left: list[str] = []
    missing = Counter(way)
    for word in words:
        if missing[word]:
            missing[word] -= 1
        else:
            left.append(word)
    return None if +missing else left


def _values(fact: Fact | None) -> Iterator[str]:
    """What a fact's value may be called: "japanese yen", "yen", "jpy"."""
    if fact is None or ";" in fact.value:
        return
    name, _, code = fact.value.partition(" (")
    folded = fold(name)
    yield from dict.fromkeys(filter(None, (folded, folded.split()[-1] if code else "", fold(code))))


def _told(thing: Thing, relation: Relation) -> FactAnswer | None:
    fact = thing.facts.get(relation.key)
    if fact is None:
        return None
    several = relation.several and (" and " in fact.value or ";" in fact.value)
    pattern = relation.several if several else relation.say
    bare = re.match(relation.bare, fact.value) if relation.bare else None
    value = bare[1] if bare else re.sub(r" \((?:[A-Z]{3}|[\d.,-]+ °F)\)$", "", fact.value)
    text = _sentence(pattern.format(name=thing.name, value=fact.value, year=fact.year))
    speech = _sentence(pattern.format(name=thing.name, value=fact.spoken or value, year=fact.year))
    return FactAnswer(value, text, fact.source(thing.name, relation.key), speech if speech != text else None)


def _told_chinese(thing: Thing, relation: Relation) -> FactAnswer | None:
    fact = thing.facts.get(relation.key)
    if fact is None or not fact.chinese:
        return None
    text = relation.chinese_say.format(name=thing.chinese, value=fact.chinese, year=fact.year)
    return FactAnswer(fact.chinese, text, fact.source(thing.name, relation.key))


def _told_leader(thing: Thing, leader: Leader) -> FactAnswer:
    edition = next(fact.edition for fact in thing.facts.values() if fact.edition)
    text = f"{leader.title} of {thing.name}: {leader.name}, since {leader.since}, as of {edition}."
    fact = Fact(f"{leader.title} {leader.name} (since {leader.since})", edition=edition)
    return FactAnswer(leader.name, text, fact.source(thing.name, "government"))


def _told_back(found: Sequence[Thing], relation: Relation, name: str) -> FactAnswer | None:
    if len(found) == 1:
        told = _told(found[0], relation)
        return told and FactAnswer(found[0].name.removeprefix("the "), told.text, told.source, told.speech)
    if len(found) > _MOST_NAMED or relation.key != "currency":
        return None
    names = sorted((thing.name for thing in found), key=str.lower)
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    source = found[0].facts[relation.key].source("countries", relation.key)
    return FactAnswer(listed, _sentence(f"{listed} have the {name}."), source)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}".replace("..", ".")
