"""`assistant transcribe` and `assistant say` as a script sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant_app.cli import main
from assistant_app.turn import AudioClip
from assistant_app.voice.audio_file import read_audio, write_wav
from assistant_app.voice.neural_voice import HibariVoice
from tests.voice.weights import weight_file


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    file = tmp_path / "spoken.wav"
    write_wav(file, HibariVoice().synthesise("Please add the dentist on Thursday."))
    return file


@pytest.mark.weights
def test_transcribe_names_the_bad_file_and_goes_on(
    tmp_path: Path, spoken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weight_file("whisper-base", "base.pt")
    weight_file("silero-vad", "silero_vad.onnx")
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    silent = tmp_path / "silent.wav"
    write_wav(silent, AudioClip(np.zeros(16_000, np.float32), 16_000))
    files = [str(bad), str(tmp_path / "missing.wav"), str(spoken), str(silent)]
    status = main(["transcribe", *files, "--language", "en", "--json", "--profile", str(tmp_path / "profile")])
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [row["path"] for row in rows] == [str(spoken), str(silent)]
    assert "dentist" in rows[0]["text"]
    assert rows[1]["text"] == ""
    assert set(rows[0]) == {"path", "text", "language", "audio_seconds", "compute_seconds"}
    assert rows[0]["language"] == "en"
    assert "bad.wav" in err
    assert "missing.wav" in err
    assert "Traceback" not in err


def test_transcribe_without_the_model_says_what_to_fetch(
    tmp_path: Path, spoken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assistant_app.paths.Paths.weights_search_path", lambda self: (tmp_path / "empty",))
    assert main(["transcribe", str(spoken), "--json", "--profile", str(tmp_path / "profile")]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"]
    assert "assistant models fetch" in err


def test_say_writes_a_sound_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "said.wav"
    text = "It is done. The dentist is on Thursday at 15:30."
    assert main(["say", text, "--out", str(file), "--profile", str(tmp_path / "profile")]) == 0
    assert read_audio(file).seconds > 2.0
    assert capsys.readouterr().out == ""


def test_say_without_words_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "said.wav"
    assert main(["say", "🎉", "--out", str(file), "--profile", str(tmp_path / "profile")]) == 1
    assert "Give some words" in capsys.readouterr().err
    assert not file.exists()


def test_say_into_a_missing_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none" / "said.wav"
    assert main(["say", "Hello.", "--out", str(file), "--profile", str(tmp_path / "profile")]) == 1
    assert "another folder" in capsys.readouterr().err
