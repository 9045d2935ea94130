"""What was just done is corrected by a fragment: "no, Thursday", "make it an hour", "actually cancel that"."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at

# Corrections of what was just booked


@pytest.mark.parametrize(
    ("text", "intent", "start", "minutes"),
    [
        ("no, Thursday", "dialogue/deny", at(26, 18), 60),
        ("no, at five", "dialogue/deny", at(27, 17), 60),
        ("sorry I meant half past five", "dialogue/deny", at(27, 17, 30), 60),
        ("actually seven", "move_event", at(27, 19), 60),
        ("make it four o'clock", "create_event", at(27, 16), 60),
        ("on Thursday instead", "move_event", at(26, 18), 60),
        ("how about Thursday instead?", "query_events", at(26, 18), 60),
        ("make that Thursday at five", "create_event", at(26, 17), 60),
        ("not Friday, Thursday", "create_event", at(26, 18), 60),
        ("can you make it start at 7:30 instead of six", "move_event", at(27, 19, 30), 60),
        ("an hour later", "move_event", at(27, 19), 60),
        ("make it half an hour earlier", "move_event", at(27, 17, 30), 60),
        ("move it to four", "move_event", at(27, 16), 60),
        ("make it two hours", "move_event", at(27, 18), 120),
        ("no, make it an hour and a half long", "dialogue/deny", at(27, 18), 90),
        ("it should be two hours long", "move_event", at(27, 18), 120),
        ("make it 15 minutes longer", "move_event", at(27, 18), 75),
        ("shorten it by half an hour", "move_event", at(27, 18), 30),
        ("extend it to three hours", "move_event", at(27, 18), 180),
        ("for two hours", "move_event", at(27, 18), 120),
        ("until half past eight", "move_event", at(27, 18), 150),
        ("have it end at 7:30", "create_event", at(27, 18), 90),
        ("from five to seven", "move_event", at(27, 17), 120),
        ("Yes, but have it start at five", "dialogue/affirm", at(27, 17), 60),
        ("make the yoga two hours", "move_event", at(27, 18), 120),
        ("不对,是星期四", "dialogue/chat", at(26, 18), 60),
        ("改成五点", "move_event", at(27, 17), 60),
        ("一个半小时", "unknown/device", at(27, 18), 90),
    ],
)
def test_what_was_just_booked_is_corrected_by_a_fragment(
    booked: Conversation, text: str, intent: str, start: datetime, minutes: int
) -> None:
    booked(text, intent)
    assert (booked.event.start, booked.event.length) == (start, timedelta(minutes=minutes))
    assert not booked.asks
    assert booked.turn.reply is not None
    assert booked.turn.reply.actions[0].kind in ("event_moved", "event_edited")


def test_corrections_go_on_one_after_the_other(booked: Conversation) -> None:
    booked("no, Thursday", "dialogue/deny")
    booked("make it two hours", "move_event")
    booked("thank you", "dialogue/thank")
    booked("and at five", "create_event")
    assert (booked.event.start, booked.event.length) == (at(26, 17), timedelta(hours=2))


@pytest.mark.parametrize("text", ["make it later", "it needs to be earlier"])
def test_vague_change_asks_when(booked: Conversation, text: str) -> None:
    assert booked(text, "move_event") == "When should Yoga be?"
    booked("half past seven")
    assert booked.event.start == at(27, 19, 30)


@pytest.mark.parametrize(
    "text",
    [
        "set an alarm for seven",
        "book lunch tomorrow at one",
        "remind me at five to call mum",
        "put Friday at five",
        "am I free on Thursday",
    ],
)
def test_whole_request_is_not_taken_for_a_correction(booked: Conversation, text: str) -> None:
    booked(text)
    assert booked.event.start == at(27, 18)
    assert booked.turn.route is not None
    assert booked.turn.route.skill == "dialogue"


@pytest.mark.parametrize(
    ("text", "intent", "title", "location"),
    [
        ("call it power yoga", "move_event", "Power yoga", ""),
        ("rename it to power yoga instead", "move_event", "Power yoga", ""),
        ("no, change the title to power yoga please", "dialogue/deny", "Power yoga", ""),
        ("at the sports hall", "create_event", "Yoga", "the sports hall"),
        ("set the location to Max's place", "move_event", "Yoga", "Max's place"),
        ("I meant to have it be a Pilates class", "unknown/booking", "Pilates class", ""),
        ("can you change the event to a stretching class", "move_event", "Stretching class", ""),
        ('add title "power yoga"', "move_event", "Power yoga", ""),
        ("叫瑜伽课", "dialogue/chat", "瑜伽课", ""),
        ("地点改成体育馆", "dialogue/chat", "Yoga", "体育馆"),
    ],
)
def test_title_and_place_are_corrected(booked: Conversation, text: str, intent: str, title: str, location: str) -> None:
    booked(text, intent)
    assert (booked.event.title, booked.event.location) == (title, location)


def test_people_are_added(booked: Conversation) -> None:
    booked("add Ann to it", "move_event", person="Ann")
    booked("and invite Bob too", "move_event", person="Bob")
    assert booked.event.title == "Yoga with Ann and Bob"
    booked("make sure Eve is invited", "move_event", person="Eve")
    assert booked.event.title == "Yoga with Ann and Bob and Eve"


def test_alert_before_it_is_set(booked: Conversation) -> None:
    assert booked("remind me ten minutes before", "set_reminder", datetime="ten minutes before") == (
        "I will remind you ten minutes before Yoga."
    )
    booked("remind me an hour before that", "set_reminder", datetime="an hour")
    assert booked.event.reminder_minutes == (10, 60)
    assert len(booked.events()) == 1


def test_same_again_at_another_time(booked: Conversation) -> None:
    booked("and on Saturday too", "query_events")
    assert sorted(event.start for event in booked.events()) == [at(27, 18), at(28, 18)]
    booked("wake me tomorrow at seven am", "set_alarm")
    booked("and Thursday too", "query_events")
    assert [start for _, start in booked.reminders.alarms()] == [at(25, 7), at(26, 7)]


def test_cancelling_it_after_a_move_is_about_the_event_and_that_about_the_move(booked: Conversation) -> None:
    booked("when is yoga", "query_events", title="yoga")
    booked("move it to four", "move_event", datetime="four")
    assert "Shall I delete Yoga" in booked("cancel it", "undo")


def test_what_was_just_booked_repeats(booked: Conversation) -> None:
    booked("make it every week", "create_event", datetime="every week")
    assert booked.event.recurrence == "FREQ=WEEKLY"
    assert booked.event.start == at(27, 18)
    booked("make it every Monday and Thursday", "create_event")
    assert booked.days(at(1, 0, month=12) + timedelta(days=3)) == ["Thu 18:00", "Mon 18:00", "Thu 18:00"]


def test_series_made_just_now_is_corrected_whole(say: Conversation) -> None:
    say("team meeting every Monday at nine", "create_event", title="team meeting")
    say("no, at ten", "dialogue/deny")
    assert not say.asks
    assert say.days(at(8, 0, month=12)) == ["Mon 10:00", "Mon 10:00"]


def test_series_found_later_asks_how_much_of_it(say: Conversation) -> None:
    say("team meeting every Monday at nine", "create_event", title="team meeting")
    say("when is the team meeting", "query_events", title="team meeting")
    say("move it to ten", "move_event", datetime="ten")
    assert say.asks
    say("only that one")
    assert say.days(at(8, 0, month=12)) == ["Mon 10:00", "Mon 09:00"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("actually cancel that", "dialogue/stop"),
        ("never mind", "dialogue/maybe"),
        ("forget it", "undo"),
        ("delete it", "cancel_event"),
        ("On second thought, can you cancel it?", "cancel_event"),
        ("算了", "dialogue/chat"),
        ("取消它", "cancel_event"),
    ],
)
def test_what_was_just_booked_is_taken_back(booked: Conversation, text: str, intent: str) -> None:
    assert "Yoga is cancelled" in booked(text, intent)
    assert booked.events() == []
    booked("undo", "undo")
    assert booked.event.start == at(27, 18)


def test_taking_back_a_move_leaves_the_event(booked: Conversation) -> None:
    booked("when is yoga", "query_events", title="yoga")
    booked("move it to four", "move_event", datetime="four")
    booked("actually cancel that", "dialogue/stop")
    assert booked.event.start == at(27, 18)


def test_taking_back_what_was_made_and_corrected_takes_it_all_back(booked: Conversation) -> None:
    booked("no, at five", "dialogue/deny")
    booked("make it two hours", "move_event")
    booked("actually cancel that", "dialogue/stop")
    assert booked.events() == []


def test_bare_no_asks_what_is_wrong(booked: Conversation) -> None:
    assert "What is wrong with Yoga" in booked("no", "dialogue/deny")
    booked("at five", "create_event")
    assert booked.event.start == at(27, 17)
    booked("no", "dialogue/deny")
    booked("take it back")
    assert booked.events() == []


def test_no_thank_you_is_no_complaint(booked: Conversation) -> None:
    assert booked("no thank you", "dialogue/deny") == "Talk."


def test_only_what_was_said_last_is_corrected(booked: Conversation) -> None:
    booked("what is the capital of France")
    booked("and of Spain")
    booked("and of Italy")
    booked("make it two hours")
    assert booked.event.length == timedelta(hours=1)


# Reminders, alarms, timers, lists


def test_reminder_is_corrected_from_now_on(say: Conversation) -> None:
    say("remind me in twenty minutes to call mum", "set_reminder", title="call mum")
    say("make it half an hour", "move_event")
    assert say.event.start == at(24, 10)
    say("no, at eleven", "dialogue/deny")
    assert say.event.start == at(24, 11)


def test_alarm_is_corrected_and_keeps_its_half_of_the_day(say: Conversation) -> None:
    say("wake me tomorrow at seven am", "set_alarm")
    say("wake me tomorrow at nine am", "set_alarm")
    say("no, at eight", "dialogue/deny")
    assert sorted(event.start for event in say.events()) == [at(25, 7), at(25, 8)]
    say("actually cancel that", "dialogue/stop")
    assert [event.start for event in say.events()] == [at(25, 7)]


@pytest.mark.parametrize(
    ("text", "intent", "left"),
    [
        ("no, ten minutes", "dialogue/deny", 600),
        ("make it ten", "create_event", 600),
        ("make it two minutes longer", "move_event", 660),
        ("add five minutes", "create_event", 840),
    ],
)
def test_timer_just_started_is_corrected(say: Conversation, text: str, intent: str, left: int) -> None:
    say("set a tea timer for three minutes", "set_timer", title="tea")
    say("set a pasta timer for nine minutes", "set_timer", title="pasta")
    say(text, intent)
    assert {t.name: say.reminders.left(t) for t in say.reminders.timers()} == {"Tea": 180, "Pasta": left}


def test_it_is_the_timer_just_talked_about(say: Conversation) -> None:
    say("set a tea timer for three minutes", "set_timer", title="tea")
    say("set a pasta timer for nine minutes", "set_timer", title="pasta")
    say("pause it", "unknown/music")
    assert {timer.name: timer.paused for timer in say.reminders.timers()} == {"Tea": False, "Pasta": True}
    say("resume it")
    assert not any(timer.paused for timer in say.reminders.timers())
    say("cancel that", "dialogue/deny")
    assert [timer.name for timer in say.reminders.timers()] == ["Tea"]


def test_thing_just_put_on_a_list_is_dated_and_taken_off(say: Conversation) -> None:
    say("add hand in the report to my work list", "add_to_list", list_item="hand in the report", list_name="work")
    say("by Friday", "create_event")
    (task,) = say.reminders.tasks.tasks("work")
    assert task.due == at(27, 0).date()
    say("actually cancel that", "dialogue/stop")
    assert say.reminders.tasks.tasks("work") != []  # the date alone is taken back
    assert say.reminders.tasks.tasks("work")[0].due is None
