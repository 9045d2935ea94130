"""An adapter made ready for running computes what it computed in training, and holds nothing twice."""

from __future__ import annotations

import pytest
import torch

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.trunk import Trunk
from assistant_app.brain.trunk_config import PROJECTIONS
from tests.brain.tiny_trunk import make_trunk


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Trunk:
    return Trunk.load(make_trunk(tmp_path_factory.mktemp("trunk") / "tiny"), precision="float32")


def trained(trunk: Trunk, projections: tuple[str, ...]) -> LowRankAdapter:
    generator = torch.Generator().manual_seed(3)
    adapter = LowRankAdapter.new(trunk.config, [1, 3], rank=2, projections=projections, generator=generator)
    adapter.up = {key: torch.randn(up.shape, generator=generator) * 0.1 for key, up in adapter.up.items()}
    adapter.down = {key: down.detach() for key, down in adapter.down.items()}
    return adapter


@pytest.mark.parametrize("projections", [PROJECTIONS, ("q_proj", "v_proj"), ("up_proj",), ("o_proj", "down_proj")])
@pytest.mark.parametrize("tokens", [1, 6])
def test_running_equals_training(trunk: Trunk, projections: tuple[str, ...], tokens: int) -> None:
    adapter = trained(trunk, projections)
    running = adapter.to(dtype=trunk.dtype, device=trunk.device)
    x = trunk.embed(torch.arange(3, 3 + tokens)[None])
    with torch.inference_mode():
        expected = trunk.run(x, 0, 4, cache=trunk.new_cache(), adapter=adapter)
        plain = trunk.run(x, 0, 4, cache=trunk.new_cache())
        for _ in range(2):
            assert torch.allclose(trunk.run(x, 0, 4, cache=trunk.new_cache(), adapter=running), expected, atol=1e-4)
    assert not torch.allclose(plain, expected, atol=1e-3)


def test_what_runs_is_what_would_be_saved_and_takes_no_second_copy(trunk: Trunk) -> None:
    adapter = trained(trunk, PROJECTIONS)
    running = adapter.to(dtype=trunk.dtype, device=trunk.device)
    with torch.inference_mode():
        trunk.run(trunk.embed(torch.tensor([[5, 6, 7]])), 0, 4, adapter=running)
    saved = running.state()
    assert all(torch.equal(saved[name], tensor) for name, tensor in adapter.state().items())
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in saved.values()}
    stacked_layers = [stacked for stacked in (running._stacked or {}).values() if stacked]
    assert stacked_layers
    for down, ups in stacked_layers:
        assert all(part.untyped_storage().data_ptr() in storages for part in (down, *(up for _, _, up in ups)))
    assert sum(storages.values()) == sum(tensor.nbytes for tensor in adapter.state().values())
