"""The multi-task model in use: one trunk, the router and the task decoders behind four methods.

    route(utterance)            the lower layers once; router and slot tags on their states
    answer(question, passage)   all layers; a span of the passage, or none
    reply(history, text)        all layers with the dialogue adapter; text, piece by piece
    warm_up()                   what would make the first use slow

One thread at a time: a lock keeps it so. It knows neither skills nor calendars.
"""

from __future__ import annotations

import math
import threading
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.checkpoint import ADAPTER_SCALE, load_checkpoint, trunk_fingerprint
from assistant_app.brain.copying import CopyReader
from assistant_app.brain.linear import Precision
from assistant_app.brain.personal import PersonalAdapter
from assistant_app.brain.prompts import conversation, system_prefix
from assistant_app.brain.prototypes import Reference, Sentence
from assistant_app.brain.tokens import TextTokenizer, Tokens, whole_words
from assistant_app.brain.trunk import KeyValueCache, Trunk
from assistant_app.brain.understanding import OURS, Features, UtteranceReader
from assistant_app.errors import ModelError
from assistant_app.turn import Command, Route, Utterance

if typing.TYPE_CHECKING:
    from torch import Tensor

LONGEST_HISTORY_TOKENS = 900
ECHO_TOKENS = 3
"""So many of the user's tokens in a row are never said back: a small model likes to repeat what it hears."""
REPETITION_PENALTY = 1.1
"""Divides the score of words already in the reply (Keskar et al. 2019, arXiv:1909.05858)."""


@dataclass(frozen=True, slots=True)
class SpanAnswer:
    """The words of a passage that answer a question."""

    text: str
    """Empty: the passage does not answer it."""
    confidence: float
    """Probability that the passage holds an answer, 0 to 1."""
    start: int
    """Character offset in the passage."""
    end: int


class MultiTaskModel:
    """Loaded weights, ready to run."""

    def __init__(self, trunk: Trunk, tokenizer: TextTokenizer, decoders_dir: Path, fingerprint: str) -> None:
        import torch

        from assistant_app.brain.decoders import EncoderShape, understanding_decoders

        self.trunk = trunk
        self.tokenizer = tokenizer
        self.checkpoint, parts = load_checkpoint(decoders_dir)
        info = self.checkpoint
        if info.trunk_fingerprint != fingerprint:
            raise ModelError(
                "trunk_mismatch",
                f"The decoders were trained on {info.trunk_name} ({info.trunk_fingerprint}), but the language model "
                f"found is another one ({fingerprint}). Run: assistant models fetch",
            )
        sizes = {key: int(value) for key, value in info.encoder.items() if key != "dropout"}
        hidden = trunk.config.hidden_size
        utterance = EncoderShape(hidden, len(info.utterance_depths), **sizes)
        self.router, self.slots = understanding_decoders(
            utterance,
            {name: len(labels) for name, labels in info.intent_labels.items()},
            {name: len(labels) for name, labels in info.slot_labels.items()},
            info.sharing,
        )
        try:
            self.router.load_state_dict(parts["router"])
            self.slots.load_state_dict(parts["slots"])
        except RuntimeError as error:
            raise ModelError(
                "decoders_damaged", f"The decoders in {decoders_dir} do not fit together. Reinstall the program."
            ) from error
        for module in (self.router, self.slots):
            module.to(trunk.device).eval().requires_grad_(False)

        def adapter(name: str, rank: int, scale: float) -> LowRankAdapter | None:
            if not rank:
                return None
            return LowRankAdapter.from_state(parts[name], rank, scale).to(dtype=trunk.dtype, device=trunk.device)

        self.dialogue = adapter("dialogue", info.dialogue_rank, info.dialogue_scale)
        self.answers = adapter("answers", info.answer_rank, ADAPTER_SCALE)
        self.understanding = UtteranceReader(
            trunk,
            tokenizer,
            info,
            self.router,
            self.slots,
            adapter("understanding", info.understanding_rank, ADAPTER_SCALE),
        )
        self._copies = CopyReader(trunk, tokenizer, self.answers)
        self._torch = torch
        self._lock = threading.RLock()
        self._system_cache: KeyValueCache | None = None

    @staticmethod
    def load(
        trunk_dir: Path, decoders_dir: Path, device: str = "auto", *, precision: Precision = "auto"
    ) -> MultiTaskModel:
        """Raises `ModelError` if anything is missing, damaged or does not belong together."""
        import torch

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise ModelError("no_cuda", "There is no CUDA device. Choose 'auto' or 'cpu' in Settings > Model.")
        trunk = Trunk.load(trunk_dir, device=device, precision=precision)
        return MultiTaskModel(trunk, TextTokenizer(trunk_dir), decoders_dir, trunk_fingerprint(trunk_dir))

    # --- understanding

    def route(self, utterance: Utterance) -> Route:
        """Skill, intent, slots and evidence for an utterance."""
        with self._lock:
            return self.understanding.route(utterance)

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        """What an utterance asks for, in its order: nearly always one thing."""
        with self._lock:
            return self.understanding.commands(utterance)

    def know(self, reference: Reference) -> None:
        """The program's own sentences as vectors of these weights: shown in `Route.why`, and needed by `learn`."""
        with self._lock:
            self.understanding.reference = reference

    def learn(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Route to new intents from now on: "skill/intent" -> its example sentences (`prototypes.py`)."""
        with self._lock:
            self.understanding.learn(examples)

    def personalise(self, personal: PersonalAdapter | None) -> None:
        """Understand with a person's adapter from now on, or as released. Raises `ModelError` for a misfit."""
        info = self.checkpoint
        if personal and not personal.fits(
            self.router.pool.score.in_features, len(info.intent_labels[OURS]), len(info.slot_labels[OURS])
        ):
            raise ModelError(
                "personal_misfit",
                "The personal adapter belongs to other decoders. Fit it again: assistant train --personal",
            )
        with self._lock:
            self.understanding.personalise(personal)

    def features(self, text: str) -> Features | None:
        """What the released decoders make of a text: what a personal adapter is fitted on."""
        with self._lock:
            return self.understanding.features(text)

    @property
    def weights_name(self) -> str:
        """Tells one set of trained weights from another."""
        return self.understanding.weights_name

    def read_reference(
        self, sentences: Sequence[Sentence], on_progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> Reference:
        """Read each sentence once, some 40 ms each on one core; others get their turn in between."""
        vectors = []
        for number, sentence in enumerate(sentences, start=1):
            with self._lock:
                vectors.append(self.understanding.vectors([sentence.text])[0])
            on_progress(number, len(sentences))
        return Reference(sentences, self._torch.stack(vectors), self.router.pool.score.in_features)

    def classify(self, text: str, label_set: str) -> tuple[str, float, list[tuple[int, int, str]]]:
        """Intent, probability and slots in the labels of one data set it was trained on; for evaluation."""
        with self._lock:
            return self.understanding.classify(text, label_set)

    def read_utterance(self, tokens: Tokens) -> Tensor:
        """(1, T, L, D): the trunk's lower layers, once."""
        with self._lock:
            return self.understanding.read(tokens)

    def _read(
        self, ids: Sequence[int], depths: Sequence[int], cache: KeyValueCache, adapter: LowRankAdapter | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run `ids`, which follow the cache, to the deepest of `depths`: taps (1, T, L, D), last states (1, T, D)."""
        torch = self._torch
        tapped: dict[int, Tensor] = {}
        x = self.trunk.embed(torch.tensor([list(ids)], device=self.trunk.device))
        x = self.trunk.run(x, 0, max(depths), cache=cache, adapter=adapter, taps=depths, tapped=tapped)
        cache.length += len(ids)
        return torch.stack([tapped[depth] for depth in depths], dim=2), x

    def _encode(self, text: str, longest: int) -> Tokens:
        tokens = self.tokenizer.encode(text)
        return Tokens(tokens.ids[:longest], tokens.offsets[:longest])

    # --- question answering

    def answer(self, question: str, passage: str) -> SpanAnswer:
        """The span of `passage` that answers `question`; empty text if none does.

        The words are copied out of the passage (`copying.py`); what speaks for them is how much likelier they
        are than no answer at all. A passage longer than `copying.LONGEST_PASSAGE_TOKENS` is read up to there.
        """
        if not question.strip() or not passage.strip():
            return SpanAnswer("", 0.0, 0, 0)
        with self._lock, self._torch.inference_mode():
            found = self._copies.read(question.strip(), passage)
        if not found.spans:
            return SpanAnswer("", 0.0, 0, 0)
        info = self.checkpoint
        confidence = 1 / (1 + math.exp(-(info.answer_slope * max(-30.0, min(30.0, found.margin)) + info.answer_offset)))
        if confidence < info.answer_threshold:
            return SpanAnswer("", confidence, 0, 0)
        left, right = whole_words(passage, found.spans[0].start, found.spans[0].end)
        return SpanAnswer(passage[left:right], confidence, left, right)

    # --- dialogue

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply, as they are written. Greedy, with a penalty on repetition."""
        torch = self._torch
        end_of_turn = self.trunk.config.eos_token_id
        with self._lock:
            ids: list[int] = []
            for first in range(len(history) + 1):
                # The oldest pairs are dropped until the rest fits.
                ids = self.tokenizer.encode(conversation(history[first:], text)).ids
                if len(ids) <= LONGEST_HISTORY_TOKENS:
                    break
            ids = ids[-LONGEST_HISTORY_TOKENS:]
            depth = self.trunk.config.layers
            with torch.inference_mode():
                cache = self._conversation_cache().copy()
                _, x = self._read(ids, (depth,), cache, self.dialogue)
            echoes = _continuations(self.tokenizer.encode(text).ids, ECHO_TOKENS)
            written: list[int] = []
            shown = ""
            for _ in range(max_tokens):
                with torch.inference_mode():
                    scores = self.trunk.logits(x[:, -1])[0].float()
                    if written:
                        seen = torch.tensor(sorted(set(written)), device=scores.device)
                        before = scores[seen]
                        scores[seen] = torch.where(before > 0, before / REPETITION_PENALTY, before * REPETITION_PENALTY)
                    for token in echoes.get(tuple(written[1 - ECHO_TOKENS :]), ()):
                        scores[token] = float("-inf")
                    token = int(scores.argmax())
                    if token == end_of_turn or _loops([*written, token]):
                        break
                    written.append(token)
                    _, x = self._read([token], (depth,), cache, self.dialogue)
                so_far = self.tokenizer.decode(written)
                if not so_far.endswith("\ufffd"):
                    piece, shown = so_far[len(shown) :], so_far
                    if piece:
                        yield piece

    def _conversation_cache(self) -> KeyValueCache:
        """Keys and values of the system prompt, computed once."""
        if self._system_cache is None:
            ids = self.tokenizer.encode(system_prefix()).ids
            if ids[0] == self.trunk.sink_token_id:
                ids = ids[1:]
            cache = self.trunk.new_cache(len(ids) + 64)
            self._read(ids, (self.trunk.config.layers,), cache, self.dialogue)
            self._system_cache = cache
        return self._system_cache

    def warm_up(self) -> None:
        """Run each path once."""
        self.route(Utterance("what is on tomorrow", "typed", "en"))
        with self._lock, self._torch.inference_mode():
            self._conversation_cache()


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
