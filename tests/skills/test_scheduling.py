"""The calendar by words: a real store in a temporary folder, a router that says what the test says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import Event, EventDraft
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from assistant_app.skills.api import Exchange, SkillContext
from assistant_app.skills.scheduling import ACTS, Scheduling
from assistant_app.turn import Route, SkillReply, Slot, Utterance
from tests.agenda.fake_clocks import FakeClocks
from tests.fakes import BERLIN, TUESDAY_MORNING, FakeClock, FakeRouter, make_context


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CalendarStore]:
    made = CalendarStore(
        tmp_path / "calendars",
        index_file=tmp_path / "index.sqlite3",
        journal_file=tmp_path / "journal.sqlite3",
        zone=BERLIN,
        clock=FakeClock(),
    )
    yield made
    made.close()


class Talk:
    """A conversation with the scheduling skill alone; it is Tuesday 24 November 2026, half past nine."""

    def __init__(self, store: CalendarStore) -> None:
        self.store = store
        self.skill = Scheduling()
        self.clocks = FakeClocks(TUESDAY_MORNING)
        self.reminders = Reminders(store, TaskLists(store), RingState(store.root.parent / "rings.sqlite3"), self.clocks)
        self.reminders.begin()
        self.context: SkillContext = make_context(
            calendar=store, reminders=self.reminders, router=FakeRouter(), now=self.reminders.now
        )
        self.reply = SkillReply("")

    def __call__(self, text: str, intent: str, **slots: str) -> SkillReply:
        return self._note(
            text, self.skill.act(Utterance(text, "typed", "en"), route(text, intent, **slots), self.context)
        )

    def answer(self, text: str, intent: str = "chat", **slots: str) -> SkillReply | None:
        router = self.context.router
        assert isinstance(router, FakeRouter)
        if intent != "chat":
            router.routes[text] = route(text, intent, **slots)
        assert self.reply.pending is not None
        reply = self.skill.resume(Utterance(text, "typed", "en"), self.reply.pending, self.context)
        return self._note(text, reply) if reply else None

    def _note(self, text: str, reply: SkillReply) -> SkillReply:
        exchange = Exchange(text, reply.text, None, reply)
        self.context = dataclasses.replace(self.context, history=(*self.context.history, exchange))
        self.reply = reply
        return reply

    def events(self) -> list[Event]:
        found = self.store.between(datetime(2020, 1, 1, tzinfo=BERLIN), datetime(2030, 1, 1, tzinfo=BERLIN))
        return list({occurrence.event.uid: occurrence.event for occurrence in found}.values())


@pytest.fixture
def talk(store: CalendarStore) -> Iterator[Talk]:
    made = Talk(store)
    yield made
    made.reminders.close()


def route(text: str, intent: str, **slots: str) -> Route:
    found = [
        Slot(name.rstrip("_2"), words, text.index(words), text.index(words) + len(words))
        for name, words in slots.items()
    ]
    return Route("scheduling", intent, 0.95, tuple(found))


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def book(store: CalendarStore, title: str, start: datetime, minutes: int = 60) -> Event:
    return store.add(EventDraft(title, start, start + timedelta(minutes=minutes)))


def test_example_sentence_becomes_the_event(talk: Talk) -> None:
    reply = talk(
        "Schedule a dentist appointment with Doctor Patel next Thursday at half past three for forty five minutes",
        "create_event",
        title="dentist appointment",
        person="Doctor Patel",
        datetime="next Thursday at half past three for forty five minutes",
    )
    (event,) = talk.events()
    assert event.title == "Dentist appointment with Doctor Patel"
    assert f"{event.start:%A %H:%M}" == "Thursday 15:30"
    assert event.length == timedelta(minutes=45)
    assert reply.pending is None
    (action,) = reply.actions
    assert (action.kind, action.uid) == ("event_added", event.uid)
    assert action.details["start"].endswith("T15:30")
    assert reply.speech is not None
    assert "half past three" in reply.speech
    assert "forty five minutes" in reply.speech


@pytest.mark.parametrize(
    ("text", "slots", "title"),
    [
        ("book lunch with Ann tomorrow at one", {"title": "lunch", "person": "Ann"}, "Lunch with Ann"),
        ("with Ann tomorrow at one book a lunch", {"title": "lunch", "person": "Ann"}, "Lunch with Ann"),
        ("set up something with Bob and Eve at five", {"person": "Bob", "person_2": "Eve"}, "Meeting with Bob and Eve"),
        ("put the team review on Friday at ten", {"title": "the team review"}, "Team review"),
        ("book yoga tomorrow at six", {"title": "yoga tomorrow at six"}, "Yoga"),
        (
            "book a haircut with Dr. Patel on Friday at ten",
            {"title": "a haircut", "person": "Dr", "person_2": "Patel"},
            "Haircut with Dr. Patel",
        ),
        ("book 🎉 party on Friday at eight pm", {"title": "🎉 party"}, "🎉 party"),
    ],
)
def test_title_is_made_of_the_slots(talk: Talk, text: str, slots: dict[str, str], title: str) -> None:
    talk(text, "create_event", **slots)
    assert [event.title for event in talk.events()] == [title]


def test_event_gets_the_usual_length_where_none_is_said(talk: Talk) -> None:
    talk("book yoga tomorrow at six pm", "create_event", title="yoga")
    (event,) = talk.events()
    assert (event.start, event.end) == (at(25, 18), at(25, 19))


def test_missing_time_is_asked_for_and_the_answer_needs_no_sentence(talk: Talk) -> None:
    asked = talk("book yoga", "create_event", title="yoga")
    assert asked.pending is not None
    assert talk.events() == []
    talk.answer("tomorrow at six pm")
    assert [(event.title, event.start) for event in talk.events()] == [("Yoga", at(25, 18))]


def test_missing_title_is_asked_for(talk: Talk) -> None:
    talk("put something in for tomorrow at six pm", "create_event")
    assert talk.reply.pending is not None
    talk.answer("yoga class")
    assert [(event.title, event.start) for event in talk.events()] == [("Yoga class", at(25, 18))]


def test_one_question_at_a_time_until_all_is_known(talk: Talk) -> None:
    talk("make an appointment", "create_event")
    talk.answer("dentist")
    assert talk.events() == []
    talk.answer("on Friday")
    assert talk.events() == []
    talk.answer("three")
    assert [(event.title, event.start) for event in talk.events()] == [("Dentist", at(27, 15))]


def test_day_without_a_time_can_be_all_day(talk: Talk) -> None:
    asked = talk("put Ann's birthday on Friday", "create_event", title="Ann's birthday")
    assert asked.pending is not None
    assert "All day" in [choice.label for choice in asked.pending.choices]
    talk.answer("all day")
    (event,) = talk.events()
    assert event.all_day
    assert event.start == date(2026, 11, 27)


def test_range_of_days_fills_them_all(talk: Talk) -> None:
    talk("block vacation from 7 to 11 December", "create_event", title="vacation")
    (event,) = talk.events()
    assert (event.start, event.end) == (date(2026, 12, 7), date(2026, 12, 12))


def test_time_of_the_first_request_is_kept_when_the_clock_time_is_answered(talk: Talk) -> None:
    talk("book the barber on Friday", "create_event", title="barber")
    talk.answer("half past four")
    assert [event.start for event in talk.events()] == [at(27, 16, 30)]


def test_question_about_the_time_can_be_refused(talk: Talk) -> None:
    talk("book yoga", "create_event", title="yoga")
    reply = talk.answer("no")
    assert reply is not None
    assert "left it out" in reply.text
    assert talk.events() == []


def test_new_request_instead_of_an_answer_is_not_swallowed(talk: Talk) -> None:
    talk("book yoga", "create_event", title="yoga")
    assert talk.answer("what is on my calendar for tomorrow", "query_events") is None


def test_words_that_are_no_time_are_asked_about_again(talk: Talk) -> None:
    talk("book yoga", "create_event", title="yoga")
    reply = talk.answer("as usual")
    assert reply is not None
    assert reply.pending is not None
    talk.answer("tomorrow at six pm")
    assert len(talk.events()) == 1


def test_repetition_is_kept(talk: Talk) -> None:
    reply = talk("team meeting every Monday at nine", "create_event", title="team meeting")
    (event,) = talk.events()
    assert event.recurrence == "FREQ=WEEKLY;BYDAY=MO"
    assert event.start == at(30, 9)
    assert "repeats" in reply.text


def test_conflict_is_pointed_out_and_the_event_still_booked(talk: Talk) -> None:
    book(talk.store, "Lunch with Ann", at(25, 12))
    reply = talk("book a call tomorrow at half past twelve", "create_event", title="call")
    assert len(talk.events()) == 2
    assert "overlaps with Lunch with Ann" in reply.text


def test_reminder_is_an_event_with_an_alert_and_says_so(talk: Talk) -> None:
    reply = talk("remind me to call mum tomorrow at nine am", "set_reminder", title="call mum")
    (event,) = talk.events()
    assert (event.title, event.start) == ("Call mum", at(25, 9))
    assert event.categories == ("REMINDER",)
    assert event.reminder_minutes == (0,)
    assert not event.busy
    assert reply.text == "I will remind you tomorrow at nine o'clock: Call mum."


def test_day_is_read_out(talk: Talk) -> None:
    book(talk.store, "Lunch", at(25, 12))
    book(talk.store, "Dentist", at(25, 15))
    book(talk.store, "Elsewhere", at(26, 15))
    reply = talk("what's on tomorrow", "query_events", datetime="tomorrow")
    assert "2 events tomorrow" in reply.text
    assert "Lunch" in reply.text
    assert "Elsewhere" not in reply.text
    assert reply.actions == ()


def test_time_up_to_an_hour_is_that_day_alone(talk: Talk) -> None:
    book(talk.store, "Breakfast", at(25, 8))
    book(talk.store, "Review", at(27, 10))
    book(talk.store, "Dinner", at(27, 19))
    assert talk("do I have anything before noon on Friday", "query_events").text.startswith("Review")


def test_empty_day_is_said_to_be_empty(talk: Talk) -> None:
    assert talk("what's on tomorrow", "query_events").text == "Nothing is in the calendar tomorrow."


def test_next_event_of_a_name_is_found(talk: Talk) -> None:
    book(talk.store, "Dentist appointment", at(20, 9))
    book(talk.store, "Dentist appointment", at(26, 15))
    reply = talk("when is my next dentist appointment", "query_events", title="dentist appointment")
    assert "Thursday 26 November, 15:00 to 16:00" in reply.text


def test_coming_week_is_told_without_a_time(talk: Talk) -> None:
    book(talk.store, "Concert", at(27, 20))
    assert "Concert" in talk("what's on my calendar", "query_events").text


def test_free_afternoon_is_confirmed_and_a_taken_one_is_not(talk: Talk) -> None:
    assert talk("am I free on Friday afternoon", "find_free_time").text.startswith("Yes, you are free")
    book(talk.store, "Audit", at(27, 12), minutes=360)
    assert talk("am I free on Friday afternoon", "find_free_time").text.startswith("No")


def test_free_time_around_events_is_listed(talk: Talk) -> None:
    book(talk.store, "Audit", at(27, 9), minutes=180)
    assert "12:00 to 18:00" in talk("when am I free on Friday", "find_free_time").text


def test_deleting_asks_first_and_names_the_event(talk: Talk) -> None:
    book(talk.store, "Dentist appointment", at(26, 15))
    asked = talk("cancel my dentist appointment", "cancel_event", title="dentist appointment")
    assert asked.pending is not None
    assert "Dentist appointment" in asked.pending.question
    assert asked.pending.choices[-1].value == "no"
    assert len(talk.events()) == 1
    reply = talk.answer("yes")
    assert reply is not None
    assert reply.actions[0].kind == "event_deleted"
    assert talk.events() == []


def test_two_times_in_a_row_are_from_and_to(talk: Talk) -> None:
    book(talk.store, "Review", at(27, 15))
    text = "move the review on Friday to Monday"
    talk.skill.act(
        Utterance(text, "typed", "en"),
        Route(
            "scheduling",
            "move_event",
            0.9,
            (Slot("title", "review", 9, 15), Slot("datetime", "on Friday", 16, 25), Slot("datetime", "Monday", 29, 35)),
        ),
        talk.context,
    )
    assert [event.start for event in talk.events()] == [at(30, 15)]


@pytest.mark.parametrize("answer", ["no", "No, keep it"])
def test_deleting_can_be_refused(talk: Talk, answer: str) -> None:
    book(talk.store, "Dentist", at(26, 15))
    talk("cancel the dentist", "cancel_event", title="dentist")
    talk.answer(answer)
    assert len(talk.events()) == 1


def test_of_several_the_right_one_can_be_chosen(talk: Talk) -> None:
    book(talk.store, "Team meeting", at(26, 10))
    book(talk.store, "Team meeting", at(27, 11))
    asked = talk("cancel the team meeting", "cancel_event", title="team meeting")
    assert asked.pending is not None
    assert len(asked.pending.choices) == 4
    talk.answer("the one on Friday")
    assert [event.start for event in talk.events()] == [at(26, 10)]


def test_whole_day_can_be_cleared_after_the_number_was_named(talk: Talk) -> None:
    book(talk.store, "Lunch", at(25, 12))
    book(talk.store, "Dentist", at(25, 15))
    asked = talk("cancel everything tomorrow", "cancel_event", datetime="tomorrow")
    assert asked.text == "Shall I delete all 2 events tomorrow: Lunch and Dentist?"
    talk.answer("yes")
    assert talk.events() == []


def test_nothing_to_delete_is_said(talk: Talk) -> None:
    assert "nothing called" in talk("cancel the sauna", "cancel_event", title="sauna").text


def test_event_is_moved_by_name(talk: Talk) -> None:
    book(talk.store, "Dentist appointment", at(26, 15, 30), minutes=45)
    reply = talk("move my dentist appointment to Friday at four", "move_event", title="dentist appointment")
    (event,) = talk.events()
    assert (event.start, event.length) == (at(27, 16), timedelta(minutes=45))
    assert reply.actions[0].kind == "event_moved"


@pytest.mark.parametrize(
    ("text", "words", "start"),
    [
        ("push it back an hour", "an hour", at(26, 16, 30)),
        ("move it an hour earlier", "an hour", at(26, 14, 30)),
        ("move it to Friday", "Friday", at(27, 15, 30)),
        ("move it to four", "four", at(26, 16)),
        ("move it to nine", "nine", at(26, 9)),
        ("move it to today at five pm", "today at five pm", at(24, 17)),
        ("move it to Tuesday at ten am", "Tuesday at ten am", at(24, 10)),
    ],
)
def test_event_just_talked_about_is_moved(talk: Talk, text: str, words: str, start: datetime) -> None:
    talk("book the dentist on Thursday at half past three", "create_event", title="dentist")
    talk(text, "move_event", datetime=words)
    assert [event.start for event in talk.events()] == [start]


def test_event_is_found_by_its_old_time(talk: Talk) -> None:
    book(talk.store, "Review", at(24, 15))
    book(talk.store, "Workshop", at(24, 17))
    talk("move my 3 pm meeting to Friday at four", "move_event", title="meeting")
    assert "Shall I move Review" in talk.reply.text
    talk.answer("yes")
    assert {event.title: event.start for event in talk.events()} == {"Review": at(27, 16), "Workshop": at(24, 17)}


def test_move_without_a_target_asks_where_to(talk: Talk) -> None:
    book(talk.store, "Dentist", at(26, 15))
    asked = talk("move the dentist", "move_event", title="dentist")
    assert asked.pending is not None
    talk.answer("Friday at ten")
    assert [event.start for event in talk.events()] == [at(27, 10)]


@pytest.fixture
def yoga(store: CalendarStore) -> Event:
    """Mondays at nine, four times from 30 November on."""
    return store.add(EventDraft("Yoga", at(30, 9), at(30, 10), recurrence="FREQ=WEEKLY;BYDAY=MO;COUNT=4"))


def occasions(talk: Talk) -> list[str]:
    found = talk.store.between(at(1, 0), datetime(2027, 3, 1, tzinfo=BERLIN))
    return [f"{o.start:%d.%m. %H:%M}" for o in found]


def test_of_a_series_it_is_asked_how_much_is_meant(talk: Talk, yoga: Event) -> None:
    asked = talk("cancel yoga on Monday", "cancel_event", title="yoga", datetime="Monday")
    assert asked.pending is not None
    assert [choice.value for choice in asked.pending.choices] == ["one", "following", "all", "no"]
    assert "only that one, that one and all following, or the whole series" in asked.text
    assert len(occasions(talk)) == 4


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("only that one", ["07.12.", "14.12.", "21.12."]),
        ("just this one please", ["07.12.", "14.12.", "21.12."]),
        ("1", ["07.12.", "14.12.", "21.12."]),
        ("That one and all following", []),
        ("all of them", []),
        ("the whole series", []),
        ("none of them", ["30.11.", "07.12.", "14.12.", "21.12."]),
        ("只这一次", ["07.12.", "14.12.", "21.12."]),
    ],
)
def test_so_much_of_a_series_is_deleted_as_was_answered(talk: Talk, yoga: Event, answer: str, left: list[str]) -> None:
    talk("cancel yoga on Monday", "cancel_event", title="yoga", datetime="Monday")
    reply = talk.answer(answer)
    assert reply is not None
    assert reply.pending is None
    assert [occasion[:6] for occasion in occasions(talk)] == left
    if len(left) < 4:
        talk("undo that", "undo")
        assert len(occasions(talk)) == 4


def test_a_yes_to_how_much_is_asked_again(talk: Talk, yoga: Event) -> None:
    talk("cancel yoga on Monday", "cancel_event", title="yoga", datetime="Monday")
    again = talk.answer("yes", "affirm")
    assert again is not None
    assert again.pending is not None
    assert len(occasions(talk)) == 4


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("only this one", ["27.11. 10:00", "07.12. 09:00", "14.12. 09:00", "21.12. 09:00"]),
        ("the whole series", ["27.11. 10:00", "04.12. 10:00", "11.12. 10:00", "18.12. 10:00"]),
    ],
)
def test_so_much_of_a_series_is_moved_as_was_answered(
    talk: Talk, yoga: Event, answer: str, expected: list[str]
) -> None:
    talk("move yoga to Friday at ten", "move_event", title="yoga", datetime="Friday at ten")
    talk.answer(answer)
    assert occasions(talk) == expected


def test_that_means_the_occasion_just_talked_about(talk: Talk, yoga: Event) -> None:
    talk("move yoga to Friday at ten", "move_event", title="yoga", datetime="Friday at ten")
    talk.answer("only this one")
    asked = talk("cancel that", "cancel_event")
    assert asked.pending is not None
    talk.answer("only that one")
    assert occasions(talk) == ["07.12. 09:00", "14.12. 09:00", "21.12. 09:00"]


def test_undo_takes_the_last_change_back_at_once(talk: Talk) -> None:
    talk("book the dentist on Thursday at half past three", "create_event", title="dentist")
    talk("move it to Friday", "move_event")
    reply = talk("undo that", "undo")
    assert reply.actions[0].kind == "undone"
    assert [event.start for event in talk.events()] == [at(26, 15, 30)]
    talk("undo", "undo")
    assert talk.events() == []
    assert "nothing to undo" in talk("undo", "undo").text


def test_deleted_event_comes_back_by_undo(talk: Talk) -> None:
    book(talk.store, "Dentist", at(26, 15))
    talk("cancel the dentist", "cancel_event", title="dentist")
    talk.answer("yes")
    assert "is back" in talk("undo", "undo").text
    assert len(talk.events()) == 1


def test_clock_tells_time_and_day(talk: Talk) -> None:
    reply = talk("what time is it", "ask_date_time")
    assert reply.text == "It is 09:30 on Tuesday 24 November 2026."
    assert "half past nine" in (reply.speech or "")
    assert "Friday 25 December 2026" in talk("what day is the 25th of December", "ask_date_time").text


def test_unknown_intent_is_admitted(talk: Talk) -> None:
    assert "cannot do it yet" in talk("share my calendar", "share_calendar").text


@pytest.mark.parametrize("intent", sorted(ACTS))
@pytest.mark.parametrize("text", ["?", "🙂", "明天下午三点开会", "a " * 1000])
def test_no_intent_fails_on_odd_text(talk: Talk, intent: str, text: str) -> None:
    assert talk(text.strip(), intent).text
