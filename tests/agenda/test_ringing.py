"""The thread that rings, step by step: one owner, a bell that is counted, notices that are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import EventDraft
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.ringing import Notice, Ringer, Ringing
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from tests.agenda.conftest import NOW
from tests.agenda.fake_clocks import FakeClocks


class CountingBell:
    def __init__(self) -> None:
        self.rung = 0
        self.sounding = False

    def ring(self) -> None:
        self.rung += 1
        self.sounding = True

    def silence(self) -> None:
        self.sounding = False

    def close(self) -> None:
        self.sounding = False


class FakeBoard:
    """A desktop with notices on it, or one without a notification server."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.up: dict[str, tuple[Notice, Callable[[], None], Callable[[], None]]] = {}

    def prepare(self) -> None:
        """It is always connected."""

    def show(self, notice: Notice, on_snooze: Callable[[], None], on_done: Callable[[], None]) -> bool:
        if self.there:
            self.up[notice.id] = (notice, on_snooze, on_done)
        return self.there

    def take_down(self, notice_id: str) -> None:
        self.up.pop(notice_id, None)

    def close(self) -> None:
        self.up.clear()

    @property
    def titles(self) -> list[str]:
        return [notice.title for notice, _, _ in self.up.values()]

    def press(self, button: str) -> None:
        ((_, snooze, done),) = self.up.values()
        (snooze if button == "Snooze" else done)()


class Process:
    """One process that rings, driven by steps."""

    def __init__(self, folder: Path, store: CalendarStore, clocks: FakeClocks, board: FakeBoard) -> None:
        self.bell, self.board = CountingBell(), board
        self.told: list[Ringing] = []
        self.reminders = Reminders(store, TaskLists(store), RingState(folder / "reminders.sqlite"), clocks)
        self.reminders.begin()
        self.ringer = Ringer(
            self.reminders, lock_file=folder / "ringing.lock", bell=self.bell, board=board, tell=self.told.append
        )

    def end(self) -> None:
        """As when the process ends: the lock is let go."""
        self.ringer._lock.release()
        self.reminders.close()


Start = Callable[..., Process]


@pytest.fixture
def clocks() -> FakeClocks:
    return FakeClocks(NOW)


@pytest.fixture
def start(tmp_path: Path, clocks: FakeClocks, open_store: Callable[[], CalendarStore]) -> Iterator[Start]:
    processes: list[Process] = []

    def begin(*, desktop: bool = True) -> Process:
        processes.append(Process(tmp_path / "data", open_store(), clocks, FakeBoard(there=desktop)))
        return processes[-1]

    yield begin
    for process in processes:
        process.end()


def remind(process: Process, title: str, minutes: float) -> None:
    at = NOW + timedelta(minutes=minutes)
    process.reminders.store.add(EventDraft(title, at, at + timedelta(minutes=15), reminder_minutes=(0,)))


def test_it_sleeps_until_the_very_moment(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.reminders.start_timer(timedelta(seconds=60))
    assert process.ringer.step() == pytest.approx(0.5)
    clocks.pass_(seconds=59.8)
    assert process.ringer.step() == pytest.approx(0.2)
    assert process.bell.rung == 0
    clocks.pass_(seconds=0.2)
    process.ringer.step()
    assert process.bell.rung == 1
    assert process.board.titles == ["The timer is over"]


def test_only_one_process_rings_and_the_other_takes_over_at_its_end(start: Start, clocks: FakeClocks) -> None:
    first, second = start(), start()
    first.ringer.step()
    second.ringer.step()
    remind(first, "Call mum", 1)
    clocks.pass_(minutes=1)
    for process in (second, first, second):
        process.ringer.step()
    assert (first.bell.rung, second.bell.rung) == (1, 0)
    assert second.board.titles == []
    assert not second.told[-1].owner
    assert [notice.title for notice in second.told[-1].notices] == ["Call mum"]
    first.end()
    second.ringer.step()
    assert second.bell.rung == 1
    assert second.board.titles == ["Call mum"]


def test_alarm_sounds_on_until_it_is_answered(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.ringer.step()
    process.reminders.set_alarm(NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    for _ in range(20):
        process.ringer.step()
        clocks.pass_(seconds=1)
    assert process.bell.rung == 5
    process.board.press("Done")
    process.ringer.step()
    assert not process.bell.sounding
    assert process.board.titles == []


def test_reminder_sounds_twice_and_stays_on_the_desktop(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.ringer.step()
    remind(process, "Call mum", 1)
    clocks.pass_(minutes=1)
    for _ in range(60):
        process.ringer.step()
        clocks.pass_(seconds=1)
    assert process.bell.rung == 2
    assert process.board.titles == ["Call mum"]


def test_snooze_by_the_button_rings_again_ten_minutes_later(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.ringer.step()
    remind(process, "Call mum", 1)
    clocks.pass_(minutes=1)
    process.ringer.step()
    process.board.press("Snooze")
    process.ringer.step()
    assert process.board.titles == []
    clocks.pass_(minutes=10)
    process.ringer.step()
    assert process.board.titles == ["Call mum"]
    assert process.bell.rung == 2


def test_answer_in_another_process_silences_this_one(start: Start, clocks: FakeClocks) -> None:
    process, other = start(), start()
    process.ringer.step()
    process.reminders.set_alarm(NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    process.ringer.step()
    assert process.bell.sounding
    other.reminders.dismiss(other.reminders.ringing())
    process.ringer.step()
    assert not process.bell.sounding
    assert process.board.titles == []


def test_no_sound_while_the_microphone_listens(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.ringer.step()
    process.reminders.set_alarm(NOW + timedelta(minutes=1))
    clocks.pass_(minutes=1)
    process.ringer.step()
    process.ringer.hush(True)
    assert not process.bell.sounding
    for _ in range(10):
        clocks.pass_(seconds=1)
        process.ringer.step()
    assert process.bell.rung == 1
    process.ringer.hush(False)
    process.ringer.step()
    assert process.bell.rung == 2


def test_window_is_told_when_the_desktop_shows_nothing(start: Start, clocks: FakeClocks) -> None:
    process = start(desktop=False)
    process.ringer.step()
    remind(process, "Call mum", 1)
    clocks.pass_(minutes=1)
    process.ringer.step()
    assert process.told[-1].owner
    assert not process.told[-1].on_desktop
    process.reminders.dismiss(process.reminders.ringing())
    process.ringer.step()
    assert process.told[-1].notices == ()


def test_many_that_were_missed_share_one_notice_and_one_sound(start: Start, clocks: FakeClocks) -> None:
    process = start()
    process.ringer.step()
    for minutes, title in enumerate(("One", "Two", "Three", "Four"), start=1):
        remind(process, title, minutes)
    clocks.pass_(hours=20)
    process.ringer.step()
    process.ringer.step()
    assert process.bell.rung == 1
    (notice,) = (notice for notice, _, _ in process.board.up.values())
    assert notice.title == "4 reminders were due while the program was closed"
    assert notice.body.splitlines()[0] == "One, yesterday, 10:01"
    process.board.press("Done")
    process.ringer.step()
    assert process.reminders.ringing() == []


def test_what_rang_when_the_program_was_killed_is_shown_again(start: Start, clocks: FakeClocks) -> None:
    first = start()
    first.ringer.step()
    remind(first, "Call mum", 1)
    clocks.pass_(minutes=1)
    first.ringer.step()
    first.end()
    second = start()
    second.ringer.step()
    assert second.board.titles == ["Call mum"]
    assert second.bell.rung == 1


def test_the_thread_rings_and_ends(start: Start) -> None:
    process = start()
    process.reminders.start_timer(timedelta(seconds=5))
    process.ringer.start()
    process.ringer.close(30)
    assert not process.ringer._thread.is_alive()
    assert not process.ringer.owner
