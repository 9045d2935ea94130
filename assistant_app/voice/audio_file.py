"""Sound files in and out: any format libsndfile reads becomes the clip the voice works on.

It knows no model and no device.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from assistant_app.errors import InputError, StorageError
from assistant_app.turn import AudioClip
from assistant_app.voice.resampling import resample

SAMPLE_RATE = 16_000
"""Hertz: what Whisper and the speech detector work on."""
_BLOCK_SECONDS = 30


def read_audio(path: Path) -> AudioClip:
    """The file as mono sound at 16 kHz; raises `InputError` if it is missing, empty or no sound."""
    import soundfile

    if path.is_dir():
        raise InputError("audio_not_sound", f"{path} is a folder. Name a sound file (WAV, FLAC, OGG or MP3).")
    if not path.exists():
        raise InputError("audio_missing", f"There is no file {path}. Check the name.")
    try:
        if path.stat().st_size == 0:
            raise InputError("audio_empty", f"{path} is empty. Record it again.")
        with soundfile.SoundFile(str(path)) as file:
            rate = int(file.samplerate)
            # Mixing block by block keeps one channel in memory, however many the file has.
            mono = [block.mean(axis=1) for block in file.blocks(rate * _BLOCK_SECONDS, dtype="float32", always_2d=True)]
    except OSError as error:
        raise InputError("audio_unreadable", f"{path} cannot be read ({error.strerror}).") from error
    except soundfile.LibsndfileError as error:
        raise InputError(
            "audio_not_sound", f"{path} is not a sound file that can be read. Use WAV, FLAC, OGG or MP3."
        ) from error
    samples = np.concatenate(mono) if mono else np.zeros(0, np.float32)
    if len(samples) == 0:
        raise InputError("audio_empty", f"{path} holds no sound. Record it again.")
    if not np.isfinite(samples).all():
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return AudioClip(resample(samples, rate, SAMPLE_RATE), SAMPLE_RATE)


def read_own_rate(path: Path) -> AudioClip:
    """A sound file of our own making, mono, at the rate it has: the player changes it to its own."""
    import soundfile

    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    return AudioClip(samples.mean(axis=1), int(rate))


def write_wav(path: Path, clip: AudioClip) -> None:
    """Write `clip` as 16-bit WAV, whole or not at all; raises `StorageError`."""
    import soundfile

    samples = np.clip(clip.samples, -1.0, 1.0)
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".sound-", delete=False) as out:
            temporary = Path(out.name)
            soundfile.write(out, samples, clip.sample_rate, format="WAV", subtype="PCM_16")
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StorageError(
            "audio_not_written", f"The sound could not be written to {path} ({error}). Choose another folder."
        ) from error
