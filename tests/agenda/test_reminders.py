"""What rings when: under a clock that the test moves, over restarts of the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import EventDraft
from assistant_app.agenda.reminders import ALARM_CALENDAR, REMINDER, Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from assistant_app.errors import InputError
from tests.agenda.conftest import BERLIN, NOW
from tests.agenda.fake_clocks import FakeClocks

Open = Callable[[], Reminders]


@pytest.fixture
def clocks() -> FakeClocks:
    return FakeClocks(NOW)


@pytest.fixture
def start_program(tmp_path: Path, clocks: FakeClocks, open_store: Callable[[], CalendarStore]) -> Iterator[Open]:
    """Another start, or another process, on the same profile."""
    opened: list[Reminders] = []

    def start() -> Reminders:
        store = open_store()
        made = Reminders(store, TaskLists(store), RingState(tmp_path / "data" / "reminders.sqlite"), clocks)
        made.begin()
        opened.append(made)
        return made

    yield start
    for reminders in opened:
        reminders.close()


@pytest.fixture
def reminders(start_program: Open) -> Reminders:
    return start_program()


def remind(reminders: Reminders, title: str, at: datetime, recurrence: str = "") -> str:
    draft = EventDraft(title, at, at + timedelta(minutes=15), recurrence=recurrence, reminder_minutes=(0,))
    return reminders.store.add(draft).uid


def titles(reminders: Reminders) -> list[str]:
    reminders.look()
    return [ring.title for ring in reminders.ringing()]


def test_reminder_rings_at_its_time_and_not_before(reminders: Reminders, clocks: FakeClocks) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=20))
    clocks.pass_(minutes=19, seconds=59)
    assert titles(reminders) == []
    assert reminders.seconds_to_next() == pytest.approx(1)
    clocks.pass_(seconds=1)
    assert titles(reminders) == ["Call mum"]
    assert not reminders.ringing()[0].late


def test_nothing_rings_twice(reminders: Reminders, start_program: Open, clocks: FakeClocks) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=20))
    other = start_program()
    clocks.pass_(minutes=20)
    assert titles(reminders) == titles(other) == ["Call mum"]
    reminders.dismiss(reminders.ringing())
    clocks.pass_(seconds=1)
    assert titles(reminders) == titles(other) == titles(start_program()) == []


def test_event_of_another_program_rings_as_long_before_as_it_says(reminders: Reminders, clocks: FakeClocks) -> None:
    start = NOW + timedelta(hours=2)
    reminders.store.add(EventDraft("Review", start, start + timedelta(hours=1), reminder_minutes=(30, 5)))
    clocks.pass_(minutes=90)
    assert titles(reminders) == ["Review"]
    clocks.pass_(minutes=25)
    assert titles(reminders) == ["Review", "Review"]


def test_what_fell_due_while_the_program_was_closed_is_there_at_the_next_start(
    reminders: Reminders, start_program: Open, clocks: FakeClocks
) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=20))
    reminders.start_timer(timedelta(minutes=5), "Pasta")
    titles(reminders)
    reminders.close()
    clocks.pass_(hours=3)
    clocks.boot()
    later = start_program()
    assert titles(later) == ["Pasta", "Call mum"]
    assert all(ring.late for ring in later.ringing())


def test_of_an_alarm_missed_daily_only_the_last_time_is_told(reminders: Reminders, clocks: FakeClocks) -> None:
    reminders.set_alarm(NOW.replace(hour=7) + timedelta(days=1), recurrence="FREQ=DAILY")
    titles(reminders)
    clocks.pass_(days=14)
    assert titles(reminders) == ["Alarm"]
    due = datetime.fromtimestamp(reminders.ringing()[0].due, BERLIN)
    assert due == (NOW + timedelta(days=14)).replace(hour=7)


def test_the_first_look_ever_does_not_dig_up_the_past(start_program: Open, clocks: FakeClocks) -> None:
    first = start_program()
    remind(first, "Long ago", NOW - timedelta(days=3))
    assert titles(first) == []


def test_alarm_repeats_on_its_days_and_keeps_the_wall_time_over_a_clock_change(
    reminders: Reminders, clocks: FakeClocks
) -> None:
    clocks.set_wall(days=(datetime(2027, 3, 26) - datetime(2026, 11, 24)).days)  # the Friday before summer time
    friday = datetime(2027, 3, 26, 10, tzinfo=BERLIN)
    assert reminders.now() == friday
    titles(reminders)
    reminders.set_alarm(datetime(2027, 3, 27, 7, tzinfo=BERLIN), recurrence="FREQ=DAILY")
    rang = []
    for _ in range(3 * 4):
        clocks.pass_(hours=6)
        titles(reminders)
        rang += [datetime.fromtimestamp(ring.due, BERLIN) for ring in reminders.ringing()]
        reminders.dismiss(reminders.ringing())
    assert [f"{at:%a %H:%M %z}" for at in rang] == ["Sat 07:00 +0100", "Sun 07:00 +0200", "Mon 07:00 +0200"]


def test_alarm_is_a_calendar_event_that_leaves_its_time_free(reminders: Reminders) -> None:
    event = reminders.set_alarm(NOW + timedelta(hours=1), title="Gym", recurrence="FREQ=WEEKLY;BYDAY=TU")
    assert (event.calendar, event.reminder_minutes, event.recurrence) == (ALARM_CALENDAR, (0,), "FREQ=WEEKLY;BYDAY=TU")
    assert b"BEGIN:VALARM" in event.file.read_bytes()
    assert reminders.store.conflicts(event.start, event.end) == []
    assert [alarm.title for alarm, _ in reminders.alarms()] == ["Gym"]


def test_deleted_reminder_stops_ringing(reminders: Reminders, clocks: FakeClocks) -> None:
    uid = remind(reminders, "Call mum", NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    assert titles(reminders) == ["Call mum"]
    reminders.store.delete(uid)
    assert titles(reminders) == []


def test_moved_reminder_rings_at_its_new_time(reminders: Reminders, clocks: FakeClocks) -> None:
    uid = remind(reminders, "Call mum", NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    titles(reminders)
    reminders.dismiss(reminders.ringing())
    reminders.store.move(uid, NOW + timedelta(minutes=5))
    clocks.pass_(minutes=4)
    assert titles(reminders) == ["Call mum"]


def test_snoozed_reminder_rings_again_after_a_restart_too(
    reminders: Reminders, start_program: Open, clocks: FakeClocks
) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    titles(reminders)
    assert reminders.snooze(reminders.ringing()) == reminders.now() + timedelta(minutes=10)
    clocks.pass_(minutes=9)
    assert titles(reminders) == []
    later = start_program()
    clocks.pass_(minutes=1)
    assert titles(later) == ["Call mum"]


def test_snooze_into_the_past_is_refused(reminders: Reminders, clocks: FakeClocks) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    titles(reminders)
    with pytest.raises(InputError, match="over already"):
        reminders.snooze(reminders.ringing(), NOW)
    assert titles(reminders) == ["Call mum"]


def test_clock_set_back_rings_nothing_twice_and_loses_nothing_new(reminders: Reminders, clocks: FakeClocks) -> None:
    remind(reminders, "Call mum", NOW + timedelta(minutes=1))
    clocks.pass_(minutes=2)
    titles(reminders)
    reminders.dismiss(reminders.ringing())
    clocks.set_wall(hours=-1)
    assert titles(reminders) == []
    remind(reminders, "Post the letter", NOW - timedelta(minutes=50))
    clocks.pass_(minutes=9)
    assert titles(reminders) == ["Post the letter"]
    clocks.pass_(hours=2)
    assert titles(reminders) == ["Post the letter"]


def test_clock_set_forward_past_a_reminder_rings_it(reminders: Reminders, clocks: FakeClocks) -> None:
    remind(reminders, "Call mum", NOW + timedelta(hours=1))
    titles(reminders)
    clocks.set_wall(hours=2)
    assert titles(reminders) == ["Call mum"]


# Timers


def test_several_named_timers_run_at_once(reminders: Reminders, clocks: FakeClocks) -> None:
    reminders.start_timer(timedelta(minutes=9), "Pasta")
    reminders.start_timer(timedelta(minutes=3), "Tea")
    clocks.pass_(minutes=2)
    assert [(t.name, reminders.left(t)) for t in reminders.timers()] == [("Tea", 60), ("Pasta", 420)]
    clocks.pass_(minutes=1)
    assert titles(reminders) == ["Tea"]
    assert [timer.name for timer in reminders.timers()] == ["Pasta"]


def test_timer_counts_time_that_passes_whatever_the_wall_clock_is_set_to(
    reminders: Reminders, clocks: FakeClocks
) -> None:
    timer = reminders.start_timer(timedelta(minutes=10))
    titles(reminders)
    clocks.set_wall(hours=5)
    assert titles(reminders) == []
    clocks.set_wall(hours=-9)
    assert titles(reminders) == []
    assert reminders.left(reminders.timer(timer.id)) == pytest.approx(600)
    clocks.pass_(minutes=10)
    assert titles(reminders) == ["Timer"]


def test_timer_goes_on_over_a_restart_of_the_machine(
    reminders: Reminders, start_program: Open, clocks: FakeClocks
) -> None:
    reminders.start_timer(timedelta(minutes=30))
    clocks.pass_(minutes=10)
    reminders.close()
    clocks.pass_(minutes=5)
    clocks.boot()
    later = start_program()
    later.look()
    assert later.left(later.timers()[0]) == pytest.approx(15 * 60)


def test_clock_set_before_a_reboot_does_not_shift_a_timer(
    reminders: Reminders, start_program: Open, clocks: FakeClocks
) -> None:
    reminders.start_timer(timedelta(minutes=30))
    clocks.set_wall(hours=1)
    reminders.look()
    reminders.close()
    clocks.boot()
    assert start_program().left(start_program().timers()[0]) == pytest.approx(30 * 60)


def test_paused_timer_stands_still_until_it_is_resumed(reminders: Reminders, clocks: FakeClocks) -> None:
    timer = reminders.start_timer(timedelta(minutes=10))
    clocks.pass_(minutes=4)
    timer = reminders.pause(timer)
    clocks.pass_(hours=2)
    assert titles(reminders) == []
    assert reminders.left(timer) == pytest.approx(360)
    timer = reminders.resume(timer)
    clocks.pass_(minutes=5)
    assert reminders.left(timer) == pytest.approx(60)


@pytest.mark.parametrize("paused", [False, True])
def test_time_is_added_to_a_timer_and_taken_off(reminders: Reminders, clocks: FakeClocks, paused: bool) -> None:
    timer = reminders.start_timer(timedelta(minutes=10))
    if paused:
        timer = reminders.pause(timer)
    timer = reminders.lengthen(timer, timedelta(minutes=1))
    assert reminders.left(timer) == pytest.approx(660)
    timer = reminders.lengthen(timer, timedelta(minutes=-11))
    assert reminders.left(timer) == 0
    assert titles(reminders) == ([] if paused else ["Timer"])


def test_cancelled_timer_does_not_ring(reminders: Reminders, clocks: FakeClocks) -> None:
    reminders.cancel_timer(reminders.start_timer(timedelta(minutes=1)))
    clocks.pass_(minutes=2)
    assert titles(reminders) == []


def test_timer_without_a_length_is_refused(reminders: Reminders) -> None:
    with pytest.raises(InputError, match="length"):
        reminders.start_timer(timedelta())


# To-dos


def test_todo_rings_when_it_is_due_unless_it_is_ticked_off(reminders: Reminders, clocks: FakeClocks) -> None:
    report, letter = (
        reminders.tasks.add([title], "work", NOW + timedelta(hours=1))[0] for title in ("Report", "Letter")
    )
    reminders.tasks.complete([letter.uid])
    clocks.pass_(hours=1)
    assert titles(reminders) == ["Report"]
    reminders.tasks.complete([report.uid])
    assert titles(reminders) == []


def test_a_note_file_that_is_damaged_is_kept_aside(tmp_path: Path, start_program: Open) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "reminders.sqlite").write_bytes(b"not a database, but some other file" * 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant_app.agenda.ring_state.log.warning", lambda *_: None)
        reminders = start_program()
    reminders.start_timer(timedelta(minutes=1))
    assert len(reminders.timers()) == 1
    assert list((tmp_path / "data").glob("reminders.sqlite.bad-*"))


def test_reminders_of_the_category_are_told_from_events(reminders: Reminders, clocks: FakeClocks) -> None:
    at = NOW + timedelta(minutes=1)
    reminders.store.add(
        EventDraft("Call mum", at, at + timedelta(minutes=15), reminder_minutes=(0,), categories=(REMINDER,))
    )
    remind(reminders, "Review", at)
    assert [due.kind for due in reminders.coming()] == ["event", "reminder"] or [
        due.kind for due in reminders.coming()
    ] == ["reminder", "event"]
