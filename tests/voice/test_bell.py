"""The chime: heard without making anyone wait, stopped at once, missing without a fuss."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant_app.errors import DeviceError
from assistant_app.paths import resources_dir
from assistant_app.voice.audio_file import read_own_rate
from assistant_app.voice.bell import Chime
from assistant_app.voice.player import OnEnd, OnStart

CHIME = resources_dir() / "sounds" / "chime.flac"


class SlowOutput:
    """A loudspeaker that takes its time to open."""

    def __init__(self, *, missing: bool = False) -> None:
        self.may_open = threading.Event()
        self.asked = threading.Event()
        self.played: list[int] = []
        self.stops = 0
        self.closed = False
        self._missing = missing

    def play(self, samples: NDArray[np.float32], rate: int, *, on_start: OnStart, on_end: OnEnd) -> None:
        self.asked.set()
        self.may_open.wait(30)
        if self._missing:
            raise DeviceError("loudspeaker_missing", "There is none.")
        self.played.append(len(samples))

    def stop(self) -> None:
        self.stops += 1

    def check(self) -> None:
        """It never fails."""

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("missing", [False, True])
def test_ringing_does_not_wait_for_the_loudspeaker(missing: bool) -> None:
    output = SlowOutput(missing=missing)
    bell = Chime(CHIME, output)
    bell.ring()
    assert output.asked.wait(30)
    assert output.played == []
    output.may_open.set()
    bell.close(30)
    assert bool(output.played) != missing
    assert output.closed


def test_silence_stops_the_sound_that_is_out(tmp_path: Path) -> None:
    output = SlowOutput()
    bell = Chime(CHIME, output)
    bell.silence()
    assert output.stops == 1
    bell.close()
    assert not output.asked.is_set()


def test_chime_is_there_short_and_not_too_loud() -> None:
    clip = read_own_rate(CHIME)
    assert 1.0 < clip.seconds < 3.0
    assert 0.3 < float(np.abs(clip.samples).max()) < 0.9
