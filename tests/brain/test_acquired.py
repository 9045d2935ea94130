"""What a loaded model is given: own sentences kept or read, new skills, the personal adapter where it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch

from assistant_app.brain.acquired import Acquired
from assistant_app.brain.personal import PersonalAdapter, PersonalFolder, PersonalRecord
from assistant_app.brain.prototypes import Reference, Sentence

EXAMPLES = {"coffee/order": ("a latte please",)}


class FakeLearner:
    """Notes what it is given."""

    def __init__(self, weights: str = "first") -> None:
        self.weights_name = weights
        self.reads = 0
        self.known: Reference | None = None
        self.learned: Mapping[str, Sequence[str]] = {}
        self.personal: PersonalAdapter | None = None

    def know(self, reference: Reference) -> None:
        self.known = reference

    def learn(self, examples: Mapping[str, Sequence[str]]) -> None:
        self.learned = examples

    def personalise(self, personal: PersonalAdapter | None) -> None:
        self.personal = personal

    def read_reference(
        self, sentences: Sequence[Sentence], on_progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> Reference:
        self.reads += 1
        for number in range(len(sentences)):
            on_progress(number + 1, len(sentences))
        return Reference(sentences, torch.randn(len(sentences), 6), 3)


@pytest.fixture
def personal(tmp_path: Path) -> PersonalFolder:
    return PersonalFolder(tmp_path / "personal")


@pytest.fixture
def acquired(tmp_path: Path, personal: PersonalFolder) -> Acquired:
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "own_examples.toml").write_text('["dialogue/greet"]\nsentences = ["hi", "hello", "hey", "good day"]\n')
    return Acquired(recipes, tmp_path / "released", tmp_path / "cache", personal)


def adapter(weights: str, *, on: bool = True) -> tuple[PersonalAdapter, PersonalRecord]:
    return PersonalAdapter(*(torch.ones(2) for _ in range(6))), PersonalRecord(weights, "2026-11-24", 3, {}, on)


def test_own_sentences_are_read_once_for_new_skills(acquired: Acquired) -> None:
    first, second = FakeLearner(), FakeLearner()
    told: list[str] = []
    assert acquired.give(first, EXAMPLES, told.append)
    assert acquired.give(second, EXAMPLES, told.append)
    assert (first.reads, second.reads, len(told)) == (1, 0, 1)
    assert second.known is not None
    assert second.learned == EXAMPLES


def test_without_new_skills_nobody_waits_for_them(acquired: Acquired) -> None:
    model = FakeLearner()
    assert not acquired.give(model, {})
    assert model.known is None
    acquired.read_in_background(model).join()
    assert model.known is not None
    assert acquired.give(FakeLearner(), {})


def test_other_weights_are_read_anew(acquired: Acquired) -> None:
    acquired.give(FakeLearner(), EXAMPLES)
    other = FakeLearner("second")
    acquired.give(other, EXAMPLES)
    assert other.reads == 1


def test_the_personal_adapter_is_used_where_it_is_on_and_fits(acquired: Acquired, personal: PersonalFolder) -> None:
    personal.save(*adapter("first"))
    fitting, other = FakeLearner("first"), FakeLearner("second")
    acquired.give(fitting, {})
    acquired.give(other, {})
    assert fitting.personal is not None
    assert other.personal is None
    personal.switch(False)
    off = FakeLearner("first")
    acquired.give(off, {})
    assert off.personal is None


def test_a_damaged_adapter_is_left_aside_and_told(
    acquired: Acquired, personal: PersonalFolder, expected_warnings: list[str]
) -> None:
    personal.save(*adapter("first"))
    (personal.folder / "adapter.safetensors").write_bytes(b"nonsense")
    expected_warnings.append("train --personal")
    model = FakeLearner("first")
    acquired.give(model, {})
    assert model.personal is None
