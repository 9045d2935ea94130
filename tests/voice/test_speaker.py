"""Replies spoken while they are written, with fake voices and a fake loudspeaker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from assistant_app.errors import DeviceError
from assistant_app.turn import Cancel
from assistant_app.voice.speaker import Speaker
from tests.voice.fakes import FakeOutput, FakeVoice

PATIENCE = 10.0
"""Seconds until a thread that hangs fails the test; nothing waits that long."""


@contextmanager
def speaker(*voices: FakeVoice, output: FakeOutput) -> Iterator[Speaker]:
    made = Speaker(voices, output)
    try:
        yield made
    finally:
        made.close()


def test_sentences_are_spoken_in_order_and_told_as_written() -> None:
    voice, told = FakeVoice(), list[str]()
    with speaker(voice, output=FakeOutput()) as spoken:
        speech = spoken.start(told.append, Cancel())
        for piece in ("It is **do", "ne**. It is at 15:", "30. Bye"):
            speech.feed(piece)
        speech.finish()
        assert speech.wait(PATIENCE)
    assert told == ["It is **done**.", "It is at 15:30.", "Bye"]
    assert voice.said == ["It is done.", "It is at three thirty PM.", "Bye"]
    assert speech.first_sound_at == 1.0
    assert speech.problem is None


def test_the_first_sentence_plays_while_the_second_is_written() -> None:
    output = FakeOutput(by_hand=True)
    with speaker(FakeVoice(), output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("It is done. And")
        assert output.arrived.acquire(timeout=PATIENCE)
        assert not speech.wait(0)
        speech.stop()


def test_only_a_few_sentences_are_made_ahead() -> None:
    output, voice = FakeOutput(by_hand=True), FakeVoice()
    with speaker(voice, output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("One. Two. Three. Four. Five. Six. Seven. ")
        for _ in range(3):
            assert output.arrived.acquire(timeout=PATIENCE)
        assert not output.arrived.acquire(timeout=0.1)
        output.queued.pop(0)[1](True)
        assert output.arrived.acquire(timeout=PATIENCE)
        speech.stop()


def test_stopping_drops_what_is_queued_and_ends_the_wait() -> None:
    output = FakeOutput(by_hand=True)
    with speaker(FakeVoice(), output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("One. Two. Three. Four. Five. Six. ")
        assert output.arrived.acquire(timeout=PATIENCE)
        speech.stop()
        assert speech.wait(0)
        assert output.queued == []
        speech.feed("More. And more. ")
        speech.finish()
        after = spoken.start(lambda _sentence: None, Cancel())
        after.feed("Next.")
        after.finish()
        assert output.stops == 1


def test_cancelling_the_turn_silences_it() -> None:
    output, cancel = FakeOutput(by_hand=True), Cancel()
    with speaker(FakeVoice(), output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, cancel)
        speech.feed("One. Two. ")
        assert output.arrived.acquire(timeout=PATIENCE)
        cancel.set()
        assert speech.wait(PATIENCE)
    assert output.stops == 1


def test_a_new_reply_stops_the_old_one() -> None:
    output = FakeOutput(by_hand=True)
    with speaker(FakeVoice(), output=output) as spoken:
        old = spoken.start(lambda _sentence: None, Cancel())
        old.feed("One. Two. ")
        assert output.arrived.acquire(timeout=PATIENCE)
        spoken.start(lambda _sentence: None, Cancel())
        assert old.wait(PATIENCE)


def test_each_sentence_takes_a_voice_of_its_language() -> None:
    english, chinese = FakeVoice("en"), FakeVoice("zh")
    with speaker(english, chinese, output=FakeOutput()) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("It is done. 会议在下午三点。")
        speech.finish()
        assert speech.wait(PATIENCE)
    assert english.said == ["It is done."]
    assert chinese.said == ["会议在下午三点。"]


def test_the_second_voice_takes_over_from_a_broken_first() -> None:
    broken, other = FakeVoice(fails=DeviceError("voice_missing", "No voice.")), FakeVoice()
    with speaker(broken, other, output=FakeOutput()) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("It is done.")
        speech.finish()
        assert speech.wait(PATIENCE)
    assert other.said == ["It is done."]
    assert speech.problem is None


def test_without_a_loudspeaker_there_is_one_notice_and_no_failure() -> None:
    voice = FakeVoice()
    missing = DeviceError("loudspeaker_missing", "There is no loudspeaker.")
    with speaker(voice, output=FakeOutput(missing=missing)) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("One. Two. Three. ")
        speech.finish()
        assert speech.wait(PATIENCE)
    assert speech.problem == "There is no loudspeaker."
    assert voice.said == ["One."]
    assert speech.first_sound_at is None


def test_a_loudspeaker_that_dies_is_a_notice_too() -> None:
    output = FakeOutput(by_hand=True)
    with speaker(FakeVoice(), output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("One. Two. ")
        speech.finish()
        assert output.arrived.acquire(timeout=PATIENCE)
        output.lost = DeviceError("loudspeaker_lost", "It stopped working.")
        assert speech.wait(PATIENCE)
    assert speech.problem == "It stopped working."


def test_without_a_voice_the_notice_says_what_is_missing() -> None:
    silent = FakeVoice(fails=DeviceError("voice_missing", "Install one with: sudo apt install espeak-ng"))
    with speaker(silent, output=FakeOutput()) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed("One.")
        speech.finish()
        assert speech.wait(PATIENCE)
    assert speech.problem is not None
    assert "apt install espeak-ng" in speech.problem


@pytest.mark.parametrize("text", ["", "   ", "🎉👍", "***"])
def test_nothing_to_say_ends_at_once(text: str) -> None:
    output = FakeOutput()
    with speaker(FakeVoice(), output=output) as spoken:
        speech = spoken.start(lambda _sentence: None, Cancel())
        speech.feed(text)
        speech.finish()
        assert speech.wait(PATIENCE)
    assert output.played == 0
    assert speech.problem is None


def test_closing_lets_the_voices_go() -> None:
    voice = FakeVoice()
    with speaker(voice, output=FakeOutput()) as spoken:
        spoken.warm_up()
    assert voice.closed
