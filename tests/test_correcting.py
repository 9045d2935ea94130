"""“No, that was a question”: the turn after a misunderstanding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant_app.assistant import Assistant
from assistant_app.memory.corrections import Correction, Corrections
from assistant_app.skills.correcting import WRONG, correction_in
from assistant_app.turn import Action, Cancel, Candidate, Route, SkillReply, Slot, Turn, Why
from tests.fakes import Events, FakeRouter, FakeSkill, make_assistant, make_context

REQUEST = "the tower of pisa"
CHAT = Route("dialogue", "chat", 0.7, why=Why((Candidate("dialogue", "chat", 0.7),)))
SLOTS = (Slot("title", "the tower of pisa", 0, 17),)


@pytest.fixture
def kept(tmp_path: Path) -> Corrections:
    return Corrections(tmp_path / "corrections.jsonl")


def assistant_of(kept: Corrections, routes: Mapping[str, Route], **replies: Any) -> Assistant:
    made = {
        "dialogue": SkillReply("How nice."),
        "question_answering": SkillReply("It leans."),
        "scheduling": SkillReply("It is in your calendar."),
        **replies,
    }
    router = FakeRouter(routes, slotted={REQUEST: SLOTS})
    skills = [FakeSkill(name, reply) for name, reply in made.items()]
    return make_assistant(*skills, context=make_context(router=router, corrections=kept))


def say(assistant: Assistant, *texts: str) -> Turn:
    turn = None
    for text in texts:
        turn = assistant.run_turn(text, emit=Events().append, cancel=Cancel())
    assert turn is not None
    assert turn.reply is not None
    return turn


def only(kept: Corrections) -> Correction:
    (one,) = kept.all()
    return one


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("No, that was a question.", "question_answering/ask"),
        ("That was a question!", "question_answering/ask"),
        ("no, I was asking you a question", "question_answering/ask"),
        ("nope, it's an appointment", "scheduling/create_event"),
        ("I meant a reminder", "scheduling/set_reminder"),
        ("No, I wanted a timer", "scheduling/set_timer"),
        ("that was supposed to be an alarm", "scheduling/set_alarm"),
        ("it was meant to be a to-do", "scheduling/add_to_list"),
        ("No. That was just a joke", "dialogue/chat"),
        ("不对，我是在问问题", "question_answering/ask"),
        ("不，那是个问题", "question_answering/ask"),
        ("不是，我要说的是提醒", None),
        ("That's not what I meant", WRONG),
        ("no, that is wrong", WRONG),
        ("You misunderstood me", WRONG),
        ("你理解错了", WRONG),
    ],
)
def test_a_correction_is_read_from_its_words(text: str, meant: str | None) -> None:
    route = correction_in(text)
    assert (route.intent if route else None) == meant


@pytest.mark.parametrize(
    "text",
    [
        "no, on friday",
        "no",
        "what was the question",
        "that was a good meeting",
        "i want a reminder",
        "it is an alarm clock",
        "i meant the other one",
        "is that a question or an answer",
        "那是一个很好的会议",
        "我要一个闹钟",
    ],
)
def test_other_words_are_no_correction(text: str) -> None:
    assert correction_in(text) is None


def test_what_was_meant_is_done_and_kept(kept: Corrections) -> None:
    assistant = assistant_of(kept, {REQUEST: CHAT})
    turn = say(assistant, REQUEST, "No, that was a question")
    assert turn.reply is not None
    assert turn.reply.text == "I see: a question. It leans."
    one = only(kept)
    assert (one.text, one.was, one.meant) == (REQUEST, "dialogue/chat", "question_answering/ask")


def test_slots_are_looked_for_anew_where_the_skill_is_another(kept: Corrections) -> None:
    assistant = assistant_of(kept, {REQUEST: CHAT}, scheduling=lambda _said, route, _context: SkillReply(str(route)))
    turn = say(assistant, REQUEST, "no, that was an appointment")
    assert turn.reply is not None
    assert str(SLOTS[0]) in turn.reply.text


def test_nothing_is_put_right_before_anything_was_said(kept: Corrections) -> None:
    turn = say(assistant_of(kept, {}), "that was a question")
    assert turn.route is not None
    assert turn.route.skill == "dialogue"
    assert kept.all() == ()


def test_wrong_alone_asks_what_it_was_with_the_runner_up_first(kept: Corrections) -> None:
    why = Why((Candidate("dialogue", "chat", 0.6), Candidate("scheduling", "query_events", 0.3)))
    assistant = assistant_of(kept, {REQUEST: Route("dialogue", "chat", 0.6, why=why)})
    asked = say(assistant, REQUEST, "that's wrong").reply
    assert asked is not None
    assert asked.pending is not None
    labels = [choice.label for choice in asked.pending.choices]
    assert labels[:2] == ["scheduling: query events", "a question"]
    assert labels[-1] == "something else"
    assert say(assistant, "a question").reply == SkillReply("I see: a question. It leans.")
    assert only(kept).meant == "question_answering/ask"


def test_something_else_is_kept_as_a_mistake_without_a_remedy(kept: Corrections) -> None:
    say(assistant_of(kept, {REQUEST: CHAT}), REQUEST, "you misunderstood me", "something else")
    assert (only(kept).was, only(kept).meant) == ("dialogue/chat", None)


def test_what_was_changed_in_the_calendar_is_taken_back_if_wanted(kept: Corrections) -> None:
    done = SkillReply("Added.", actions=(Action("event_added", "1"),))
    undone = SkillReply("Taken back.", actions=(Action("undone", "1"),))

    def schedule(_said: Any, route: Route, _context: Any) -> SkillReply:
        return undone if route.intent == "undo" else done

    booked = Route("scheduling", "create_event", 0.9)
    assistant = assistant_of(kept, {REQUEST: booked}, scheduling=schedule)
    asked = say(assistant, REQUEST, "no, that was a question").reply
    assert asked is not None
    assert asked.pending is not None
    reply = say(assistant, "yes").reply
    assert reply is not None
    assert reply.text == "Taken back. It leans."
    assert [action.kind for action in reply.actions] == ["undone"]
    say(assistant, REQUEST, "no, that was a question")
    left = say(assistant, "leave it").reply
    assert left is not None
    assert left.text == "I see: a question. It leans."


def test_a_no_to_an_open_question_is_its_answer_and_no_correction(kept: Corrections) -> None:
    why = Why((Candidate("dialogue", "chat", 0.4), Candidate("scheduling", "query_events", 0.3)))
    routes = {
        REQUEST: Route("dialogue", "chat", 0.4, unsure=True, why=why),
        "that's wrong": Route("dialogue", "deny", 1),
    }
    turn = say(assistant_of(kept, routes), REQUEST, "that's wrong")
    assert turn.reply is not None
    assert "other words" in turn.reply.text
    assert kept.all() == ()


def test_the_reading_that_was_chosen_when_asked_is_kept_where_it_was_not_the_likeliest(kept: Corrections) -> None:
    why = Why((Candidate("dialogue", "chat", 0.4), Candidate("scheduling", "query_events", 0.3)))
    assistant = assistant_of(kept, {REQUEST: Route("dialogue", "chat", 0.4, unsure=True, why=why)})
    say(assistant, REQUEST, "1")
    assert kept.all() == ()
    say(assistant, REQUEST, "2")
    assert (only(kept).was, only(kept).meant) == ("dialogue/chat", "scheduling/query_events")
