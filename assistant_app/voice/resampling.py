"""Change the sample rate of a sound: a windowed sinc filter evaluated per output phase.

It knows arrays only: no file, no device. numpy alone, so that reading a clip needs neither
scipy nor torch.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

_ZERO_CROSSINGS = 24
"""Zero crossings of the sinc on each side; with this Kaiser window about 80 dB stop band."""
_KAISER_BETA = 8.0
_PASS_BAND = 0.94
"""Cut-off as a part of the lower Nyquist frequency: room for the filter's slope."""
_OUTPUTS_AT_ONCE = 8192
"""Bounds the temporary memory however long the sound is."""


def resample(samples: NDArray[np.float32], rate: int, new_rate: int) -> NDArray[np.float32]:
    """`samples` (mono) of `rate` Hz as float32 of `new_rate` Hz, aligned in time."""
    if rate == new_rate or len(samples) == 0:
        return np.asarray(samples, dtype=np.float32)
    divisor = gcd(rate, new_rate)
    up, down = new_rate // divisor, rate // divisor
    taps, half = _filter_bank(up, down)
    length = -(-len(samples) * up // down)
    padded = np.concatenate(
        [np.zeros(half, np.float32), np.asarray(samples, np.float32), np.zeros(half + 1, np.float32)]
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps.shape[1])
    resampled = np.empty(length, np.float32)
    for begin in range(0, length, _OUTPUTS_AT_ONCE):
        numbers = np.arange(begin, min(begin + _OUTPUTS_AT_ONCE, length), dtype=np.int64)
        position = numbers * down
        resampled[begin : begin + len(numbers)] = np.einsum("ij,ij->i", windows[position // up], taps[position % up])
    return resampled


@lru_cache(maxsize=8)
def _filter_bank(up: int, down: int) -> tuple[NDArray[np.float32], int]:
    """One row of filter taps per fractional position, and how many input samples lie before it."""
    cutoff = _PASS_BAND * min(1.0, up / down)
    half = int(np.ceil(_ZERO_CROSSINGS / cutoff))
    offsets = np.arange(-half, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    inside = np.clip(1.0 - (offsets / (half + 1)) ** 2, 0.0, None)
    window = np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    taps = cutoff * np.sinc(cutoff * offsets) * window
    taps /= taps.sum(axis=1, keepdims=True)
    return taps.astype(np.float32), half
