"""Clocks elsewhere, days until a day, and facts: answered before any document or model is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant_app.knowledge.facts import FactBase
from assistant_app.paths import resources_dir
from assistant_app.skills.api import SkillContext
from assistant_app.skills.clarification import Clarification
from assistant_app.skills.clocks_and_days import CALENDAR, ZONES, clock_or_days
from assistant_app.skills.exact_answers import exact_answer
from assistant_app.skills.question_answering import QuestionAnswering
from assistant_app.skills.scheduling import Scheduling
from assistant_app.skills.unknown import Unknown
from assistant_app.turn import Candidate, Route, Utterance, Why
from tests.fakes import FakeAnswerer, FakeDialogue, FakeKnowledge, make_context
from tests.knowledge.small_wordnet import write_wordnet

FACTS = FactBase(resources_dir() / "facts")


def said(text: str, language: str = "en") -> Utterance:
    return Utterance(text, "spoken", language)


def context(**parts: object) -> SkillContext:
    return make_context(**{"facts": FACTS, **parts})


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What time is it in Tokyo?", "It is 17:30 in Tokyo."),
        ("what's the time in new york right now", "It is 03:30 in New York."),
        ("what time is it in Kyoto", "It is 17:30 in Kyoto."),
        ("what is the local time in Hyderabad", "It is 14:00 in Hyderabad."),
        ("what time is it in Canada", "It is 03:30 in Ottawa (Canada)."),
        ("current time in Honolulu", "It is 22:30 yesterday in Honolulu."),
        ("what is the current est time", "It is 03:30 in EST."),
        ("what time is it in the eastern time zone", "It is 03:30 in Eastern time."),
        ("what timezone is lima in", "Lima is in the time zone America/Lima, now UTC-05."),
        ("what's london's time zone", "London is in the time zone Europe/London, now GMT, UTC+00."),
        ("time difference between London and Tokyo", "Tokyo is nine hours ahead of London."),
        ("how many hours ahead is Tokyo", "Tokyo is eight hours ahead of here."),
        ("how many days until Christmas", "31 days until Friday 25 December."),
        ("how many weeks are there until the 3rd of May", "22 weeks and 6 days until Monday 3 May 2027."),
        ("how long until tomorrow", "1 day until tomorrow."),
        ("how many days are there between 3 March 2027 and 5 May 2027", "63 days from 3 March 2027 to 5 May 2027."),
    ],
)
def test_clock_and_days(question: str, text: str) -> None:
    reply = clock_or_days(said(question), context())
    assert reply is not None
    assert reply.text == text
    assert reply.sources[0].title in (ZONES, CALENDAR)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("东京现在几点", "东京现在是17:30。"),
        ("请问现在纽约几点了？", "纽约现在是03:30。"),
        ("离圣诞节还有多少天", "还有31天，12月25日星期五。"),
    ],
)
def test_clock_and_days_in_chinese(question: str, text: str) -> None:
    reply = clock_or_days(said(question, "zh"), context())
    assert reply is not None
    assert reply.text == text


@pytest.mark.parametrize(
    "question",
    [
        "what time is it",
        "what time is my meeting in Tokyo",
        "what time is it in Springfield",
        "how many days until my dentist appointment",
        "how long until lunch",
        "how many days until next week",
        "what time is lunch",
    ],
)
def test_other_questions_of_time_are_left_to_the_calendar(question: str) -> None:
    assert clock_or_days(said(question), context()) is None


def test_day_that_is_today_is_told_so() -> None:
    reply = clock_or_days(said("how many days until 24 November 2026"), context())
    assert reply is not None
    assert reply.text == "That is today."


def test_question_for_a_fact_asks_no_document_and_no_model() -> None:
    dialogue = FakeDialogue("Lyon.")
    known = context(knowledge=FakeKnowledge("Paris is a city."), dialogue=dialogue)
    reply = QuestionAnswering().act(
        said("what is the capital of France"), Route("question_answering", "ask", 0.9), known
    )
    assert reply.text == "The capital of France is Paris."
    assert [source.title for source in reply.sources] == ["The World Factbook"]
    assert dialogue.histories == []


def test_documents_go_before_the_dictionary(tmp_path: Path) -> None:
    write_wordnet(tmp_path)
    facts = FactBase(resources_dir() / "facts", [tmp_path])
    route = Route("question_answering", "define", 0.9)
    question = "what is a goose"
    passage = "In our office a goose is a broken build."
    noted = context(facts=facts, knowledge=FakeKnowledge(passage), answerer=FakeAnswerer({question: "a broken build"}))
    assert QuestionAnswering().act(said(question), route, noted).text == "A broken build."
    bare = QuestionAnswering().act(said(question), route, replace(noted, knowledge=FakeKnowledge()))
    assert bare.text == "Goose: (noun) a web-footed bird."


def test_question_for_a_far_clock_is_answered_by_the_calendar_skill() -> None:
    route = Route("scheduling", "ask_date_time", 0.9)
    reply = Scheduling().act(said("what time is it in Tokyo"), route, context())
    assert (reply.text, reply.speech) == ("It is 17:30 in Tokyo.", "It is half past five in Tokyo.")


def test_fact_that_was_taken_for_another_request_is_still_told() -> None:
    reply = Unknown({}).act(said("what is the speed of light"), Route("unknown", "smart_home", 0.9), context())
    assert reply.text == "The speed of light is 299,792,458 metres per second."


def test_unsure_route_does_not_ask_back_where_the_answer_is_certain() -> None:
    candidates = (Candidate("question_answering", "ask", 0.5), Candidate("dialogue", "chat", 0.4))
    unsure = Route("question_answering", "ask", 0.5, unsure=True, why=Why(candidates))
    reply = Clarification({}).act(said("2 + 2"), unsure, context())
    assert (reply.text, reply.pending) == ("2 + 2 = 4.", None)


def test_without_facts_nothing_is_looked_up() -> None:
    assert exact_answer(said("what is the capital of France"), make_context()) is None
