"""Conversations whose last turn is the reply to learn, from the sets that have good ones.

Short replies as an assistant or a friend gives them. Each set is taken by name; a missing one is left out. It knows
no model and no prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant_app.training.examples import DialogueExample, read_rows, stable_fraction
from assistant_app.training.leaks import unleaked_dialogues
from assistant_app.training.splits import sgd_held_out, whole_held_out

LONGEST_REPLY = {"en": 160, "zh": 60}
"""Characters."""
TURNS_BEFORE = 3
"""Pairs of turns that a reply sees before the one it answers."""

_TOPICS = {"conversations", "greetings", "emotion", "food", "movies", "sports"}


def dialogue_examples(
    data: Path, sets: Sequence[str] = ("personality_chat", "chatterbot_corpus")
) -> Iterator[DialogueExample]:
    """Replies to learn from; `sets` are names of `REPLIES`. What is held out in one set is not learned from another."""
    files = [(name, file) for name in sets for file in sorted((data / name).glob("*.jsonl.gz"))]
    found = [example for name, file in files for row in read_rows(file) for example in REPLIES[name](row)]
    yield from unleaked_dialogues(found)


def _personality(row: Mapping[str, Any]) -> Iterator[DialogueExample]:
    if row["style"] == "friendly" and "query" in row:
        held_out = stable_fraction(row["query"], "personality") < 0.15
        yield DialogueExample((), row["query"], row["reply"], "personality_chat", held_out)


def _chatterbot(row: Mapping[str, Any]) -> Iterator[DialogueExample]:
    if row["topic"] in _TOPICS:
        text, reply = row["turns"][0].strip(), row["turns"][1].strip()
        if text and reply:
            held_out = stable_fraction(text, "chatterbot") < 0.15
            yield DialogueExample((), text, reply, "chatterbot_corpus", held_out)


def _topical_chat(row: Mapping[str, Any]) -> Iterator[DialogueExample]:
    turns = [(turn.get("t") or "").strip() for turn in row["turns"]]
    held_out = whole_held_out("topical_chat_asr", row)
    yield from _windows(turns, "topical_chat_asr", held_out, LONGEST_REPLY["en"])


def _kdconv(row: Mapping[str, Any]) -> Iterator[DialogueExample]:
    turns = [turn.strip() for turn in row["turns"]]
    yield from _windows(turns, "kdconv", whole_held_out("kdconv", row), LONGEST_REPLY["zh"])


def _windows(turns: Sequence[str], data_set: str, held_out: bool, longest: int) -> Iterator[DialogueExample]:
    """Each second turn as a reply, with up to `TURNS_BEFORE` pairs before; both ways, as two people talk."""
    for at in range(1, len(turns)):
        before = turns[max(0, at - 1 - 2 * TURNS_BEFORE) : at - 1]
        before = before[len(before) % 2 :]
        pairs = tuple(zip(before[::2], before[1::2], strict=True))
        if turns[at] and len(turns[at]) <= longest and turns[at - 1] and all(map(all, pairs)):
            yield DialogueExample(pairs, turns[at - 1], turns[at], data_set, held_out)


def _sgd(row: Mapping[str, Any]) -> Iterator[DialogueExample]:
    """What the system says where nothing was done or found by a service: questions and closing words."""
    turns = row["turns"]
    if isinstance(turns[0], str):
        return
    held_out = sgd_held_out(str(row["id"]))
    talk = ("REQUEST", "REQ_MORE", "GOODBYE")
    pairs: list[tuple[str, str]] = []
    for user, system in zip(turns[::2], turns[1::2], strict=False):
        acts = {act[0] for frame in system["frames"] for act in frame["acts"]}
        if acts and acts <= set(talk):
            yield DialogueExample(tuple(pairs[-TURNS_BEFORE:]), user["t"], system["t"], "sgd", held_out)
        pairs.append((user["t"], system["t"]))


REPLIES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[DialogueExample]]] = {
    "personality_chat": _personality,
    "chatterbot_corpus": _chatterbot,
    "topical_chat_asr": _topical_chat,
    "kdconv": _kdconv,
    "sgd": _sgd,
}
"""One row of a set's files to the replies in it."""
