"""The dialogue decoder at work: replies token by token, on a cache that outlives the turn.

What the trunk has read stays in one cache of keys and values: the system prompt, the conversation and
the reply itself. A new turn reads only what is not there yet. It knows no skills; locking is its caller's.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.key_value_cache import KeyValueCache
from assistant_app.brain.prompts import conversation, is_chinese, system_prefix
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk

if typing.TYPE_CHECKING:
    from torch import Tensor

LONGEST_HISTORY_TOKENS = 900
ECHO_TOKENS = 3
"""So many of the user's tokens in a row are never said back: a small model likes to repeat what it hears."""
REPETITION_PENALTY = 1.1
"""Divides the score of words already in the reply (Keskar et al. 2019, arXiv:1909.05858)."""
_SHORTEST_KEPT = 16
"""Fewer tokens than these in the middle of a conversation are read anew rather than moved."""


class ReplyWriter:
    """Writes replies with the trunk and the dialogue adapter."""

    def __init__(self, trunk: Trunk, tokenizer: TextTokenizer, adapter: LowRankAdapter | None) -> None:
        self._trunk = trunk
        self._tokenizer = tokenizer
        self._adapter = adapter
        self._cache: KeyValueCache | None = None
        self._read_ids: list[int] = []
        """The tokens in the cache after the sink."""
        self._system_ids: dict[bool, list[int]] = {}
        """Of a conversation in Chinese (True), or in another language."""
        for chinese in (False, True):
            ids = tokenizer.encode(system_prefix(chinese)).ids
            self._system_ids[chinese] = ids[1:] if ids[0] == trunk.sink_token_id else ids

    def prepare(self) -> None:
        """Read the system prompt, so that the first reply need not."""
        if self._cache is None:
            self._read_prompt(self._system_ids[False])

    def write(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply, as they are written. Greedy, with a penalty on repetition."""
        end_of_turn = self._trunk.config.eos_token_id
        last = self._read_prompt(self._prompt(history, text))
        echoes = _continuations(self._tokenizer.encode(text).ids, ECHO_TOKENS)
        written: list[int] = []
        shown = ""
        for _ in range(max_tokens):
            forbidden = echoes.get(tuple(written[1 - ECHO_TOKENS :]), set())
            token = self._choose(last, written, forbidden)
            if token == end_of_turn or _loops([*written, token]):
                break
            written.append(token)
            last = self._read([token])
            so_far = self._tokenizer.decode(written)
            if not so_far.endswith("\ufffd"):
                piece, shown = so_far[len(shown) :], so_far
                if piece:
                    yield piece

    def _prompt(self, history: Sequence[tuple[str, str]], text: str) -> list[int]:
        """All tokens after the sink; the oldest pairs are dropped until the rest fits."""
        ids: list[int] = []
        for first in range(len(history) + 1):
            ids = self._tokenizer.encode(conversation(history[first:], text)).ids
            if len(ids) <= LONGEST_HISTORY_TOKENS:
                break
        return [*self._system_ids[is_chinese(text)], *ids[-LONGEST_HISTORY_TOKENS:]]

    def _choose(self, last: Tensor, written: Sequence[int], forbidden: set[int]) -> int:
        """The likeliest token after the penalties, which only ever lower a score."""
        import torch

        seen = set(written)
        with torch.inference_mode():
            ids, scores = self._trunk.likeliest(last)
        best, choice = float("-inf"), self._trunk.config.eos_token_id
        for token, score in zip(ids, scores, strict=True):
            if token in seen:
                score = score / REPETITION_PENALTY if score > 0 else score * REPETITION_PENALTY
            if score > best and token not in forbidden:
                best, choice = score, token
        return choice

    # --- reading

    def _read_prompt(self, ids: Sequence[int]) -> Tensor:
        """Bring the cache to hold exactly `ids`; states (1, D) of the last one after all layers."""
        import torch

        with torch.inference_mode():
            if self._cache is None:
                self._cache, self._read_ids = self._trunk.new_cache(len(ids) + 256), []
            kept = self._keep(ids)
            fresh = ids[kept:]
            return self._read(fresh)

    def _keep(self, ids: Sequence[int]) -> int:
        """Leave in the cache what `ids` begins with, moved together where older turns were dropped; how many tokens."""
        cache = self._cache
        assert cache is not None
        # The last token is always read: its states are what the reply begins with.
        most = len(ids) - 1
        kept = _common(self._read_ids, ids[:most])
        found = _find_later(self._read_ids, ids[:most], kept)
        if found is not None:
            begin, length = found
            self._trunk.close_gap(cache, 1 + kept, 1 + begin, 1 + begin + length)
            self._read_ids = [*ids[:kept], *self._read_ids[begin : begin + length]]
            kept += length
        cache.length = 1 + kept
        del self._read_ids[kept:]
        return kept

    def _read(self, ids: Sequence[int]) -> Tensor:
        import torch

        cache = self._cache
        assert cache is not None
        with torch.inference_mode():
            x = self._trunk.embed(torch.tensor([list(ids)], device=self._trunk.device))
            x = self._trunk.run(x, 0, self._trunk.config.layers, cache=cache, adapter=self._adapter)
            cache.length += len(ids)
        self._read_ids += ids
        return x[:, -1]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _find_later(held: Sequence[int], wanted: Sequence[int], kept: int) -> tuple[int, int] | None:
    """Where in `held` what follows the first `kept` of `wanted` goes on, and for how many tokens."""
    ahead = list(wanted[kept : kept + _SHORTEST_KEPT])
    if len(ahead) < _SHORTEST_KEPT:
        return None
    for begin in range(kept + 1, len(held) - _SHORTEST_KEPT + 1):
        if list(held[begin : begin + _SHORTEST_KEPT]) == ahead:
            return begin, _common(held[begin:], wanted[kept:])
    return None


def _continuations(ids: Sequence[int], size: int) -> dict[tuple[int, ...], set[int]]:
    """For each run of `size` - 1 tokens in `ids`, the tokens that follow it there."""
    following: dict[tuple[int, ...], set[int]] = {}
    for at in range(len(ids) - size + 1):
        following.setdefault(tuple(ids[at : at + size - 1]), set()).add(ids[at + size - 1])
    return following


def _loops(ids: Sequence[int], *, longest: int = 12, times: int = 3) -> bool:
    """Whether the text ends in the same piece `times` over."""
    for size in range(2, longest + 1):
        tail = ids[-size:]
        if len(ids) >= size * times and all(ids[-size * (k + 1) : len(ids) - size * k] == tail for k in range(times)):
            return True
    return False
