"""How the parts are wired: instantly, and each loaded only when it is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant_app import app
from assistant_app.errors import ModelError, StorageError
from assistant_app.paths import Paths, find_paths
from assistant_app.settings import CalendarSettings, Settings
from assistant_app.turn import AudioClip, Cancel, Command, Utterance
from tests.fakes import FakeBrain, FakeClock, FakeSpeaker, silence


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A profile without any weights."""
    return dataclasses.replace(find_paths(tmp_path), weights_dir=tmp_path / "weights")


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Paths, "weights_search_path", lambda self: (self.weights_dir,))


class FakeModel:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.routed: list[str] = []

    def route(self, utterance: Utterance) -> Any:
        self.routed.append(utterance.text)
        return FakeBrain().route(utterance)

    def commands(self, utterance: Utterance) -> Any:
        return (Command(utterance, self.route(utterance)),)


@pytest.mark.usefixtures("no_weights")
def test_building_needs_no_weights_and_each_part_says_what_it_misses(paths: Paths) -> None:
    assistant = app.build_assistant(Settings(), paths, now=FakeClock(), speaker=FakeSpeaker())
    ours = {"scheduling", "question_answering", "dialogue"}
    assert set(assistant.skills) == ours | {"unknown", "clarification", "correcting"}
    typed = assistant.run_turn("hello", emit=lambda _event: None, cancel=Cancel())
    spoken = assistant.run_turn(silence(), emit=lambda _event: None, cancel=Cancel())
    for turn in (typed, spoken):
        assert turn.error_code == "model_missing"
        assert turn.reply is not None
        assert "assistant models fetch" in turn.reply.text
    assert assistant.calendar.between(FakeClock()(), FakeClock()()) == []
    assistant.calendar.close()


@pytest.mark.usefixtures("no_weights")
def test_warming_up_tells_what_it_loads_and_raises_what_is_missing(paths: Paths) -> None:
    assistant = app.build_assistant(Settings(), paths, speaker=FakeSpeaker())
    told: list[str] = []
    with pytest.raises(ModelError):
        assistant.warm_up(told.append)
    assert told == ["Loading the language model"]
    assistant.calendar.close()


def test_an_utterance_is_routed_once_and_the_same_words_said_again_anew(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = app.build_brain(Settings(), paths)
    model = FakeModel()
    monkeypatch.setattr(brain, "load", lambda: model)
    answer = Utterance("yes", "typed", "en")
    assert brain.route(answer) is brain.route(answer)
    brain.route(Utterance("yes", "typed", "en"))
    assert model.routed == ["yes", "yes"]


def test_words_of_a_clip_become_an_utterance_and_silence_none(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass
    class Heard:
        text: str
        language: str = "zh"

    texts = [" 你好 ", "  "]
    transcriber = app.build_transcriber(Settings(), paths)

    def transcribe(clip: AudioClip, **_options: object) -> Heard:
        return Heard(texts.pop(0))

    monkeypatch.setattr(transcriber, "transcribe", transcribe)
    assert transcriber.hear(silence(), lambda _text: None, Cancel()) == Utterance("你好", "spoken", "zh")
    assert transcriber.hear(silence(), lambda _text: None, Cancel()) is None


def test_calendar_lies_where_the_settings_say(paths: Paths, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    settings = Settings(calendar=CalendarSettings(folder=str(shared), time_zone="Asia/Shanghai"))
    calendar = app.build_calendar(settings, paths)
    assert calendar.root == shared
    assert calendar.zone.key == "Asia/Shanghai"
    calendar.close()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        app.build_calendar(Settings(), find_paths(tmp_path / "file"))


def test_engines_follow_the_chosen_voice() -> None:
    from assistant_app.settings import VoiceSettings
    from assistant_app.voice.neural_voice import HibariVoice
    from assistant_app.voice.system_voice import SystemVoice

    def engines(settings: Settings) -> Sequence[type]:
        return [type(engine) for engine in app.build_speaker(settings)._engines]

    assert engines(Settings()) == [HibariVoice, SystemVoice]
    assert engines(Settings(voice=VoiceSettings(engine="system"))) == [SystemVoice, HibariVoice]
