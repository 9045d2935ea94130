"""The lighter trunk, SmolLM2 135M of type llama, computes what the model library computes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from assistant_app.paths import find_paths

pytestmark = pytest.mark.weights

TRUNK = "smollm2-135m-instruct"
TEXT = "The lighthouse at Cape Rana was built in 1884."


@pytest.fixture(scope="module")
def folder() -> Path:
    for place in find_paths().weights_search_path():
        if (place / TRUNK / "model.safetensors").is_file():
            return place / TRUNK
    pytest.skip(f"{TRUNK} is not fetched (assistant models fetch {TRUNK})")


def scores(trunk: Trunk, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        x = trunk.run(trunk.embed(torch.tensor([ids])), 0, trunk.config.layers, cache=trunk.new_cache())
        return trunk.logits(x)[0]


def test_full_precision_agrees_and_int8_is_close(folder: Path, tmp_path: Path) -> None:
    ids = TextTokenizer(folder).encode(TEXT).ids
    trunk = Trunk.load(folder, precision="float32")
    ours = scores(trunk, ids)
    library = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        expected = library(torch.tensor([[trunk.sink_token_id, *ids]])).logits[0, 1:]
    assert torch.allclose(ours, expected, atol=2e-2)
    small = scores(Trunk.load(folder, precision="int8", cache_dir=tmp_path), ids)
    assert float(torch.cosine_similarity(small, expected, dim=-1).mean()) > 0.98
