"""What words mean: WordNet's own database files, searched where they lie.

The files are those of Princeton's WordNet 3.0 (`index.*`, `data.*`, `*.exc`; formats in its manual pages wndb(5WN) and
morphy(7WN)), as the Debian package wordnet-base installs them or as the user puts them into a folder.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant_app.knowledge.facts.answer import FactAnswer
from assistant_app.knowledge.facts.asking import plain, plain_chinese
from assistant_app.turn import Source

_KINDS = ("noun", "verb", "adj", "adv")
_SPOKEN_KINDS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}
_ZH_KINDS = {"noun": "名词", "verb": "动词", "adj": "形容词", "adv": "副词"}
_WORD = r"(?:the )?(?:(?:english )?(?:word|term|expression|phrase) )?[\"'“]?(?P<word>[^\"'“”?]+?)[\"'”]?"
_ASKED = (
    re.compile(rf"what does {_WORD} mean(?: in english)?", re.IGNORECASE),
    re.compile(rf"(?:exactly )?what (?:is |does |do )?{_WORD} (?:means?|meant)", re.IGNORECASE),
    re.compile(rf"{_WORD} definition", re.IGNORECASE),
    re.compile(
        rf"(?:what(?:'s| is) )?(?:the |a )?(?:dictionary )?(?:meaning|definition) (?:of|for) {_WORD}", re.IGNORECASE
    ),
    re.compile(rf"define {_WORD}", re.IGNORECASE),
    re.compile(rf"what(?:'s| is) meant by {_WORD}", re.IGNORECASE),
)
_THING = re.compile(r"(?:what(?:'s| is) (?:a|an)|define (?:a|an|the)) (?P<word>[a-z][a-z' -]+)", re.IGNORECASE)
_ZH_ASKED = re.compile(
    r"(?:英文|英语|单词|这个词)*[“\"']?(?P<word>[A-Za-z][A-Za-z' -]*?)[”\"']?(?:这个词|这个单词)?"
    r"(?:是什么意思|什么意思|的意思(?:是什么)?|的含义(?:是什么)?)"
)
_ENDINGS = {
    "noun": ("s", "", "ses s", "xes x", "zes z", "ches ch", "shes sh", "men man", "ies y"),
    "verb": ("s", "", "ies y", "es e", "es", "ed e", "ed", "ing e", "ing"),
    "adj": ("er", "", "est", "er e", "est e"),
    "adv": (),
}
_MOST_WORDS = 4
_SHOWN = 3
_INSTANCE = " @i "
_LIVED = re.compile(r"\((?:born|died)? ?\d{3,4}(?:-\d{3,4})?\)$")
_POINTING = frozenset(
    ("it", "this", "that", "he", "she", "they", "him", "her", "them", "you", "we", "us", "one", "i", "me")
)
"""What they mean here is no question for a dictionary."""


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a word."""

    kind: str
    """ "noun", "verb", "adj", "adv"."""
    words: tuple[str, ...]
    definition: str
    named: bool
    """A person, a place or another thing of its own, not a kind of things."""


class Dictionary:
    """WordNet in a folder; opened at the first question."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, mmap.mmap] = {}
        self._exceptions: dict[str, dict[str, str]] = {}

    @staticmethod
    def lies_in(folder: Path) -> bool:
        return all((folder / f"{part}.{kind}").is_file() for part in ("index", "data") for kind in _KINDS)

    def define(self, question: str, language: str) -> FactAnswer | None:
        """The meaning of the word that the whole question asks for; None where it is no such question."""
        if language == "zh":
            match = _ZH_ASKED.fullmatch(plain_chinese(question))
            return self._told(match["word"], _KINDS, chinese=True) if match else None
        text = plain(question)
        for pattern in _ASKED:
            match = pattern.fullmatch(text)
            if match is not None and (told := self._told(match["word"], _KINDS)):
                return told
        match = _THING.fullmatch(text)
        return self._told(match["word"], ("noun",)) if match else None

    def senses(self, word: str) -> list[Sense]:
        """Every meaning, the commonest kind of word first; of the base form where the word is an inflected one."""
        lemma = "_".join(word.lower().split())
        found = {kind: self._indexed(lemma, kind) for kind in _KINDS}
        if not any(found.values()):
            for kind in _KINDS:
                found[kind] = next(filter(None, (self._indexed(base, kind) for base in self._bases(lemma, kind))), None)
        ordered = sorted((entry for entry in found.values() if entry), key=lambda entry: -entry[0])
        return [self._sense(kind, offset) for _, kind, offsets in ordered for offset in offsets]

    def _told(self, word: str, kinds: tuple[str, ...], *, chinese: bool = False) -> FactAnswer | None:
        word = word.strip()
        if not word or len(word.split()) > _MOST_WORDS or word.lower() in _POINTING:
            return None
        senses = [sense for sense in self.senses(word) if sense.kind in kinds and not sense.named][:_SHOWN]
        if not senses:
            return None
        names = _ZH_KINDS if chinese else _SPOKEN_KINDS
        told = [f"({names[sense.kind]}) {sense.definition}" for sense in senses]
        text = f"{word}: {'; '.join(told)}."
        first = senses[0]
        source = Source(
            "WordNet 3.0", f"{word}, {_SPOKEN_KINDS[first.kind]}", f"{', '.join(first.words)}: {first.definition}"
        )
        return FactAnswer(first.definition, f"{text[0].upper()}{text[1:]}", source, f"{word}: {first.definition}.")

    def _indexed(self, lemma: str, kind: str) -> tuple[int, str, list[int]] | None:
        """How many of its meanings were seen in texts, the kind, and where the meanings lie."""
        line = _line_of(self._file(f"index.{kind}"), lemma.encode())
        if line is None:
            return None
        fields = line.split()
        meanings, pointers = int(fields[2]), int(fields[3])
        return int(fields[5 + pointers]), kind, [int(offset) for offset in fields[-meanings:]]

    def _sense(self, kind: str, offset: int) -> Sense:
        file = self._file(f"data.{kind}")
        line = file[offset : file.find(b"\n", offset)].decode("utf-8", "replace")
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        count = int(fields[3], 16)
        words = tuple(re.sub(r"\(\w+\)$", "", fields[4 + 2 * n]).replace("_", " ") for n in range(count))
        definition = re.split(r"; (?=\")|; (?=as in )", gloss)[0].strip().rstrip(";").strip()
        return Sense(kind, words, definition, _INSTANCE in head or bool(_LIVED.search(definition)))

    def _bases(self, lemma: str, kind: str) -> Iterator[str]:
        if kind not in self._exceptions:
            file = self.folder / f"{kind}.exc"
            lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
            self._exceptions[kind] = {words[0]: words[1] for words in map(str.split, lines) if len(words) > 1}
        if lemma in self._exceptions[kind]:
            yield self._exceptions[kind][lemma]
        for rule in filter(None, _ENDINGS[kind]):
            ending, _, instead = rule.partition(" ")
            if lemma.endswith(ending) and len(lemma) > len(ending) + 1:
                yield lemma[: -len(ending)] + instead

    def _file(self, name: str) -> mmap.mmap:
        if name not in self._files:
            with (self.folder / name).open("rb") as file:
                self._files[name] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._files[name]


def _line_of(file: mmap.mmap, lemma: bytes) -> str | None:
    """The line that begins with the word, by bisection: the lines are in byte order, the licence (indented) first."""
    low, high = 0, len(file)
    key = lemma + b" "
    while low < high:
        middle = (low + high) // 2
        start = file.rfind(b"\n", low, middle) + 1 or low
        end = file.find(b"\n", middle)
        end = len(file) if end < 0 else end
        line = file[start:end]
        if line.startswith(key):
            return line.decode("utf-8", "replace")
        if line[: len(key)] < key:
            low = end + 1
        else:
            high = start
    return None
