"""Everything that is trained on or scored on, read from a data folder.

Utterances of every set with `held_out` decided, a recipe's share of them, and questions on passages. `spoken` variants
(lower case, no final mark) and written ones are mixed so that case and punctuation do not decide. It knows no
model; single sets are read in `utterances.py` and `replies.py`, and what is kept for figures is said in `splits.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant_app.training.examples import (
    OURS,
    DialogueExample,
    LabelMap,
    OwnSentences,
    SlotSpan,
    SpanExample,
    TextExample,
    own_examples,
    read_rows,
    stable_fraction,
)
from assistant_app.training.leaks import check_leaks, leaks, text_keys, without_leaks
from assistant_app.training.replies import dialogue_examples
from assistant_app.training.splits import held_out
from assistant_app.training.utterances import READERS

__all__ = [
    "OURS",
    "READERS",
    "DialogueExample",
    "LabelMap",
    "OwnSentences",
    "SlotSpan",
    "SpanExample",
    "TextExample",
    "check_leaks",
    "dialogue_examples",
    "held_out",
    "leaks",
    "own_examples",
    "plain_text",
    "read_rows",
    "select",
    "span_examples",
    "span_rows",
    "speech_variant",
    "stable_fraction",
    "text_examples",
    "without_leaks",
]


def text_examples(data: Path, labels: LabelMap) -> Iterator[TextExample]:
    """Every text example of every set in `data` that we train on or score on; missing sets are left out."""
    for name, reader in READERS.items():
        for file in sorted((data / name).glob("*.jsonl.gz"), key=lambda file: _SPLIT_ORDER.get(file.name, 0)):
            for row in read_rows(file):
                for example in reader(row, labels):
                    kept = held_out(example, file.name.partition(".jsonl")[0], row)
                    # Figures stay those of a set's own labels: only what is trained on gets xSID's as well.
                    shared = None if kept else labels.xsid_label(example)
                    intents = {**example.intents, "xsid": shared} if shared else example.intents
                    yield replace(example, held_out=kept, intents=intents)
    yield from own_examples(labels)


_SPLIT_ORDER = {"val.jsonl.gz": 1, "valid.jsonl.gz": 1}


def select(examples: list[TextExample], most: Mapping[str, int], most_held_out: Mapping[str, int]) -> list[TextExample]:
    """The recipe's share of each data set, in spoken and written variants, without leaks and repetitions.

    Which texts are taken depends on each text alone. A text that is held out anywhere is never trained on.
    """
    leaked = leaks(examples)
    chosen: list[TextExample] = []
    by_set: dict[tuple[str, bool], list[TextExample]] = {}
    for example in examples:
        if example.held_out or not text_keys(example) & leaked:
            by_set.setdefault((example.data_set, example.held_out), []).append(example)
    for (data_set, kept), members in by_set.items():
        limit = most_held_out.get(data_set, most_held_out["default"]) if kept else most.get(data_set, 0)
        seen: dict[str, TextExample] = {}
        for example in members:
            seen.setdefault(plain_text(example.text), example)
        ordered = sorted(seen.values(), key=lambda example: stable_fraction(example.text, "select"))
        chosen += [speech_variant(example) for example in ordered[:limit]]
    return chosen


def plain_text(text: str) -> str:
    """Case and final mark ignored: what is not taken twice of one set."""
    return text.casefold().rstrip(".?!。？！ ")


_ASKS = ("what", "when", "who", "where", "how", "is", "are", "do", "does", "can", "will", "which")


def speech_variant(example: TextExample) -> TextExample:
    """Half of the written texts as a recogniser without punctuation would give them, half of the bare ones
    with a capital and a final mark. Offsets stay valid."""
    text = example.text
    coin = stable_fraction(text, "variant")
    bare = text == text.lower() and text[-1:] not in ".?!。？！"
    if bare and coin < 0.4 and text[:1].isascii():
        text = text[:1].upper() + text[1:] + ("?" if text.split(" ", 1)[0] in _ASKS else ".")
    elif not bare and coin < 0.5:
        text = text.lower().rstrip(".?!。？！ ")
        if len(text) < max((end for spans in example.slots.values() for _, end, _ in spans), default=0):
            text = example.text
    if len(text.lower()) != len(text):
        text = example.text
    return replace(example, text=text, source=example.source or (example.text if text != example.text else ""))


def span_examples(data: Path) -> Iterator[SpanExample]:
    """Questions on passages. SQuAD is split by article and CMRC by file, so that no passage is in both parts."""
    for name in ("squad2", "cmrc2018"):
        for file in sorted((data / name).glob("*.jsonl.gz"), reverse=True):
            for row in read_rows(file):
                for example in span_rows([row], name):
                    asked = TextExample(example.question, name, False)
                    yield replace(example, held_out=held_out(asked, file.name.partition(".jsonl")[0], row))


def span_rows(rows: Sequence[Mapping[str, Any]], data_set: str) -> Iterator[SpanExample]:
    """Rows of SQuAD's shape: question, context, answers with or without their place."""
    for row in rows:
        answers = tuple(dict.fromkeys(_answer_texts(row["answers"])))
        places = [a["start"] for a in row["answers"] if isinstance(a, dict) and a.get("start", -1) >= 0]
        start = places[0] if places else row["context"].find(answers[0]) if answers else -1
        yield SpanExample(row["question"].strip(), row["context"], answers, start, data_set, True)


def _answer_texts(answers: list[Any]) -> list[str]:
    return [answer["text"] if isinstance(answer, dict) else answer for answer in answers]
