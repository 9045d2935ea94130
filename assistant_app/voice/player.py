"""Sound to the loudspeaker through one stream of our own, which can be stopped at once.

The audio callback only copies samples. A stream that has had nothing to play for a moment is stopped,
so that an idle program costs nothing. It knows sounds, not sentences.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import DeviceError
from assistant_app.voice import devices
from assistant_app.voice.resampling import resample

_LATENCY_SECONDS = 0.06
"""Buffered in the device: what is still heard after a stop. Less stutters on a busy machine."""
_FADE_SECONDS = 0.008
_IDLE_SECONDS = 0.8
_WATCHDOG_SECONDS = 1.0

OnStart = Callable[[float], None]
"""Gets `time.monotonic()` of the moment the sound is heard. Called from the audio callback: only enqueue."""
OnEnd = Callable[[bool], None]
"""True: played to its end; False: dropped by a stop or a lost device. Only enqueue."""


class SoundOutput(Protocol):
    """Plays sounds one after another."""

    def play(self, samples: NDArray[np.float32], rate: int, *, on_start: OnStart, on_end: OnEnd) -> None:
        """Queue a sound and return. Raises `DeviceError` without a loudspeaker."""

    def stop(self) -> None:
        """Silence now; what is queued is dropped. From any thread."""

    def check(self) -> None:
        """Raise `DeviceError` if the loudspeaker stopped taking sound."""

    def close(self) -> None:
        """Give the device back."""


@dataclass(slots=True)
class _Queued:
    samples: NDArray[np.float32]
    on_start: OnStart | None
    on_end: OnEnd | None
    position: int = 0


class Player:
    """A loudspeaker by name; empty is the system's default."""

    def __init__(self, device_name: str = "", *, volume: float = 1.0) -> None:
        self.volume = volume
        """0.0 to 1.0; heard from the next block on."""
        self._device_name = device_name
        self._queue: deque[_Queued] = deque()
        self._queue_lock = threading.Lock()
        self._stream_lock = threading.Lock()
        self._stream: Any = None
        self._rate = 0
        self._idle_frames = 0
        self._running = False
        self._last_callback = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the loudspeaker's stream runs; an idle one stops by itself."""
        return self._running

    def play(
        self,
        samples: NDArray[np.float32],
        rate: int,
        *,
        on_start: OnStart | None = None,
        on_end: OnEnd | None = None,
    ) -> None:
        with self._stream_lock:
            if self._stream is None or not self._running:
                self._open()
            sound = _Queued(resample(samples, rate, self._rate), on_start, on_end)
            with self._queue_lock:
                self._queue.append(sound)
                still_running = self._running
            if not still_running:  # it went idle, or died, this very moment
                self._open()

    def stop(self) -> None:
        with self._queue_lock:
            dropped = list(self._queue)
            self._queue.clear()
            if dropped and dropped[0].position > 0:
                self._queue.append(self._faded(dropped[0]))
        _tell_dropped(dropped)

    def check(self) -> None:
        with self._queue_lock:
            waiting = bool(self._queue)
            silent_for = time.monotonic() - self._last_callback
            running = self._running
        if waiting and (not running or silent_for > _WATCHDOG_SECONDS):
            self.close()
            raise DeviceError(
                "loudspeaker_lost",
                "The loudspeaker stopped working; the reply is on the screen. Choose another in Settings > Speaking.",
            )

    def close(self) -> None:
        with self._stream_lock:
            self._close_stream()
        with self._queue_lock:
            dropped = list(self._queue)
            self._queue.clear()
        _tell_dropped(dropped)

    def _faded(self, sound: _Queued) -> _Queued:
        tail = sound.samples[sound.position : sound.position + int(_FADE_SECONDS * self._rate)]
        faded = (tail * np.linspace(1.0, 0.0, len(tail), dtype=np.float32)).astype(np.float32)
        return _Queued(faded, None, None)

    def _open(self) -> None:
        """Start the stream; holds the stream lock."""
        sounddevice = devices.portaudio()
        self._close_stream()
        device = devices.find_device("output", self._device_name)
        if device is None:
            raise _missing()
        self._idle_frames = 0
        self._last_callback = time.monotonic()
        try:
            with devices.counted_stream():
                self._stream = sounddevice.OutputStream(
                    samplerate=device.default_rate,
                    device=device.index,
                    channels=1,
                    dtype="float32",
                    latency=_LATENCY_SECONDS,
                    callback=self._fill,
                    finished_callback=self._on_finished,
                )
                self._rate = device.default_rate
                self._running = True
                self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            self._running = False
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.close(ignore_errors=True)
            raise _missing() from error

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)
            devices.stream_closed()
        self._running = False

    def _on_finished(self) -> None:
        self._running = False

    def _fill(self, out: NDArray[np.float32], frames: int, clock: Any, _status: Any) -> None:
        now = time.monotonic()
        started: list[OnStart] = []
        ended: list[OnEnd] = []
        filled = 0
        with self._queue_lock:
            self._last_callback = now
            while filled < frames and self._queue:
                sound = self._queue[0]
                if sound.position == 0 and sound.on_start is not None:
                    started.append(sound.on_start)
                part = sound.samples[sound.position : sound.position + frames - filled]
                out[filled : filled + len(part), 0] = part
                filled += len(part)
                sound.position += len(part)
                if sound.position >= len(sound.samples):
                    self._queue.popleft()
                    if sound.on_end is not None:
                        ended.append(sound.on_end)
            self._idle_frames = 0 if filled else self._idle_frames + frames
            idle = self._idle_frames > _IDLE_SECONDS * self._rate
            if idle:
                self._running = False
        out[filled:] = 0.0
        out *= self.volume
        delay = clock.outputBufferDacTime - clock.currentTime
        heard_at = now + (delay if 0.0 <= delay < 1.0 else 0.0)
        for on_start in started:
            on_start(heard_at)
        for on_end in ended:
            on_end(True)
        if idle:
            raise devices.portaudio().CallbackStop


def _tell_dropped(sounds: list[_Queued]) -> None:
    for sound in sounds:
        if sound.on_end is not None:
            sound.on_end(False)


def _missing() -> DeviceError:
    return DeviceError(
        "loudspeaker_missing",
        "There is no loudspeaker; the reply is on the screen. Plug one in, or choose another in Settings > Speaking.",
    )
