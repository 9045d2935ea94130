"""The player's queue, with a stream whose callback the test calls itself."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant_app.errors import DeviceError
from assistant_app.voice import devices
from assistant_app.voice.player import Player

RATE = 48_000
CLOCK = SimpleNamespace(outputBufferDacTime=10.05, currentTime=10.0)


class FakePortAudio:
    """The part of sounddevice that the player uses."""

    class PortAudioError(Exception):
        pass

    class CallbackStop(Exception):
        pass

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0

    def OutputStream(self, *, callback: Callable[..., None], **_options: Any) -> FakePortAudio:
        self.opened += 1
        self.callback = callback
        return self

    def start(self) -> None:
        pass

    def close(self, *, ignore_errors: bool) -> None:
        self.closed += 1

    def pull(self, frames: int) -> NDArray[np.float32]:
        """What the device takes next."""
        out = np.full((frames, 1), np.nan, np.float32)
        self.callback(out, frames, CLOCK, None)
        return out[:, 0]


@pytest.fixture
def audio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(devices, "portaudio", lambda: fake)
    monkeypatch.setattr(devices, "find_device", lambda kind, name: devices.Device(0, "Fake", RATE))
    return fake


def ones(frames: int) -> NDArray[np.float32]:
    return np.ones(frames, np.float32)


def test_sounds_follow_each_other_without_a_gap(audio: FakePortAudio) -> None:
    player, told = Player(), list[str]()
    player.play(ones(100), RATE, on_start=lambda _at: told.append("one"), on_end=lambda ok: told.append(f"end {ok}"))
    player.play(0.5 * ones(100), RATE, on_start=lambda _at: told.append("two"))
    sound = audio.pull(150)
    assert sound.tolist() == [1.0] * 100 + [0.5] * 50
    assert told == ["one", "two", "end True"]
    assert audio.pull(100).tolist() == [0.5] * 50 + [0.0] * 50
    assert audio.opened == 1


def test_a_stop_fades_within_ten_milliseconds_and_drops_the_rest(audio: FakePortAudio) -> None:
    player, ends = Player(), list[bool]()
    for _ in range(3):
        player.play(ones(RATE), RATE, on_end=ends.append)
    audio.pull(1000)
    player.stop()
    sound = audio.pull(2000)
    assert np.flatnonzero(sound)[-1] < RATE // 100
    assert np.abs(np.diff(np.concatenate([[1.0], sound]))).max() < 0.01, "a click"
    assert ends == [False] * 3


def test_a_stop_before_the_first_sample_plays_nothing(audio: FakePortAudio) -> None:
    player = Player()
    player.play(ones(RATE), RATE)
    player.stop()
    assert not audio.pull(1000).any()


def test_the_volume_applies_from_the_next_block(audio: FakePortAudio) -> None:
    player = Player(volume=0.5)
    player.play(ones(200), RATE)
    assert audio.pull(100).tolist() == [0.5] * 100
    player.volume = 0.25
    assert audio.pull(100).tolist() == [0.25] * 100


def test_an_idle_stream_stops_and_the_next_sound_opens_it_again(audio: FakePortAudio) -> None:
    player = Player()
    player.play(ones(10), RATE)
    audio.pull(10)
    with pytest.raises(FakePortAudio.CallbackStop):
        audio.pull(2 * RATE)
    assert not player.is_running
    player.play(ones(10), RATE)
    assert audio.pull(10).tolist() == [1.0] * 10
    assert (audio.opened, audio.closed) == (2, 1)


def test_a_loudspeaker_that_takes_no_more_sound_is_noticed(audio: FakePortAudio) -> None:
    player, ends = Player(), list[bool]()
    player.play(ones(RATE), RATE, on_end=ends.append)
    player.check()
    player._on_finished()  # PortAudio says the stream is over, though nobody stopped it
    with pytest.raises(DeviceError) as caught:
        player.check()
    assert caught.value.code == "loudspeaker_lost"
    assert ends == [False]


def test_without_any_loudspeaker_it_says_what_to_do(audio: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_device", lambda kind, name: None)
    with pytest.raises(DeviceError, match="Plug one in"):
        Player().play(ones(10), RATE)


def test_without_portaudio_it_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    original = builtins.__import__

    def no_library(name: str, *rest: Any, **options: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return original(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", no_library)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(DeviceError, match="apt install libportaudio2") as caught:
        devices.portaudio()
    assert caught.value.code == "portaudio_missing"
