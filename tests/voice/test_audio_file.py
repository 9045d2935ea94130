"""Sound files good and bad, and the change of sample rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from assistant_app.errors import InputError, StorageError
from assistant_app.turn import AudioClip
from assistant_app.voice.audio_file import read_audio, write_wav
from assistant_app.voice.resampling import StreamResampler, resample


def tone(hertz: float, rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_any_rate_comes_in_as_16_khz_unchanged_in_pitch_and_time(tmp_path: Path, rate: int) -> None:
    file = tmp_path / "tone.wav"
    soundfile.write(file, tone(1000.0, rate), rate, subtype="FLOAT")
    clip = read_audio(file)
    assert clip.sample_rate == 16_000
    assert clip.seconds == pytest.approx(1.0, abs=0.001)
    middle = slice(2000, -2000)
    assert np.abs(clip.samples[middle] - tone(1000.0, 16_000)[: len(clip.samples)][middle]).max() < 0.005


def test_what_lies_above_the_new_rate_is_taken_out() -> None:
    assert np.abs(resample(tone(10_000.0, 48_000), 48_000, 16_000)[500:-500]).max() < 0.001


def test_channels_are_mixed(tmp_path: Path) -> None:
    file = tmp_path / "stereo.flac"
    soundfile.write(file, np.stack([tone(440.0, 16_000), np.zeros(16_000, np.float32)], axis=1), 16_000)
    assert np.abs(read_audio(file).samples).max() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("rate", "new_rate"), [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000)])
def test_a_stream_of_blocks_gives_the_same_as_the_whole(rate: int, new_rate: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, rate).astype(np.float32)
    stream = StreamResampler(rate, new_rate)
    streamed = np.concatenate([stream.push(sound[begin : begin + 511]) for begin in range(0, len(sound), 511)])
    whole = resample(sound, rate, new_rate)
    assert len(whole) - 100 < len(streamed) <= len(whole)
    assert np.allclose(streamed, whole[: len(streamed)], atol=1e-5)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.wav") as caught:
        read_audio(tmp_path / "nowhere.wav")
    assert caught.value.code == "audio_missing"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "audio_empty"),
        (b"this is no sound at all, only words", "audio_not_sound"),
        (b"RIFF\x00", "audio_not_sound"),
    ],
)
def test_what_is_not_sound_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    file = tmp_path / "bad.wav"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_audio(file)
    assert caught.value.code == code


def test_a_sound_file_without_sound_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.float32), 16_000)
    with pytest.raises(InputError) as caught:
        read_audio(tmp_path / "none.wav")
    assert caught.value.code == "audio_empty"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_audio(tmp_path)
    assert caught.value.code == "audio_not_sound"


def test_damaged_numbers_in_a_file_become_silence(tmp_path: Path) -> None:
    sound = tone(440.0, 16_000)
    sound[100] = np.nan
    soundfile.write(tmp_path / "nan.wav", sound, 16_000, subtype="FLOAT")
    assert np.isfinite(read_audio(tmp_path / "nan.wav").samples).all()


def test_a_written_clip_reads_back(tmp_path: Path) -> None:
    clip = AudioClip(tone(440.0, 16_000), 16_000)
    write_wav(tmp_path / "out.wav", clip)
    assert np.allclose(read_audio(tmp_path / "out.wav").samples, clip.samples, atol=1e-3)
    assert [file.name for file in tmp_path.iterdir()] == ["out.wav"]


def test_writing_into_a_missing_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="another folder"):
        write_wav(tmp_path / "no" / "out.wav", AudioClip(tone(440.0, 16_000), 16_000))
    assert list(tmp_path.iterdir()) == []
