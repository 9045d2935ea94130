"""Looking and verifying: where a model is, whether it is whole, and what to do when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant_app.errors import ModelError
from assistant_app.model_store import Manifest, ModelStore, Progress
from assistant_app.model_store import store as store_module
from assistant_app.paths import shipped_models_dir
from tests.model_store.conftest import BODY, describe, write_manifest
from tests.model_store.fake_sources import FakeServer, Served

StoreWith = Callable[..., ModelStore]


@pytest.fixture
def fetched(store_with: StoreWith, server: FakeServer) -> ModelStore:
    server.files["w"] = Served(BODY)
    store = store_with({"url": server.url("w")})
    store.fetch()
    return store


def test_require_says_the_exact_command(store_with: StoreWith, server: FakeServer) -> None:
    with pytest.raises(ModelError) as missing:
        store_with({"url": server.url("w")}).require("tiny")
    assert missing.value.code == "model_missing"
    assert "Run: assistant models fetch tiny" in missing.value.message


def test_an_unknown_name_is_answered_with_the_known_ones(store_with: StoreWith, server: FakeServer) -> None:
    with pytest.raises(ModelError, match="tiny") as unknown:
        store_with({"url": server.url("w")}).status("huge")
    assert unknown.value.code == "model_unknown"


def test_verify_is_content_with_what_was_fetched(fetched: ModelStore) -> None:
    seen: list[Progress] = []
    assert [status.state for status in fetched.verify(on_progress=seen.append)] == ["ready"]
    assert seen[-1].stage == "done"


def test_a_flipped_bit_is_found_by_verify_and_mended_by_fetch(fetched: ModelStore, server: FakeServer) -> None:
    path = fetched.require("tiny")
    data = bytearray(path.read_bytes())
    data[777] ^= 1
    path.write_bytes(data)
    assert fetched.status("tiny").state == "ready"  # the quick look sees sizes only
    (status,) = fetched.verify()
    assert status.state == "damaged"
    assert "weights.bin" in status.problem
    assert "assistant models fetch tiny" in status.problem
    fetched.fetch()
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("damage", ["cut short", "removed", "no receipt", "torn receipt"])
def test_damage_that_a_quick_look_can_see(fetched: ModelStore, damage: str) -> None:
    path = fetched.require("tiny")
    receipt = path.parent / "receipt.json"
    if damage == "cut short":
        path.write_bytes(BODY[:100])
    elif damage == "removed":
        path.unlink()
    elif damage == "no receipt":
        receipt.unlink()
    else:
        receipt.write_text(receipt.read_text()[:40])
    with pytest.raises(ModelError) as damaged:
        fetched.require("tiny")
    assert damaged.value.code == "model_damaged"
    assert "assistant models fetch tiny" in damaged.value.message


def test_the_quick_look_reads_no_weights(fetched: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    read_text = Path.read_text

    def watched(path: Path, *args: Any, **more: Any) -> str:
        read.append(path.name)
        return read_text(path, *args, **more)

    monkeypatch.setattr(Path, "read_text", watched)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    monkeypatch.setattr(store_module, "hash_file", lambda path, *more: pytest.fail(f"{path} was hashed"))
    assert fetched.status("tiny").state == "ready"
    assert read == ["receipt.json"]


def test_a_whole_copy_further_along_the_path_wins_over_a_damaged_one(
    fetched: ModelStore, target: Path, tmp_path: Path
) -> None:
    worse = tmp_path / "worse"
    (worse / "tiny").mkdir(parents=True)
    store = ModelStore(fetched.manifest, (worse, target), worse)
    assert store.require("tiny") == target / "tiny" / "weights.bin"


def test_the_receipt_says_where_everything_came_from(fetched: ModelStore, server: FakeServer) -> None:
    receipt = json.loads((fetched.require("tiny").parent / "receipt.json").read_text())
    assert receipt["sources"] == {"weights.bin": server.url("").split("/")[2]}
    assert receipt["files"]["weights.bin"]["bytes"] == len(BODY)
    assert receipt["installed_at"].endswith("+00:00")


def test_a_bundled_model_is_found_in_its_package_without_importing_it(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "voicebox"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "voice.bin").write_bytes(BODY)
    monkeypatch.syspath_prepend(str(package.parent))
    entry = describe(
        "voice",
        {"voice.bin": BODY},
        {"voice.bin": []},
        entry="voice.bin",
        bundled={"package": "voicebox-tts", "version": "1.0", "module": "voicebox"},
    )
    store = ModelStore(write_manifest(tmp_path / "manifest.toml", entry), (target,), target)
    assert store.require("voice") == package / "voice.bin"
    store.fetch()  # nothing to fetch
    (package / "voice.bin").write_bytes(BODY[::-1])
    (status,) = store.verify()
    assert status.state == "damaged"
    assert "pip install --force-reinstall --no-deps voicebox-tts==1.0" in status.problem
    with pytest.raises(ModelError, match="voicebox-tts"):
        store.fetch()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"file": []}, "no files"),
        ({"convert": "by-magic"}, "by-magic"),
        ({"convert": "gguf-causal-lm"}, "converted"),
        ({"entry": "../outside"}, "outside"),
        ({"name": "Tiny Model"}, "Tiny Model"),
    ],
)
def test_a_manifest_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    entry = describe("tiny", {"w": BODY}, {"w": [{"url": "https://example.org/w"}]}) | change
    with pytest.raises(ModelError, match=complaint) as refused:
        write_manifest(tmp_path / "manifest.toml", entry)
    assert refused.value.code == "manifest_unreadable"


def test_a_manifest_that_is_not_there_or_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        Manifest.load(tmp_path / "absent.toml")
    (tmp_path / "torn.toml").write_text("format = 1\n[[model]")
    with pytest.raises(ModelError, match="cannot be used"):
        Manifest.load(tmp_path / "torn.toml")


def test_the_shipped_manifest_names_every_model_with_licence_card_and_pinned_sources() -> None:
    manifest = Manifest.load(shipped_models_dir() / "manifest.toml")
    for model in manifest.models:
        card = (shipped_models_dir() / "cards" / f"{model.name}.md").read_text(encoding="utf-8")
        assert model.licence in card
        for file in model.files:
            assert model.name == "all-minilm-l6-v2" or file.sha256 in card
            for source in file.sources:
                url = getattr(source, "url", None)
                assert url is None or any(len(part) == 40 for part in url.split("/")), f"{url} names no revision"
