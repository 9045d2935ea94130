"""Finding time for something: free times are offered within the hours of the day, and one of them is booked."""

from __future__ import annotations

import pytest

from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at, book


@pytest.fixture
def busy(say: Conversation) -> Conversation:
    """Tuesday is taken until six in the evening, Wednesday until three."""
    book(say.store, "Workshop", at(24, 8), 600)
    book(say.store, "Course", at(25, 8), 420)
    return say


def offered(say: Conversation) -> list[str]:
    assert say.assistant.pending is not None
    return [choice.label for choice in say.assistant.pending.choices]


@pytest.mark.parametrize(
    ("request_", "title"),
    [
        ("find an hour for the gym this week", "Gym"),
        ("Find me an hour this week to call the bank", "Call the bank"),
        ("when could I do an hour this week for painting?", "Painting"),
        ("这周帮我找一个小时去健身房", "健身房"),
    ],
)
def test_room_is_offered_around_what_is_there_and_the_chosen_time_is_booked(
    busy: Conversation, request_: str, title: str
) -> None:
    said = busy(request_, "find_free_time")
    assert title in said
    assert offered(busy)[:2] == ["Tomorrow at three o'clock", "Thursday 26 November at eight o'clock"]
    busy("the first one", "dialogue/affirm")
    booked = next(event for event in busy.events() if event.title == title)
    assert (booked.start, booked.end) == (at(25, 15), at(25, 16))


def test_another_time_than_those_offered_is_booked_with_the_length_that_was_asked_for(busy: Conversation) -> None:
    busy("find two hours for the gym this week", "find_free_time", title="gym")
    busy("Friday at four pm", "create_event")
    booked = next(event for event in busy.events() if event.title == "Gym")
    assert (booked.start, booked.end) == (at(27, 16), at(27, 18))


def test_without_a_week_the_coming_days_are_looked_through(busy: Conversation) -> None:
    busy("find 90 minutes for the gym", "find_free_time", title="gym")
    assert offered(busy)[0] == "Tomorrow at three o'clock"


def test_where_there_is_no_room_it_is_said(busy: Conversation) -> None:
    said = busy("find eleven hours for the gym tomorrow", "find_free_time", title="gym")
    assert "There is no room" in said
    assert busy.assistant.pending is None


def test_a_question_for_free_time_alone_books_nothing(busy: Conversation) -> None:
    said = busy("find me a free hour tomorrow", "find_free_time")
    assert "15:00 to" in said
    assert busy.assistant.pending is None


def test_a_series_is_booked_with_what_any_of_its_occasions_overlaps(say: Conversation) -> None:
    book(say.store, "Review", at(9, 18, month=12), 60)
    said = say("book yoga every Wednesday at six pm", "create_event", title="yoga")
    assert "overlaps with Review" in said
