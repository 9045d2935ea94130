"""The trunk computes what the model library computes, whole, in steps and in layers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.trunk import Trunk
from assistant_app.errors import ModelError
from tests.brain.tiny_trunk import make_trunk


@pytest.fixture(params=["qwen2", "llama"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_trunk(tmp_path / request.param, model_type=request.param)


def read_all(trunk: Trunk, ids: list[int]) -> torch.Tensor:
    """Logits after each of `ids`, which follow the sink token."""
    with torch.inference_mode():
        x = trunk.run(trunk.embed(torch.tensor([ids])), 0, trunk.config.layers, cache=trunk.new_cache())
        return trunk.logits(x)[0]


IDS = [5, 80, 33, 210, 9, 144, 61]


def test_trunk_agrees_with_the_model_library(folder: Path) -> None:
    trunk = Trunk.load(folder, precision="float32")
    with torch.inference_mode():
        expected = AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([[trunk.sink_token_id, *IDS]])).logits[
            0, 1:
        ]
    assert torch.allclose(read_all(trunk, IDS), expected, atol=1e-4)


def test_reading_token_by_token_equals_reading_at_once(folder: Path) -> None:
    trunk = Trunk.load(folder, precision="float32")
    cache = trunk.new_cache(capacity=2)
    steps = []
    with torch.inference_mode():
        for token in IDS:
            x = trunk.run(trunk.embed(torch.tensor([[token]])), 0, trunk.config.layers, cache=cache)
            cache.length += 1
            steps.append(trunk.logits(x)[0, 0])
    assert torch.allclose(torch.stack(steps), read_all(trunk, IDS), atol=1e-4)


def test_stopping_between_layers_and_going_on_equals_one_run(folder: Path) -> None:
    trunk = Trunk.load(folder, precision="float32")
    x = trunk.embed(torch.tensor([[trunk.sink_token_id, *IDS]]))
    tapped: dict[int, torch.Tensor] = {}
    with torch.inference_mode():
        lower = trunk.run(x, 0, 2, taps=(0, 2), tapped=tapped)
        whole = trunk.run(x, 0, 4)
        assert torch.equal(trunk.run(lower, 2, 4), whole)
    assert torch.equal(tapped[0], x)
    assert torch.equal(tapped[2], lower)


def test_int8_is_close_to_full_precision(folder: Path) -> None:
    full, small = Trunk.load(folder, precision="float32"), Trunk.load(folder, precision="int8")
    similarity = torch.cosine_similarity(read_all(full, IDS), read_all(small, IDS), dim=-1)
    assert float(similarity.min()) > 0.99
    assert not torch.equal(read_all(full, IDS), read_all(small, IDS))


def test_new_adapter_changes_nothing_and_a_trained_one_does(folder: Path) -> None:
    trunk = Trunk.load(folder, precision="float32")
    adapter = LowRankAdapter.new(trunk.config, [2, 3], rank=2, generator=torch.Generator().manual_seed(1))
    x = trunk.embed(torch.tensor([[trunk.sink_token_id, *IDS]]))
    with torch.no_grad():
        plain = trunk.run(x, 0, 4)
        assert torch.equal(trunk.run(x, 0, 4, adapter=adapter), plain)
        for up in adapter.up.values():
            up += 0.1
        assert not torch.allclose(trunk.run(x, 0, 4, adapter=adapter), plain)
        assert torch.equal(trunk.run(x, 0, 2, adapter=adapter), trunk.run(x, 0, 2)), "layers below have no adapter"
    again = LowRankAdapter.from_state(adapter.state(), adapter.rank, adapter.scale)
    with torch.no_grad():
        assert torch.equal(trunk.run(x, 0, 4, adapter=again), trunk.run(x, 0, 4, adapter=adapter))


def test_a_copied_cache_goes_its_own_way(folder: Path) -> None:
    trunk = Trunk.load(folder, precision="float32")
    cache = trunk.new_cache()
    with torch.inference_mode():
        trunk.run(trunk.embed(torch.tensor([IDS[:3]])), 0, 4, cache=cache)
        cache.length += 3
        twin = cache.copy()
        trunk.run(trunk.embed(torch.tensor([[7, 7]])), 0, 4, cache=twin)
        x = trunk.run(trunk.embed(torch.tensor([IDS[3:]])), 0, 4, cache=cache)
    assert torch.allclose(trunk.logits(x)[0], read_all(trunk, IDS)[3:], atol=1e-4)


def test_damaged_weights_say_what_to_do(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="assistant models fetch"):
        Trunk.load(folder)


def test_unsupported_model_type_is_named(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mamba"}))
    with pytest.raises(ModelError, match="mamba"):
        Trunk.load(folder)
