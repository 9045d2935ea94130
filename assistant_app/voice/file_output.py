"""Collects what a voice says instead of playing it: for `--out`, `listen --say` and measurements."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from assistant_app.turn import AudioClip
from assistant_app.voice.player import OnEnd, OnStart
from assistant_app.voice.resampling import resample

_RATE = 24_000


class FileOutput:
    """A `SoundOutput` without a loudspeaker: every sound is over as soon as it is given."""

    def __init__(self) -> None:
        self._sounds: list[NDArray[np.float32]] = []

    def clip(self) -> AudioClip:
        """Everything said so far."""
        return AudioClip(np.concatenate([np.zeros(0, np.float32), *self._sounds]), _RATE)

    def play(self, samples: NDArray[np.float32], rate: int, *, on_start: OnStart, on_end: OnEnd) -> None:
        on_start(time.monotonic())
        self._sounds.append(resample(samples, rate, _RATE))
        on_end(True)

    def stop(self) -> None:
        """Nothing plays."""

    def check(self) -> None:
        """Nothing can be lost."""

    def close(self) -> None:
        """Nothing is open."""
