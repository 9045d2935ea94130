"""The trunk that training reads gives the same numbers as the one that runs, and lets gradients pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk, sink_token_id
from assistant_app.training.answering import questions_by_passage, read_together
from assistant_app.training.tasks import SpanExample
from assistant_app.training.tunable_trunk import TunableTrunk
from tests.brain.tiny_trunk import make_trunk


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trunk(tmp_path_factory.mktemp("trunk") / "tiny")


def test_batches_have_the_states_that_texts_have_alone(folder: Path) -> None:
    running, tunable = Trunk.load(folder, precision="float32"), TunableTrunk(folder, precision="float32")
    texts = [[3, 9, 4, 7, 1], [8, 2, 6]]
    ids = torch.tensor([texts[0], texts[1] + [0, 0]])
    with torch.no_grad():
        together = tunable.run(tunable.embed(ids), 0, tunable.last)
    for row, text in enumerate(texts):
        with torch.inference_mode():
            x = running.embed(torch.tensor([text]))
            alone = running.run(x, 0, running.config.layers, cache=running.new_cache(len(text) + 1))
        assert torch.allclose(together[row, : len(text)], alone[0], atol=1e-4)


def test_int8_gradients_point_where_those_in_float32_do(folder: Path) -> None:
    ids = torch.tensor([[3, 9, 4, 7, 1, 5, 2, 8]])
    gradients = []
    for precision in ("float32", "int8"):
        trunk = TunableTrunk(folder, precision=precision, tuned_from=1)  # type: ignore[arg-type]
        adapter = LowRankAdapter.new(
            trunk.config, range(1, trunk.last), rank=2, generator=torch.Generator().manual_seed(0)
        )
        trunk.run(trunk.embed(ids), 0, 1)
        x = trunk.run(trunk.run(trunk.embed(ids), 0, 1), 1, trunk.last, adapter=adapter)
        x.square().mean().backward()
        gradients.append(torch.cat([up.grad.flatten() for up in adapter.up.values() if up.grad is not None]))
    assert float(torch.cosine_similarity(gradients[0], gradients[1], dim=0)) > 0.95


def test_questions_side_by_side_read_as_each_alone(folder: Path) -> None:
    trunk, tokenizer = TunableTrunk(folder, precision="float32", with_output=True), TextTokenizer(folder)
    passage, pairs = "lunch with anna is on friday", [("who comes to lunch", "anna"), ("what does it cost", "")]

    def loss(questions: list[tuple[str, str]]) -> float:
        one = read_together(
            tokenizer, passage, questions, sink=sink_token_id(folder), end_of_turn=1, longest_passage=100
        )
        with torch.no_grad():
            x = trunk.run(
                trunk.embed(one.ids[None]),
                0,
                trunk.last,
                positions=one.positions[None],
                allowed=one.allowed[None],
            )
            at = one.wanted >= 0
            return float(torch.nn.functional.cross_entropy(trunk.logits(x[0, at]), one.wanted[at], reduction="sum"))

    assert loss(pairs) == pytest.approx(sum(loss([pair]) for pair in pairs), rel=1e-4)


def test_strangers_questions_are_ones_that_the_passage_does_not_answer() -> None:
    examples = [
        SpanExample("who wrote it", "The book is by Anna.", ("Anna",), 15, "squad2", False),
        SpanExample("who painted it", "The picture is by Ben.", ("Ben",), 18, "squad2", False),
        SpanExample("who sang it", "Anna wrote the song that Carla sang.", ("Carla",), 25, "squad2", False),
    ]
    grouped = dict(questions_by_passage(examples, seed=1, strangers=2, most_questions=9))
    assert dict(grouped["The book is by Anna."]) == {"who wrote it": "Anna", "who painted it": "", "who sang it": ""}
    # Anna stands in this passage too, so the question answered by her may have an answer here.
    assert "who wrote it" not in dict(grouped["Anna wrote the song that Carla sang."])
