"""Sound from a microphone, in blocks of 512 samples at 16 kHz.

The audio callback only enqueues. A microphone can fail in three ways, all of which end in one
`DeviceError`: it is not there when opened, the server ends the stream, or blocks just stop coming.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import DeviceError
from assistant_app.voice import devices
from assistant_app.voice.resampling import StreamResampler
from assistant_app.voice.vad import BLOCK_SAMPLES, SAMPLE_RATE

_WATCHDOG_SECONDS = 0.5
_OPENING_SECONDS = 3.0


class Microphone(Protocol):
    """Where sound comes from."""

    @property
    def title(self) -> str:
        """Its name for people; empty before it was opened."""

    def open(self) -> None:
        """Start recording. Raises `DeviceError` if there is none."""

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        """The next 512 samples at 16 kHz; None after `timeout` seconds. Raises `DeviceError` if it is lost."""

    def close(self) -> None:
        """Stop recording; may be called twice."""


class SoundDeviceMicrophone:
    """A microphone by name; empty is the system's default."""

    def __init__(self, device_name: str = "") -> None:
        self._device_name = device_name
        self._title = ""
        self._stream: Any = None
        self._blocks: SimpleQueue[NDArray[np.float32] | None] = SimpleQueue()
        self._resampler: StreamResampler | None = None
        self._rest = np.zeros(0, np.float32)
        self._last_block_at = 0.0
        self._any_block = False
        self._lock = threading.Lock()

    @property
    def title(self) -> str:
        return self._title

    @property
    def is_open(self) -> bool:
        """Whether the stream is open now: what an indicator shows."""
        return self._stream is not None

    def open(self) -> None:
        sounddevice = devices.portaudio()
        with self._lock:
            if self._stream is not None:
                return
            device = devices.find_device("input", self._device_name)
            if device is None:
                raise missing_microphone()
            self._blocks = SimpleQueue()
            self._rest = np.zeros(0, np.float32)
            self._any_block = False
            self._last_block_at = time.monotonic()
            self._title = device.name
            rates = dict.fromkeys((SAMPLE_RATE, device.default_rate))
            for rate in rates:
                self._resampler = None if rate == SAMPLE_RATE else StreamResampler(rate, SAMPLE_RATE)
                try:
                    self._start(sounddevice, device, rate)
                    return
                except (sounddevice.PortAudioError, ValueError):
                    continue
            raise DeviceError(
                "microphone_refused",
                f"The microphone {device.name} could not be opened; another program may hold it. Close that program "
                "or choose another microphone in Settings > Hearing; typing always works.",
            )

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        deadline = time.monotonic() + timeout
        while len(self._rest) < BLOCK_SAMPLES:
            now = time.monotonic()
            patience = self._last_block_at + (_WATCHDOG_SECONDS if self._any_block else _OPENING_SECONDS)
            try:
                block = self._blocks.get(timeout=max(0.0, min(deadline, patience) - now))
            except Empty:
                now = time.monotonic()
                if now >= patience:
                    raise self._lost() from None
                if now >= deadline:
                    return None
                continue
            if block is None:
                raise self._lost()
            self._any_block = True
            self._last_block_at = time.monotonic()
            if self._resampler is not None:
                block = self._resampler.push(block)
            self._rest = np.concatenate([self._rest, block])
        ready, self._rest = self._rest[:BLOCK_SAMPLES], self._rest[BLOCK_SAMPLES:]
        return ready

    def close(self) -> None:
        with self._lock:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.close(ignore_errors=True)
                devices.stream_closed()

    def _start(self, sounddevice: Any, device: devices.Device, rate: int) -> None:
        blocks = self._blocks

        def enqueue(sound: NDArray[np.float32], _frames: int, _clock: Any, _status: Any) -> None:
            blocks.put(sound[:, 0].copy())

        stream: Any = None
        try:
            with devices.counted_stream():
                stream = sounddevice.InputStream(
                    samplerate=rate,
                    device=device.index,
                    channels=1,
                    dtype="float32",
                    blocksize=BLOCK_SAMPLES * rate // SAMPLE_RATE,
                    latency="low",
                    callback=enqueue,
                    finished_callback=lambda: blocks.put(None),
                )
                stream.start()
        except (sounddevice.PortAudioError, ValueError):
            if stream is not None:
                with suppress(sounddevice.PortAudioError):
                    stream.close(ignore_errors=True)
            raise
        self._stream = stream

    def _lost(self) -> DeviceError:
        self.close()
        if not self._any_block:
            return DeviceError(
                "microphone_silent",
                f"The microphone {self._title} gives no sound. Try another microphone in Settings > Hearing; "
                "typing always works.",
            )
        return DeviceError(
            "microphone_lost",
            f"The microphone {self._title} was disconnected; what was said so far is kept. Plug it in again, or choose "
            "another in Settings > Hearing.",
        )


def missing_microphone() -> DeviceError:
    """What is said where there is no microphone."""
    return DeviceError(
        "microphone_missing",
        "There is no microphone. Plug one in, or choose another in Settings > Hearing; typing always works.",
    )
