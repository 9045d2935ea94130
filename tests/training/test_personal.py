"""A person's corrections: what is learned of them, what is not forgotten, and what is refused."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from assistant_app.brain.personal import PersonalAdapter, PersonalFolder
from assistant_app.brain.understanding import Features
from assistant_app.errors import InputError, ModelError
from assistant_app.memory.corrections import Correction
from assistant_app.training import personal
from assistant_app.training.personal import Outcome, fit_personal
from assistant_app.turn import Slot

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LABELS = ("dialogue/chat", "question_answering/ask", "scheduling/create_event")
TAGS = ("O", "B-title", "I-title")
OPENINGS = {
    "dialogue/chat": ("i feel", "my day was", "people say", "we like"),
    "question_answering/ask": ("who made", "where is", "how old is", "what is"),
    "scheduling/create_event": ("add a", "book the", "plan a", "schedule the"),
}
ENDINGS = ("lighthouse", "garden", "visit", "river", "concert", "bridge", "lesson", "market", "meeting", "harbour")


class WordModel:
    """A text is the sum of its words; released scores are learned from the opening alone."""

    WIDTH = 96
    weights_name = "words"

    def __init__(self) -> None:
        self.checkpoint: Any = SimpleNamespace(intent_labels={"assistant": LABELS}, slot_labels={"assistant": TAGS})

    def features(self, text: str) -> Features | None:
        words = text.split()
        if not words:
            return None
        encoded = torch.stack([self._word(word) for word in words])
        logits = torch.tensor([6.0 * any(text.startswith(o) for o in OPENINGS[label]) for label in LABELS])
        logits[0] += 1.0  # what is none of them is taken for chat
        tags = torch.tensor([[4.0, 0.0, 0.0]]).expand(len(words), -1).clone()
        places, at = [], 0
        for word in words:
            places.append((at, at + len(word)))
            at += len(word) + 1
        return Features(encoded.mean(0), logits, encoded, tags, tuple(places))

    def _word(self, word: str) -> Tensor:
        return torch.randn(self.WIDTH, generator=torch.Generator().manual_seed(zlib.crc32(word.encode())))


@pytest.fixture(autouse=True)
def _fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts are few and the words stand far apart."""
    monkeypatch.setattr(personal, "STEPS", 60)
    monkeypatch.setattr(personal, "STRENGTHS", (0.03, 0.3, 1.0))


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "labels.toml").write_text("[slots]\n[by_words]\n[slots_incomplete]\n[also_xsid]\n[same_as]\n")
    lines = []
    for label, openings in OPENINGS.items():
        sentences = [f"{opening} {ending}" for opening in openings for ending in ENDINGS]
        lines.append(f'["{label}"]\nsentences = {sentences!r}\n')
    (folder / "own_examples.toml").write_text("".join(lines))
    return folder


def correction(text: str, meant: str | None, was: str = "dialogue/chat", slots: Any = None) -> Correction:
    return Correction(text[:8], NOW, text, was, meant, slots)


def fit(folder: Path, recipes: Path, *corrections: Correction) -> tuple[Outcome, PersonalFolder]:
    place = PersonalFolder(folder / "personal")
    return fit_personal(WordModel, corrections, recipes, place, now=NOW), place


def chosen(adapter: PersonalAdapter, text: str) -> str:
    features = cast(Features, WordModel().features(text))
    return LABELS[int((features.logits + adapter.intents(features.pooled)).argmax())]


LORE = [f"gimme lore {thing}" for thing in ("otters", "comets", "sonnets", "tides", "glaciers")]


def test_corrections_are_learned_and_the_like_of_them_too(tmp_path: Path, recipes: Path) -> None:
    outcome, place = fit(tmp_path, recipes, *(correction(text, "question_answering/ask") for text in LORE))
    assert outcome.record is not None
    assert outcome.figures["corrections_right_before"] == 0.0
    assert outcome.figures["corrections_right"] == 1.0
    assert outcome.figures["corrections_right_unseen"] == 1.0
    assert outcome.figures["base_intents"] >= outcome.figures["base_intents_before"] - 0.003
    adapter = place.load()
    assert chosen(adapter, "gimme lore whales") == "question_answering/ask"
    assert chosen(adapter, "i feel fine") == "dialogue/chat"


def test_what_contradicts_the_rest_is_refused_and_the_adapter_of_before_stays(tmp_path: Path, recipes: Path) -> None:
    _, place = fit(tmp_path, recipes, *(correction(text, "question_answering/ask") for text in LORE))
    before = place.load()
    asked = [f"{opening} {ending}" for opening in OPENINGS["question_answering/ask"] for ending in ENDINGS]
    wrong = [correction(text, "scheduling/create_event", "question_answering/ask") for text in asked]
    outcome, _ = fit(tmp_path, recipes, *wrong)
    assert outcome.record is None
    assert "worse" in outcome.message
    assert torch.equal(place.load().intents_up, before.intents_up)


def test_a_mistake_without_a_remedy_is_given_up(tmp_path: Path, recipes: Path) -> None:
    outcome, place = fit(tmp_path, recipes, *(correction(text, None) for text in LORE))
    assert outcome.record is not None
    assert chosen(place.load(), LORE[0]) != "dialogue/chat"


def test_edited_slots_are_learned(tmp_path: Path, recipes: Path) -> None:
    text = "add a swim lesson"
    slots = (Slot("title", "swim lesson", 6, 17),)
    outcome, place = fit(tmp_path, recipes, correction(text, LABELS[2], LABELS[2], slots))
    assert outcome.record is not None
    features = cast(Features, WordModel().features(text))
    tags = (features.tag_logits + place.load().tags(features.encoded)).argmax(-1).tolist()
    assert [TAGS[tag] for tag in tags] == ["O", "O", "B-title", "I-title"]


def test_nothing_to_learn_is_said(tmp_path: Path, recipes: Path) -> None:
    with pytest.raises(InputError, match="nothing to learn"):
        fit(tmp_path, recipes, correction("for a stranger's skill", "coffee/order"))
    outcome, place = fit(tmp_path, recipes, correction("who made bread", "question_answering/ask"))
    assert outcome.record is None
    assert "nothing to change" in outcome.message
    assert place.record() is None


def test_the_adapter_is_switched_exported_and_deleted(tmp_path: Path, recipes: Path) -> None:
    _, place = fit(tmp_path, recipes, *(correction(text, "question_answering/ask") for text in LORE))
    assert place.switch(False).on is False
    record = place.record()
    assert record is not None
    assert (record.on, record.corrections) == (False, 5)
    copies = place.export(tmp_path / "elsewhere")
    assert PersonalFolder(tmp_path / "elsewhere").record() == record
    assert all(copy.parent.name == "elsewhere" for copy in copies)
    assert place.delete()
    assert place.record() is None
    with pytest.raises(ModelError, match="no personal adapter"):
        place.switch(True)


def test_a_damaged_adapter_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    place = PersonalFolder(tmp_path)
    (tmp_path / "adapter.json").write_text("{")
    with pytest.raises(ModelError, match="train --personal"):
        place.record()
    with pytest.raises(ModelError, match="train --personal"):
        place.load()
