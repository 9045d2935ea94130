"""Several commands in one sentence: where it could be cut, and how likely each place is a real cut.

"Set a timer for ten minutes and add milk to my list" holds two requests, "remind me to buy bread and milk"
one. Words alone do not tell them apart, so the words here only name places worth a look: a
sentence without such a place costs nothing. At each place the router reads both sides on the states the trunk
already has; what it thinks of them decides. It knows no skill and runs nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant_app.turn import UNKNOWN

MOST_JOINTS = 6
"""Places looked at in one sentence; further ones are left alone."""
_LINK = r"(?:and|then|also|plus|but|next|after that|afterwards|besides)"
_ENGLISH = re.compile(rf"(?:\s*[,;.!?]+\s+|\s+)(?:{_LINK}\s+)+|\s*[,;.!?]+\s+", re.IGNORECASE)
_CHINESE_LINK = r"(?:然后|并且|而且|接着|同时|顺便|另外|还有|之后|再|并)"
_CHINESE = re.compile(rf"\s*[，；。！？]\s*{_CHINESE_LINK}?|(?:然后|并且|接着|同时|顺便|另外|还有)\s*(?:再)?")
_STRONG = re.compile(
    r"[;.!?；。！？]|\b(?:then|also|plus|next|after)|然后|并且|接着|同时|顺便|另外|还有|再", re.IGNORECASE
)
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Joint:
    """A place where a sentence could be cut."""

    left_end: int
    """Character offset, exclusive."""
    right_start: int
    strong: bool
    """The end of a sentence, or a word like "then" that seldom joins two things of one request."""


def joints(text: str) -> tuple[Joint, ...]:
    """Places with at least two words (or three Chinese characters) on either side, from left to right."""
    found: dict[int, Joint] = {}
    for pattern in (_ENGLISH, _CHINESE):
        for match in pattern.finditer(text):
            left, right = text[: match.start()], text[match.end() :]
            if _is_phrase(left) and _is_phrase(right):
                found.setdefault(match.start(), Joint(match.start(), match.end(), bool(_STRONG.search(match[0]))))
    return tuple(found[start] for start in sorted(found))[:MOST_JOINTS]


def _is_phrase(text: str) -> bool:
    return len(_HAN.findall(text)) >= 3 or len(re.findall(r"[^\W_]+", text)) >= 2


NOT_REQUESTS = frozenset(
    f"dialogue/{intent}" for intent in ("affirm", "deny", "maybe", "thank", "greet", "goodbye", "chat")
)
"""Intents that ask for nothing: what is said beside a command belongs to it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A joint with what the router thinks of both sides."""

    place: Joint
    left: Mapping[str, float]
    """Our label -> probability, of the words before."""
    right: Mapping[str, float]
    left_words: int
    """Words, or Chinese characters."""
    right_words: int
    inside_slot: bool
    """A slot of the whole sentence lies on both sides."""
    whole: str
    """The label of the whole sentence."""

    @property
    def evidence(self) -> tuple[float, ...]:
        """The numbers that `WEIGHTS` weigh, in their order."""
        left, right = _best_request(self.left), _best_request(self.right)
        return (
            1.0,
            _log_odds(left[1]),
            _log_odds(right[1]),
            float(self.place.strong),
            float(self.inside_slot),
            float(left[0] == right[0]),
            float(left[0] == self.whole),
            math.log(self.left_words),
            math.log(self.right_words),
            float(right[0].startswith(UNKNOWN)),
        )


WEIGHTS = (-2.14, 0.71, 0.16, 0.788, -0.359, -1.783, -0.536, -0.412, 0.056, -0.162)
"""Fitted for the released decoders: `python -m assistant_app.training.joined_commands DATA`."""
CUT_THRESHOLD = 0.5
"""Probability from which on a sentence is cut."""


def best_cut(cuts: Sequence[Cut]) -> tuple[Cut, float]:
    """The likeliest of the cuts and its probability, by logistic regression on `Cut.evidence`."""
    scores = [sum(weight * value for weight, value in zip(WEIGHTS, cut.evidence, strict=True)) for cut in cuts]
    best = max(range(len(cuts)), key=lambda at: scores[at])
    return cuts[best], 1 / (1 + math.exp(-scores[best]))


def count_words(text: str) -> int:
    """Words of a text with spaces, characters of a Chinese one; at least 1."""
    return max(1, len(_HAN.findall(text)) + len(re.findall(r"[^\W_\u3400-\u9fff]+", text)))


def _best_request(side: Mapping[str, float]) -> tuple[str, float]:
    return max(((label, value) for label, value in side.items() if label not in NOT_REQUESTS), key=lambda item: item[1])


def _log_odds(probability: float) -> float:
    value = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(value / (1 - value))
