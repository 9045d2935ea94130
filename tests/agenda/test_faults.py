"""A disk that fails, a journal that is full, a clock that goes back: it is said plainly, and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant_app.agenda import files, journal
from assistant_app.agenda.events import Event, EventDraft
from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import StorageError
from tests.agenda.conftest import BERLIN, NOW
from tests.agenda.killed_program import states

Act = Callable[[CalendarStore, Event, Event], Any]

START = datetime(2026, 11, 26, 9, 0, tzinfo=BERLIN)
ACTIONS: dict[str, Act] = {
    "add": lambda store, _one, _series: store.add(EventDraft("New", START, START + timedelta(hours=1))),
    "move": lambda store, one, _series: store.move(one.uid, START + timedelta(days=1)),
    "put into another calendar": lambda store, one, _series: store.edit(one.uid, calendar="work"),
    "delete": lambda store, one, _series: store.delete(one.uid),
    "move one occasion": lambda store, _one, series: store.move(
        series.uid, START + timedelta(weeks=1, hours=2), scope="one", occurrence=START + timedelta(weeks=1)
    ),
    "cut a series in two": lambda store, _one, series: store.edit(
        series.uid, title="Second half", scope="following", occurrence=START + timedelta(weeks=2)
    ),
    "undo": lambda store, _one, _series: store.undo(),
}


class FailingDisk:
    """Refuses the n-th flush, rename or removal, and perhaps all flushes and renames after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error_number: int) -> None:
        self._error_number = error_number
        self._calls = 0
        self._fails_at = 0
        self._goes_on = False
        for name in ("fsync", "replace", "unlink"):
            monkeypatch.setattr(files.os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self._calls += 1
            later = self._goes_on and self._calls > self._fails_at > 0 and name != "unlink"
            if self._calls == self._fails_at or later:
                raise OSError(self._error_number, os.strerror(self._error_number))
            return real(*arguments)

        return call

    @contextlib.contextmanager
    def failing(self, at: int, *, goes_on: bool) -> Iterator[None]:
        self._calls, self._fails_at, self._goes_on = 0, at, goes_on
        try:
            yield
        finally:
            self._fails_at = 0

    @property
    def was_reached(self) -> bool:
        return self._calls >= self._fails_at


def two_events(store: CalendarStore) -> tuple[Event, Event]:
    one = store.add(EventDraft("One", START, START + timedelta(hours=1)))
    rule = "FREQ=WEEKLY;COUNT=4"
    return one, store.add(EventDraft("Series", START, START + timedelta(hours=1), recurrence=rule))


def refused(act: Callable[[], Any]) -> StorageError | None:
    try:
        act()
    except StorageError as error:
        return error
    return None


@pytest.mark.parametrize("goes_on", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, "storage_read_only"), (errno.ENOSPC, "storage_full")])
@pytest.mark.parametrize("action", ACTIONS)
def test_wherever_the_disk_fails_nothing_is_changed_and_the_reason_is_said(
    open_store: Callable[[], CalendarStore],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    expected_warnings: list[str],
    action: str,
    number: int,
    code: str,
    goes_on: bool,
) -> None:
    store = open_store()
    one, series = two_events(store)
    before = states(store)
    disk = FailingDisk(monkeypatch, number)
    for at in range(1, 40):
        with disk.failing(at, goes_on=goes_on):
            refusal = refused(lambda: ACTIONS[action](store, one, series))
            if refusal is None:
                assert not disk.was_reached, f"step {at} failed unnoticed"
                break  # it has no further step that could fail
        assert refusal.code == code
        assert "nothing was changed" in refusal.message
        assert states(open_store()) == before, f"step {at}, after a restart"
        assert states(store) == before, f"step {at}"
    else:
        pytest.fail("it never came to an end")
    assert at > 2
    assert states(store) != before
    store.undo() if action != "undo" else store.redo()
    assert states(store) == before
    if "could not be taken back yet" in caplog.text:
        expected_warnings.append("could not be taken back yet")


def test_a_full_disk_under_the_journal_changes_nothing(store: CalendarStore, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = two_events(store)
    before = states(store)
    db = store._actions._journal._open()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError, match=r"nothing was changed.*Free some space") as caught:
        store.edit(one.uid, notes="long " * 20_000)
    assert caught.value.code == "journal_failed"
    assert states(store) == before
    assert store.get(one.uid).notes == ""
    db.execute(f"PRAGMA max_page_count={pages * 1000}")
    assert store.edit(one.uid, notes="long " * 20_000).notes.startswith("long long")


def test_a_journal_that_cannot_be_opened_refuses_changes_and_lets_read(
    open_store: Callable[[], CalendarStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_store()
    two_events(first)
    before = states(first)
    first.close()

    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(journal.sqlite3, "connect", _only_for("journal", refuse))
    store = open_store()
    assert states(store) == before
    with pytest.raises(StorageError, match="allow writing to its folder"):
        store.add(EventDraft("New", START, START + timedelta(hours=1)))
    assert states(store) == before


def _only_for(word: str, refuse: Callable[..., Any]) -> Callable[..., Any]:
    real = sqlite3.connect
    return lambda file, *rest, **named: (refuse if word in Path(file).name else real)(file, *rest, **named)


def test_a_journal_damaged_while_it_is_used_is_put_aside(
    open_store: Callable[[], CalendarStore], tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("the undo journal is damaged")
    first = open_store()
    one, _ = two_events(first)
    before = states(first)
    first.close()
    file = tmp_path / "data" / "journal.sqlite"
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(bytes(data))
    store = open_store()
    assert states(store) == before
    with contextlib.suppress(StorageError):
        store.move(one.uid, START + timedelta(days=1))
    store.move(one.uid, START + timedelta(days=1))
    assert store.undo() is not None
    assert states(store) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_and_still_read(store: CalendarStore) -> None:
    one, series = two_events(store)
    before = states(store)
    folder = one.file.parent
    folder.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="Allow writing to it, or choose another calendar folder"):
            ACTIONS["move"](store, one, series)
        assert states(store) == before
    finally:
        folder.chmod(0o755)


def test_a_clock_that_was_set_back_loses_nothing_and_undoes_in_order(tmp_path: Path) -> None:
    def open_at(now: datetime) -> CalendarStore:
        return CalendarStore(
            tmp_path / "calendars",
            index_file=tmp_path / "index.sqlite",
            journal_file=tmp_path / "journal.sqlite",
            zone=BERLIN,
            clock=lambda: now,
        )

    later = open_at(NOW)
    one, _ = two_events(later)
    later.delete(one.uid)
    later.close()
    for file in (tmp_path / "calendars").rglob("*"):  # as the clock was then, a year ahead
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime + 365 * 86400))
    earlier = open_at(NOW - timedelta(days=365))
    try:
        assert list(states(earlier)) == ["Series"]
        added = earlier.add(EventDraft("Added after", START, START + timedelta(hours=1)))
        assert list(states(earlier)) == ["Added after", "Series"] or list(states(earlier)) == ["Series", "Added after"]
        moved = earlier.move(added.uid, START + timedelta(days=1))
        assert earlier.get(added.uid).start == moved.start
        assert [kept.titles for kept in earlier.bin()] == [("One",)]
        kinds = [change.kind for change in iter(earlier.undo, None)]
        assert kinds == ["event_moved", "event_added", "event_deleted", "event_added", "event_added"]
        assert states(earlier) == {}
    finally:
        earlier.close()


def test_a_change_cut_off_between_two_files_is_taken_back_at_the_next_start(
    open_store: Callable[[], CalendarStore], tmp_path: Path
) -> None:
    first = open_store()
    one, _ = two_events(first)
    before = states(first)
    first.close()
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from assistant_app.agenda import actions\n"
        "from tests.agenda.killed_program import open_store\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "actions.remove = lambda file: os._exit(9)\n"
        "store.edit(sys.argv[2], calendar='work')\n"
    )
    place = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path), one.uid], cwd=place, check=False)
    assert run.returncode == 9
    assert (tmp_path / "calendars" / "work" / one.file.name).exists()
    store = open_store()
    assert states(store) == before
    assert store.edit(one.uid, calendar="work").calendar == "work"
