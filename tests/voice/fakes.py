"""Stand-ins for microphone, detector, voice and loudspeaker. Time is counted in blocks, never waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import AssistantError, DeviceError
from assistant_app.turn import AudioClip
from assistant_app.voice.engines import Voice
from assistant_app.voice.player import OnEnd, OnStart
from assistant_app.voice.vad import BLOCK_SAMPLES, BLOCK_SECONDS, blocks_of, spans_of

SPEECH, SILENCE = 0.3, 0.0


def blocks(*parts: tuple[float, float]) -> list[NDArray[np.float32]]:
    """Blocks of sound: pairs of seconds and level."""
    made: list[NDArray[np.float32]] = []
    for seconds, level in parts:
        made += [np.full(BLOCK_SAMPLES, level, np.float32)] * round(seconds / BLOCK_SECONDS)
    return made


class FakeMicrophone:
    """Gives its blocks, then fails with `fails`, or presses `when_over`, or gives nothing more."""

    def __init__(
        self,
        sound: Sequence[NDArray[np.float32]] = (),
        *,
        missing: DeviceError | None = None,
        fails: DeviceError | None = None,
        when_over: threading.Event | None = None,
    ) -> None:
        self._sound = list(sound)
        self._missing = missing
        self._fails = fails
        self._when_over = when_over
        self.is_open = False
        self.opened = 0

    @property
    def title(self) -> str:
        return "Fake microphone"

    def open(self) -> None:
        if self._missing is not None:
            raise self._missing
        self.is_open = True
        self.opened += 1

    def read(self, timeout: float) -> NDArray[np.float32] | None:
        assert self.is_open, "read from a closed microphone"
        if self._sound:
            return self._sound.pop(0)
        if self._fails is not None:
            raise self._fails
        if self._when_over is not None:
            self._when_over.set()
        return None

    def close(self) -> None:
        self.is_open = False


class LoudnessVad:
    """Takes everything above a level for speech."""

    def probability(self, block: NDArray[np.float32]) -> float:
        return 0.95 if float(np.abs(block).mean()) > 0.1 else 0.02

    def reset(self) -> None:
        pass

    def speech_spans(self, clip: AudioClip) -> list[tuple[float, float]]:
        return spans_of(self.probability(block) for block in blocks_of(clip.samples))


class FakeVoice:
    """Says each text as a tenth of a second a word."""

    def __init__(self, language: str = "en", *, fails: AssistantError | None = None) -> None:
        self.language = language
        self.said: list[str] = []
        self.closed = False
        self._fails = fails

    def speaks(self, language: str) -> bool:
        return language == self.language

    def synthesise(self, text: str) -> AudioClip:
        if self._fails is not None:
            raise self._fails
        self.said.append(text)
        return AudioClip(np.full(2400 * len(text.split()), 0.2, np.float32), 24_000)

    def voices(self) -> list[Voice]:
        return [Voice("fake", "Fake", self.language)]

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class FakeOutput:
    """A loudspeaker that plays at once, or when told to."""

    def __init__(self, *, by_hand: bool = False, missing: DeviceError | None = None) -> None:
        self.queued: list[tuple[OnStart, OnEnd]] = []
        self.played = 0
        self.stops = 0
        self.lost: DeviceError | None = None
        self.arrived = threading.Semaphore(0)
        """Released for each sound that was queued."""
        self._by_hand = by_hand
        self._missing = missing

    def play(self, samples: NDArray[np.float32], rate: int, *, on_start: OnStart, on_end: OnEnd) -> None:
        if self._missing is not None:
            raise self._missing
        self.played += 1
        if self._by_hand:
            self.queued.append((on_start, on_end))
        else:
            on_start(float(self.played))
            on_end(True)
        self.arrived.release()

    def stop(self) -> None:
        self.stops += 1
        for _, on_end in self.queued:
            on_end(False)
        self.queued.clear()

    def check(self) -> None:
        if self.lost is not None:
            raise self.lost

    def close(self) -> None:
        pass
