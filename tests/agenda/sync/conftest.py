"""A real CalDAV server (Radicale) in a process of its own, and desks that keep in step with it."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync.service import CalendarSync, SyncResult
from assistant_app.settings import CalendarAccount, LinkedCalendar

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)
USER, PASSWORD = "ann", "s3cret, wörd"


class Radicale:
    """The server, and another program's direct way to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
        (folder / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {folder / 'collections'}\n"
            "[logging]\nlevel = error\n",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self._auth = (USER.encode(), PASSWORD.encode())

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "radicale", "-C", str(self.folder / "config")], stdout=log, stderr=log
            )
        for _ in range(2400):  # seconds of patience, for a machine that is busy
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError("radicale did not start")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _ask(self, method: str, address: str, data: bytes = b"", **headers: str) -> requests.Response:
        answer = requests.request(method, address, data=data, headers=headers, auth=self._auth, timeout=120)
        assert answer.status_code < 300, (method, address, answer.status_code, answer.text)
        return answer

    def new_calendar(self) -> str:
        """An empty calendar of its own for a test; its address."""
        address = f"{self.address}{USER}/calendar{next(self._names)}/"
        self._ask("MKCALENDAR", address)
        return address

    def new_calendar_of(self, count: int) -> str:
        """A calendar with the events e0, e1, ..., put there at once; its address."""
        address = f"{self.address}{USER}/calendar{next(self._names)}/"
        bodies = [event(f"e{number}", f"Event {number}") for number in range(count)]
        inner = b"".join(body[body.index(b"BEGIN:VEVENT") : body.index(b"END:VCALENDAR")] for body in bodies)
        whole = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + inner + b"END:VCALENDAR\r\n"
        self._ask("PUT", address, whole, **{"Content-Type": "text/calendar"})
        return address

    def put(self, calendar: str, name: str, data: bytes) -> None:
        self._ask("PUT", calendar + name, data, **{"Content-Type": "text/calendar"})

    def get(self, calendar: str, name: str) -> bytes:
        return self._ask("GET", calendar + name).content

    def delete(self, calendar: str, name: str) -> None:
        self._ask("DELETE", calendar + name)

    def names(self, calendar: str) -> set[str]:
        body = b'<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
        text = self._ask("PROPFIND", calendar, body, Depth="1").text
        return {piece.partition("</href>")[0].rpartition("/")[2] for piece in text.split("<href>")[1:]} - {""}

    def forget_tokens(self, calendar: str) -> None:
        """As after a server's own spring clean: old sync tokens are no longer known."""
        collection = self.folder / "collections" / "collection-root" / calendar.removeprefix(self.address)
        for file in (collection / ".Radicale.cache" / "sync-token").iterdir():
            file.unlink()


class Desk:
    """One machine: a calendar folder, and a sync of its calendar `work` with one on the server."""

    def __init__(self, folder: Path, account: CalendarAccount, password: str = PASSWORD) -> None:
        self.folder = folder
        self.account = account
        self.password = password
        self.store = CalendarStore(
            folder / "calendars",
            index_file=folder / "cache" / "index.sqlite",
            journal_file=folder / "data" / "journal.sqlite",
            default_calendar="work",
            zone=BERLIN,
            clock=lambda: NOW,
        )

    @property
    def syncing(self) -> CalendarSync:
        return CalendarSync(
            [self.account],
            self.store,
            self.folder / "data" / "sync.sqlite",
            clock=lambda: NOW,
            password_of=lambda _account: self.password,
        )

    def sync(self, *, allow_emptied: bool = False) -> SyncResult:
        (result,) = self.syncing.sync(allow_emptied=allow_emptied)
        return result

    def synced(self) -> SyncResult:
        """A sync that must go well."""
        result = self.sync()
        assert result.error is None, result.error
        return result

    def file(self, name: str) -> Path:
        return self.store.root / "work" / name

    def files(self) -> set[str]:
        return {file.name for file in (self.store.root / "work").glob("*.ics")}

    def titles(self) -> set[str]:
        year = timedelta(days=365)
        return {o.event.title for o in self.store.between(NOW - year, NOW + year)}


def account_for(address: str, *, name: str = "home", user: str = USER) -> CalendarAccount:
    return CalendarAccount(name, address, user=user, calendars=(LinkedCalendar("work", address),))


def event(uid: str, title: str, *, day: int = 26, extra: bytes = b"") -> bytes:
    """An event as another program writes it."""
    return (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//Program//EN\r\nBEGIN:VEVENT\r\n"
        + f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:202611{day:02}T090000Z\r\n".encode()
        + f"DTEND:202611{day:02}T100000Z\r\nSUMMARY:{title}\r\n".encode()
        + extra
        + b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    pytest.importorskip("radicale", reason="the CalDAV server Radicale is not installed (extra: test)")
    server = Radicale(tmp_path_factory.mktemp("radicale"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def calendar(radicale: Radicale) -> str:
    return radicale.new_calendar()


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(address: str, *, password: str = PASSWORD, user: str = USER) -> Desk:
        desks.append(Desk(tmp_path / f"desk{len(desks)}", account_for(address, user=user), password))
        return desks[-1]

    yield make
    for desk in desks:
        desk.store.close()


@pytest.fixture
def desk(new_desk: Callable[..., Desk], calendar: str) -> Desk:
    return new_desk(calendar)
