"""`assistant models` as scripts see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant_app.cli import main
from assistant_app.paths import checkout_root


@pytest.fixture(autouse=True)
def _an_empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout_root()
    if root and (root / "models" / "weights").exists():
        pytest.skip("this checkout has weights of its own in models/weights")
    monkeypatch.setenv("ASSISTANT_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def command(tmp_path: Path, *words: str) -> int:
    return main(["--profile", str(tmp_path / "profile"), "models", *words])


def test_list_gives_one_object_with_every_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, "list", "--json") == 0
    models = {model["name"]: model for model in json.loads(capsys.readouterr().out)["models"]}
    assert models["whisper-base"]["state"] == "missing"
    assert models["whisper-base"]["path"] is None
    assert models["whisper-base"]["licence"] == "MIT"
    assert models["hibari-heart"]["state"] == "ready"


def test_list_for_people_says_what_is_not_fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, "list") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("silero-vad"))
    assert "not fetched" in line


def test_verify_of_missing_weights_fails_with_an_error_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "verify", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"]["code"] == "model_missing"
    assert "assistant models fetch whisper-base" in answer["error"]["message"]


def test_verify_of_the_bundled_voice_is_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, "verify", "hibari-heart") == 0
    assert "whole" in capsys.readouterr().out


def test_an_unknown_name_ends_with_one_and_the_names_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "fetch", "huge", "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "model_unknown"


def test_the_card_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, "card", "silero-vad") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Silero VAD")
    assert "Licence: MIT" in printed
