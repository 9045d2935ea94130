"""A conversation's cache gives the replies that reading everything anew would give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from assistant_app.brain.generation import ReplyWriter
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from tests.brain.tiny_trunk import make_trunk


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trunk(tmp_path_factory.mktemp("trunk") / "tiny")


@pytest.fixture(scope="module")
def trunk(folder: Path) -> Trunk:
    return Trunk.load(folder, precision="float32")


@pytest.fixture
def writer(trunk: Trunk, folder: Path) -> ReplyWriter:
    return ReplyWriter(trunk, TextTokenizer(folder), None)


def last_states(writer: ReplyWriter, history: Sequence[tuple[str, str]], text: str) -> torch.Tensor:
    """What the reply begins with."""
    return writer._read_prompt(writer._prompt(history, text))


HISTORY = [
    ("hello how are you today", "I am well, thank you."),
    ("tell me a joke please", "The river was described by a writer."),
    ("what is on my calendar tomorrow", "The meeting on friday."),
]


def test_a_later_turn_reads_only_what_is_new_and_says_the_same(
    writer: ReplyWriter, trunk: Trunk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_states(writer, HISTORY[:2], HISTORY[2][0])
    read: list[int] = []
    whole = trunk.run
    monkeypatch.setattr(trunk, "run", lambda x, *rest, **more: (read.append(x.shape[1]), whole(x, *rest, **more))[1])
    kept = last_states(writer, HISTORY, "who wrote the book")
    fresh_writer = ReplyWriter(trunk, TextTokenizer(folder), None)
    few, many = sum(read), len(fresh_writer._prompt(HISTORY, "who wrote the book"))
    assert few < many / 2
    assert torch.allclose(kept, last_states(fresh_writer, HISTORY, "who wrote the book"), atol=1e-4)


def test_another_conversation_does_not_see_the_last_one(writer: ReplyWriter, trunk: Trunk, folder: Path) -> None:
    last_states(writer, HISTORY, "who wrote the book")
    again = last_states(writer, [], "hello how are you today")
    fresh = last_states(ReplyWriter(trunk, TextTokenizer(folder), None), [], "hello how are you today")
    assert torch.allclose(again, fresh, atol=1e-4)


def test_a_conversation_whose_beginning_is_dropped_keeps_the_rest_in_place(writer: ReplyWriter, trunk: Trunk) -> None:
    """What stays has seen the dropped turn, so its states differ a little; its positions must not."""
    last_states(writer, HISTORY, "who wrote the book")
    held = list(writer._read_ids)
    last_states(writer, HISTORY[1:], "who wrote the book")
    assert writer._read_ids == writer._prompt(HISTORY[1:], "who wrote the book")
    assert len(writer._read_ids) < len(held)
    assert writer._cache is not None
    assert writer._cache.length == 1 + len(writer._read_ids)


def test_keys_moved_back_are_those_of_tokens_read_there(trunk: Trunk) -> None:
    """In the first layer keys depend on the token and its place alone."""
    ids, gone = [5, 80, 33, 210, 9, 144], 2
    long, short = trunk.new_cache(), trunk.new_cache()
    with torch.inference_mode():
        trunk.run(trunk.embed(torch.tensor([ids])), 0, trunk.config.layers, cache=long)
        long.length += len(ids)
        trunk.close_gap(long, 1, 1 + gone, long.length)
        trunk.run(trunk.embed(torch.tensor([ids[gone:]])), 0, 1, cache=short)
        length = 1 + len(ids) - gone
    assert long.length == length
    assert torch.allclose(long.keys[0][:, :, :length], short.keys[0][:, :, :length], atol=1e-5)
    assert torch.allclose(long.values[0][:, :, :length], short.values[0][:, :, :length], atol=1e-5)


def test_a_reply_ends_in_time_and_does_not_run_in_circles(writer: ReplyWriter) -> None:
    pieces = list(writer.write([], "tell me a joke please", max_tokens=40))
    assert len(pieces) <= 40
    assert list(writer.write([], "tell me a joke please", max_tokens=40)) == pieces
