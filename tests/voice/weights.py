"""The fetched weights that voice tests need; skips where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant_app.paths import find_paths
from assistant_app.voice.transcriber import WhisperTranscriber
from assistant_app.voice.vad import SileroVad


def weight_file(model: str, name: str) -> Path:
    """A file of a fetched model."""
    for folder in find_paths().weights_search_path():
        if (folder / model / name).is_file():
            return folder / model / name
    pytest.skip(f"{model} is not fetched (assistant models fetch {model})")


def silero() -> SileroVad:
    return SileroVad(weight_file("silero-vad", "silero_vad.onnx"))


def whisper_base() -> WhisperTranscriber:
    return WhisperTranscriber(weight_file("whisper-base", "base.pt"), device="cpu", vad=silero())
