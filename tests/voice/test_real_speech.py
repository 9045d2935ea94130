"""Real voices, real noise and the real models, from files."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest

from assistant_app.errors import TurnCancelled
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.audio_file import read_audio
from assistant_app.voice.transcriber import WhisperTranscriber
from assistant_app.voice.vad import SileroVad, blocks_of
from tests.data_folder import data_folder, manifest
from tests.voice.scoring import character_errors, word_errors
from tests.voice.weights import silero, whisper_base

pytestmark = [pytest.mark.weights, pytest.mark.data]

RATE = 16_000


@pytest.fixture(scope="module")
def transcriber() -> WhisperTranscriber:
    return whisper_base()


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return silero()


def speech(name: str) -> AudioClip:
    return read_audio(data_folder("speech_misc") / "clips" / name)


@pytest.mark.parametrize("name", ["jfk.flac", "librivox-austen-0890.flac", "1089-134691-0000.flac"])
def test_english_clips_become_the_right_text(transcriber: WhisperTranscriber, name: str) -> None:
    row = next(row for row in manifest("speech_misc") if row["path"].name == name)
    transcript = transcriber.transcribe(read_audio(row["path"]))
    assert transcript.language == "en"
    assert word_errors(row["text"], transcript.text) <= 0.15
    assert transcript.no_speech_probability < 0.6


def test_a_clip_longer_than_the_window_is_complete(transcriber: WhisperTranscriber) -> None:
    row = next(row for row in manifest("speech_misc") if row["path"].name == "doc-en-training-audio1.flac")
    partial: list[str] = []
    transcript = transcriber.transcribe(read_audio(row["path"]), on_partial=partial.append)
    assert word_errors(row["text"], transcript.text) <= 0.15
    assert len(partial) >= 2
    assert partial[-1] == transcript.text
    assert all(transcript.text.startswith(text) for text in partial)


def test_chinese_comes_out_in_simplified_characters(transcriber: WhisperTranscriber) -> None:
    row = next(row for row in manifest("speech_misc") if row["path"].name.startswith("aishell"))
    transcript = transcriber.transcribe(read_audio(row["path"]))
    assert transcript.language == "zh"
    assert character_errors(row["text"], transcript.text) <= 0.35
    transcript.text.encode("gb2312")  # the simplified characters only


@pytest.mark.parametrize("sound", ["silence", "hiss", "hum"])
def test_no_text_is_invented_where_nobody_speaks(transcriber: WhisperTranscriber, sound: str) -> None:
    time = np.arange(5 * RATE) / RATE
    samples = {
        "silence": np.zeros(5 * RATE),
        "hiss": np.random.default_rng(0).normal(0, 0.1, 5 * RATE),
        "hum": 0.3 * np.sin(2 * np.pi * 50 * time),
    }[sound]
    assert transcriber.transcribe(AudioClip(samples.astype(np.float32), RATE)).text == ""


def test_noise_of_the_household_is_heard_as_nothing(transcriber: WhisperTranscriber) -> None:
    for row in manifest("noise"):
        samples = read_audio(row["path"]).samples[: 20 * RATE]
        assert transcriber.transcribe(AudioClip(samples, RATE)).text == "", row["file"]


def test_the_detector_finds_speech_between_silences(vad: SileroVad) -> None:
    spoken = speech("jfk.flac")
    quiet = np.zeros(3 * RATE, np.float32)
    spans = vad.speech_spans(AudioClip(np.concatenate([quiet, spoken.samples, quiet]), RATE))
    assert spans[0][0] == pytest.approx(3.3, abs=0.4)
    assert spans[-1][1] == pytest.approx(3.0 + 10.6, abs=0.6)


def test_the_detector_gives_the_same_after_a_reset(vad: SileroVad) -> None:
    parts = blocks_of(speech("1089-134691-0000.flac").samples)
    vad.reset()
    first = [vad.probability(block) for block in parts]
    assert [vad.probability(block) for block in parts] != first
    vad.reset()
    assert [vad.probability(block) for block in parts] == first


def test_ten_minutes_are_transcribed_in_bounded_memory(transcriber: WhisperTranscriber) -> None:
    spoken = speech("librivox-austen-0890.flac").samples
    samples = np.zeros(600 * RATE, np.float32)
    for minute in (0, 5, 9):
        begin = minute * 60 * RATE + 10 * RATE
        samples[begin : begin + len(spoken)] = spoken
    transcriber.transcribe(speech("librivox-austen-0890.flac"))  # the model is loaded before memory is counted
    before = peak_megabytes()
    transcript = transcriber.transcribe(AudioClip(samples, RATE))
    text = "unless to be rather cold hearted and rather selfish is to be ill disposed"
    assert word_errors(" ".join([text] * 3), transcript.text) <= 0.15
    assert peak_megabytes() - before < 250


def test_cancelling_stops_a_long_clip_between_its_words(transcriber: WhisperTranscriber) -> None:
    spoken = speech("doc-en-training-audio1.flac")
    cancel = Cancel()
    seen: list[str] = []

    def stop(text: str) -> None:
        seen.append(text)
        cancel.set()

    with pytest.raises(TurnCancelled):
        transcriber.transcribe(spoken, on_partial=stop, cancel=cancel)
    assert len(seen) == 1
    assert transcriber.transcribe(speech("1089-134691-0000.flac")).text == "He could wait no longer."


def test_names_that_are_expected_are_spelled_as_expected(transcriber: WhisperTranscriber) -> None:
    from assistant_app.voice.neural_voice import HibariVoice

    clip = HibariVoice().synthesise("Schedule lunch with Siobhan Kowalczyk on Friday.")
    transcriber.use_names(["Siobhan", "Kowalczyk"])
    try:
        assert "Siobhan" in transcriber.transcribe(clip).text
    finally:
        transcriber.use_names([])


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
