"""Fits the weights by which a sentence of several commands is cut (`brain/commands.py`).

    python -m assistant_app.training.joined_commands DATA

Sentences to cut are made of two of our own ones and a word between them; sentences to leave alone are training texts
of the data sets that have a place where they could be cut. Logistic regression with a small penalty on the weights;
prints them, and how many of both kinds are judged right on a third that was kept apart.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import torch
import torch.nn.functional as functional
from torch import Tensor

from assistant_app.brain.commands import Cut, joints
from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.prompts import is_chinese
from assistant_app.brain.prototypes import own_sentences
from assistant_app.paths import find_paths, shipped_models_dir
from assistant_app.training.examples import LabelMap, stable_fraction
from assistant_app.training.tasks import text_examples

PAIRS = 420
SINGLE = 700
_ENGLISH_LINKS = (" and ", " and ", " and then ", " then ", ", then ", " and also ", ". ", ", and ", " plus ", ", ")
_CHINESE_LINKS = ("，然后", "，", "，再", "。", "，顺便", "然后")
_SPEECHLESS = ("dialogue/", "unknown/none")


def made_pairs(rng: random.Random) -> list[tuple[str, int]]:
    """Two of our own requests in one sentence, and where the first ends."""
    requests = [s for s in own_sentences(shipped_models_dir() / "recipes") if not s.label.startswith(_SPEECHLESS)]
    single = [s.text.rstrip(".?!。？！ ") for s in requests if not joints(s.text)]
    by_language = {chinese: [t for t in single if is_chinese(t) == chinese] for chinese in (False, True)}
    pairs = []
    for number in range(PAIRS):
        chinese = number % 5 == 0
        first, second = rng.sample(by_language[chinese], 2)
        link = rng.choice(_CHINESE_LINKS if chinese else _ENGLISH_LINKS)
        if not chinese and link != ". ":
            second = second[0].lower() + second[1:] if not second.startswith(("I ", "I'")) else second
        pairs.append((f"{first}{link}{second}", len(first)))
    return pairs


def single_requests(data: Path, rng: random.Random) -> list[str]:
    """Training texts of one request that could be cut by their words."""
    labels = LabelMap.load(shipped_models_dir() / "recipes")
    texts = {e.text for e in text_examples(data, labels) if not e.held_out and len(e.text) < 140 and joints(e.text)}
    own = [s.text for s in own_sentences(shipped_models_dir() / "recipes") if joints(s.text)]
    drawn = rng.sample(sorted(texts), min(SINGLE, len(texts)))
    return list(dict.fromkeys([*own, *drawn]))


def cuts_of(model: MultiTaskModel, text: str) -> list[Cut]:
    reading, places = model.understanding.reading(text), joints(text)
    return model.understanding.cuts(reading, places) if reading is not None and places else []


def fit(evidence: Tensor, wanted: Tensor, *, penalty: float = 0.01) -> list[float]:
    """Logistic regression on (N, F)."""
    weights = torch.zeros(evidence.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=300)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(evidence @ weights, wanted)
        loss = loss + penalty * weights[1:].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return [round(weight, 3) for weight in weights.tolist()]


def main(data: Path) -> None:
    from assistant_app.app import TRUNK, build_model_store

    rng = random.Random(20261127)
    model = MultiTaskModel.load(build_model_store(find_paths()).require(TRUNK), shipped_models_dir() / "released")
    rows: list[tuple[str, tuple[float, ...], float]] = []
    for number, (text, end) in enumerate(made_pairs(rng)):
        rows += [(text, cut.evidence, float(cut.place.left_end == end)) for cut in cuts_of(model, text)]
        sys.stderr.write(f"\rpairs {number + 1}/{PAIRS}")
    for number, text in enumerate(single_requests(data, rng)):
        rows += [(text, cut.evidence, 0.0) for cut in cuts_of(model, text)]
        sys.stderr.write(f"\rsingle requests {number + 1}   ")
    kept = [stable_fraction(text, "joined") < 1 / 3 for text, _, _ in rows]
    evidence = torch.tensor([numbers for _, numbers, _ in rows])
    wanted = torch.tensor([value for _, _, value in rows])
    apart = torch.tensor(kept)
    weights = fit(evidence[~apart], wanted[~apart])
    found = (evidence[apart] @ torch.tensor(weights)) > 0
    real = wanted[apart] > 0
    sys.stdout.write(
        f"\nWEIGHTS = {tuple(weights)}\n{int(real.sum())} real cuts: {float(found[real].float().mean()):.3f} found; "
        f"{int((~real).sum())} others: {float(found[~real].float().mean()):.3f} taken for one\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
