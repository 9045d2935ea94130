"""Answers copied out of a passage: the trunk writes, but only what the passage says.

The trunk is asked for the shortest exact words that answer the question, and a beam search keeps it
to pieces of the passage that begin and end at words, so that every answer has its place there
(constrained decoding over the source, as in De Cao et al. 2021, arXiv:2010.00904).
"""

from __future__ import annotations

import typing
from dataclasses import dataclass

from assistant_app.brain.prompts import copy_request
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import KeyValueCache, Trunk

if typing.TYPE_CHECKING:
    from torch import Tensor

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


def copy_spans(
    trunk: Trunk, tokenizer: TextTokenizer, question: str, passage: str, *, beams: int = 2
) -> list[CopiedSpan]:
    """Pieces of `passage` that the trunk would answer `question` with, likeliest first."""
    pieces = [
        _Piece(start, tokens.ids[:LONGEST_ANSWER_TOKENS], tokens.offsets)
        for start, tokens in tokenizer.encode_pieces(passage, word_starts(passage), _LONGEST_ANSWER_CHARACTERS)
    ]
    ids = tokenizer.encode(copy_request(question, passage)).ids
    if ids[0] == trunk.sink_token_id:
        ids = ids[1:]
    cache = trunk.new_cache(len(ids) + LONGEST_ANSWER_TOKENS + 1)
    first = _read(trunk, cache, ids)
    cache.length += len(ids)
    finished: dict[tuple[int, int], float] = {}
    alive = [_Beam(0.0, [], pieces, first)]
    while alive:
        grown: list[tuple[float, list[int], list[_Piece]]] = []
        for beam in alive:
            _finish(beam, passage, trunk.config.eos_token_id, finished)
            grown += _grow(beam)
        best = max(finished.values(), default=float("-inf"))
        grown.sort(key=lambda item: -item[0])
        # Each beam writes after the prompt anew; the cache's length stays where the prompt ends.
        alive = [
            _Beam(score, written, rest, _read(trunk, cache, written))
            for score, written, rest in grown[:beams]
            if score > best - _HOPELESS
        ]
    return sorted((CopiedSpan(*place, score) for place, score in finished.items()), key=lambda s: -s.log_probability)


def _read(trunk: Trunk, cache: KeyValueCache, ids: list[int]) -> Tensor:
    import torch

    x = trunk.run(trunk.embed(torch.tensor([ids], device=trunk.device)), 0, trunk.config.layers, cache=cache)
    return trunk.logits(x[:, -1])[0].float().log_softmax(-1)


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
