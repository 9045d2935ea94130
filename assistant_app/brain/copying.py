"""Answers copied out of a passage: the trunk writes, but only what the passage says.

The trunk is asked for the shortest exact words that answer the question, and a beam search keeps it
to pieces of the passage that begin and end at words, so that every answer has its place there
(constrained decoding over the source, as in De Cao et al. 2021, arXiv:2010.00904).
"""

from __future__ import annotations

import typing
from dataclasses import dataclass

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.prompts import copy_passage, copy_question
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import KeyValueCache, Trunk

if typing.TYPE_CHECKING:
    from torch import Tensor

LONGEST_PASSAGE_TOKENS = 900
LONGEST_ANSWER_TOKENS = 24
_LONGEST_ANSWER_CHARACTERS = 120
_HOPELESS = 3.0
"""A beam this many nats behind a finished answer is given up."""


@dataclass(frozen=True, slots=True)
class CopiedSpan:
    """A piece of the passage."""

    start: int
    """Character offset in the passage."""
    end: int
    log_probability: float
    """Of the words and of ending after them."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The passage from one word on."""

    start: int
    ids: list[int]
    offsets: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Beam:
    score: float
    written: list[int]
    pieces: list[_Piece]
    """Those that begin with what was written."""
    next_scores: Tensor
    """Log-probabilities (V,) of the next token."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a passage says to a question."""

    spans: tuple[CopiedSpan, ...]
    """Likeliest first."""
    none_log_probability: float
    """Of ending the turn at once: the passage does not answer."""

    @property
    def margin(self) -> float:
        """Log-probability of the best words less that of none."""
        best = self.spans[0].log_probability if self.spans else float("-inf")
        return best - self.none_log_probability


class CopyReader:
    """Reads passages and copies answers; the passage read last is kept for further questions on it."""

    def __init__(self, trunk: Trunk, tokenizer: TextTokenizer, adapter: LowRankAdapter | None) -> None:
        self._trunk = trunk
        self._tokenizer = tokenizer
        self._adapter = adapter
        self._passage: str | None = None
        self._cache: KeyValueCache | None = None
        self._passage_length = 0
        self._pieces: list[_Piece] = []

    def read(self, question: str, passage: str, *, beams: int = 2) -> Copied:
        """Pieces of `passage` that answer `question`; what is beyond `LONGEST_PASSAGE_TOKENS` is not read."""
        cache = self._read_passage(passage)
        first = self._scores(cache, self._tokenizer.encode(copy_question(question)).ids, keep=True)
        end_of_turn = self._trunk.config.eos_token_id
        finished: dict[tuple[int, int], float] = {}
        alive = [_Beam(0.0, [], self._pieces, first)]
        while alive:
            grown: list[tuple[float, list[int], list[_Piece]]] = []
            for beam in alive:
                _finish(beam, passage, end_of_turn, finished)
                grown += _grow(beam)
            best = max(finished.values(), default=float("-inf"))
            grown.sort(key=lambda item: -item[0])
            # Each beam writes after the prompt anew; the cache's length stays where the prompt ends.
            alive = [
                _Beam(score, written, rest, self._scores(cache, written))
                for score, written, rest in grown[:beams]
                if score > best - _HOPELESS
            ]
        spans = sorted(
            (CopiedSpan(*place, score) for place, score in finished.items()), key=lambda s: -s.log_probability
        )
        return Copied(tuple(spans), float(first[end_of_turn]))

    def _read_passage(self, passage: str) -> KeyValueCache:
        """Keys and values of the passage, ready for a question."""
        if self._cache is None or self._passage != passage:
            tokens = self._tokenizer.encode(copy_passage(passage))
            skip = 1 if tokens.ids[0] == self._trunk.sink_token_id else 0
            ids = tokens.ids[skip : skip + LONGEST_PASSAGE_TOKENS]
            cache = self._trunk.new_cache(len(ids) + 128)
            self._scores(cache, ids, keep=True)
            end = tokens.offsets[skip + len(ids) - 1][1] - (len(copy_passage(passage)) - len(passage))
            seen = passage[: max(0, end)]
            self._pieces = [
                _Piece(start, one.ids[:LONGEST_ANSWER_TOKENS], one.offsets)
                for start, one in self._tokenizer.encode_pieces(seen, word_starts(seen), _LONGEST_ANSWER_CHARACTERS)
            ]
            self._passage, self._cache, self._passage_length = passage, cache, cache.length
        self._cache.length = self._passage_length
        return self._cache

    def _scores(self, cache: KeyValueCache, ids: list[int], *, keep: bool = False) -> Tensor:
        """Log-probabilities (V,) of what follows `ids`; they stay in the cache if `keep`."""
        import torch

        x = self._trunk.embed(torch.tensor([ids], device=self._trunk.device))
        x = self._trunk.run(x, 0, self._trunk.config.layers, cache=cache, adapter=self._adapter)
        if keep:
            cache.length += len(ids)
        return self._trunk.logits(x[:, -1])[0].float().log_softmax(-1)


def _finish(beam: _Beam, passage: str, end_of_turn: int, finished: dict[tuple[int, int], float]) -> None:
    """Note the answer that ends here, if it ends at a word's end; the first place in the passage is taken."""
    written = len(beam.written)
    if not written:
        return
    for piece in beam.pieces:
        end = piece.start + piece.offsets[written - 1][1]
        if not _inside_word(passage, end):
            finished.setdefault((piece.start, end), beam.score + float(beam.next_scores[end_of_turn]))
            return


def _grow(beam: _Beam) -> list[tuple[float, list[int], list[_Piece]]]:
    following: dict[int, list[_Piece]] = {}
    for piece in beam.pieces:
        if len(beam.written) < len(piece.ids):
            following.setdefault(piece.ids[len(beam.written)], []).append(piece)
    return [
        (beam.score + float(beam.next_scores[token]), [*beam.written, token], pieces)
        for token, pieces in following.items()
    ]


def word_starts(passage: str) -> list[int]:
    """Where a word begins; each character of Chinese counts as one."""
    return [at for at, letter in enumerate(passage) if letter.isalnum() and not _inside_word(passage, at)]


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and all(c.isalnum() and c < "\u2e80" for c in text[at - 1 : at + 1])
