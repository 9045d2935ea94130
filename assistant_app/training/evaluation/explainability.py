"""The fifth side: whether the words shown as the reason are the reason (deletion test).

The words that `Route.why` names first are taken out of the text, one to four of them, and the text is routed
again: the decision changed if skill or intent did. Beside it the same number of words drawn at random from
the text, several draws, mean and standard deviation over the draws. A faithful explanation changes decisions
more often than chance (ERASER's comprehensiveness, DeYoung et al. 2020, arXiv:1911.03429, as a count of
decisions). Texts shorter than the words taken out plus two are left out at that number. It knows no model's
inside: it asks the router again.
"""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Sequence
from typing import Any, Protocol

from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, ours
from assistant_app.training.tasks import READERS
from assistant_app.turn import Route, Utterance

MOST_REMOVED = 4
DRAWS = 3
TEXTS = 200
"""At most so many texts, over all sets: each is routed up to 1 + 4 + 4 x 3 times."""
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’-][^\W_\u3400-\u9fff]+)*")
_LEFT_AFTER = 2
_SEED = 20260101


class Router(Protocol):
    def route(self, utterance: Utterance) -> Route:
        """Skill, intent and the evidence for them."""


def measure(model: Router, samples: Samples, predictions: Predictions, on_progress: OnProgress) -> dict[str, Any]:
    """How often removing the shown words changes the decision, against random words."""
    texts = [
        example.text
        for name in samples.sets()
        if name in READERS
        for example in samples.texts(name)
        if ours(example) and len(_words(example.text)) >= 1 + _LEFT_AFTER
    ]
    texts = samples.at_most(sorted(set(texts)), lambda text: text, TEXTS)
    shown: dict[int, list[bool]] = {}
    chance: dict[int, list[list[bool]]] = {}
    draw = random.Random(_SEED)
    for number, text in enumerate(texts, start=1):
        _test(model, text, draw, shown, chance, predictions)
        on_progress("explanations", number, len(texts))
    curve = []
    for removed in sorted(shown):
        by_draw = [statistics.fmean(draws) for draws in zip(*chance[removed], strict=True)]
        curve.append(
            {
                "removed": removed,
                "texts": len(shown[removed]),
                "shown_words": statistics.fmean(shown[removed]),
                "random_words": statistics.fmean(by_draw),
                "random_deviation": statistics.pstdev(by_draw),
            }
        )
    figures: dict[str, Any] = {"texts": len(texts), "draws": DRAWS, "curve": curve}
    for point in curve[:2]:
        for kind in ("shown_words", "random_words"):
            figures[f"changed_by_{point['removed']}_{kind}"] = point[kind]
    return figures


def _test(
    model: Router,
    text: str,
    draw: random.Random,
    shown: dict[int, list[bool]],
    chance: dict[int, list[list[bool]]],
    predictions: Predictions,
) -> None:
    before = _decision(model, text)
    words = _words(text)
    reasons = [place for word, _ in before.why.words if (place := _place(text, word)) is not None]
    record: dict[str, Any] = {
        "text": text,
        "skill": before.skill,
        "intent": before.intent,
        "shown": [text[start:end] for start, end in reasons],
        "changed": [],
        "changed_by_random": [],
    }
    for removed in range(1, MOST_REMOVED + 1):
        if removed > len(reasons) or len(words) < removed + _LEFT_AFTER:
            break
        changed = _changes(model, text, reasons[:removed], before)
        # As many words in the words' own counting: a reason may be a phrase, or several Chinese characters.
        count = sum(any(start < right and left < end for left, right in reasons[:removed]) for start, end in words)
        by_chance = [_changes(model, text, draw.sample(words, count), before) for _ in range(DRAWS)]
        shown.setdefault(removed, []).append(changed)
        chance.setdefault(removed, []).append(by_chance)
        record["changed"].append(changed)
        record["changed_by_random"].append(by_chance)
    predictions.write("explainability", record)


def _changes(model: Router, text: str, places: Sequence[tuple[int, int]], before: Route) -> bool:
    after = _decision(model, without(text, places))
    return (after.skill, after.intent) != (before.skill, before.intent)


def _decision(model: Router, text: str) -> Route:
    return model.route(Utterance(text, "typed", "en" if text.isascii() else "zh"))


def without(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The text with these stretches taken out and the gap closed."""
    kept = "".join(c for at, c in enumerate(text) if not any(start <= at < end for start, end in places))
    return " ".join(kept.split())


def _words(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in _WORD.finditer(text)]


def _place(text: str, word: str) -> tuple[int, int] | None:
    """Where a shown word stands; the first place if it stands more than once."""
    found = re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) or re.search(re.escape(word), text)
    return found.span() if found and word else None
