"""Conversations about time with the released model: what the fakes promise, kept by the real router."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from assistant_app.brain.model import MultiTaskModel
from assistant_app.paths import find_paths, shipped_models_dir
from assistant_app.turn import Cancel
from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at

pytestmark = [pytest.mark.weights, pytest.mark.timeout(900)]

TRUNK = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture(scope="module")
def model() -> Iterator[MultiTaskModel]:
    for folder in find_paths().weights_search_path():
        if (folder / TRUNK / "model.safetensors").is_file():
            yield MultiTaskModel.load(folder / TRUNK, shipped_models_dir() / "released")
            return
    pytest.skip(f"{TRUNK} is not fetched (assistant models fetch)")


class RealConversation(Conversation):
    def __init__(self, folder: Path, model: MultiTaskModel) -> None:
        super().__init__(folder, router=model)

    def say(self, *texts: str) -> str:
        for text in texts:
            self.turn = self.assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel())
            assert self.turn.reply is not None
        return self.turn.reply.text


@pytest.fixture
def talk(tmp_path: Path, model: MultiTaskModel) -> Iterator[RealConversation]:
    made = RealConversation(tmp_path, model)
    yield made
    made.close()


def test_appointment_is_made_corrected_and_taken_back(talk: RealConversation) -> None:
    talk.say("book yoga on Friday at six pm", "no, Thursday", "make it two hours", "actually at five")
    assert (talk.event.title, talk.event.start, talk.event.length) == ("Yoga", at(26, 17), timedelta(hours=2))
    assert "cancelled" in talk.say("actually cancel that")
    assert talk.events() == []


def test_missing_pieces_are_answered_by_fragments(talk: RealConversation) -> None:
    assert "At what time" in talk.say("put the dentist in my calendar for Friday")
    talk.say("no, Thursday")
    talk.say("half past three")
    assert talk.event.start == at(26, 15, 30)


def test_questions_follow_each_other(talk: RealConversation) -> None:
    talk.say("book the dentist on Friday at three pm", "book lunch with Ann on Friday at noon")
    assert "Dentist" in talk.say("when is my next dentist appointment?")
    assert talk.say("when does it end?") == "Dentist ends at four o'clock."
    assert "Lunch with Ann" in talk.say("and before that?")
    assert "Dentist" in talk.say("what's after that?")
    talk.say("move it to four")
    assert [event.start for event in talk.events() if event.title == "Dentist"] == [at(27, 16)]
    assert talk.say("am I free Friday morning?").startswith("Yes, you are free")
    assert talk.say("and in the afternoon?") != talk.say("and on Thursday afternoon?")


def test_day_is_cleared_only_after_a_yes(talk: RealConversation) -> None:
    talk.say("book the dentist on Friday at three pm", "book lunch with Ann on Friday at noon")
    assert "all 2 events" in talk.say("cancel all my meetings on Friday")
    talk.say("no, keep them")
    assert len(talk.events()) == 2
    talk.say("delete everything on Friday", "yes please")
    assert talk.events() == []


def test_timer_and_alarm_are_corrected(talk: RealConversation) -> None:
    talk.say("set a pasta timer for nine minutes", "no, ten minutes", "pause it")
    (timer,) = talk.reminders.timers()
    assert (timer.name, timer.length_s, timer.paused) == ("Pasta", 600.0, True)
    talk.say("wake me tomorrow at half past six", "no, at seven")
    assert talk.event.start == at(25, 7)
