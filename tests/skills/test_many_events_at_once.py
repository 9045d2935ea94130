"""Wide requests: asked before, with the number of events they touch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant_app.agenda.events import EventDraft
from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at, book


@pytest.fixture
def full(say: Conversation) -> Conversation:
    """Friday the 27th with two events and an occasion of a daily series, Saturday with the series alone."""
    book(say.store, "Review", at(27, 11))
    book(say.store, "Dentist", at(27, 15))
    standup = EventDraft("Standup", at(25, 9), at(25, 9) + timedelta(minutes=30), recurrence="FREQ=DAILY;COUNT=5")
    say.store.add(standup)
    return say


def titles(talk: Conversation, day: int) -> list[str]:
    return [o.event.title for o in talk.store.between(at(day, 0), at(day, 0) + timedelta(days=1))]


@pytest.mark.parametrize(
    "text",
    [
        "delete everything on Friday",
        "cancel all my meetings on Friday",
        "clear my calendar for Friday",
        "删除周五的所有日程",
    ],
)
def test_day_is_cleared_after_a_yes_that_knows_the_number(full: Conversation, text: str) -> None:
    words = "meetings" if "meetings" in text else ""
    reply = full(text, "cancel_event", **({"title": words} if words else {}))
    assert reply == "Shall I delete all 3 events Friday 27 November: Standup, Review and Dentist?"
    assert len(titles(full, 27)) == 3
    assert full("yes", "dialogue/affirm").startswith("Deleted: 3 events Friday 27 November.")
    assert titles(full, 27) == []
    assert titles(full, 28) == ["Standup"]


def test_no_keeps_them_all(full: Conversation) -> None:
    full("delete everything on Friday", "cancel_event")
    assert full("no", "dialogue/deny") == "All right, nothing was deleted."
    assert len(titles(full, 27)) == 3


def test_each_of_them_comes_back_by_undo(full: Conversation) -> None:
    full("delete everything on Friday", "cancel_event")
    full("yes", "dialogue/affirm")
    for _ in range(3):
        full("undo", "undo")
    assert titles(full, 27) == ["Standup", "Review", "Dentist"]


def test_all_of_a_name_are_meant_without_a_time(full: Conversation) -> None:
    book(full.store, "Dentist again", at(30, 9))
    reply = full("cancel all dentist appointments", "cancel_event", title="dentist appointments")
    assert reply == "Shall I delete all 2 events: Dentist and Dentist again?"
    full("yes", "dialogue/affirm")
    assert {event.title for event in full.events()} == {"Review", "Standup"}


def test_everything_without_a_bound_is_not_deleted(full: Conversation) -> None:
    full("delete everything", "cancel_event")
    assert not full.asks
    assert len(full.events()) == 3


def test_all_are_moved_to_another_day_after_a_yes(full: Conversation) -> None:
    text = "move all my meetings on Friday to Monday"
    reply = full(text, "move_event", title="meetings", datetime="on Friday", datetime_2="to Monday")
    assert reply.startswith("Shall I move all 3 events Friday 27 November: Standup, Review and Dentist?")
    assert titles(full, 30) == []
    full("yes", "dialogue/affirm")
    assert titles(full, 30) == ["Standup", "Review", "Dentist"]
    assert titles(full, 27) == []


def test_all_reminders_are_told_as_reminders(full: Conversation) -> None:
    full("remind me tomorrow at nine am to call mum", "set_reminder", title="call mum")
    full("remind me tomorrow at ten am to pay rent", "set_reminder", title="pay rent")
    assert "all 2 reminders: Call mum and Pay rent" in full("cancel all my reminders", "cancel_reminder")
    full("yes", "dialogue/affirm")
    assert {event.title for event in full.events()} == {"Review", "Dentist", "Standup"}


def test_all_alarms_are_cancelled_after_a_yes(full: Conversation) -> None:
    full("wake me tomorrow at seven am", "set_alarm")
    full("wake me tomorrow at nine am", "set_alarm")
    assert "Shall I cancel all 2 alarms" in full("cancel all my alarms", "cancel_alarm")
    assert len(full.reminders.alarms()) == 2
    full("yes", "dialogue/affirm")
    assert full.reminders.alarms() == []


def test_one_event_alone_is_asked_about_by_name(full: Conversation) -> None:
    book(full.store, "Concert", at(30, 20))
    assert "Shall I delete Concert" in full("cancel all my meetings on Monday", "cancel_event", title="meetings")


def test_meeting_with_somebody_unknown_is_found_by_its_day_and_asked_about(full: Conversation) -> None:
    book(full.store, "Appointment", at(30, 12))
    text = "cancel my meeting with John Redcorn on Monday"
    reply = full(text, "cancel_event", title="meeting", person="John Redcorn", datetime="on Monday")
    assert "Shall I delete Appointment" in reply
    assert full.asks
