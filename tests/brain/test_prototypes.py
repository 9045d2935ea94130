"""New skills known by a few sentences, on made vectors: each intent is a direction, a sentence lies near its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from assistant_app.brain.prototypes import AddedSkills, Reference, Sentence, own_sentences

WIDTH = 24
SUMMARY = 10
KNOWN = ("dialogue/greet", "scheduling/create_event", "question_answering/ask", "unknown/food", "unknown/music")
SURE, DOUBTFUL = 0.99, 0.05


def direction(intent: str) -> Tensor:
    """A place for an intent, the same each time."""
    seed = sum(ord(letter) * (at + 1) for at, letter in enumerate(intent))
    return 3 * torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed))


def sentences(intent: str, count: int, seed: int) -> Tensor:
    noise = 0.6 * torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(seed))
    return direction(intent) + noise


@pytest.fixture(scope="module")
def reference() -> Reference:
    texts = [Sentence(f"{label} {number}", label) for label in KNOWN for number in range(20)]
    return Reference(texts, torch.cat([sentences(label, 20, at) for at, label in enumerate(KNOWN)]), SUMMARY)


def added(
    reference: Reference, counts: Mapping[str, int], taken_over: Mapping[str, frozenset[str]] | None = None
) -> AddedSkills:
    examples = {label: sentences(label, count, 100 + count) for label, count in counts.items()}
    return AddedSkills(reference, examples, taken_over or {})


@pytest.mark.parametrize("count", [1, 5, 10, 30])
def test_new_sentences_go_to_the_new_skill_and_known_ones_do_not(reference: Reference, count: int) -> None:
    skills = added(reference, {"coffee/order": count})
    new = [skills.probabilities(text, DOUBTFUL)["coffee/order"] for text in sentences("coffee/order", 20, 7)]
    assert sum(share > 0.5 for share in new) >= 18
    for label in KNOWN:
        for text in sentences(label, 20, 8):
            assert skills.probabilities(text, SURE)["coffee/order"] < 0.1


def test_what_is_like_nothing_known_is_not_the_new_skills_either(reference: Reference) -> None:
    skills = added(reference, {"coffee/order": 10})
    strange = [skills.probabilities(text, DOUBTFUL)["coffee/order"] for text in sentences("tax return", 20, 9)]
    assert sum(share > 0.5 for share in strange) <= 1


def test_the_routers_trust_in_a_built_in_skill_counts_against_a_new_one(reference: Reference) -> None:
    skills = added(reference, {"coffee/order": 5})
    text = sentences("coffee/order", 1, 7)[0] + direction("scheduling/create_event")
    doubted, trusted = (skills.probabilities(text, trust)["coffee/order"] for trust in (DOUBTFUL, SURE))
    assert trusted < doubted


def test_new_skills_are_told_from_each_other(reference: Reference) -> None:
    skills = added(reference, {"coffee/order": 5, "coffee/cancel": 10, "lamp/on": 5})
    for label in skills.labels:
        for text in sentences(label, 10, 11):
            shares = skills.probabilities(text, DOUBTFUL)
            assert max(shares, key=lambda name: shares[name]) == label
            assert sum(shares.values()) <= 1
    assert skills.skills == {"coffee", "lamp"}


def test_a_new_skill_stands_in_for_what_there_was_no_skill_for(reference: Reference) -> None:
    label = "kitchen/cook"
    examples = {label: sentences("unknown/food", 10, 12)}
    text = sentences("unknown/food", 1, 13)[0]
    kept = AddedSkills(reference, examples, {}).probabilities(text, DOUBTFUL)[label]
    taken = AddedSkills(reference, examples, {label: frozenset({"unknown/food"})}).probabilities(text, DOUBTFUL)[label]
    assert kept < 0.5 < taken


def test_nearest_sentences_come_with_their_skill_and_likeness(reference: Reference) -> None:
    found = reference.nearest(sentences("dialogue/greet", 1, 14)[0])
    assert [(one.skill, one.intent) for one in found] == [("dialogue", "greet")] * 3
    assert 1 >= found[0].similarity >= found[1].similarity >= found[2].similarity > 0.3


def test_vectors_are_kept_for_these_weights_and_sentences_alone(reference: Reference, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "reference.safetensors"
    reference.save(file, "weights")
    again = Reference.load(file, reference.sentences, "weights")
    assert again is not None
    assert torch.allclose(again.units, reference.units, atol=1e-2)
    assert Reference.load(file, reference.sentences, "other weights") is None
    assert Reference.load(file, reference.sentences[1:], "weights") is None
    file.write_bytes(file.read_bytes()[:40])
    assert Reference.load(file, reference.sentences, "weights") is None
    assert Reference.load(tmp_path / "missing", reference.sentences, "weights") is None


def test_own_sentences_are_read_without_their_marks(tmp_path: Path) -> None:
    (tmp_path / "own_examples_en.toml").write_text(
        '["dialogue/greet"]\nsentences = ["hi"]\n'
        '[["scheduling/create_event"]]\nmarked = true\nsentences = ["add [title : lunch] on [datetime : friday]"]\n'
    )
    (tmp_path / "reference_examples.toml").write_text('"dialogue/greet" = ["hi", "hello"]\n')
    assert own_sentences(tmp_path) == (
        Sentence("hi", "dialogue/greet"),
        Sentence("add lunch on friday", "scheduling/create_event"),
        Sentence("hello", "dialogue/greet"),
    )
