"""Missing pieces: asked for one at a time, offered, answered in a few words or in many."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at, book

# Questions that are open


def test_day_is_corrected_while_the_hour_is_asked_for(say: Conversation) -> None:
    say("book yoga on Friday", "create_event", title="yoga")
    assert "At what time" in say("no, Thursday", "dialogue/deny")
    say("at six pm")
    assert say.event.start == at(26, 18)


@pytest.mark.parametrize("text", ["actually never mind", "forget it", "cancel that", "算了"])
def test_question_is_broken_off(say: Conversation, text: str) -> None:
    say("book yoga on Friday", "create_event", title="yoga")
    assert say.asks
    assert "left it out" in say(text, "undo")
    assert not say.asks
    assert say.events() == []


def test_other_time_while_a_move_is_to_be_confirmed(say: Conversation) -> None:
    book(say.store, "Review", at(24, 15))
    say("move my 3 pm meeting to Friday at four", "move_event", title="meeting")
    assert say.asks
    say("no, at five", "dialogue/deny")
    assert say.event.start == at(27, 17)


def test_other_event_while_a_deletion_is_to_be_confirmed(say: Conversation) -> None:
    book(say.store, "Review", at(26, 15))
    book(say.store, "Workshop", at(27, 15))
    say("delete my meeting on Thursday", "cancel_event", datetime="on Thursday")
    assert "Review" in say.assistant.pending.question  # type: ignore[union-attr]
    assert "Shall I delete Workshop" in say("no, the one on Friday", "dialogue/deny")
    say("yes", "dialogue/affirm")
    assert say.event.title == "Review"


def offered(say: Conversation) -> list[str]:
    assert say.assistant.pending is not None
    return [choice.label for choice in say.assistant.pending.choices]


def test_free_times_are_offered_and_one_is_taken_by_its_number(say: Conversation) -> None:
    book(say.store, "Workshop", at(27, 8), 240)
    say("book the barber on Friday", "create_event", title="barber")
    assert offered(say) == ["noon", "three o'clock", "All day", "Leave it"]
    say("the second one please", "dialogue/deny")
    assert [event.start for event in say.events() if event.title == "Barber"] == [at(27, 15)]


def test_free_times_of_a_week_are_on_different_days(say: Conversation) -> None:
    say("book the barber next week", "create_event", title="barber")
    assert offered(say)[:2] == ["Monday 30 November at eight o'clock", "Tuesday 1 December at eight o'clock"]
    say("Wednesday at three", "create_event")
    assert say.event.start == at(2, 15, month=12)


@pytest.mark.parametrize(
    ("answer", "intent"),
    [
        ("let's try a 6 pm start time", "create_event"),
        ("no make it 6 pm", "move_event"),
        ("6 pm would be excellent", "create_event"),
        ("actually at 6 pm please", "set_alarm"),
    ],
)
def test_time_is_answered_in_many_words(say: Conversation, answer: str, intent: str) -> None:
    say("book the barber on Friday", "create_event", title="barber")
    say(answer, intent)
    assert say.event.start == at(27, 18)


def test_day_that_an_event_is_to_move_to_is_answered_in_words(booked: Conversation) -> None:
    assert "When should Yoga be" in booked("reschedule that for me", "move_event")
    booked("Monday works best", "question_answering/ask")
    assert booked.event.start == at(30, 18)


def test_when_is_answered_though_what_was_asked(say: Conversation) -> None:
    say("put something in for Friday", "create_event")
    assert say("2 pm is fine", "create_event") == "What is it called?"
    say("haircut", "create_event", title="haircut")
    assert (say.event.title, say.event.start) == ("Haircut", at(27, 14))


def test_agreement_is_no_title(say: Conversation) -> None:
    say("put something in for Friday at three", "create_event")
    say("yes", "dialogue/affirm")
    assert say.asks
    assert say.events() == []


def test_length_title_and_place_are_told_before_the_time(say: Conversation) -> None:
    say("book the barber on Friday", "create_event", title="barber")
    for answer in ("make it half an hour", "call it a haircut", "at the corner shop"):
        assert "At what time is" in say(answer, "move_event")
    say("at three")
    assert (say.event.title, say.event.location) == ("Haircut", "the corner shop")
    assert (say.event.start, say.event.length) == (at(27, 15), timedelta(minutes=30))


def test_another_request_is_no_answer(say: Conversation) -> None:
    say("book the barber on Friday", "create_event", title="barber")
    say("book a big birthday dinner on Saturday at 7 pm", "create_event", title="big birthday dinner")
    assert [(event.title, event.start) for event in say.events()] == [("Big birthday dinner", at(28, 19))]
    say("book the dentist on Friday", "create_event", title="dentist")
    say("is there any chance of rain during the fitting", "unknown/weather")
    assert not say.asks


@pytest.mark.parametrize(
    ("text", "slots", "title", "start", "end"),
    [
        ("create a meeting tomorrow at nine am", {}, "Meeting", at(25, 9), at(25, 10)),
        ("Create a Monday meeting at 7 am", {}, "Meeting", at(30, 7), at(30, 8)),
        (
            "pizza party this evening at six that should last 3 hours",
            {"title": "pizza party"},
            "Pizza party",
            at(24, 18),
            at(24, 21),
        ),
        (
            "now please make a team lunch on Friday at noon",
            {"title": "team lunch"},
            "Team lunch",
            at(27, 12),
            at(27, 13),
        ),
        (
            "dinner with Ann, Bob and Eve on Friday at 7 pm",
            {"title": "dinner", "person": "Ann", "person_2": "Eve"},
            "Dinner with Ann and Eve",
            at(27, 19),
            at(27, 20),
        ),
    ],
)
def test_title_and_length_of_what_is_said_at_once(
    say: Conversation, text: str, slots: dict[str, str], title: str, start: datetime, end: datetime
) -> None:
    say(text, "create_event", **slots)
    assert (say.event.title, say.event.start, say.event.end) == (title, start, end)


def test_all_day_that_was_said_is_not_asked_for(say: Conversation) -> None:
    say("put sleep all day tomorrow", "create_event", title="sleep")
    assert say.event.start == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("text", "title", "start"),
    [
        ("drinks with Benjamin afterwards", "drinks", at(27, 19)),
        ("book drinks right after that", "drinks", at(27, 19)),
        ("make a new appointment 2 hours before that for dinner", "dinner", at(27, 16)),
    ],
)
def test_event_is_put_beside_the_one_talked_about(booked: Conversation, text: str, title: str, start: datetime) -> None:
    booked(text, "create_event", title=title)
    assert [event.start for event in booked.events() if event.title.lower().startswith(title)] == [start]


@pytest.mark.parametrize(
    ("answer", "intent", "left"),
    [
        ("Yes, please cancel that.", "dialogue/affirm", 0),
        ("cancel it please", "cancel_event", 0),
        ("delete it", "cancel_event", 0),
        ("no, don't delete it", "dialogue/deny", 1),
        ("never mind", "dialogue/maybe", 1),
        ("no, keep it", "dialogue/deny", 1),
    ],
)
def test_deletion_is_agreed_to_by_its_own_verb(say: Conversation, answer: str, intent: str, left: int) -> None:
    book(say.store, "Review", at(26, 15))
    assert "Shall I delete Review" in say("delete the review", "cancel_event", title="review")
    say(answer, intent)
    assert len(say.events()) == left
    assert not say.asks
