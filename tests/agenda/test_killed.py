"""What is left of the calendar when the program is killed, at any moment, while it writes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest

from assistant_app.agenda.store import CalendarStore
from tests.agenda.killed_program import State, open_store, states

KILLS = 300
NAMES = ("a", "b")
"""Of the copies of the program; each changes events of its own in the same folders."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a process is copied and killed as POSIX does it")


class Programs:
    """Two copies of the program that change the same calendars; they are killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.agenda.killed_program", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        self._read()
        self.acknowledged: dict[str, State] = {}
        self.under_way: dict[str, dict[str, Any]] = {}
        """Announced and not acknowledged, by the name of the copy."""
        self.changes = 0

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        message: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "failed" not in message, message
        return message

    def live_and_die(self, seed: int, deaths: dict[str, tuple[int, float]]) -> None:
        """Start a copy of each name, and kill it so many seconds after so many changes of it were acknowledged."""
        assert self._process.stdin is not None
        for name in deaths:
            self._process.stdin.write(f"{name} {seed} {len(deaths)}\n".encode())
        self._process.stdin.flush()
        pids: dict[str, int] = {}
        left = {name: changes for name, (changes, _) in deaths.items()}
        ended = 0
        while ended < len(deaths):
            message = self._read()
            name = message["name"]
            if "pid" in message:
                pids[name] = message["pid"]
            elif "ended" in message:
                ended += 1
            elif "done" in message:
                change = self.under_way.pop(name)
                self.acknowledged[change["title"]] = change["after"]
                self.changes += 1
                left[name] -= 1
            else:
                self.under_way[name] = message
                if left[name] == 0:
                    threading.Timer(deaths[name][1], os.kill, (pids[name], signal.SIGKILL)).start()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    running = Programs(tmp_path)
    yield running
    running.close()


def check(programs: Programs, store: CalendarStore) -> None:
    """All that was acknowledged is there; what was under way is there whole or not at all."""
    found = states(store)
    for change in programs.under_way.values():
        state = found.get(change["title"], [])
        assert state in (change["before"], change["after"]), change
        programs.acknowledged[change["title"]] = state
    programs.under_way.clear()
    assert found == {title: state for title, state in programs.acknowledged.items() if state}
    assert store.problems() == ()


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_no_file_broken_by_300_kills(tmp_path: Path, programs: Programs) -> None:
    chance = random.Random(300)
    deaths = 0
    while deaths < KILLS:
        names = NAMES if chance.random() < 0.7 else NAMES[:1]
        programs.live_and_die(deaths, {name: (chance.randrange(4), chance.uniform(0, 0.04)) for name in names})
        deaths += len(names)
        store = open_store(tmp_path)
        try:
            check(programs, store)
            if deaths % 10 == 0:  # the journal is whole, too
                before = states(store)
                undone = store.undo()
                assert undone is not None
                assert store.redo() is not None
                assert states(store) == before
        finally:
            store.close()
    for file in (tmp_path / "calendars").rglob("*.ics"):
        icalendar.Calendar.from_ical(file.read_bytes())
    assert programs.changes > KILLS / 2
