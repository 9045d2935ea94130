"""When a sentence is wanted, and what a passage supports."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant_app.brain.grounding import GroundedWriter, supported, wants_sentence
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from tests.brain.tiny_trunk import make_trunk

PASSAGE = (
    "The Avenholm bridge sways because its deck is light and the valley is windy. Marta Lindqvist, who built it in "
    "1874, added two steel cables."
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Why does the bridge sway?", True),
        ("How do cables help?", True),
        ("explain how it was built", True),
        ("Tell me about the bridge", True),
        ("为什么桥会摇晃", True),
        ("How long is the bridge?", False),
        ("how many cables are there", False),
        ("Who built it?", False),
        ("Who told them how to build it?", False),
        ("When was it built?", False),
        ("谁建了这座桥", False),
    ],
)
def test_reasons_and_accounts_want_a_sentence(question: str, wanted: bool) -> None:
    assert wants_sentence(question) is wanted


@pytest.mark.parametrize(
    ("sentence", "fine"),
    [
        ("The bridge sways because the deck is light and the valley is windy.", True),
        ("It sways because of its light deck.", True),
        ("Lindqvist added two cables.", True),
        ("It was built in 1875.", False),
        ("Marta Bergman built it.", False),
        ("Engineers forgot to measure resonance frequencies.", False),
        ("", False),
    ],
)
def test_only_what_the_passage_says_is_supported(sentence: str, fine: bool) -> None:
    assert supported(sentence, PASSAGE, "Why does the bridge sway?") is fine


def test_a_writer_that_finds_no_supported_sentence_says_nothing(tmp_path: Path) -> None:
    folder = make_trunk(tmp_path / "tiny")
    writer = GroundedWriter(Trunk.load(folder, precision="float32"), TextTokenizer(folder))
    sentence = writer.write("why is lunch late", "lunch with anna is on friday")
    assert sentence == "" or supported(sentence, "lunch with anna is on friday", "why is lunch late")
