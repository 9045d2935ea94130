"""What an utterance means: skill and intent by the router, slots by the scheduling decoder, on one reading.

The trunk's lower layers read the utterance once (`UtteranceReader.read`); everything here works on
those states. It knows no skill's code, no calendar and no conversation; locking is its caller's.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence

from assistant_app.brain.tokens import TextTokenizer, Tokens, best_tags, tags_to_spans, whole_words
from assistant_app.turn import SCHEDULING, Candidate, Route, Slot, Utterance, Why

if typing.TYPE_CHECKING:
    from torch import Tensor

    from assistant_app.brain.adapter import LowRankAdapter
    from assistant_app.brain.checkpoint import Checkpoint
    from assistant_app.brain.decoders import Router, SlotDecoder
    from assistant_app.brain.trunk import Trunk

OURS = "assistant"
"""The label set of our own skills, intents and slots."""
OUT_OF_SCOPE = "oos"
"""CLINC150's label for what none of its intents covers."""
LONGEST_UTTERANCE_TOKENS = 512


class UtteranceReader:
    """Router and slot decoder on the trunk's lower layers."""

    def __init__(
        self,
        trunk: Trunk,
        tokenizer: TextTokenizer,
        checkpoint: Checkpoint,
        router: Router,
        slots: SlotDecoder,
        adapter: LowRankAdapter | None = None,
    ) -> None:
        """`adapter` is what understanding changes of the layers above the shared ones."""
        import torch

        self.trunk = trunk
        self.tokenizer = tokenizer
        self.checkpoint = checkpoint
        self.router = router
        self.slots = slots
        self.adapter = adapter
        self._torch = torch

    def route(self, utterance: Utterance) -> Route:
        """Skill, intent, slots and evidence for an utterance."""
        tokens = self.encode(utterance.text)
        if not tokens.ids:
            return Route("unknown", "other", 0.0, unsure=True)
        torch = self._torch
        taps = self.read(tokens)
        padding = torch.zeros(taps.shape[:2], dtype=torch.bool, device=taps.device)
        with torch.enable_grad():
            leaf = taps.float().requires_grad_()
            logits, _ = self.router(leaf, padding, [OURS])
            probabilities = (logits[OURS][0] / self.router.temperature).softmax(-1)
            best = int(probabilities.argmax())
            # The score is differentiated, not the probability, which is flat where the router is sure.
            (gradient,) = torch.autograd.grad(logits[OURS][0, best], leaf)
        saliency = (gradient * leaf.detach()).sum((-1, -2))[0].clamp_min(0)
        labels = self.checkpoint.intent_labels[OURS]
        ranked = sorted(zip(labels, probabilities.tolist(), strict=True), key=lambda pair: -pair[1])
        skills: dict[str, float] = {}
        for label, probability in ranked:
            skill = label.partition("/")[0]
            skills[skill] = skills.get(skill, 0.0) + probability
        skill = max(skills, key=lambda name: skills[name])
        intent = next(label.partition("/")[2] for label, _ in ranked if label.startswith(f"{skill}/"))
        slots: tuple[Slot, ...] = ()
        if skill == SCHEDULING:
            slots = tuple(
                Slot(name, utterance.text[start:end], start, end)
                for start, end, name in self._tag(utterance.text, tokens, taps, padding, OURS)
            )
        candidates = tuple(
            Candidate(label.partition("/")[0], label.partition("/")[2], probability)
            for label, probability in ranked[:3]
        )
        return Route(
            skill=skill,
            intent=intent,
            confidence=min(1.0, skills[skill]),
            slots=slots,
            unsure=skills[skill] < self.checkpoint.skill_threshold,
            why=Why(candidates, _word_weights(utterance.text, tokens.offsets, saliency.tolist())),
        )

    def classify(self, text: str, label_set: str) -> tuple[str, float, list[tuple[int, int, str]]]:
        """Intent, probability and slots in the labels of one data set it was trained on; for evaluation.

        Where the set has out-of-scope texts the intent is the likeliest one in scope, and a low probability
        speaks for out of scope.
        """
        tokens = self.encode(text)
        torch = self._torch
        with torch.inference_mode():
            taps = self.read(tokens)
            padding = torch.zeros(taps.shape[:2], dtype=torch.bool, device=taps.device)
            intent, probability = "", 0.0
            if label_set in self.checkpoint.intent_labels:
                logits, _ = self.router(taps, padding, [label_set])
                names = self.checkpoint.intent_labels[label_set]
                probabilities = logits[label_set][0].softmax(-1)
                probability, intent = max(
                    (value, name)
                    for value, name in zip(probabilities.tolist(), names, strict=True)
                    if name != OUT_OF_SCOPE
                )
            slots = []
            if label_set in self.checkpoint.slot_labels:
                slots = self._tag(text, tokens, taps, padding, label_set)
        return intent, probability, slots

    def encode(self, text: str) -> Tokens:
        """The text's tokens, at most `LONGEST_UTTERANCE_TOKENS`."""
        tokens = self.tokenizer.encode(text)
        return Tokens(tokens.ids[:LONGEST_UTTERANCE_TOKENS], tokens.offsets[:LONGEST_UTTERANCE_TOKENS])

    def read(self, tokens: Tokens) -> Tensor:
        """(1, T, L, D): the trunk's lower layers, once."""
        torch = self._torch
        depths = self.checkpoint.utterance_depths
        tapped: dict[int, Tensor] = {}
        with torch.inference_mode():
            x = self.trunk.embed(torch.tensor([list(tokens.ids)], device=self.trunk.device))
            cache = self.trunk.new_cache(len(tokens.ids) + 1)
            self.trunk.run(x, 0, max(depths), cache=cache, adapter=self.adapter, taps=depths, tapped=tapped)
            taps = torch.stack([tapped[depth] for depth in depths], dim=2)
        return taps.clone()

    def _tag(
        self, text: str, tokens: Tokens, taps: Tensor, padding: Tensor, label_set: str
    ) -> list[tuple[int, int, str]]:
        with self._torch.inference_mode():
            logits = self.slots(taps.float(), padding, [label_set])[label_set][0]
        labels = self.checkpoint.slot_labels[label_set]
        return tags_to_spans(text, tokens.offsets, best_tags(logits, labels))


def _word_weights(
    text: str, offsets: Sequence[tuple[int, int]], weights: Sequence[float]
) -> tuple[tuple[str, float], ...]:
    """Token weights summed over words, as shares of the whole, heaviest five."""
    words: dict[tuple[int, int], float] = {}
    for (start, end), weight in zip(offsets, weights, strict=True):
        span = whole_words(text, start, end)
        if span[0] < span[1]:
            words[span] = words.get(span, 0.0) + weight
    total = sum(words.values()) or 1.0
    heaviest = sorted(words.items(), key=lambda item: -item[1])[:5]
    return tuple((text[start:end], weight / total) for (start, end), weight in heaviest)
