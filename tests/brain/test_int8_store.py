"""The int8 weights are computed once, survive damage, and give the numbers they gave the first time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from assistant_app.brain import int8_trunk
from assistant_app.brain.trunk import Trunk
from assistant_app.brain.trunk_files import INDEX_FILE, SINGLE_FILE, TrunkFiles, trunk_fingerprint
from tests.brain.tiny_trunk import make_trunk

IDS = [5, 80, 33, 210, 9, 144, 61]


@pytest.fixture(params=["qwen2", "llama"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_trunk(tmp_path / request.param, model_type=request.param)


def scores(trunk: Trunk) -> torch.Tensor:
    with torch.inference_mode():
        x = trunk.run(trunk.embed(torch.tensor([IDS])), 0, trunk.config.layers, cache=trunk.new_cache())
        return trunk.logits(x)[0]


def stored_file(cache: Path) -> Path:
    (found,) = cache.glob("*.safetensors")
    return found


def test_second_start_reads_what_the_first_computed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    without = scores(Trunk.load(folder, precision="int8"))
    first = scores(Trunk.load(folder, precision="int8", cache_dir=cache))
    monkeypatch.setattr(int8_trunk, "quantise", lambda _weight: pytest.fail("computed again"))
    again = Trunk.load(folder, precision="int8", cache_dir=cache)
    assert torch.equal(first, without)
    assert torch.equal(scores(again), without)


def test_other_weights_are_not_taken_for_the_stored_ones(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for layers in (2, 3):
        Trunk.load(make_trunk(tmp_path / str(layers), layers=layers), precision="int8", cache_dir=cache)
    assert len(list(cache.glob("*.safetensors"))) == 2


@pytest.mark.parametrize("name", ["1.gate_up.values", "output.values", "0.before"])
def test_a_damaged_tensor_is_computed_anew(folder: Path, tmp_path: Path, name: str) -> None:
    cache = tmp_path / "cache"
    expected = scores(Trunk.load(folder, precision="int8", cache_dir=cache))
    path = stored_file(cache)
    with safe_open(path, framework="pt") as file:
        metadata, tensors = file.metadata(), {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    tensors[name].view(-1)[3] += 1
    save_file(tensors, path, metadata=metadata)
    assert torch.equal(scores(Trunk.load(folder, precision="int8", cache_dir=cache)), expected)
    assert torch.equal(scores(Trunk.load(folder, precision="int8", cache_dir=cache)), expected)


def test_a_file_cut_short_is_written_anew(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    expected = scores(Trunk.load(folder, precision="int8", cache_dir=cache))
    path = stored_file(cache)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[: whole // 2])
    assert torch.equal(scores(Trunk.load(folder, precision="int8", cache_dir=cache)), expected)
    assert path.stat().st_size == whole


def test_where_nothing_can_be_written_the_trunk_still_loads(folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    expected = scores(Trunk.load(folder, precision="int8"))
    assert torch.equal(scores(Trunk.load(folder, precision="int8", cache_dir=blocked)), expected)


def test_weights_in_several_half_precision_files_are_one_trunk(folder: Path) -> None:
    whole = {name: tensor.half() for name, tensor in TrunkFiles(folder).items()}
    save_file(whole, folder / SINGLE_FILE)
    expected, single = scores(Trunk.load(folder, precision="float32")), trunk_fingerprint(folder)
    names = sorted(whole)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for shard, members in shards.items():
        save_file({name: whole[name] for name in members}, folder / shard)
    weight_map = {name: shard for shard, members in shards.items() for name in members}
    (folder / INDEX_FILE).write_text(f'{{"weight_map": {weight_map}}}'.replace("'", '"'))
    (folder / SINGLE_FILE).unlink()
    assert torch.equal(scores(Trunk.load(folder, precision="float32")), expected)
    assert trunk_fingerprint(folder) != single


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_as_on_a_graphics_card_is_close_to_full(folder: Path, precision: str) -> None:
    half = scores(Trunk.load(folder, precision=precision)).float()  # type: ignore[arg-type]
    full = scores(Trunk.load(folder, precision="float32"))
    assert float(torch.cosine_similarity(half, full, dim=-1).min()) > 0.99
