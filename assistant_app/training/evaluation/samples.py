"""What is measured on: rows of any folder in the published formats, as labelled examples.

A folder a data set; each `*.jsonl.gz` in it is one split, whatever its name. Fields that a set publishes but
a folder of one's own may lack are filled with what says nothing, and the figures that would need them are
left out. Rows and files that even so cannot be read are counted and named, not hidden. It knows no model.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

from assistant_app.training.tasks import (
    OURS,
    READERS,
    LabelMap,
    SlotSpan,
    SpanExample,
    TextExample,
    held_out,
    read_rows,
    span_examples,
    span_rows,
    stable_fraction,
)

SPAN_SETS = ("squad2", "cmrc2018")
SETS = (*READERS, "datetime_specs")
"""Every set that figures are defined for."""

OnProgress = Callable[[str, int, int], None]
"""What is being measured, pieces done, pieces in all."""

_OPTIONAL: Mapping[str, Mapping[str, Any]] = {
    "clinc150": {"domain": ""},
    "hwu64": {"in_slurp_devel": False},
    "snips": {"slots": ()},
    "home_assistant_intents": {"slots": None},
    "chatterbot_corpus": {"topic": "conversations"},
}
_SLOT_FIELDS: Mapping[str, Sequence[str]] = {
    "hwu64": ("annotation",),
    "snips": ("slots",),
    "fb_task_oriented_en": ("tokens", "tags"),
    "xsid": ("tokens", "tags"),
    "home_assistant_intents": ("slots",),
}
"""Without one of these a text's slots are not known, which is not the same as none."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Samples:
    """What to measure on."""

    data: Path
    """A folder a data set."""
    labels: LabelMap
    tasks: Sequence[str] = ()
    """Only these sets; empty for all."""
    limit: int | None = None
    """At most so many texts, questions or conversations of a set, chosen by their hash."""
    held_out_only: bool = False
    """Leave out what the released recipe trains on (for our own data folder)."""
    unreadable: dict[str, int] = field(default_factory=dict)
    """Data set -> rows that could not be read; filled while reading."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Data set -> a file of it that could not be read, and why; filled while reading."""
    _texts: dict[str, list[TextExample]] = field(default_factory=dict)
    """What was read, for the sides that come after; in memory, for this run alone."""

    def sets(self) -> list[str]:
        """The sets that are wanted and there."""
        return [name for name in SETS if (not self.tasks or name in self.tasks) and self.files(name)]

    def files(self, name: str) -> list[Path]:
        return sorted((self.data / name).glob("*.jsonl.gz"))

    def skipped(self) -> dict[str, str]:
        """Why a set that is wanted, or a folder that is there, has no figures."""
        reasons = {}
        for name in self.tasks or SETS:
            if not (self.data / name).is_dir():
                reasons[name] = "there is no such folder"
            elif not self.files(name):
                reasons[name] = "its folder holds no *.jsonl.gz"
        there = sorted(folder.name for folder in self.data.iterdir() if folder.is_dir()) if not self.tasks else []
        reasons |= {name: "no figures are defined for it" for name in there if name not in SETS}
        return reasons

    def rows(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """(split, row) of every row of a set, not limited."""
        found = []
        for file in self.files(name):
            split = file.name.partition(".jsonl")[0]
            try:
                found += [(split, row) for row in read_rows(file) if isinstance(row, dict)]
            except (OSError, EOFError, ValueError, zlib.error) as error:
                self.damaged[name] = f"{file.name} cannot be read ({error})"
        return found

    def texts(self, name: str) -> list[TextExample]:
        """The labelled texts of a set."""
        if name in self._texts:
            return self._texts[name]
        found: list[TextExample] = []
        bad = 0
        rows = self.rows(name)
        if self.limit is not None:
            # Reading a row may mean to parse it for times: only as many are read as are needed.
            rows = sorted(rows, key=lambda pair: stable_fraction(_name_of(pair[1]), "evaluate"))
        for split, row in rows:
            if self.limit is not None and len(found) >= self.limit:
                break
            try:
                found += [
                    example
                    for example in _read(name, row, self.labels)
                    if not self.held_out_only or held_out(example, split, row)
                ]
            except (KeyError, TypeError, ValueError, IndexError, AttributeError):
                bad += 1
        if bad:
            self.unreadable[name] = bad
        self._texts[name] = found[: self.limit]
        return self._texts[name]

    def questions(self, name: str) -> list[SpanExample]:
        """The questions on passages of a set."""
        if self.held_out_only:
            found = [question for question in span_examples(self.data) if question.data_set == name]
            return self.at_most([q for q in found if q.held_out], lambda question: question.question)
        found, bad = [], 0
        for _, row in self.rows(name):
            try:
                found += list(span_rows([{"answers": [], **row}], name))
            except (KeyError, TypeError, ValueError, AttributeError):
                bad += 1
        if bad:
            self.unreadable[f"{name} questions"] = bad
        return self.at_most(found, lambda question: question.question)

    def conversations(self, name: str, usable: Callable[[Mapping[str, Any]], bool]) -> list[dict[str, Any]]:
        """Whole conversations of a set, those that `usable` accepts."""
        found = []
        for split, row in self.rows(name):
            try:
                example = TextExample(str(row["turns"][0]), name, False)
                wanted = usable(row) and (not self.held_out_only or held_out(example, split, {"id": "", **row}))
            except (KeyError, TypeError, IndexError, AttributeError):
                self.unreadable[name] = self.unreadable.get(name, 0) + 1
                continue
            if wanted:
                found.append(row)
        return self.at_most(found, lambda row: str(row.get("id", row["turns"][0])))

    def at_most(self, items: list[Item], key: Callable[[Item], str], limit: int | None = None) -> list[Item]:
        """The limit's share of `items`, chosen by their hash, so that it does not depend on order or machine."""
        limit = self.limit if limit is None else limit if self.limit is None else min(limit, self.limit)
        if limit is None or len(items) <= limit:
            return items
        return sorted(items, key=lambda item: stable_fraction(key(item), "evaluate"))[:limit]


class Predictions:
    """Every prediction of every side as one JSON line; nowhere if there is no file."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    def write(self, side: str, record: Mapping[str, Any]) -> None:
        if self._out is not None:
            self._out.write(json.dumps({"side": side, **record}, ensure_ascii=False, default=str) + "\n")


def mean(values: Iterable[float]) -> float | None:
    """The mean, None of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else None


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile (nearest rank)."""
    if not values:
        return {}
    ordered = sorted(values)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]}


def _name_of(row: Mapping[str, Any]) -> str:
    """What tells a row from the others: its words, or its number."""
    for key in ("text", "annotation", "question", "query", "id"):
        if row.get(key):
            return str(row[key])
    return json.dumps(row, ensure_ascii=False)


def _read(name: str, row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    filled = {**_OPTIONAL.get(name, {}), **row}
    needed = _SLOT_FIELDS.get(name, ())
    slots_known = all(row.get(key) is not None for key in needed)
    if not slots_known:
        if name == "hwu64":
            filled["annotation"] = filled["text"]
        if "tags" in needed:
            filled |= {"tokens": [], "tags": []}
    for example in READERS[name](filled, labels):
        if slots_known:
            yield replace(example, slots={**example.slots, **_slurp_slots(name, row)})
        else:
            yield replace(example, slots={})


def _slurp_slots(name: str, row: Mapping[str, Any]) -> dict[str, tuple[SlotSpan, ...]]:
    """SLURP's entities (token indices) as character spans in HWU64's slot names, which they share."""
    entities, text = row.get("entities"), str(row.get("text", ""))
    if name != "slurp" or entities is None:
        return {}
    words: list[tuple[int, int]] = []
    at = 0
    for word in row.get("tokens") or text.split():
        surface = word["surface"] if isinstance(word, dict) else str(word)
        start = text.lower().find(surface.lower(), at)
        if start < 0:
            return {}
        at = start + len(surface)
        words.append((start, at))
    spans = []
    for entity in entities:
        places = entity.get("span") or entity.get("tokens") or []
        label = entity.get("type") or entity.get("slot")
        if not places or not label or max(places) >= len(words):
            return {}
        spans.append((words[min(places)][0], words[max(places)][1], str(label)))
    return {"hwu64": tuple(spans)}


def ours(example: TextExample) -> str | None:
    """Our "skill/intent" of an example."""
    return example.intents.get(OURS)
