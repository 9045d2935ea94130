"""Another language model by configuration: folders as they are, GGUF files converted once, misfits refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.trunk import Trunk
from assistant_app.errors import ModelError
from assistant_app.model_store import own_models
from assistant_app.model_store.own_models import own_trunk
from assistant_app.paths import shipped_models_dir
from tests.brain.tiny_trunk import make_trunk
from tests.model_store.test_conversion import write_small_gguf


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = make_trunk(tmp_path / "mine", model_type="llama")
    assert own_trunk(folder, tmp_path / "cache") == folder


@pytest.mark.parametrize("named", ["small.gguf", "."])
def test_a_gguf_file_becomes_a_trunk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    write_small_gguf(place / "small.gguf", unrelated_output=False)
    folder = own_trunk(place / named, tmp_path / "cache")
    trunk = Trunk.load(folder, precision="float32", cache_dir=tmp_path / "cache")
    with torch.inference_mode():
        x = trunk.run(trunk.embed(torch.tensor([[1, 2, 3]])), 0, trunk.config.layers, cache=trunk.new_cache())
    assert torch.isfinite(trunk.logits(x)).all()
    monkeypatch.setattr(own_models, "convert_gguf", lambda *_: pytest.fail("converted again"))
    assert own_trunk(place / named, tmp_path / "cache") == folder


def test_nothing_there_names_the_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="settings file"):
        own_trunk(tmp_path / "nowhere", tmp_path / "cache")


def test_a_file_that_is_no_gguf_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"no weights at all")
    with pytest.raises(ModelError, match="cannot be read"):
        own_trunk(tmp_path / "bad.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache" / "converted").iterdir())


def test_decoders_of_another_trunk_are_refused_by_name(tmp_path: Path) -> None:
    folder = make_trunk(tmp_path / "mine")
    with pytest.raises(
        ModelError, match=r"trained on qwen2\.5-coder-0\.5b-instruct.*assistant train --trunk"
    ) as raised:
        MultiTaskModel.load(folder, shipped_models_dir() / "released", device="cpu")
    assert raised.value.code == "trunk_mismatch"
