"""khal and vdirsyncer, as other clients of the same calendar on the same server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import EventDraft
from tests.agenda.sync.conftest import BERLIN, PASSWORD, USER, Desk, Radicale


def program(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        pytest.skip(f"{name} is not installed (extra: test)")
    return str(found)


class Stranger:
    """Another machine that uses khal, kept in step by vdirsyncer."""

    def __init__(self, folder: Path, calendar: str) -> None:
        self.folder = folder
        self.calendars = folder / "calendars"
        self.khal, self.vdirsyncer = program("khal"), program("vdirsyncer")
        (self.calendars / "work").mkdir(parents=True)
        (folder / "vdirsyncer").write_text(
            f'[general]\nstatus_path = "{folder}/status"\n[pair p]\na = "here"\nb = "there"\ncollections = null\n'
            f'[storage here]\ntype = "filesystem"\npath = "{self.calendars}/work"\nfileext = ".ics"\n'
            f'[storage there]\ntype = "caldav"\nurl = "{calendar}"\nusername = "{USER}"\npassword = "{PASSWORD}"\n',
            encoding="utf-8",
        )
        (folder / "khal").write_text(
            f"[calendars]\n[[work]]\npath = {self.calendars}/work\n"
            f"[sqlite]\npath = {folder}/khal.db\n"
            "[locale]\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n",
            encoding="utf-8",
        )

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
            input="",
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sync(self) -> None:
        config = str(self.folder / "vdirsyncer")
        if not (self.folder / "status").exists():
            self._run(self.vdirsyncer, "-c", config, "discover")
        self._run(self.vdirsyncer, "-c", config, "sync")

    def run_khal(self, *arguments: str) -> str:
        return self._run(self.khal, "-c", str(self.folder / "khal"), *arguments)


def test_they_see_our_events_and_we_see_theirs(desk: Desk, radicale: Radicale, calendar: str, tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Stranger(tmp_path / "stranger", calendar)
    start = datetime(2026, 11, 26, 12, 0, tzinfo=BERLIN)
    ours = desk.store.add(
        EventDraft("Standup, Zoë", start, start + timedelta(minutes=30), recurrence="FREQ=WEEKLY;COUNT=3")
    )
    desk.synced()
    stranger.sync()
    listed = stranger.run_khal("list", "2026-11-20", "2026-12-20", "--format", "{start-date} {start-time} {title}")
    for day in ("2026-11-26", "2026-12-03", "2026-12-10"):
        assert f"{day} 12:00 Standup, Zoë" in listed
    stranger.run_khal("new", "-a", "work", "2026-11-27", "15:00", "16:00", "Dentist", "::", "Bring the card")
    stranger.sync()
    desk.synced()
    (dentist,) = [o for o in desk.store.search("Dentist")]
    assert dentist.start == datetime(2026, 11, 27, 15, 0, tzinfo=BERLIN)
    assert dentist.event.notes == "Bring the card"
    (file,) = (stranger.calendars / "work").glob(f"{ours.uid}*")
    file.write_bytes(file.read_bytes().replace(b"Standup", b"Sit-down"))
    stranger.sync()
    desk.synced()
    assert desk.store.get(ours.uid).title == "Sit-down, Zoë"
    desk.store.delete(dentist.event.uid)
    desk.synced()
    stranger.sync()
    assert "Dentist" not in stranger.run_khal("list", "2026-11-20", "2026-12-20", "--format", "{title}")


def test_an_edit_of_ours_beside_an_edit_of_theirs_is_kept_as_two_versions(
    desk: Desk, radicale: Radicale, calendar: str, tmp_path: Path, new_desk: Callable[..., Desk]
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Stranger(tmp_path / "stranger", calendar)
    start = datetime(2026, 11, 26, 12, 0, tzinfo=BERLIN)
    ours = desk.store.add(EventDraft("Lunch", start, start + timedelta(minutes=30)))
    desk.synced()
    stranger.sync()
    (file,) = (stranger.calendars / "work").glob("*.ics")
    file.write_bytes(file.read_bytes().replace(b"SUMMARY:Lunch", b"SUMMARY:Dinner"))
    stranger.sync()
    desk.store.edit(ours.uid, title="Breakfast")
    assert desk.synced().tally.conflicts == 1
    (conflict,) = desk.syncing.conflicts()
    assert {d.name: (d.mine, d.theirs) for d in conflict.differences}["SUMMARY"] == ("Breakfast", "Dinner")
    desk.syncing.resolve(conflict.id, "both")
    desk.synced()
    stranger.sync()
    listed = stranger.run_khal("list", "2026-11-26", "2026-11-27", "--format", "{title}")
    assert "Breakfast" in listed
    assert "Dinner" in listed
