"""`assistant remind` and `assistant todo`: in process, and a program that is killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant_app.cli import main

NOW = ("--now", "2026-11-24T09:30", "--tz", "Europe/Berlin")
PATIENCE_SECONDS = 120.0
"""For a whole program to start on a machine that does other work besides."""


class Profile:
    """Runs commands in a profile of their own, at a time that moves."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.now = "2026-11-24T09:30"
        self.out = self.err = ""

    def __call__(self, *argv: str, status: int = 0) -> str:
        given = main([*argv, "--now", self.now, "--tz", "Europe/Berlin", "--profile", str(self.folder)])
        self.out, self.err = self._capsys.readouterr()
        assert given == status, self.err
        return self.out

    def json(self, *argv: str, status: int = 0) -> Any:
        return json.loads(self(*argv, "--json", status=status))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Profile:
    return Profile(tmp_path / "profile", capsys)


def test_reminder_is_set_listed_and_rings_in_the_next_look(run: Profile) -> None:
    made = run.json("remind", "add", "Call mum", "in", "twenty", "minutes")["reminder"]
    assert (made["title"], made["at"], made["recurrence"]) == ("Call mum", "2026-11-24T09:50", None)
    listed = run.json("remind", "list")
    assert [one["title"] for one in listed["reminders"]] == ["Call mum"]
    assert listed["ringing"] == []
    run.now = "2026-11-24T09:50"
    (ringing,) = run.json("remind", "list")["ringing"]
    assert (ringing["kind"], ringing["title"], ringing["due"]) == ("reminder", "Call mum", "2026-11-24T09:50:00")


def test_what_rings_is_snoozed_and_dismissed(run: Profile) -> None:
    run("remind", "add", "Call mum", "2026-11-24T09:40")
    run.now = "2026-11-24T09:40"
    (snoozed,) = run.json("remind", "snooze", "half", "an", "hour")["snoozed"]
    assert snoozed["rings_at"] == "2026-11-24T10:10:00"
    assert run.json("remind", "list")["ringing"] == []
    run.now = "2026-11-24T10:11"
    assert [ring["title"] for ring in run.json("remind", "dismiss")["dismissed"]] == ["Call mum"]
    assert run.json("remind", "snooze", status=1)["error"]["code"] == "nothing_rings"


def test_timers_are_kept_apart_by_name(run: Profile) -> None:
    run("remind", "timer", "nine", "minutes", "--name", "Pasta")
    run("remind", "timer", "3 minutes", "--name", "Tea")
    run.now = "2026-11-24T09:31"
    assert run.json("remind", "pause", "pasta")["timer"]["paused"]
    assert run.json("remind", "extend", "Tea", "one", "minute")["timer"]["left_seconds"] == 180
    assert run.json("remind", "cancel", "tea")["cancelled"][0]["title"] == "Tea"
    run.now = "2026-11-24T12:00"
    (left,) = run.json("remind", "list")["timers"]
    assert (left["name"], left["left_seconds"]) == ("Pasta", 480)
    assert not run.json("remind", "resume", "Pasta")["timer"]["paused"]


def test_repeating_alarm_is_in_the_morning_and_can_be_cancelled_and_undone(run: Profile) -> None:
    made = run.json("remind", "alarm", "every", "weekday", "at", "6:30", "--title", "Up")["alarm"]
    assert (made["at"], made["recurrence"]) == ("2026-11-25T06:30", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    run("remind", "cancel", made["id"])
    assert run.json("remind", "list")["alarms"] == []
    run("calendar", "undo")
    assert [alarm["title"] for alarm in run.json("remind", "list")["alarms"]] == ["Up"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("remind", "add", "Call mum", "tomorrow"), "time_missing"),
        (("remind", "add", "Call mum", "2026-11-25"), "time_missing"),
        (("remind", "add", "Call mum", "whenever"), "time_unclear"),
        (("remind", "timer", "green"), "length_unclear"),
        (("remind", "pause", "nobody"), "timer_unknown"),
        (("remind", "cancel", "nobody"), "event_unknown"),
        (("todo", "done", "milk"), "task_unknown"),
        (("todo", "list", "shopping"), "list_unknown"),
        (("todo", "add", "Report", "--due", "green"), "time_unclear"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_code(run: Profile, argv: tuple[str, ...], code: str) -> None:
    assert run.json(*argv, status=1)["error"]["code"] == code


def test_things_are_put_on_lists_ticked_off_and_taken_off(run: Profile) -> None:
    run("todo", "add", "Milk", "Eggs", "--list", "my shopping list")
    added = run.json("todo", "add", "Report", "--due", "friday at noon")["tasks"]
    assert [(task["list"], task["due"]) for task in added] == [("to-do", "2026-11-27T12:00")]
    assert run.json("todo", "done", "milk")["tasks"][0]["done"]
    assert [task["title"] for task in run.json("todo", "list", "shopping")["tasks"]] == ["Eggs"]
    assert len(run.json("todo", "list", "shopping", "--all")["tasks"]) == 2
    run("todo", "reopen", "milk")
    run("todo", "remove", "eggs")
    assert run.json("todo", "lists")["lists"] == [
        {"name": "shopping", "open": 1, "done": 0},
        {"name": "to-do", "open": 1, "done": 0},
    ]
    assert run.json("todo", "due", "report", "never")["tasks"][0]["due"] is None
    assert "[ ] Milk" in run("todo", "list")


def test_name_that_fits_several_things_changes_nothing(run: Profile) -> None:
    run("todo", "add", "Oat milk", "Cow milk")
    assert run.json("todo", "done", "milk", status=1)["error"]["code"] == "task_ambiguous"
    assert len(run.json("todo", "list")["tasks"]) == 2


# A real program


Watch = Callable[[], "Watcher"]


class Watcher:
    """`assistant remind watch` in a process of its own."""

    def __init__(self, profile: Path) -> None:
        quiet = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:", "PULSE_SERVER": "none", "OMP_NUM_THREADS": "1"}
        argv = [sys.executable, "-m", "assistant_app", "remind", "watch", "--json", "--profile", str(profile)]
        self._log = (profile / "watch.err").open("a+")
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self._log, text=True, env=quiet)

    def ready(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        before = self._log.tell()
        while "Watching" not in self._read(before):
            assert time.monotonic() < end, "it did not start"
            assert self._process.poll() is None, self._read(0)
            time.sleep(0.05)

    def next_ring(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        ring: dict[str, Any] = json.loads(self._process.stdout.readline())["ringing"][0]
        return ring

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _read(self, start: int) -> str:
        with open(self._log.name) as log:
            log.seek(start)
            return log.read()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "profile").mkdir()
    started: list[Watcher] = []

    def start() -> Watcher:
        started.append(Watcher(tmp_path / "profile"))
        return started[-1]

    yield start
    for watcher in started:
        watcher.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to the process")
def test_timer_survives_a_kill_and_what_fell_due_meanwhile_is_told_at_the_next_start(
    tmp_path: Path, watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = ("--profile", str(tmp_path / "profile"))
    first = watch()
    first.ready()
    assert main(["remind", "timer", "1 second", "--name", "Egg", *profile]) == 0
    rung = first.next_ring()
    assert (rung["title"], rung["kind"], rung["missed"]) == ("Egg", "timer", False)
    assert main(["remind", "dismiss", *profile]) == 0
    assert main(["remind", "timer", "1 second", "--name", "Tea", *profile]) == 0
    first.kill()
    time.sleep(1.0)
    second = watch()
    rung = second.next_ring()
    assert rung["title"] == "Tea"
    assert second.interrupt() == 130
    capsys.readouterr()
