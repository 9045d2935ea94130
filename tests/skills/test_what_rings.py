"""Alarms, timers, lists and what rings, by words: a router that says what the test says, clocks that it moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.store import CalendarStore
from assistant_app.skills.dialogue import Dialogue
from assistant_app.turn import Route, Utterance
from tests.fakes import BERLIN, FakeClock
from tests.skills.test_scheduling import Talk, at


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """It is Tuesday 24 November 2026, half past nine."""
    store = CalendarStore(
        tmp_path / "calendars",
        index_file=tmp_path / "index.sqlite3",
        journal_file=tmp_path / "journal.sqlite3",
        zone=BERLIN,
        clock=FakeClock(),
    )
    made = Talk(store)
    yield made
    made.reminders.close()
    store.close()


def ringing(talk: Talk) -> list[str]:
    talk.reminders.look()
    return [ring.title for ring in talk.reminders.ringing()]


# Reminders


def test_reminder_in_twenty_minutes_rings_then(talk: Talk) -> None:
    reply = talk("remind me in twenty minutes to call mum", "set_reminder", title="call mum")
    assert reply.text == "I will remind you today at ten to ten: Call mum."
    talk.clocks.pass_(minutes=20)
    assert ringing(talk) == ["Call mum"]


# Alarms


@pytest.mark.parametrize(
    ("text", "start", "recurrence"),
    [
        ("wake me tomorrow at seven am", at(25, 7), ""),
        ("wake me at seven on weekdays", at(25, 7), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("set an alarm every weekday at 6:30", at(25, 6, 30), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("set an alarm for twenty minutes", at(24, 9, 50), ""),
        ("alarm in half an hour", at(24, 10), ""),
    ],
)
def test_alarm_is_set(talk: Talk, text: str, start: datetime, recurrence: str) -> None:
    reply = talk(text, "set_alarm")
    (event,) = talk.events()
    assert (event.start, event.recurrence, event.calendar) == (start, recurrence, "alarms")
    assert "Alarm set" in reply.text
    assert reply.pending is None


def test_two_alarms_in_one_sentence_are_two(talk: Talk) -> None:
    talk("set an alarm for 10:00 and another for 16:00", "set_alarm")
    assert sorted(event.start for event in talk.events()) == [at(24, 10), at(24, 16)]


def test_alarm_without_a_time_asks_for_it_and_keeps_the_day(talk: Talk) -> None:
    assert talk("set an alarm for tomorrow", "set_alarm", datetime="tomorrow").text == "At what time tomorrow?"
    assert talk.events() == []
    talk.answer("half past six")
    assert [event.start for event in talk.events()] == [at(25, 6, 30)]


def test_alarm_that_is_not_wanted_after_all_is_not_set(talk: Talk) -> None:
    talk("set an alarm", "set_alarm")
    reply = talk.answer("no", "deny")
    assert reply is not None
    assert "no alarm" in reply.text
    assert talk.events() == []


def test_alarms_are_told_with_how_long_it_takes(talk: Talk) -> None:
    assert talk("which alarms are set", "query_alarms").text == "No alarm is set."
    talk("wake me tomorrow at seven am", "set_alarm")
    reply = talk("how long until my alarm", "query_alarms")
    assert reply.text == "Tomorrow at seven o'clock, in twenty one hours and thirty minutes."
    talk("set a gym alarm for friday at six am", "set_alarm", title="gym")
    assert "2 alarms are set" in talk("list my alarms", "query_alarms").text
    assert "Gym" in talk("when is the gym alarm", "query_alarms", title="gym").text
    assert "Gym" not in talk("do i have an alarm tomorrow", "query_alarms", datetime="tomorrow").text


def test_alarm_is_moved_to_another_time(talk: Talk) -> None:
    talk("wake me tomorrow at seven am", "set_alarm")
    talk("move my alarm to half past six", "change_alarm", datetime="half past six")
    assert [event.start for event in talk.events()] == [at(25, 6, 30)]
    talk("make my alarm ten minutes later", "change_alarm", datetime="ten minutes")
    assert [event.start for event in talk.events()] == [at(25, 6, 40)]


def test_alarm_is_cancelled_by_its_time_and_comes_back_by_undo(talk: Talk) -> None:
    talk("wake me tomorrow at seven am", "set_alarm")
    talk("set an alarm for tomorrow at nine am", "set_alarm")
    reply = talk("cancel the seven o'clock alarm", "cancel_alarm", datetime="seven o'clock")
    assert "Alarm cancelled" in reply.text
    assert [event.start for event in talk.events()] == [at(25, 9)]
    talk("undo", "undo")
    assert len(talk.events()) == 2


def test_which_of_several_alarms_is_asked(talk: Talk) -> None:
    talk("wake me tomorrow at seven am", "set_alarm")
    talk("wake me tomorrow at nine am", "set_alarm")
    assert "Which one" in talk("cancel my alarm", "cancel_alarm").text
    talk.answer("the one at nine")
    assert [event.start for event in talk.events()] == [at(25, 7)]


def test_repeating_alarm_can_be_left_out_on_one_day(talk: Talk) -> None:
    talk("wake me at 7 am every day", "set_alarm")
    assert "Only that once" in talk("no alarm on thursday", "cancel_alarm", datetime="on thursday").text
    reply = talk.answer("only that once")
    assert reply is not None
    assert "others stay" in reply.text
    found = talk.store.between(at(25, 0), at(28, 0))
    assert [f"{o.start:%d}" for o in found] == ["25", "27"]


def test_whole_series_of_an_alarm_is_cancelled_only_after_a_yes(talk: Talk) -> None:
    talk("wake me at 7 am every day", "set_alarm")
    assert "It repeats" in talk("cancel my alarm", "cancel_alarm").text
    assert len(talk.events()) == 1
    talk.answer("yes", "affirm")
    assert talk.events() == []


# What rings


def test_what_rings_is_snoozed_for_as_long_as_was_said(talk: Talk) -> None:
    talk("remind me in ten minutes to call mum", "set_reminder", title="call mum")
    talk.clocks.pass_(minutes=10)
    assert ringing(talk) == ["Call mum"]
    assert talk("snooze for half an hour", "snooze").text == "Call mum again today at ten past ten."
    assert ringing(talk) == []
    talk.clocks.pass_(minutes=30)
    assert ringing(talk) == ["Call mum"]


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("snooze", at(24, 9, 50)),
        ("five more minutes please", at(24, 9, 45)),
        ("snooze until three", at(24, 15)),
        ("remind me again in two hours", at(24, 11, 40)),
        ("snooze until tomorrow morning", at(25, 8)),
    ],
)
def test_snooze_takes_lengths_and_times(talk: Talk, text: str, again: datetime) -> None:
    talk.reminders.start_timer(timedelta(minutes=10), "Tea")
    talk.clocks.pass_(minutes=10)
    assert ringing(talk) == ["Tea"]
    talk(text, "snooze")
    (snoozed,) = talk.reminders.snoozed()
    assert datetime.fromtimestamp(snoozed.rings_at, BERLIN) == again


@pytest.mark.parametrize(
    ("text", "intent"),
    [("dismiss", "dismiss"), ("turn off the alarm", "cancel_alarm"), ("stop the timer", "cancel_timer")],
)
def test_what_rings_is_stopped(talk: Talk, text: str, intent: str) -> None:
    talk.reminders.start_timer(timedelta(minutes=10), "Tea")
    talk.clocks.pass_(minutes=10)
    assert ringing(talk) == ["Tea"]
    assert "topped" in talk(text, intent).text
    assert ringing(talk) == []


def test_bare_stop_stops_what_rings_before_it_is_talk(talk: Talk) -> None:
    stop = Utterance("stop", "spoken", "en"), Route("dialogue", "stop", 0.99)
    talk.reminders.start_timer(timedelta(minutes=10))
    talk.clocks.pass_(minutes=10)
    assert ringing(talk) == ["Timer"]
    assert Dialogue({}).act(*stop, talk.context).speech == "Stopped."
    assert ringing(talk) == []
    assert Dialogue({}).act(*stop, talk.context).speech is None


def test_nothing_to_snooze_is_told(talk: Talk) -> None:
    assert talk("snooze", "snooze").text == "Nothing is ringing."
    assert talk("dismiss", "dismiss").text == "Nothing is ringing."


# Timers


def test_timer_is_set_and_what_is_left_is_told(talk: Talk) -> None:
    assert (
        talk("set a pasta timer for nine minutes", "set_timer", title="pasta").text == "Pasta timer set: nine minutes."
    )
    talk.clocks.pass_(minutes=2, seconds=30)
    reply = talk("how long is left", "query_timer")
    assert reply.text == "Six minutes and thirty seconds left on the pasta timer."


def test_two_timers_in_one_sentence_are_two(talk: Talk) -> None:
    talk("set two timers, one for five minutes and one for ten minutes", "set_timer")
    assert [timer.length_s for timer in talk.reminders.timers()] == [300, 600]


def test_length_of_a_timer_is_asked_for(talk: Talk) -> None:
    assert talk("set a timer", "set_timer").text == "For how long?"
    talk.answer("ten minutes")
    assert [timer.length_s for timer in talk.reminders.timers()] == [600]


@pytest.mark.parametrize(
    ("text", "intent", "left"),
    [
        ("add a minute to the timer", "lengthen_timer", 660),
        ("two more minutes", "lengthen_timer", 720),
        ("extend the timer by thirty seconds", "lengthen_timer", 630),
        ("take two minutes off the timer", "shorten_timer", 480),
    ],
)
def test_time_is_added_and_taken_off_by_words(talk: Talk, text: str, intent: str, left: int) -> None:
    talk("set a timer for ten minutes", "set_timer")
    talk(text, intent)
    (timer,) = talk.reminders.timers()
    assert talk.reminders.left(timer) == pytest.approx(left)


def test_named_timer_is_the_one_that_is_meant(talk: Talk) -> None:
    talk("set a pasta timer for nine minutes", "set_timer", title="pasta")
    talk("set a tea timer for three minutes", "set_timer", title="tea")
    talk("pause the pasta timer", "pause_timer", title="pasta")
    assert {timer.name: timer.paused for timer in talk.reminders.timers()} == {"Pasta": True, "Tea": False}
    talk("resume the timer", "resume_timer")
    assert not any(timer.paused for timer in talk.reminders.timers())
    talk("cancel the three minute timer", "cancel_timer")
    assert [timer.name for timer in talk.reminders.timers()] == ["Pasta"]


def test_which_of_several_timers_is_asked(talk: Talk) -> None:
    talk("set a pasta timer for nine minutes", "set_timer", title="pasta")
    talk("set a tea timer for three minutes", "set_timer", title="tea")
    assert "Which timer" in talk("cancel the timer", "cancel_timer").text
    talk.answer("tea timer")
    assert [timer.name for timer in talk.reminders.timers()] == ["Pasta"]


def test_all_timers_are_cancelled_at_once(talk: Talk) -> None:
    talk("set two timers, one for five minutes and one for ten minutes", "set_timer")
    talk("cancel all timers", "cancel_timer")
    assert talk.reminders.timers() == []


def test_timer_that_is_not_there_is_told(talk: Talk) -> None:
    assert talk("pause the timer", "pause_timer").text == "No timer is running."
    talk("set a tea timer for three minutes", "set_timer", title="tea")
    assert "no timer called “Egg”" in talk("pause the egg timer", "pause_timer", title="egg").text
    assert not talk.reminders.timers()[0].paused


# Lists


def on_list(talk: Talk, name: str) -> list[str]:
    return [task.title for task in talk.reminders.tasks.tasks(name)]


def test_things_are_put_on_a_list_by_slots(talk: Talk) -> None:
    reply = talk(
        "add milk and eggs to my shopping list",
        "add_to_list",
        list_item="milk",
        list_item_2="eggs",
        list_name="shopping",
    )
    assert reply.text == "Added to the shopping list: Milk and Eggs."
    assert on_list(talk, "shopping") == ["Milk", "Eggs"]


@pytest.mark.parametrize(
    ("text", "list_name", "items"),
    [
        ("add milk to my shopping list", "shopping", ["Milk"]),
        ("put eggs, bread and two lemons on the grocery list", "grocery", ["Eggs", "Bread", "Two lemons"]),
        ("please add call the plumber to my to do list", "to-do", ["Call the plumber"]),
        ("add dish soap to the list", "to-do", ["Dish soap"]),
        ("把牛奶和鸡蛋加到购物清单", "购物", ["牛奶", "鸡蛋"]),
    ],
)
def test_things_are_put_on_a_list_where_the_router_marked_nothing(
    talk: Talk, text: str, list_name: str, items: list[str]
) -> None:
    talk(text, "add_to_list")
    assert on_list(talk, list_name) == items


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("add hand in the report to my work list for friday", date(2026, 11, 27)),
        ("add hand in the report to my work list by friday at five pm", at(27, 17)),
        ("add hand in the report to my work list", None),
    ],
)
def test_todo_has_a_due_date(talk: Talk, text: str, due: date | None) -> None:
    talk(text, "add_to_list", list_item="hand in the report", list_name="work")
    (task,) = talk.reminders.tasks.tasks("work")
    assert (task.title, task.due) == ("Hand in the report", due)


def test_what_goes_on_the_list_is_asked_for(talk: Talk) -> None:
    talk("shopping list", "add_to_list")
    assert talk.reply.text.startswith("Made: the shopping list")
    talk("shopping list", "add_to_list")
    assert talk.reply.text == "What shall I put on the shopping list?"
    talk.answer("milk and bread")
    assert on_list(talk, "shopping") == ["Milk", "Bread"]


def test_list_is_read_out(talk: Talk) -> None:
    talk("add milk and eggs to my shopping list", "add_to_list")
    reply = talk("what is on my shopping list", "query_list")
    assert reply.text == "2 things on the shopping list:\n- Milk\n- Eggs"
    assert reply.speech == "2 things on the shopping list: Milk and Eggs."
    assert "Yes" in talk("is milk on my shopping list", "query_list").text
    assert "No, Tea" in talk("is tea on my shopping list", "query_list").text
    assert "There is no packing list" in talk("what is on my packing list", "query_list").text


def test_several_lists_are_told_apart(talk: Talk) -> None:
    talk("add milk to my shopping list", "add_to_list")
    talk("add sweep the stairs to my chores list", "add_to_list")
    reply = talk("what lists do i have", "query_list")
    assert "chores list with 1" in reply.text
    assert "shopping list with 1" in reply.text


def test_what_is_due_is_told(talk: Talk) -> None:
    talk("add report to my work list for friday", "add_to_list", list_item="report", list_name="work")
    talk("add slides to my work list", "add_to_list", list_item="slides", list_name="work")
    reply = talk("which tasks are due this week", "query_list", datetime="this week")
    assert "Report" in reply.text
    assert "Slides" not in reply.text


@pytest.mark.parametrize("text", ["tick off milk", "cross milk off my shopping list", "mark milk as done"])
def test_thing_is_ticked_off_and_undone(talk: Talk, text: str) -> None:
    talk("add milk and eggs to my shopping list", "add_to_list")
    reply = talk(text, "complete_item")
    assert reply.text == "Ticked off: Milk. One thing is left on the shopping list."
    assert on_list(talk, "shopping") == ["Eggs"]
    assert "Milk" in talk("undo", "undo").text
    assert on_list(talk, "shopping") == ["Milk", "Eggs"]


def test_thing_that_is_not_on_a_list_is_told(talk: Talk) -> None:
    talk("add milk to my shopping list", "add_to_list")
    assert "found no Coffee" in talk("tick off coffee", "complete_item").text
    assert on_list(talk, "shopping") == ["Milk"]


def test_thing_is_taken_off_and_the_list_cleared_after_a_yes(talk: Talk) -> None:
    talk("add milk, eggs and bread to my shopping list", "add_to_list")
    assert "Taken off" in talk("remove milk from my shopping list", "remove_from_list").text
    assert "all 2 things" in talk("clear my shopping list", "remove_from_list").text
    assert on_list(talk, "shopping") == ["Eggs", "Bread"]
    talk.answer("yes", "affirm")
    assert on_list(talk, "shopping") == []
    talk("undo", "undo")
    assert on_list(talk, "shopping") == ["Eggs", "Bread"]
