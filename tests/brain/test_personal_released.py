"""On the released decoders and the real trunk, whatever their weights: a new skill of a few sentences, a personal
adapter from its corrections to its use, and the evidence behind a route."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.personal import PersonalFolder
from assistant_app.brain.prototypes import Sentence, own_sentences
from assistant_app.memory.corrections import Correction
from assistant_app.paths import find_paths, shipped_models_dir
from assistant_app.training import personal
from assistant_app.training.personal import fit_personal
from assistant_app.turn import Slot, Utterance

pytestmark = pytest.mark.weights

TRUNK = "qwen2.5-coder-0.5b-instruct"
RECIPES = shipped_models_dir() / "recipes"
OF_A_LABEL = 4
"""Own sentences of a label that are read here: a real run reads more."""


@pytest.fixture(scope="module")
def loaded() -> MultiTaskModel:
    for folder in find_paths().weights_search_path():
        if (folder / TRUNK / "model.safetensors").is_file():
            return MultiTaskModel.load(folder / TRUNK, shipped_models_dir() / "released")
    pytest.skip(f"{TRUNK} is not fetched (assistant models fetch)")


@pytest.fixture
def model(loaded: MultiTaskModel) -> Iterator[MultiTaskModel]:
    """As released, before and after each test."""
    yield loaded
    loaded.learn({})
    loaded.personalise(None)


def say(text: str) -> Utterance:
    return Utterance(text, "typed", "en")


AQUARIUM = {
    "aquarium/feed": (
        "feed the fish in the tank",
        "give the guppies some flakes",
        "drop food pellets into the aquarium",
        "the fish look hungry, feed them",
        "run the fish feeder once",
    ),
    "aquarium/light": (
        "dim the aquarium lamp",
        "switch the tank's moonlight on",
        "make it darker in the fish tank",
        "aquarium lights off please",
        "brighten the reef lamp",
    ),
}
ASKED = (
    ("please feed my fish with flakes", "aquarium", "feed"),
    ("turn on the lamp of the aquarium", "aquarium", "light"),
    ("put lunch with nadia in my calendar for friday at one", "scheduling", "create_event"),
    ("who painted the night watch", "question_answering", "ask"),
    ("thank you, that was helpful", "dialogue", "thank"),
)


def test_a_skill_of_five_sentences_is_routed_to_at_once_and_the_others_as_before(model: MultiTaskModel) -> None:
    counts: dict[str, int] = {}
    some: list[Sentence] = []
    for sentence in own_sentences(RECIPES):
        counts[sentence.label] = counts.get(sentence.label, 0) + 1
        if counts[sentence.label] <= 2 * OF_A_LABEL:
            some.append(sentence)
    before = [model.route(say(text)).skill for text, _, _ in ASKED]
    model.know(model.read_reference(some))
    model.learn(AQUARIUM)
    routes = [model.route(say(text)) for text, _, _ in ASKED]
    assert [(route.skill, route.intent) for route in routes[:2]] == [(skill, intent) for _, skill, intent in ASKED[:2]]
    assert [route.skill for route in routes[2:]] == before[2:]
    for route in routes:
        assert len(route.why.examples) == 3
        assert route.why.words
        assert (route.why.candidates[0].skill, route.why.candidates[0].intent) == (route.skill, route.intent)
        assert sum(one.probability for one in route.why.candidates) <= 1.001
    model.learn({})
    assert model.route(say(ASKED[0][0])).skill != "aquarium"


def test_corrections_are_learned_used_and_taken_away(
    model: MultiTaskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal, "MOST_OF_A_LABEL", OF_A_LABEL)
    monkeypatch.setattr(personal, "MOST_LOST", 0.025)  # of so few sentences one alone is a percent
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    texts = ("zapfino boldly", "zapfino quietly", "zapfino twice")
    released = [model.route(say(text)) for text in texts]
    slots = (Slot("title", "zapfino", 0, 7),)
    corrections = [
        Correction(str(number), now, text, f"{route.skill}/{route.intent}", "scheduling/create_event", slots)
        for number, (text, route) in enumerate(zip(texts, released, strict=True))
    ]
    folder = PersonalFolder(tmp_path)
    outcome = fit_personal(lambda: model, corrections, RECIPES, folder, now=now)
    assert outcome.record is not None, outcome.message
    assert outcome.figures["base_intents"] >= outcome.figures["base_intents_before"] - personal.MOST_LOST
    model.personalise(folder.load())
    learned = model.route(say(texts[0]))
    assert (learned.skill, learned.intent) == ("scheduling", "create_event")
    assert learned.slots == slots
    assert model.route(say("who painted the night watch")).skill == "question_answering"
    model.personalise(None)
    again = model.route(say(texts[0]))
    assert (again.skill, again.intent) == (released[0].skill, released[0].intent)
    assert again.confidence == pytest.approx(released[0].confidence, abs=1e-4)
