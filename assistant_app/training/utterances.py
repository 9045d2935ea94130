"""One reader a data set: a row of its files to the utterances in it, with the set's labels and ours.

Readers take what the sets publish and change nothing. They do not decide what is held out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from assistant_app.training.examples import OURS, LabelMap, SlotSpan, TextExample, bracketed


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


def _hwu(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    text, slots = bracketed(row["annotation"])
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


_CROSSWOZ_DOMAINS = {
    "餐馆": "unknown/food",
    "酒店": "unknown/travel",
    "景点": "unknown/places",
    "地铁": "unknown/travel",
    "出租": "unknown/travel",
}


def _crosswoz(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    """The user's turns that tell what is wanted, where they are about one thing."""
    for turn in row["turns"]:
        domains = {act[1] for act in turn["acts"] if act[0] in ("Inform", "Request")}
        ours = {_CROSSWOZ_DOMAINS[domain] for domain in domains if domain in _CROSSWOZ_DOMAINS}
        if turn["s"] == "U" and len(ours) == 1 and 8 <= len(turn["t"]) <= 60:
            yield TextExample(turn["t"], "crosswoz", False, {OURS: ours.pop()})


def _taskmaster(row: Mapping[str, Any], labels: LabelMap) -> Iterator[TextExample]:
    """The first order of a conversation."""
    first = row["turns"][0]
    if first["s"] == "U" and len(first["t"].split()) >= 3:
        yield TextExample(first["t"], "taskmaster4", False, {OURS: "unknown/food"})


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
    "crosswoz": _crosswoz,
    "taskmaster4": _taskmaster,
}
"""One row of a set's files to its text examples (`held_out` is set by the caller)."""
