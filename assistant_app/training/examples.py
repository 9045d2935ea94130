"""What a labelled example is, and how the data sets' labels map onto ours.

A text example carries, for each label set it has an answer in, an intent and slots: its data
set's own, and ours ("assistant") by the map in `models/recipes/labels.toml`. It knows no data set's files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "assistant"
"""The label set of our own skills, intents and slots."""

SlotSpan = tuple[int, int, str]
"""Start and end character offsets and the slot's name."""


@dataclass(frozen=True, slots=True)
class TextExample:
    """One utterance with everything known about it."""

    text: str
    data_set: str
    held_out: bool
    """Kept for development figures; never trained on."""
    intents: Mapping[str, str] = field(default_factory=dict)
    """Label set -> intent."""
    slots: Mapping[str, tuple[SlotSpan, ...]] = field(default_factory=dict)
    """Label set -> slots; present but empty means "none in this text"."""
    source: str = ""
    """The text it was made from, if it is a variant."""


@dataclass(frozen=True, slots=True)
class SpanExample:
    """A question on a passage."""

    question: str
    passage: str
    answers: tuple[str, ...]
    """Empty: the passage does not answer it."""
    start: int
    """Character offset of the first answer, -1 if none."""
    data_set: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class DialogueExample:
    """A conversation whose last turn is the reply to learn."""

    history: tuple[tuple[str, str], ...]
    """(user, assistant) pairs before."""
    text: str
    reply: str
    data_set: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class OwnSentences:
    """A table of `own_examples*.toml`: sentences with one label."""

    label: str
    """Our "skill/intent"."""
    sentences: tuple[str, ...]
    marked: str | None = None
    """The label set whose slots are all marked as `[name : words]`: ours or xSID's; None if nothing is said."""
    xsid: str | None = None
    """xSID's label for the same sentences."""


@dataclass(frozen=True, slots=True)
class LabelMap:
    """`labels.toml` and every `own_examples*.toml` beside it."""

    intents: Mapping[str, Mapping[str, str]]
    slots: Mapping[str, Mapping[str, str]]
    own: tuple[OwnSentences, ...]
    by_words: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]] = field(default_factory=dict)
    """Data set -> label -> (expression, our label): for labels that hold several of our intents."""
    slots_incomplete: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Data set -> labels whose slots leave out some of ours."""
    also_xsid: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Data set -> its label -> xSID's name for the same."""

    @staticmethod
    def load(folder: Path) -> LabelMap:
        raw: dict[str, Any] = tomllib.loads((folder / "labels.toml").read_text(encoding="utf-8"))
        slots = raw.pop("slots")
        by_words = raw.pop("by_words")
        incomplete = raw.pop("slots_incomplete")
        also_xsid = raw.pop("also_xsid")
        for name, others in raw.pop("same_as").items():
            raw[name] = {key: value for other in others for key, value in raw[other].items()}
        own: list[OwnSentences] = []
        for file in sorted(folder.glob("own_examples*.toml")):
            for label, tables in tomllib.loads(file.read_text(encoding="utf-8")).items():
                # A label has one table, or several as an array of tables.
                for table in tables if isinstance(tables, list) else [tables]:
                    marked = {True: OURS, "xsid": "xsid"}.get(table.get("marked", False))
                    own.append(OwnSentences(label, tuple(table["sentences"]), marked, table.get("xsid")))
        return LabelMap(raw, slots, tuple(own), by_words, incomplete, also_xsid)

    def ours(self, data_set: str, label: str, text: str) -> str | None:
        """Our "skill/intent" for a text with a data set's label."""
        for expression, ours in self.by_words.get(data_set, {}).get(label, ()):
            if re.search(expression, text.casefold()):
                return ours
        table = self.intents.get(data_set, {})
        return table.get(label) or table.get("*")

    def xsid_label(self, example: TextExample) -> str | None:
        """xSID's label for an example of another set."""
        own_label = example.intents.get(example.data_set, "")
        return self.also_xsid.get(example.data_set, {}).get(own_label)


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Rows of a gzipped JSON-lines file."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def stable_fraction(text: str, salt: str = "") -> float:
    """A number in [0, 1) that depends on the text alone, for splits that never change."""
    digest = hashlib.sha256(f"{salt}|{text.casefold()}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def bracketed(annotation: str) -> tuple[str, tuple[SlotSpan, ...]]:
    """`wake me [time : nine am]` -> text and spans."""
    text, spans, at = "", [], 0
    for match in re.finditer(r"\[([\w/]+) : ([^\]]*)\]", annotation):
        text += annotation[at : match.start()]
        value = match[2].strip()
        spans.append((len(text), len(text) + len(value), match[1]))
        text += value
        at = match.end()
    text += annotation[at:]
    return text, tuple(spans)


def own_examples(labels: LabelMap) -> Iterator[TextExample]:
    """The project's own sentences. Slots marked with xSID's names also give ours, for requests to plan something."""
    for table in labels.own:
        intents = {OURS: table.label} | ({"xsid": table.xsid} if table.xsid else {})
        for sentence in table.sentences:
            text, spans = bracketed(sentence)
            slots = {table.marked: spans} if table.marked else {}
            if table.marked == "xsid" and table.label.startswith("scheduling/"):
                names = labels.slots["xsid"]
                slots[OURS] = tuple((start, end, names[name]) for start, end, name in spans if name in names)
            yield TextExample(text, "own", False, intents, slots)
