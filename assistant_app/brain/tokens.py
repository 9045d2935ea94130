"""Tokens of a text with their character offsets, and spans of tokens back to words."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant_app.errors import ModelError

if typing.TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Tokens:
    """A tokenised text."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    """Character offsets in the text, end exclusive; may include a leading space."""


class TextTokenizer:
    """The trunk's own tokenizer."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(
                "trunk_damaged", f"The tokenizer in {folder} is missing or damaged. Run: assistant models fetch"
            ) from error

    def encode(self, text: str) -> Tokens:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return Tokens(encoded.ids, encoded.offsets)

    def encode_pieces(self, text: str, starts: Sequence[int], longest: int) -> list[tuple[int, Tokens]]:
        """The text from each of `starts` on, at most `longest` characters, tokenised on its own."""
        encoded = self._tokenizer.encode_batch(
            [text[start : start + longest] for start in starts], add_special_tokens=False
        )
        return [(start, Tokens(one.ids, one.offsets)) for start, one in zip(starts, encoded, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without outer white space and marks, and with words it cuts made whole (not in Chinese)."""

    def joins(at: int) -> bool:
        return 0 < at < len(text) and all(c.isalnum() and c < "\u2e80" for c in text[at - 1 : at + 1])

    while start < end and not text[start].isalnum() and text[start] not in "$€£¥#+-":
        start += 1
    while end > start and not text[end - 1].isalnum() and text[end - 1] not in "%°)]!?":
        end -= 1
    if start == end:
        return start, end
    while joins(start):
        start -= 1
    while joins(end):
        end += 1
    return start, end


def heaviest_words(
    text: str, offsets: Sequence[tuple[int, int]], weights: Sequence[float], most: int
) -> list[tuple[int, int]]:
    """The words, as spans of the text in its order; those with the greatest sums of token weights where there are
    more than `most`."""
    words: dict[tuple[int, int], float] = {}
    for (start, end), weight in zip(offsets, weights, strict=True):
        span = whole_words(text, start, end)
        if span[0] < span[1]:
            words[span] = words.get(span, 0.0) + weight
    return sorted(sorted(words, key=lambda span: -words[span])[:most])


def best_tags(scores: Tensor, labels: Sequence[str]) -> list[str]:
    """The likeliest tag sequence that BIO allows, from scores (T, labels) (Viterbi 1967).

    "I-x" may only follow "B-x" or "I-x"; of all such sequences the one with the greatest sum of
    log-probabilities is taken.
    """
    import torch

    if not len(scores):
        return []
    names = [label[2:] for label in labels]
    blocked = torch.tensor(
        [[to.startswith("I-") and names[at] != to[2:] for to in labels] for at in range(len(labels))]
    )
    steps = scores.float().log_softmax(-1).cpu()
    step_cost = torch.zeros(blocked.shape).masked_fill(blocked, float("-inf"))
    best = steps[0].masked_fill(torch.tensor([label.startswith("I-") for label in labels]), float("-inf"))
    back = []
    for row in steps[1:]:
        reached = (best[:, None] + step_cost).max(0)
        back.append(reached.indices)
        best = reached.values + row
    at = int(best.argmax())
    path = [at]
    for pointers in reversed(back):
        at = int(pointers[at])
        path.append(at)
    return [labels[at] for at in reversed(path)]


def tags_to_spans(text: str, offsets: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Token BIO tags to character spans (start, end, name), in order, whole words."""
    spans: list[list[int]] = []
    names: list[str] = []
    open_name = ""
    for (start, end), tag in zip(offsets, tags, strict=True):
        name = tag[2:]
        if tag == "O":
            open_name = ""
        elif tag.startswith("B-") or name != open_name:
            spans.append([start, end])
            names.append(name)
            open_name = name
        else:
            spans[-1][1] = end
    result: list[tuple[int, int, str]] = []
    for (start, end), name in zip(spans, names, strict=True):
        start, end = whole_words(text, start, end)
        if start >= end:
            continue
        if result and start < result[-1][1]:
            # Two spans inside one word: the later one is a fragment of it.
            continue
        result.append((start, end, name))
    return result


def spans_to_tags(offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """Character spans to token BIO tags; a token belongs to the span that holds its last character."""
    tags = ["O"] * len(offsets)
    for start, end, name in spans:
        first = True
        for at, (left, right) in enumerate(offsets):
            if right > left and start < right <= end:
                tags[at] = f"{'B' if first else 'I'}-{name}"
                first = False
    return tags
