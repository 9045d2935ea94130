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
from assistant_app.brain.generation import ReplyWriter
from assistant_app.brain.grounding import GroundedWriter, wants_sentence
from assistant_app.brain.linear import Precision
from assistant_app.brain.personal import PersonalAdapter
from assistant_app.brain.prototypes import Reference, Sentence
from assistant_app.brain.tokens import TextTokenizer, Tokens, whole_words
from assistant_app.brain.trunk import Trunk
from assistant_app.brain.understanding import OURS, Features, UtteranceReader
from assistant_app.errors import ModelError
from assistant_app.turn import Command, Route, Slot, Utterance

if typing.TYPE_CHECKING:
    from torch import Tensor


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
                f"found is another one ({fingerprint}). Fetch that one (assistant models fetch), or train decoders "
                "on this one (assistant train --trunk DIR) and name them in the settings (decoders, under [model]).",
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
        self._sentences = GroundedWriter(trunk, tokenizer)
        self._torch = torch
        self._lock = threading.RLock()
        self._replies = ReplyWriter(trunk, tokenizer, self.dialogue)

    @staticmethod
    def load(
        trunk_dir: Path,
        decoders_dir: Path,
        device: str = "auto",
        *,
        precision: Precision = "auto",
        cache_dir: Path | None = None,
    ) -> MultiTaskModel:
        """Raises `ModelError` if anything is missing, damaged or does not belong together.

        `cache_dir` keeps what is computed from the weights for the next start.
        """
        import torch

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise ModelError("no_cuda", "There is no CUDA device. Choose 'auto' or 'cpu' in Settings > Model.")
        trunk = Trunk.load(trunk_dir, device=device, precision=precision, cache_dir=cache_dir)
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

    def slots_of(self, utterance: Utterance) -> tuple[Slot, ...]:
        """The slots of an utterance whatever it is routed to."""
        with self._lock:
            return self.understanding.slots_of(utterance.text)

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
    def skills(self) -> frozenset[str]:
        """The skills it was trained to route to."""
        return frozenset(label.partition("/")[0] for label in self.checkpoint.intent_labels[OURS])

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

    def explain(self, question: str, passage: str) -> str:
        """A sentence made of the passage's words; "" where the question wants less or nothing is supported."""
        if not wants_sentence(question):
            return ""
        with self._lock:
            return self._sentences.write(question.strip(), passage)

    # --- dialogue

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply, as they are written (`generation.py`)."""
        with self._lock:
            yield from self._replies.write(history, text, max_tokens=max_tokens)

    def warm_up(self) -> None:
        """Run each path once."""
        self.route(Utterance("what is on tomorrow", "typed", "en"))
        with self._lock:
            self._replies.prepare()
