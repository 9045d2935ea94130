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


class StreamResampler:
    """The same filter on sound that arrives in blocks; what comes out lags by half the filter."""

    def __init__(self, rate: int, new_rate: int) -> None:
        divisor = gcd(rate, new_rate)
        self._up, self._down = new_rate // divisor, rate // divisor
        self._taps, self._half = _filter_bank(self._up, self._down)
        self._kept = np.zeros(self._half, np.float32)
        self._first = 0
        """Number of the kept sound's first sample, counted with the silence before the first block."""
        self._next_output = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output samples that `block` completes."""
        kept = np.concatenate([self._kept, np.asarray(block, np.float32)])
        width = self._taps.shape[1]
        available = self._first + len(kept) - width
        # Output n needs the inputs from n * down // up on, one filter's width of them.
        last = ((available + 1) * self._up - 1) // self._down if available >= 0 else -1
        numbers = np.arange(self._next_output, last + 1, dtype=np.int64)
        position = numbers * self._down
        if len(numbers):
            windows = np.lib.stride_tricks.sliding_window_view(kept, width)
            out = np.einsum("ij,ij->i", windows[position // self._up - self._first], self._taps[position % self._up])
            self._next_output = last + 1
        else:
            out = np.zeros(0, np.float32)
        unneeded = max(0, self._next_output * self._down // self._up - self._first)
        self._kept = kept[unneeded:]
        self._first += unneeded
        return np.asarray(out, np.float32)
