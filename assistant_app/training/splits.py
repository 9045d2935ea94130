"""What is kept for development figures: a data set's own split, or a share that never changes.

A text's side depends on the text, its conversation, article or group alone, so that it is the same wherever
it is read. Evaluation sets have no say here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant_app.training.examples import TextExample, stable_fraction

_WHOLE = {
    "home_assistant_intents": ("group", "home_assistant", 0.15),
    "smcalflow": ("id", "smcalflow", 0.15),
    "topical_chat_asr": ("id", "topical", 0.2),
    "kdconv": ("topic", "kdconv", 0.15),
    "crosswoz": ("id", "crosswoz", 0.15),
    "taskmaster4": ("id", "taskmaster4", 0.15),
    # Questions and passages of an article are on one side, for every task: 2 of the 11 articles.
    "squad2": ("title", "article", 0.05),
}
"""Set -> field, salt and share: what belongs together (a conversation, a film, a group of templates) is not parted."""


def held_out(example: TextExample, split: str, row: Mapping[str, Any]) -> bool:
    """Whether an example is kept for development figures. `split` is the name of its file."""
    name, text = example.data_set, example.text
    if name in ("clinc150", "fb_task_oriented_en"):
        return split != "train"
    if name == "slurp":
        return True
    if name == "xsid":
        # Chinese validation is a figure to report, so Chinese xSID is never trained on.
        return split.startswith("zh")
    if name == "cmrc2018":
        return split != "trial"
    if name == "sgd":
        return sgd_held_out(str(row["id"]))
    if name in _WHOLE:
        return whole_held_out(name, row)
    salts = {"personality_chat": "personality", "chatterbot_corpus": "chatterbot"}
    return stable_fraction(text, salts.get(name, name)) < (0.15 if name in salts else 0.1)


def whole_held_out(data_set: str, row: Mapping[str, Any]) -> bool:
    """For sets that are parted by conversation, article or group."""
    key, salt, share = _WHOLE[data_set]
    return stable_fraction(str(row[key]), salt) < share


def sgd_held_out(conversation: str) -> bool:
    return conversation.startswith("dev/") or stable_fraction(conversation, "sgd") < 0.1


def topical_chat_held_out(conversation: str) -> bool:
    return whole_held_out("topical_chat_asr", {"id": conversation})
