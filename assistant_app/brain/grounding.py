"""A sentence that answers from a passage, in the passage's own words.

The trunk, as it comes, is asked for one short sentence. Decoding is kept to tokens of the passage, of the
question and of common function words, so that names and numbers from elsewhere cannot slip in; and
what comes out is only given where its content words stand in the passage. Otherwise there is no sentence,
and the caller shows the passage's words themselves.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from itertools import pairwise

from assistant_app.brain.prompts import is_chinese
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk

if typing.TYPE_CHECKING:
    from torch import Tensor

PROMPT = (
    "You answer questions from a passage. Reply with one short sentence made of the passage's words, and add nothing "
    "that the passage does not say."
)
LONGEST_PASSAGE_TOKENS = 700
MOST_TOKENS = 56
LEAST_SUPPORT = 0.8
"""Share of a sentence's content words that stand in passage or question."""
_FUNCTION_WORDS = (
    "a an the and or but if because so that this these those it its they their them he she his her we you your i "
    "is are was were be been being has have had do does did will would can could may might must should not no "
    "of in on at to from by with for as into about after before during through over under between when while where "
    "who which what how why than then there also only just very more most less such each other both all some any "
    "的 了 是 在 和 与 因为 所以 为 由 被 把 这 那 它 他 她 们 不 也 都 而 但 并 从 到 对 于 以 其 有 可以"
)
_MARKS = ". , ; : ? ! - ' \" ( ) 。 ， ； ： ？ ！ 、"
_WORD = re.compile(r"[^\W\d_]+|\d[\d.,:]*\d|\d")
_STEM = 5
"""Words that share so many first letters count as the same, as "prevented" and "prevents" do."""

_MEASURES = "many|much|long|old|far|tall|big|large|high|deep|often|fast|heavy|wide|late|early|hot|cold"


def wants_sentence(question: str) -> bool:
    """Whether a question asks for a reason, a manner or an account rather than for a name, number or time."""
    text = question.strip().casefold()
    if is_chinese(text):
        return bool(re.search(r"为什么|为何|怎么(?!样的?人)|怎样|如何|解释|描述|介绍|说明", text))
    asks_how = re.search(r"^(?:(?!\b(?:who|when|where|which|what)\b).)*\bhow (?!(?:" + _MEASURES + r")\b)", text)
    account = (
        r"\b(?:why|explain|describe|what happen(?:s|ed)|what (?:does|do|did) .+ (?:do|mean|cause)|tell me about)\b"
    )
    return bool(asks_how or re.search(account, text))


def supported(sentence: str, passage: str, question: str) -> bool:
    """Whether a sentence says only what the passage says, judged by its words, names and numbers."""
    known = f"{passage} {question}".casefold()
    if is_chinese(sentence):
        letters = [letter for letter in sentence if letter.isalnum() and letter not in _FUNCTION_WORDS]
        pairs = ["".join(pair) for pair in pairwise(letters)]
        there = [pair in known for pair in pairs]
        return bool(there) and sum(there) >= LEAST_SUPPORT * len(there)
    stems = {word[:_STEM] for word in _WORD.findall(known)}
    words = [word for word in _WORD.findall(sentence) if word.casefold() not in _FUNCTION_WORDS.split()]
    exact = [word for word in words if word[0].isdigit() or word[0].isupper()]
    # A sentence begins with a capital; everywhere else one marks a name.
    if any(word.casefold() not in known for word in exact if word[0].isdigit() or not sentence.startswith(word)):
        return False
    there = [word.casefold()[:_STEM] in stems for word in words]
    return bool(there) and sum(there) >= LEAST_SUPPORT * len(there)


class GroundedWriter:
    """Writes such sentences with the trunk."""

    def __init__(self, trunk: Trunk, tokenizer: TextTokenizer) -> None:
        self._trunk = trunk
        self._tokenizer = tokenizer
        self._common = {
            token
            for word in [*_FUNCTION_WORDS.split(), *_MARKS.split()]
            for form in (word, f" {word}", word.capitalize())
            for token in tokenizer.encode(form).ids
        }

    def write(self, question: str, passage: str) -> str:
        """One sentence, or "" where the trunk finds none that the passage supports."""
        import torch

        passage_ids = self._tokenizer.encode(passage).ids[:LONGEST_PASSAGE_TOKENS]
        seen = self._tokenizer.decode(passage_ids)
        allowed = self._common | set(passage_ids) | set(self._tokenizer.encode(question).ids)
        for word in set(_WORD.findall(f"{seen} {question}")):
            # As it would be written elsewhere in a sentence, or at its beginning.
            for form in (word, f" {word}", word.capitalize(), f" {word.lower()}"):
                allowed.update(self._tokenizer.encode(form).ids)
        ids = self._tokenizer.encode(
            f"<|im_start|>system\n{PROMPT}<|im_end|>\n<|im_start|>user\n{seen}\n\nQuestion: {question}<|im_end|>\n"
            "<|im_start|>assistant\n"
        ).ids
        ids = ids[1:] if ids[0] == self._trunk.sink_token_id else ids
        cache = self._trunk.new_cache(len(ids) + MOST_TOKENS + 1)
        end, written = self._trunk.config.eos_token_id, list[int]()

        def read(new: Sequence[int]) -> Tensor:
            x = self._trunk.embed(torch.tensor([list(new)], device=self._trunk.device))
            x = self._trunk.run(x, 0, self._trunk.config.layers, cache=cache)
            cache.length += len(new)
            return x[:, -1]

        with torch.inference_mode():
            last = read(ids)
            while len(written) < MOST_TOKENS:
                tokens, scores = self._trunk.likeliest(last)
                best = max(
                    (pair for pair in zip(scores, tokens, strict=True) if pair[1] in allowed or pair[1] == end),
                    default=(0.0, end),
                )
                if best[1] == end:
                    break
                written.append(best[1])
                if _whole_sentence(self._tokenizer.decode(written)):
                    break
                last = read([best[1]])
        sentence = self._tokenizer.decode(written).strip()
        return sentence if _whole_sentence(sentence) and supported(sentence, seen, question) else ""


def _whole_sentence(text: str) -> bool:
    return bool(re.search(r"[^\W\d][.!]$|\d{4}\.$|[。！]$", text.strip()))
