"""Corrections, references and follow-up questions: whole turns over a router that knows no context.

The routes are those that the released router gives these sentences by themselves, wrong ones included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import Event
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from assistant_app.skills.scheduling import Scheduling
from assistant_app.turn import Cancel, Route, SkillReply, Turn
from tests.agenda.fake_clocks import FakeClocks
from tests.fakes import BERLIN, TUESDAY_MORNING, FakeClock, FakeRouter, FakeSkill, make_assistant, make_context
from tests.skills.test_scheduling import at, book, route


class Conversation:
    """Turns with the whole assistant; it is Tuesday 24 November 2026, half past nine."""

    def __init__(self, folder: Path) -> None:
        self.store = CalendarStore(
            folder / "calendars",
            index_file=folder / "index.sqlite3",
            journal_file=folder / "journal.sqlite3",
            zone=BERLIN,
            clock=FakeClock(),
        )
        self.clocks = FakeClocks(TUESDAY_MORNING)
        self.reminders = Reminders(self.store, TaskLists(self.store), RingState(folder / "rings.sqlite3"), self.clocks)
        self.reminders.begin()
        self.router = FakeRouter()
        context = make_context(
            calendar=self.store, reminders=self.reminders, router=self.router, now=self.reminders.now
        )
        self.assistant = make_assistant(Scheduling(), FakeSkill("dialogue", SkillReply("Talk.")), context=context)

    def __call__(self, text: str, intent: str = "", **slots: str) -> str:
        """Say it. Without an intent the router takes it for talk; "dialogue/deny" names another skill's."""
        if "/" in intent:
            self.router.routes[text] = Route(*intent.split("/"), 0.9)
        elif intent:
            self.router.routes[text] = route(text, intent, **slots)
        self.turn: Turn = self.assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel())
        assert self.turn.reply is not None
        return self.turn.reply.text

    @property
    def asks(self) -> bool:
        return self.assistant.pending is not None

    def events(self) -> list[Event]:
        found = self.store.between(at(1, 0), datetime(2027, 6, 1, tzinfo=BERLIN))
        return list({occurrence.event.uid: occurrence.event for occurrence in found}.values())

    @property
    def event(self) -> Event:
        (only,) = self.events()
        return only

    def days(self, until: datetime) -> list[str]:
        return [f"{o.start:%a %H:%M}" for o in self.store.between(at(24, 0), until)]

    def close(self) -> None:
        self.reminders.close()
        self.store.close()


@pytest.fixture
def say(tmp_path: Path) -> Iterator[Conversation]:
    made = Conversation(tmp_path)
    yield made
    made.close()


@pytest.fixture
def booked(say: Conversation) -> Conversation:
    say("book yoga on Friday at six pm", "create_event", title="yoga")
    assert say.event.start == at(27, 18)
    return say


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
