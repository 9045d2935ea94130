"""The conversation in the terminal: Ctrl-C stops a reply, the second one leaves."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from assistant_app.cli.chat import answer, converse
from assistant_app.errors import DeviceError
from assistant_app.skills.api import SkillContext
from assistant_app.turn import Candidate, Route, SimilarExample, SkillReply, Utterance, Why
from tests.fakes import FakeRouter, FakeSkill, FakeSpeaker, make_assistant, make_context


def pressing_ctrl_c(times: int) -> FakeSkill:
    """A skill in the middle of whose reply someone presses Ctrl-C."""

    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        context.stream("Once upon ")
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        context.stream("a time")
        return SkillReply("Once upon a time")

    return FakeSkill("dialogue", act)


def test_ctrl_c_stops_the_reply_and_the_conversation_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assistant = make_assistant(pressing_ctrl_c(1))
    assert answer(assistant, "tell me a story", speak=False)
    assert capsys.readouterr().out == "Once upon  (stopped)\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_second_ctrl_c_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    skill = pressing_ctrl_c(2)
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo\nthree\n"))
    converse(make_assistant(skill), speak=False)
    assert [text for text, _ in skill.acted_on] == ["one"]


def test_why_shows_how_the_last_request_was_understood(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    why = Why(
        (Candidate("dialogue", "chat", 0.9), Candidate("scheduling", "query_events", 0.08)),
        (("story", 0.7),),
        (SimilarExample("tell me a tale", "dialogue", "chat", 0.81),),
    )
    route = Route("dialogue", "chat", 0.9, why=why)
    context = make_context(router=FakeRouter({"a story": route}))
    monkeypatch.setattr(sys, "stdin", io.StringIO("why?\na story\nWhy?\n"))
    converse(make_assistant(FakeSkill("dialogue", SkillReply("Once.")), context=context), speak=False)
    assert capsys.readouterr().out.splitlines() == [
        "  Nothing was asked yet.",
        "Once.",
        "  Understood: dialogue / chat (90%)",
        "  Other readings: scheduling / query_events (8.0%)",
        "  Words that decided: story (70%)",
        "  Like: “tell me a tale” (dialogue / chat, 0.81)",
        "",
    ]


def test_missing_voice_is_told_beside_the_reply(capsys: pytest.CaptureFixture[str]) -> None:
    speaker = FakeSpeaker(fails=DeviceError("loudspeaker_missing", "No loudspeaker was found."))
    assert answer(make_assistant(FakeSkill("dialogue", SkillReply("Hello.")), speaker=speaker), "hi", speak=True)
    printed = capsys.readouterr()
    assert printed.out == "Hello.\n"
    assert printed.err == "No loudspeaker was found.\n"
