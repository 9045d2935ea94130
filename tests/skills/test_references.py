"""Questions after questions, and "it": "what's after that?", "and on Friday?", "move the second one to four"."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant_app.turn import Route
from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at, book

# Questions after questions


@pytest.fixture
def busy(say: Conversation) -> Conversation:
    book(say.store, "Standup", at(26, 9), 30)
    book(say.store, "Review", at(26, 11), 90)
    book(say.store, "Lunch with Ann", at(26, 13))
    book(say.store, "Dentist", at(27, 15), 45)
    return say


def test_next_and_previous_of_what_was_told(busy: Conversation) -> None:
    busy("when is the review", "query_events", title="review")
    assert "Lunch with Ann" in busy("what's after that?", "ask_date_time")
    assert "Review" in busy("and before that?", "dialogue/repeat")
    assert "Standup" in busy("and before that?", "dialogue/repeat")
    assert busy("and before that?", "dialogue/repeat") == "Nothing Thursday 26 November before Standup."


def test_after_the_last_of_a_day_the_next_is_told(busy: Conversation) -> None:
    busy("when is lunch with Ann", "query_events", title="lunch with Ann")
    reply = busy("anything after that?")
    assert reply.startswith("Nothing Thursday 26 November after Lunch with Ann. The next is Dentist")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("when does it end?", "Review ends at half past twelve."),
        ("how long is it", "Review takes an hour and a half."),
        ("where is it?", "Review is at the office."),
        ("when is that", "Review, Thursday 26 November at eleven o'clock."),
    ],
)
def test_details_of_what_was_told(busy: Conversation, question: str, answer: str) -> None:
    review = next(event for event in busy.events() if event.title == "Review")
    busy.store.edit(review.uid, location="the office")
    busy("when is the review", "query_events", title="review")
    assert busy(question, "dialogue/chat") == answer


def test_it_is_still_the_event_after_a_question_that_found_nothing(busy: Conversation) -> None:
    busy("when is the review", "query_events", title="review")
    busy("is there anything on Sunday", "query_events")
    assert busy("when is it?", "ask_date_time") == "Review, Thursday 26 November at eleven o'clock."


def test_told_event_is_moved_and_deleted_as_it(busy: Conversation) -> None:
    busy("when is the dentist", "query_events", title="dentist")
    busy("move it to four", "move_event", datetime="four")
    assert "Dentist" in busy("when is the dentist", "query_events", title="dentist")
    assert "Shall I delete Dentist" in busy("cancel that", "dialogue/deny")
    busy("yes", "dialogue/affirm")
    assert "Dentist" not in [event.title for event in busy.events()]


def test_one_of_several_that_were_told_is_named_by_its_number(busy: Conversation) -> None:
    assert "3 events" in busy("what's on Thursday", "query_events", datetime="Thursday")
    busy("move the second one to four", "move_event", title="second one", datetime="four")
    review = next(event for event in busy.events() if event.title == "Review")
    assert review.start == at(26, 16)


def test_second_one_is_not_the_hour_one(busy: Conversation) -> None:
    busy("what's on Thursday", "query_events", datetime="Thursday")
    busy("move the second one to nine pm", "move_event", datetime="to nine pm")
    review = next(event for event in busy.events() if event.title == "Review")
    assert (review.start, review.length) == (at(26, 21), timedelta(minutes=90))


def test_weekday_after_a_day_that_was_asked_about_is_the_next_after_that(busy: Conversation) -> None:
    book(busy.store, "Choir", at(1, 20, month=12))
    busy("what's on Monday", "query_events")
    assert "Choir" in busy("and on Tuesday?")


def test_event_is_booked_at_the_time_that_was_asked_about(busy: Conversation) -> None:
    busy("am I free on Wednesday", "find_free_time")
    assert busy("book a meeting with Sam then", "create_event", person="Sam") == (
        "At what time is “Meeting with Sam”, tomorrow?"
    )
    busy("at four")
    assert at(25, 16) in [event.start for event in busy.events()]


def test_more_is_put_on_the_same_list(say: Conversation) -> None:
    say("add milk to my shopping list", "add_to_list", list_item="milk", list_name="shopping")
    say.router.routes["and cheese too"] = Route("scheduling", "complete_item", 0.4, unsure=True)
    say("and cheese too")
    say("add tea", "add_to_list", list_item="tea")
    assert {task.title for task in say.reminders.tasks.tasks("shopping")} == {"Milk", "Cheese", "Tea"}


def test_ticking_off_is_taken_back(say: Conversation) -> None:
    say("add milk to my shopping list", "add_to_list", list_item="milk", list_name="shopping")
    say("tick off milk", "complete_item", list_item="milk")
    assert say("no", "dialogue/deny") == "Shall I take that back?"
    say("yes", "dialogue/affirm")
    assert [task.title for task in say.reminders.tasks.tasks("shopping")] == ["Milk"]


def test_thanks_is_no_title(say: Conversation) -> None:
    say("put something in for Friday at three", "create_event")
    say("thanks", "dialogue/thank")
    assert say.events() == []


def test_chinese_words_beside_the_time_are_the_title(say: Conversation) -> None:
    say("周四下午三点约牙医", "create_event")
    assert (say.event.title, say.event.start) == ("牙医", at(26, 15))


def test_it_among_several_asks_which(busy: Conversation) -> None:
    busy("what's on Thursday", "query_events", datetime="Thursday")
    assert "Which one" in busy("move it to four", "move_event", datetime="four")


@pytest.mark.parametrize(
    ("first", "intent", "then", "wanted"),
    [
        ("am I free on Thursday morning", "find_free_time", "and Wednesday?", "Yes, you are free"),
        ("what's on Thursday", "query_events", "and on Friday?", "Dentist"),
        ("what's on tomorrow", "query_events", "no, Friday", "Dentist"),
        ("what's on tomorrow", "query_events", "I meant Thursday", "3 events"),
        ("what's on Thursday", "query_events", "and in the afternoon?", "Lunch with Ann"),
        ("what's on Thursday", "query_events", "周五呢", "Dentist"),
    ],
)
def test_question_is_asked_again_of_another_time(
    busy: Conversation, first: str, intent: str, then: str, wanted: str
) -> None:
    busy(first, intent)
    assert wanted in busy(then)
    assert busy.turn.route is not None
    assert busy.turn.route.intent == intent


def test_name_asked_for_is_kept_for_another_time(busy: Conversation) -> None:
    book(busy.store, "Yoga", at(27, 8))
    busy("do I have the dentist on Thursday", "query_events", title="dentist", datetime="on Thursday")
    assert "Dentist" in busy("and on Friday?")
    assert "Yoga" not in busy("and on Friday?")


# Questions in words


@pytest.mark.parametrize(
    ("text", "slots", "wanted"),
    [
        ("how long until lunch", {"title": "lunch"}, "In two days and three hours and thirty minutes: Lunch with Ann"),
        ("how long until my next meeting", {}, "In one day and twenty three hours and thirty minutes: Standup"),
        ("when is my next meeting", {"title": "meeting"}, "Standup, Thursday 26 November, 09:00 to 09:30."),
        ("when is my next dentist appointment", {"title": "dentist appointment"}, "Dentist, Friday 27 November, 15:00"),
    ],
)
def test_next_one_is_told_alone(busy: Conversation, text: str, slots: dict[str, str], wanted: str) -> None:
    assert busy(text, "query_events", **slots).startswith(wanted)
