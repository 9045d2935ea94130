"""A loudspeaker that remembers instead of playing: for sound files, and for measuring without a device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assistant_app.turn import AudioClip
from assistant_app.voice.resampling import resample


class SoundMemory:
    """Takes each sound as heard the moment it is made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounds: list[tuple[NDArray[np.float32], int]] = []

    def play(
        self,
        samples: NDArray[np.float32],
        rate: int,
        *,
        on_start: Callable[[float], None],
        on_end: Callable[[bool], None],
    ) -> None:
        with self._lock:
            self._sounds.append((samples, rate))
        on_start(time.monotonic())
        on_end(True)

    def stop(self) -> None:
        """There is nothing to silence."""

    def check(self) -> None:
        """It cannot be unplugged."""

    def close(self) -> None:
        """There is nothing to close."""

    def clip(self) -> AudioClip | None:
        """Everything since the last call, at the first sound's rate; None where nothing was said."""
        with self._lock:
            sounds, self._sounds = self._sounds, []
        if not sounds:
            return None
        rate = sounds[0][1]
        return AudioClip(np.concatenate([resample(samples, own, rate) for samples, own in sounds]), rate)
