"""Data sets to labelled examples, in one shape for all.

A text example carries, for each label set it has an answer in, an intent and slots: its data
set's own, and ours ("assistant") by the map in `models/recipes/labels.toml`. Readers take what the
sets publish and change nothing; `spoken` variants (lower case, no final mark) and written ones are
mixed so that case and punctuation do not decide. It knows no model.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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


def own_examples(labels: LabelMap) -> Iterator[TextExample]:
    """The project's own sentences. Slots marked with xSID's names also give ours, for requests to plan something."""
    for table in labels.own:
        intents = {OURS: table.label} | ({"xsid": table.xsid} if table.xsid else {})
        for sentence in table.sentences:
            text, spans = _bracketed(sentence)
            slots = {table.marked: spans} if table.marked else {}
            if table.marked == "xsid" and table.label.startswith("scheduling/"):
                names = labels.slots["xsid"]
                slots[OURS] = tuple((start, end, names[name]) for start, end, name in spans if name in names)
            yield TextExample(text, "own", False, intents, slots)


_SPLIT_ORDER = {"val.jsonl.gz": 1, "valid.jsonl.gz": 1}


def held_out(example: TextExample, split: str, row: Mapping[str, Any]) -> bool:
    """Whether an example is kept for development figures: the set's own split, or a stable share of it."""
    name, text = example.data_set, example.text
    if name in ("clinc150", "fb_task_oriented_en"):
        return split != "train"
    if name == "slurp":
        return True
    if name == "xsid":
        # Chinese validation is a figure to report, so Chinese xSID is never trained on.
        return split.startswith("zh")
    if name == "sgd":
        return str(row["id"]).startswith("dev/") or stable_fraction(str(row["id"]), "sgd") < 0.1
    # What belongs together stays on one side: a conversation, a film, a group of templates.
    whole = {
        "home_assistant_intents": ("group", "home_assistant", 0.15),
        "smcalflow": ("id", "smcalflow", 0.15),
        "topical_chat_asr": ("id", "topical", 0.2),
        "kdconv": ("topic", "kdconv", 0.15),
    }
    if name in whole:
        key, salt, share = whole[name]
        return stable_fraction(str(row[key]), salt) < share
    salts = {"personality_chat": "personality", "chatterbot_corpus": "chatterbot"}
    return stable_fraction(text, salts.get(name, name)) < (0.15 if name in salts else 0.1)


def select(examples: list[TextExample], most: Mapping[str, int], most_held_out: Mapping[str, int]) -> list[TextExample]:
    """The recipe's share of each data set, in spoken and written variants, without leaks and repetitions.

    Which texts are taken depends on each text alone. A text that is held out anywhere is never trained on.
    """
    leaked = leaks(examples)
    chosen: list[TextExample] = []
    by_set: dict[tuple[str, bool], list[TextExample]] = {}
    for example in examples:
        if example.held_out or plain_text(example.text) not in leaked:
            by_set.setdefault((example.data_set, example.held_out), []).append(example)
    for (data_set, held_out), members in by_set.items():
        limit = most_held_out.get(data_set, most_held_out["default"]) if held_out else most.get(data_set, 0)
        seen: dict[str, TextExample] = {}
        for example in members:
            seen.setdefault(plain_text(example.text), example)
        ordered = sorted(seen.values(), key=lambda example: stable_fraction(example.text, "select"))
        chosen += [speech_variant(example) for example in ordered[:limit]]
    return chosen


def plain_text(text: str) -> str:
    """Case and final mark ignored: what counts as the same text."""
    return text.casefold().rstrip(".?!。？！ ")


def speech_variant(example: TextExample) -> TextExample:
    """Half of the written texts as a recogniser without punctuation would give them, half of the bare ones
    with a capital and a final mark. Offsets stay valid."""
    text = example.text
    coin = stable_fraction(text, "variant")
    bare = text == text.lower() and text[-1:] not in ".?!。？！"
    if bare and coin < 0.4 and text[:1].isascii():
        asks = text.split(" ", 1)[0] in (
            "what",
            "when",
            "who",
            "where",
            "how",
            "is",
            "are",
            "do",
            "does",
            "can",
            "will",
            "which",
        )
        text = text[:1].upper() + text[1:] + ("?" if asks else ".")
    elif not bare and coin < 0.5:
        text = text.lower().rstrip(".?!。？！ ")
        if len(text) < max((end for spans in example.slots.values() for _, end, _ in spans), default=0):
            text = example.text
    if len(text.lower()) != len(text):
        text = example.text
    return TextExample(text, example.data_set, example.held_out, example.intents, example.slots)


def _labelled(
    labels: LabelMap,
    data_set: str,
    text: str,
    intent: str,
    slots: tuple[SlotSpan, ...] | None,
    own_head: str,
) -> TextExample:
    intents = {own_head: intent}
    ours = labels.ours(data_set, intent, text)
    if ours:
        intents[OURS] = ours
    all_slots: dict[str, tuple[SlotSpan, ...]] = {}
    if slots is not None:
        all_slots[own_head] = slots
        names = labels.slots.get(data_set)
        taught = intent not in labels.slots_incomplete.get(data_set, ())
        if names and taught and ours and ours.startswith("scheduling/"):
            all_slots[OURS] = tuple((start, end, names[name]) for start, end, name in slots if name in names)
    return TextExample(text, data_set, False, intents, all_slots)


def _clinc(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    intents = {"clinc150": row["intent"]}
    ours = labels.ours("clinc150", row["intent"], row["text"]) or labels.intents["clinc150_domains"].get(row["domain"])
    if ours:
        intents[OURS] = ours
    yield TextExample(row["text"], "clinc150", False, intents)


def _bracketed(annotation: str) -> tuple[str, tuple[SlotSpan, ...]]:
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


def _hwu(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    text, slots = _bracketed(row["annotation"])
    if text.strip() and not row["in_slurp_devel"]:
        yield _labelled(labels, "hwu64", text, row["intent"], slots, "hwu64")


def _slurp(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    # The `intent` field is inconsistent in the source; scenario and action are not.
    yield _labelled(labels, "slurp", row["text"], f"{row['scenario']}_{row['action']}", None, "hwu64")


def _snips(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    slots = tuple((slot["start"], slot["end"], slot["slot"]) for slot in row["slots"])
    yield _labelled(labels, "snips", row["text"], row["intent"], slots, "snips")


def bio_to_spans(text: str, tokens: list[str], tags: list[str]) -> tuple[SlotSpan, ...]:
    """Token BIO tags to character spans; tokens are found in the text from left to right."""
    spans: list[SlotSpan] = []
    at = 0
    for token, tag in zip(tokens, tags, strict=True):
        start = text.find(token, at)
        if start < 0:
            return tuple(spans)
        end = at = start + len(token)
        if tag.startswith("B-"):
            spans.append((start, end, tag[2:]))
        elif tag.startswith("I-") and spans and spans[-1][2] == tag[2:]:
            spans[-1] = (spans[-1][0], end, tag[2:])
        elif tag.startswith("I-"):
            spans.append((start, end, tag[2:]))
    return tuple(spans)


def _facebook(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    slots = bio_to_spans(row["text"], row["tokens"], row["tags"])
    yield _labelled(labels, "fb_task_oriented_en", row["text"], row["intent"], slots, "fb_task_oriented_en")


def _xsid(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    yield _labelled(
        labels, "xsid", row["text"], row["intent"], bio_to_spans(row["text"], row["tokens"], row["tags"]), "xsid"
    )


def _home_assistant(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    if not row["intent"]:
        return
    name, text = "home_assistant_intents", row["text"]
    example = _labelled(labels, name, text, row["intent"], None, name)
    about_lists = "List" in row["intent"]
    if about_lists or "Timer" in row["intent"]:
        # Values are given without their place, and lengths of time as numbers: both are looked for in the text.
        ours = labels.slots[name]
        spans: set[SlotSpan] = set()
        for slot, values in (row["slots"] or {}).items():
            for value in {str(v).strip() for v in (values if isinstance(values, list) else [values])}:
                found = re.search(rf"(?<![a-z]){re.escape(value)}(?![a-z])", text, re.IGNORECASE)
                if slot in ours and found:
                    label = ours["name_of_list"] if slot == "name" and about_lists else ours[slot]
                    spans.add((found.start(), found.end(), label))
        # All times in these are lengths, so "by" and "on the" before one tell no deadline and no day.
        lengths = re.sub(r"\b(by|on the|for)\b", lambda words: " " * len(words[0]), text)
        example = replace(example, slots={OURS: _with_times(lengths, spans)})
    yield example


def _with_times(text: str, spans: Iterable[SlotSpan]) -> tuple[SlotSpan, ...]:
    """`spans` and the expressions of time beside them, as our own reading finds them."""
    from assistant_app.agenda.when import find_times

    now, language = datetime(2019, 6, 4, 9, tzinfo=UTC), "en" if text.isascii() else "zh"
    readings = find_times(text, now=now, language=language)
    times = [(start, end, "datetime") for reading in readings for start, end in reading.spans]
    beside = [time for time in times if not any(time[0] < end and start < time[1] for start, end, _ in spans)]
    return tuple(sorted({*spans, *beside}))


def _banking(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    yield TextExample(row["text"], "banking77", False, {OURS: labels.intents["banking77"]["*"]})


_SMCALFLOW_ACTS = (
    # (what the program contains, our label); the first that fits decides
    ("FenceMultiAction", None),
    ("DeleteCommitEventWrapper", "scheduling/cancel_event"),
    ("UpdateCommitEventWrapper", "scheduling/move_event"),
    ("CreateCommitEventWrapper", "scheduling/create_event"),
    ("FenceReminder", "scheduling/set_reminder"),
    ("Weather", "unknown/weather"),
    ("FindEventWrapperWithDefaults", "scheduling/query_events"),
    ("FindNumNextEvent", "scheduling/query_events"),
    ("FindLastEvent", "scheduling/query_events"),
    ("ConfirmAndReturnAction", "dialogue/affirm"),
    ("DoNotConfirm", "dialogue/deny"),
    ("Place", "unknown/places"),
    ("FindManager", "unknown/people"),
    ("PersonFromRecipient", "unknown/people"),
)


def _smcalflow(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    for turn in row["turns"]:
        text, program = turn["user"], turn["program"]
        label = next((ours for part, ours in _SMCALFLOW_ACTS if part in program), None)
        if label is None or not text.strip():
            continue
        slots: dict[str, tuple[SlotSpan, ...]] = {}
        if label.startswith("scheduling/"):
            # The program holds times in its own form, not as words: our own reading finds the words.
            spans = _with_times(text, _named_in_program(text, program))
            if all(left[1] <= right[0] for left, right in itertools.pairwise(spans)):
                slots[OURS] = spans
        yield TextExample(text, "smcalflow", False, {OURS: label}, slots)


def _named_in_program(text: str, program: str) -> list[SlotSpan]:
    """Title, people and places of a Lispress program, where the text holds their words."""
    spans: list[SlotSpan] = []
    for name, pattern in (
        ("title", r'subject_\? \(\?~?= "([^"]+)"'),
        ("person", r'PersonName\.apply "([^"]+)"'),
        ("location", r'LocationKeyphrase\.apply "([^"]+)"'),
    ):
        for value in re.findall(pattern, program):
            found = re.search(rf"(?<!\w){re.escape(value.strip())}(?!\w)", text, re.IGNORECASE)
            if found:
                spans.append((found.start(), found.end(), name))
    return spans


def _sgd(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    names = labels.slots["sgd"]
    for turn in row["turns"]:
        if isinstance(turn, str) or turn["s"] != "U":
            continue
        for frame in turn["frames"]:
            intents = [act[2][0] for act in frame["acts"] if act[0] == "INFORM_INTENT"]
            ours = labels.ours("sgd", f"{frame['service']}/{intents[0]}", turn["t"]) if intents else None
            if not ours:
                continue
            slots: dict[str, tuple[SlotSpan, ...]] = {}
            if ours.startswith("scheduling/"):
                found = [(start, end, names[name]) for name, start, end in frame.get("slots", []) if name in names]
                slots[OURS] = tuple(sorted(found))
            yield TextExample(turn["t"], "sgd", False, {OURS: ours}, slots)
            break


def _question_of(data_set: str) -> Reader:
    """Open questions, for the router."""

    def read(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
        text = row["question"].strip()
        if 8 <= len(text) <= 160 and (data_set != "open_trivia" or text.endswith("?")):
            yield TextExample(text, data_set, False, {OURS: "question_answering/ask"})

    return read


_CHAT_TOPICS = {"conversations", "greetings", "botprofile", "emotion", "humor", "gossip", "ai"}


def _personality(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    if "query" in row:
        yield TextExample(row["query"], "personality_chat", False, {OURS: "dialogue/chat"})


def _chatterbot(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    if row["topic"] in _CHAT_TOPICS and row["turns"][0].strip():
        yield TextExample(row["turns"][0].strip(), "chatterbot_corpus", False, {OURS: "dialogue/chat"})


def _topical_chat(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    for turn in row["turns"]:
        for key in ("t", "asr_b"):
            text = (turn.get(key) or "").strip()
            if 10 <= len(text) <= 200:
                yield TextExample(text, "topical_chat_asr", False, {OURS: "dialogue/chat"})


def _kdconv(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    for text in row["turns"][:4]:
        if not text.endswith(("?", "？")) and 4 <= len(text) <= 60:
            yield TextExample(text, "kdconv", False, {OURS: "dialogue/chat"})


Reader = Callable[[Mapping[str, Any], LabelMap], Iterator[TextExample]]

READERS: Mapping[str, Reader] = {
    "clinc150": _clinc,
    "hwu64": _hwu,
    "slurp": _slurp,
    "snips": _snips,
    "fb_task_oriented_en": _facebook,
    "xsid": _xsid,
    "home_assistant_intents": _home_assistant,
    "banking77": _banking,
    "smcalflow": _smcalflow,
    "sgd": _sgd,
    "nq_open": _question_of("nq_open"),
    "webquestions": _question_of("webquestions"),
    "open_trivia": _question_of("open_trivia"),
    "squad2": _question_of("squad2"),
    "cmrc2018": _question_of("cmrc2018"),
    "personality_chat": _personality,
    "chatterbot_corpus": _chatterbot,
    "topical_chat_asr": _topical_chat,
    "kdconv": _kdconv,
}
"""One row of a set's files to its text examples (`held_out` is set by the caller)."""


def span_examples(data: Path) -> Iterator[SpanExample]:
    """Questions on passages. SQuAD is split by article and CMRC by file, so that no passage is in both parts."""
    file = data / "squad2" / "dev_part.jsonl.gz"
    if file.is_file():
        rows = list(read_rows(file))
        titles = sorted({row["title"] for row in rows}, key=lambda title: stable_fraction(title, "article"))
        kept = set(titles[: max(1, len(titles) // 4)])
        for row in rows:
            for example in span_rows([row], "squad2"):
                yield replace(example, held_out=row["title"] in kept)
    for name, kept_out in (("trial", False), ("dev_part", True)):
        file = data / "cmrc2018" / f"{name}.jsonl.gz"
        if file.is_file():
            for example in span_rows(list(read_rows(file)), "cmrc2018"):
                yield replace(example, held_out=kept_out)


def span_rows(rows: Sequence[Mapping[str, Any]], data_set: str) -> Iterator[SpanExample]:
    """Rows of SQuAD's shape: question, context, answers with or without their place."""
    for row in rows:
        answers = tuple(dict.fromkeys(_answer_texts(row["answers"])))
        places = [a["start"] for a in row["answers"] if isinstance(a, dict) and a.get("start", -1) >= 0]
        start = places[0] if places else row["context"].find(answers[0]) if answers else -1
        yield SpanExample(row["question"].strip(), row["context"], answers, start, data_set, True)


def _answer_texts(answers: list[Any]) -> list[str]:
    return [answer["text"] if isinstance(answer, dict) else answer for answer in answers]


def dialogue_examples(data: Path) -> Iterator[DialogueExample]:
    """Replies to learn from: short, friendly, as an assistant gives them."""
    file = data / "personality_chat" / "queries.jsonl.gz"
    if file.is_file():
        for row in read_rows(file):
            if row["style"] == "friendly":
                held_out = stable_fraction(row["query"], "personality") < 0.15
                yield DialogueExample((), row["query"], row["reply"], "personality_chat", held_out)
    for language in ("english", "chinese"):
        file = data / "chatterbot_corpus" / f"{language}.jsonl.gz"
        if file.is_file():
            for row in read_rows(file):
                if row["topic"] in {"conversations", "greetings", "emotion", "food", "movies", "sports"}:
                    text, reply = row["turns"][0].strip(), row["turns"][1].strip()
                    if text and reply:
                        held_out = stable_fraction(text, "chatterbot") < 0.15
                        yield DialogueExample((), text, reply, "chatterbot_corpus", held_out)


def leaks(examples: list[TextExample]) -> set[str]:
    """Texts (as `plain_text`) that are both trained on and held out."""
    held_out = {plain_text(example.text) for example in examples if example.held_out}
    return {plain_text(example.text) for example in examples if not example.held_out} & held_out
