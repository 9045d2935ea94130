"""What an utterance means: skill and intent by the router, slots by the scheduling decoder, on one reading.

The trunk's lower layers read the utterance once (`UtteranceReader.read`); everything here works on
those states. It knows no skill's code, no calendar and no conversation; locking is its caller's.
"""

from __future__ import annotations

import hashlib
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant_app.brain.commands import CUT_THRESHOLD, Cut, Joint, best_cut, count_words, joints
from assistant_app.brain.personal import PersonalAdapter
from assistant_app.brain.prototypes import AddedSkills, Reference
from assistant_app.brain.tokens import TextTokenizer, Tokens, best_tags, heaviest_words, tags_to_spans
from assistant_app.turn import SCHEDULING, UNKNOWN, Candidate, Command, Route, Slot, Utterance, Why

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
LIKELIEST = 3
"""Readings that `Why` names whatever their skill."""
MOST_WORDS = 24
"""Words that are hidden in turn to find those that decided."""
SHOWN_WORDS = 5
LEAST_RUNNER_UP = 0.005
"""Probability from which `Why` names the likeliest reading of every other skill as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A text as trunk and router see it."""

    text: str
    tokens: Tokens
    taps: Tensor
    """(1, T, L, D): the trunk's states."""
    encoded: Tensor
    """(T, W): the router's."""
    pooling: Tensor
    """(T,): how much each token counts in the decision."""
    logits: Tensor
    """(labels,): scores of our labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A text as the released decoders see it: what a personal adapter is fitted on."""

    pooled: Tensor
    """(W,)."""
    logits: Tensor
    """(labels,) of our labels, divided by the router's temperature."""
    encoded: Tensor
    """(T, W): the slot decoder's states."""
    tag_logits: Tensor
    """(T, tags) of our tags."""
    offsets: tuple[tuple[int, int], ...]
    """Of the T tokens in the text."""


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
        self.reference: Reference | None = None
        """The program's own sentences, for `Why.examples` and to hold new skills against."""
        self.added: AddedSkills | None = None
        self.personal: PersonalAdapter | None = None
        self._last: Reading | None = None

    def route(self, utterance: Utterance) -> Route:
        """Skill, intent, slots and evidence for an utterance."""
        reading = self.reading(utterance.text)
        if reading is None:
            return Route("unknown", "other", 0.0, unsure=True)
        ranked = self._ranked(reading)
        skills: dict[str, float] = {}
        for candidate in ranked:
            skills[candidate.skill] = skills.get(candidate.skill, 0.0) + candidate.probability
        skill = max(skills, key=lambda name: skills[name])
        chosen = next(candidate for candidate in ranked if candidate.skill == skill)
        return Route(
            skill=skill,
            intent=chosen.intent,
            confidence=min(1.0, skills[skill]),
            slots=self._slots(reading) if skill == SCHEDULING or (self.added and skill in self.added.skills) else (),
            unsure=skills[skill] < self.checkpoint.skill_threshold,
            why=Why(
                _considered(ranked),
                self._deciding_words(reading, chosen),
                self.reference.nearest(self.vector(reading)) if self.reference else (),
            ),
        )

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        """What an utterance asks for, in its order: nearly always one thing, the utterance itself."""
        whole = (Command(utterance, self.route(utterance)),)
        reading = self.reading(utterance.text)
        places = joints(utterance.text)
        if reading is None or not places:
            return whole
        cut, probability = best_cut(self.cuts(reading, places))
        if probability < CUT_THRESHOLD:
            return whole
        parts: list[Command] = []
        for words in (utterance.text[: cut.place.left_end], utterance.text[cut.place.right_start :]):
            parts += self.commands(replace(utterance, text=words.strip()))
        # What cannot stand alone was no command: better one request than a guess at two.
        return whole if any(part.route.unsure for part in parts) else tuple(parts)

    def vector(self, reading: Reading) -> Tensor:
        """(W + D,): the router's summary of a text, then the mean of the trunk's states over tokens and depths."""
        torch = self._torch
        summary = reading.pooling @ reading.encoded
        states = torch.nn.functional.layer_norm(reading.taps[0].float(), reading.taps.shape[-1:]).mean((0, 1))
        vector: Tensor = torch.cat((summary.float(), states)).cpu()
        return vector

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(N, W + D): each text read once, some 40 ms each on one core."""
        readings = [self.reading(text) or self.reading("?") for text in texts]
        return self._torch.stack([self.vector(reading) for reading in readings if reading])

    def learn(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Route to new intents from now on: "skill/intent" -> its example sentences. None: only what was trained.

        Needs `reference`. What the router takes the examples for so far, where it is nothing it has a skill for,
        the new intent takes over.
        """
        if not examples or self.reference is None:
            self.added = None
            return
        vectors, taken_over = {}, {}
        labels = self.checkpoint.intent_labels[OURS]
        for label, texts in examples.items():
            found = [reading for reading in map(self.reading, texts) if reading]
            if found:
                vectors[label] = self._torch.stack([self.vector(reading) for reading in found])
                taken = {labels[int(reading.logits.argmax())] for reading in found}
                taken_over[label] = frozenset(name for name in taken if name.startswith(f"{UNKNOWN}/"))
        self.added = AddedSkills(self.reference, vectors, taken_over) if vectors else None

    @property
    def weights_name(self) -> str:
        """Tells one set of trained weights from another."""
        parts: list[Tensor] = [*self.router.heads[OURS].parameters(), *self.router.pool.parameters()]
        parts += self.slots.heads[OURS].parameters()
        if self.adapter:
            parts += [tensor for _, tensor in sorted(self.adapter.state().items())]
        digest = hashlib.sha256(self.checkpoint.trunk_fingerprint.encode())
        for part in parts:
            digest.update(part.detach().float().cpu().numpy().tobytes())
        return digest.hexdigest()[:20]

    def personalise(self, personal: PersonalAdapter | None) -> None:
        """Route and tag with a person's adapter from now on, or without one."""
        self.personal = personal.to(self.trunk.device) if personal else None
        self.forget_reading()

    def features(self, text: str) -> Features | None:
        """What the released decoders make of a text, a personal adapter left aside; None where it holds no token."""
        tokens = self.encode(text)
        if not tokens.ids:
            return None
        torch = self._torch
        taps = self.read(tokens)
        with torch.inference_mode():
            padding = torch.zeros(taps.shape[:2], dtype=torch.bool, device=taps.device)
            pooled, _ = self.router.pool(self.router.encoder(taps, padding), padding)
            encoded = self.slots.encoder(taps.float(), padding)
            logits = self.router.heads[OURS](pooled) / self.router.temperature
            tag_logits = self.slots.heads[OURS](encoded)
        pooled, logits, encoded, tag_logits = (part[0].float().cpu() for part in (pooled, logits, encoded, tag_logits))
        return Features(pooled, logits, encoded, tag_logits, tuple(tokens.offsets))

    def reading(self, text: str) -> Reading | None:
        """The text as trunk and router see it; None where it holds no token. The last one is kept."""
        if self._last is None or self._last.text != text:
            tokens = self.encode(text)
            if not tokens.ids:
                return None
            torch = self._torch
            taps = self.read(tokens)
            with torch.inference_mode():
                padding = torch.zeros(taps.shape[:2], dtype=torch.bool, device=taps.device)
                encoded, weights, logits = self._routed(taps, padding)
            self._last = Reading(text, tokens, taps, encoded[0], weights[0], logits[0])
        return self._last

    def forget_reading(self) -> None:
        """What was kept of the last text is no longer true, or no longer wanted."""
        self._last = None

    def _routed(self, taps: Tensor, padding: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Router states (B, T, W), pooling weights (B, T) and scores of our labels (B, labels)."""
        encoded = self.router.encoder(taps, padding)
        weights, logits = self._decided(encoded, padding)
        return encoded, weights, logits

    def _decided(self, encoded: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """Pooling weights (B, T) and scores of our labels (B, labels) from router states (B, T, W)."""
        pooled, weights = self.router.pool(encoded, padding)
        logits = self.router.heads[OURS](pooled)
        if self.personal:
            logits = logits + self.personal.intents(pooled) * self.router.temperature
        return weights, logits

    def _ranked(self, reading: Reading) -> list[Candidate]:
        """Every intent with its probability, the likeliest first."""
        probabilities = (reading.logits / self.router.temperature).softmax(-1).tolist()
        labels = self.checkpoint.intent_labels[OURS]
        if self.added:
            built_in = sum(
                value for label, value in zip(labels, probabilities, strict=True) if not label.startswith(f"{UNKNOWN}/")
            )
            new = self.added.probabilities(self.vector(reading), built_in)
            left = 1 - sum(new.values())
            labels, probabilities = (*labels, *new), [*(value * left for value in probabilities), *new.values()]
        found = [_candidate(label, value) for label, value in zip(labels, probabilities, strict=True)]
        return sorted(found, key=lambda candidate: -candidate.probability)

    def cuts(self, reading: Reading, places: Sequence[Joint]) -> list[Cut]:
        """Both sides of each place as the router sees them on the states that are there already.

        The trunk is causal: the left side's states are what they would be alone; the right side's have
        seen the left one.
        """
        torch = self._torch
        labels = self.checkpoint.intent_labels[OURS]
        text, offsets = reading.text, reading.tokens.offsets
        masks = []
        for place in places:
            # A token may begin with the space before its word.
            right = [start + 1 < place.right_start or end <= place.right_start for start, end in offsets]
            masks += [[end > place.left_end for _, end in offsets], right]
        outside = torch.tensor(masks, device=reading.taps.device)
        with torch.inference_mode():
            _, logits = self._decided(self.router.encoder.under_masks(reading.taps, outside), outside)
            probabilities = (logits / self.router.temperature).softmax(-1)
        rows = [dict(zip(labels, row, strict=True)) for row in probabilities.tolist()]
        slots = self._slots(reading)
        return [
            Cut(
                place,
                rows[2 * row],
                rows[2 * row + 1],
                count_words(text[: place.left_end]),
                count_words(text[place.right_start :]),
                any(slot.start < place.left_end and place.right_start < slot.end for slot in slots),
                labels[int(reading.logits.argmax())],
            )
            for row, place in enumerate(places)
        ]

    def slots_of(self, text: str) -> tuple[Slot, ...]:
        """The slots of a text whatever it is routed to."""
        reading = self.reading(text)
        return self._slots(reading) if reading else ()

    def _slots(self, reading: Reading) -> tuple[Slot, ...]:
        padding = self._torch.zeros(reading.taps.shape[:2], dtype=self._torch.bool, device=reading.taps.device)
        spans = self._tag(reading.text, reading.tokens, reading.taps, padding, OURS)
        return tuple(Slot(name, reading.text[start:end], start, end) for start, end, name in spans)

    def _deciding_words(self, reading: Reading, chosen: Candidate) -> tuple[tuple[str, float], ...]:
        """The words without which the decision would be least sure: each is hidden from the router in turn.

        Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901) on the trunk's states that are there already: a word's
        weight is the fall of the chosen label's log-probability, as a share of all words' falls.
        """
        torch = self._torch
        offsets = reading.tokens.offsets
        spans = heaviest_words(reading.text, offsets, reading.pooling.tolist(), MOST_WORDS)
        hidden = [[start < right and left < end for start, end in offsets] for left, right in spans]
        if len(spans) < 2:
            return tuple((reading.text[left:right], 1.0) for left, right in spans)
        masks = torch.tensor(hidden, device=reading.taps.device)
        with torch.inference_mode():
            encoded = self.router.encoder.under_masks(reading.taps, masks)
            weights, logits = self._decided(encoded, masks)
        label = f"{chosen.skill}/{chosen.intent}"
        falls = []
        for row, mask in enumerate(masks):
            seen = ~mask
            without = replace(
                reading,
                taps=reading.taps[:, seen],
                encoded=encoded[row, seen],
                pooling=weights[row, seen],
                logits=logits[row],
            )
            falls.append(math.log(chosen.probability + 1e-9) - math.log(self._probability(without, label) + 1e-9))
        total = sum(max(fall, 0.0) for fall in falls) or 1.0
        ranked = sorted(zip(falls, spans, strict=True), reverse=True)[:SHOWN_WORDS]
        return tuple((reading.text[left:right], fall / total) for fall, (left, right) in ranked if fall > 0)

    def _probability(self, reading: Reading, label: str) -> float:
        """Of one "skill/intent"."""
        labels = self.checkpoint.intent_labels[OURS]
        if label in labels:
            probabilities = (reading.logits / self.router.temperature).softmax(-1)
            return float(probabilities[labels.index(label)])
        return next(one.probability for one in self._ranked(reading) if f"{one.skill}/{one.intent}" == label)

    def classify(self, text: str, label_set: str) -> tuple[str, float, list[tuple[int, int, str]]]:
        """Intent, probability and slots in the labels of one data set it was trained on; for evaluation.

        Where the set has out-of-scope texts the intent is the likeliest one in scope, and a low probability
        speaks for out of scope.
        """
        reading = self.reading(text)  # a text that was just routed is not read again
        if reading is None:
            return "", 0.0, []
        taps, torch = reading.taps, self._torch
        with torch.inference_mode():
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
                slots = self._tag(text, reading.tokens, taps, padding, label_set)
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
            taps: Tensor = torch.stack([tapped[depth] for depth in depths], dim=2)
        return taps.clone()

    def _tag(
        self, text: str, tokens: Tokens, taps: Tensor, padding: Tensor, label_set: str
    ) -> list[tuple[int, int, str]]:
        with self._torch.inference_mode():
            encoded = self.slots.encoder(taps.float(), padding)
            logits = self.slots.heads[label_set](encoded)[0]
            if self.personal and label_set == OURS:
                logits = logits + self.personal.tags(encoded[0])
        labels = self.checkpoint.slot_labels[label_set]
        return tags_to_spans(text, tokens.offsets, best_tags(logits, labels))


def _considered(ranked: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The likeliest readings, and of every other skill its likeliest one."""
    found = list(ranked[:LIKELIEST])
    for candidate in ranked[LIKELIEST:]:
        if candidate.probability >= LEAST_RUNNER_UP and all(candidate.skill != one.skill for one in found):
            found.append(candidate)
    return tuple(found)


def _candidate(label: str, probability: float) -> Candidate:
    skill, _, intent = label.partition("/")
    return Candidate(skill, intent, probability)
