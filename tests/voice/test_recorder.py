"""One utterance from a microphone that behaves, and from those that do not."""

from __future__ import annotations

import threading

import pytest

from assistant_app.errors import DeviceError, TurnCancelled
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.microphone import missing_microphone
from assistant_app.voice.recorder import MicrophoneLost, Mode, Recorder, level_of
from tests.voice.fakes import SILENCE, SPEECH, FakeMicrophone, LoudnessVad, blocks


class Session:
    """A recorder and what it told."""

    def __init__(self, microphone: FakeMicrophone, **settings: float) -> None:
        self.microphone = microphone
        self.recorder = Recorder(microphone, LoudnessVad(), **settings)
        self.states: list[str] = []
        self.levels: list[float] = []
        self.finish = threading.Event()
        self.cancel = Cancel()

    def record(self, mode: Mode = "tap") -> AudioClip | None:
        return self.recorder.record(
            mode=mode,
            on_state=self.states.append,
            on_level=self.levels.append,
            finish=self.finish,
            cancel=self.cancel,
        )


def test_it_returns_the_words_with_what_came_just_before_them() -> None:
    session = Session(FakeMicrophone(blocks((2.0, SILENCE), (1.5, SPEECH), (2.0, SILENCE))))
    clip = session.record()
    assert clip is not None
    assert clip.seconds == pytest.approx(0.3 + 1.5 + 0.3, abs=0.1)
    assert session.states == ["opening", "listening", "hearing"]
    assert not session.microphone.is_open


def test_silence_is_heard_as_nothing() -> None:
    session = Session(FakeMicrophone(blocks((8.0, SILENCE))))
    assert session.record() is None
    assert session.states == ["opening", "listening"]
    assert not session.microphone.is_open


def test_listening_is_told_with_the_first_block_only() -> None:
    finish = threading.Event()
    session = Session(FakeMicrophone([], when_over=finish))
    session.finish = finish
    assert session.record() is None
    assert session.states == ["opening"]


def test_finishing_keeps_the_words_so_far() -> None:
    finish = threading.Event()
    session = Session(FakeMicrophone(blocks((1.0, SPEECH)), when_over=finish))
    session.finish = finish
    clip = session.record()
    assert clip is not None
    assert clip.seconds == pytest.approx(1.0, abs=0.1)


def test_cancelling_throws_the_words_away_and_closes() -> None:
    session = Session(FakeMicrophone(blocks((1.0, SPEECH))))
    session.cancel.set()
    with pytest.raises(TurnCancelled):
        session.record()
    assert not session.microphone.is_open


def test_holding_waits_through_pauses_until_the_release() -> None:
    finish = threading.Event()
    sound = blocks((1.0, SPEECH), (3.0, SILENCE), (1.0, SPEECH), (0.5, SILENCE))
    session = Session(FakeMicrophone(sound, when_over=finish))
    session.finish = finish
    clip = session.record("hold")
    assert clip is not None
    assert clip.seconds == pytest.approx(5.5, abs=0.1)


def test_holding_without_a_word_is_heard_as_nothing() -> None:
    finish = threading.Event()
    session = Session(FakeMicrophone(blocks((2.0, SILENCE)), when_over=finish))
    session.finish = finish
    assert session.record("hold") is None


def test_without_a_microphone_it_says_what_to_do() -> None:
    session = Session(FakeMicrophone(missing=missing_microphone()))
    with pytest.raises(DeviceError, match="typing always works") as caught:
        session.record()
    assert caught.value.code == "microphone_missing"
    assert session.states == ["opening"]


def test_a_microphone_that_vanishes_keeps_the_words_so_far() -> None:
    gone = DeviceError("microphone_lost", "It was disconnected.")
    session = Session(FakeMicrophone(blocks((0.5, SILENCE), (1.0, SPEECH)), fails=gone))
    with pytest.raises(MicrophoneLost) as caught:
        session.record()
    assert caught.value.code == "microphone_lost"
    assert caught.value.clip is not None
    assert caught.value.clip.seconds == pytest.approx(1.3, abs=0.1)
    assert not session.microphone.is_open


def test_a_microphone_that_vanishes_in_silence_has_no_words() -> None:
    gone = DeviceError("microphone_lost", "It was disconnected.")
    session = Session(FakeMicrophone(blocks((0.5, SILENCE)), fails=gone))
    with pytest.raises(MicrophoneLost) as caught:
        session.record()
    assert caught.value.clip is None


def test_a_start_sound_is_not_taken_for_speech() -> None:
    sound = blocks((0.16, SPEECH), (8.0, SILENCE))
    assert Session(FakeMicrophone(list(sound)), ignore_seconds=0.2).record() is None
    assert Session(FakeMicrophone(list(sound))).record() is not None


def test_the_level_follows_loudness_and_falls_to_zero_at_the_end() -> None:
    session = Session(FakeMicrophone(blocks((1.0, SPEECH), (1.0, SILENCE))))
    session.record()
    assert max(session.levels) > 0.5
    assert session.levels[-1] == 0.0
    assert level_of(blocks((0.1, 1.0))[0]) == 1.0
    assert level_of(blocks((0.1, 0.0))[0]) == 0.0
