"""Questions made from passages: what is asked for, how they are written, and which ones are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from assistant_app.training.answering import PassageTask
from assistant_app.training.examples import LabelMap
from assistant_app.training.job import Job
from assistant_app.training.made_questions import pieces, plausible, some_pieces
from assistant_app.training.tunable_trunk import TunableTrunk, written
from tests.brain.tiny_trunk import make_trunk
from tests.training.small_data import RECIPE

PASSAGE = (
    "The bridge of Avenholm was built by Marta Lindqvist in 1874. It is 310 metres long, and painters call it “the "
    "green comb”."
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trunk(tmp_path_factory.mktemp("trunk") / "tiny")


def test_names_numbers_and_quoted_words_are_asked_for() -> None:
    found = pieces(PASSAGE)
    assert {"Avenholm", "Marta Lindqvist", "1874", "310 metres", "the green comb"} <= set(found)
    assert all(piece in PASSAGE for piece in found)


def test_the_same_pieces_are_drawn_each_time() -> None:
    assert some_pieces(PASSAGE, 2, 5) == some_pieces(PASSAGE, 2, 5)
    assert len(some_pieces(PASSAGE, 2, 5)) == 2
    assert set(some_pieces(PASSAGE, 99, 5)) == set(pieces(PASSAGE))


@pytest.mark.parametrize(
    ("question", "good"),
    [
        ("Who built the bridge?", True),
        ("Who built the bridge", False),
        ("Did Marta Lindqvist build it?", False),
        ("Who?", False),
    ],
)
def test_a_question_that_says_its_answer_or_is_none_is_not_kept(question: str, good: bool) -> None:
    assert plausible(question, "Marta Lindqvist") is good


def test_many_texts_are_gone_on_with_at_once_as_each_alone(folder: Path) -> None:
    running, tunable = (
        Trunk.load(folder, precision="float32"),
        TunableTrunk(folder, precision="float32", with_output=True),
    )
    prompts = [[3, 9, 4, 7, 1], [8, 2, 6], [5, 5]]

    def alone(prompt: list[int]) -> list[int]:
        said: list[int] = []
        with torch.inference_mode():
            cache = running.new_cache(64)
            ids = prompt
            while len(said) < 12:
                x = running.run(running.embed(torch.tensor([ids])), 0, running.config.layers, cache=cache)
                cache.length += len(ids)
                said.append(int(running.logits(x[:, -1])[0].argmax()))
                ids = said[-1:]
        return said

    expected = [alone(prompt) for prompt in prompts]
    end = expected[0][5]
    cut = [said[: said.index(end)] if end in said else [] for said in expected]
    assert written(tunable, prompts, end=end, most_tokens=12) == cut


def test_the_reader_knows_what_it_would_say(folder: Path, tmp_path: Path) -> None:
    trunk = TunableTrunk(folder, precision="float32", with_output=True, tuned_from=2)
    options = {**RECIPE["question_answering"], "epochs": 150, "learning_rate": 1e-2}
    job = Job(
        data=tmp_path,
        recipe={**RECIPE, "question_answering": options},
        labels=LabelMap({}, {}, ()),
        trunk_folder=folder,
        out=tmp_path,
        work=tmp_path,
        command="",
        workers=1,
        report=lambda _line: None,
    )
    pairs = [("who comes to lunch", "anna"), ("what does it cost", "")]
    task = PassageTask(job, trunk, [("lunch with anna is on friday", pairs)])
    assert task.said(0) != [True, True]
    task.train("answers", {})
    assert task.said(0) == [True, True]
    task.read([("lunch with anna is on friday", [("who comes to lunch", "friday"), pairs[0]])])
    assert task.said(0) == [False, True]
    assert TextTokenizer(folder).encode("anna").ids
