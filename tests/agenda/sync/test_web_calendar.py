"""Calendars on the web: read only, fetched when changed, and never the cause of a loss."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync.service import CalendarSync, SyncResult
from assistant_app.errors import InputError
from assistant_app.settings import CalendarAccount, LinkedCalendar
from tests.agenda.sync.conftest import BERLIN, NOW, event


class Web:
    """A web server with one calendar."""

    def __init__(self) -> None:
        self.body = b""
        self.etag = ""
        self.status = 200
        self.asked: list[int] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                unchanged = bool(web.etag) and self.headers.get("If-None-Match") == web.etag
                status = 304 if unchanged else web.status
                body = b"" if unchanged else web.body
                web.asked.append(status)
                self.send_response(status)
                if web.etag:
                    self.send_header("ETag", web.etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/holidays.ics"


@pytest.fixture
def web() -> Iterator[Web]:
    serving = Web()
    thread = threading.Thread(target=serving.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield serving
    serving.server.shutdown()
    thread.join()
    serving.server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CalendarStore]:
    opened = CalendarStore(
        tmp_path / "calendars",
        index_file=tmp_path / "index",
        journal_file=tmp_path / "data" / "journal",
        zone=BERLIN,
        clock=lambda: NOW,
        read_only=("holidays",),
    )
    yield opened
    opened.close()


def fetch(web: Web, store: CalendarStore, tmp_path: Path) -> SyncResult:
    account = CalendarAccount("feed", web.address, "web", calendars=(LinkedCalendar("holidays", web.address),))
    (result,) = CalendarSync([account], store, tmp_path / "sync.sqlite", clock=lambda: NOW).sync()
    return result


def feed(*events: bytes) -> bytes:
    inner = b"".join(one[one.index(b"BEGIN:VEVENT") : one.index(b"END:VCALENDAR")] for one in events)
    return (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Feed//EN\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:Days\r\n"
        + inner
        + b"END:VCALENDAR\r\n"
    )


def titles(store: CalendarStore) -> set[str]:
    year = timedelta(days=365)
    return {o.event.title for o in store.between(NOW - year, NOW + year)}


def test_it_is_fetched_and_followed_but_only_when_it_has_changed(
    web: Web, store: CalendarStore, tmp_path: Path
) -> None:
    web.body, web.etag = feed(event("a", "One"), event("b", "Two", extra=b"X-FEED:kept  so\r\n")), '"1"'
    assert fetch(web, store, tmp_path).tally.fetched == 2
    assert b"X-FEED:kept  so\r\n" in store.get("b").file.read_bytes()
    assert fetch(web, store, tmp_path).tally.fetched == 0
    assert web.asked == [200, 304]
    web.body, web.etag = feed(event("b", "Two, later"), event("c", "Three")), '"2"'
    tally = fetch(web, store, tmp_path).tally
    assert (tally.fetched, tally.removed) == (2, 1)
    assert titles(store) == {"Two, later", "Three"}


def test_a_feed_that_only_stamps_its_events_anew_changes_no_file(
    web: Web, store: CalendarStore, tmp_path: Path
) -> None:
    web.body = feed(event("a", "One"))
    fetch(web, store, tmp_path)
    before = store.get("a").file.read_bytes()
    web.body = web.body.replace(b"DTSTAMP:20260101T000000Z", b"DTSTAMP:20261124T090000Z")
    assert fetch(web, store, tmp_path).tally.fetched == 0
    assert store.get("a").file.read_bytes() == before


def test_its_events_cannot_be_changed_here(web: Web, store: CalendarStore, tmp_path: Path) -> None:
    web.body = feed(event("a", "One"))
    fetch(web, store, tmp_path)
    for change in (lambda: store.edit("a", title="Mine"), lambda: store.delete("a"), lambda: store.move("a", NOW)):
        with pytest.raises(InputError) as caught:
            change()
        assert caught.value.code == "calendar_read_only"
    assert titles(store) == {"One"}


def test_what_another_program_changed_in_it_goes_to_the_bin(web: Web, store: CalendarStore, tmp_path: Path) -> None:
    web.body = feed(event("a", "One"))
    fetch(web, store, tmp_path)
    file = store.get("a").file
    changed = file.read_bytes().replace(b"One", b"Scribble")
    file.write_bytes(changed)
    fetch(web, store, tmp_path)
    assert titles(store) == {"One"}
    assert changed in [kept.read_bytes() for kept in (tmp_path / "data" / "bin").iterdir()]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b"", "web_calendar_gone"),
        (200, b"<html>Please log in</html>", "not_a_calendar"),
        (200, b"", "not_a_calendar"),
        (401, b"", "password_missing"),
        (503, b"", "server_failed"),
    ],
)
def test_a_bad_answer_leaves_what_there_is(
    status: int, body: bytes, code: str, web: Web, store: CalendarStore, tmp_path: Path
) -> None:
    web.body = feed(event("a", "One"))
    fetch(web, store, tmp_path)
    web.status, web.body = status, body
    error = fetch(web, store, tmp_path).error
    assert error is not None
    assert error.code == code
    assert titles(store) == {"One"}


def test_zones_and_changed_occasions_stay_with_their_event(web: Web, store: CalendarStore, tmp_path: Path) -> None:
    zone = (
        b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
        b"TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    series = (
        b"BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20261126T090000\r\n"
        b"DTEND;TZID=Europe/Berlin:20261126T100000\r\nRRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:Series\r\nEND:VEVENT\r\n"
        b"BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261127T090000\r\n"
        b"DTSTART;TZID=Europe/Berlin:20261127T110000\r\nDTEND;TZID=Europe/Berlin:20261127T120000\r\nSUMMARY:Moved\r\n"
        b"END:VEVENT\r\n"
    )
    web.body = feed(event("a", "One")).replace(b"BEGIN:VEVENT", zone + series + b"BEGIN:VEVENT", 1)
    fetch(web, store, tmp_path)
    occurrences = store.between(datetime(2026, 11, 27, tzinfo=BERLIN), datetime(2026, 11, 28, tzinfo=BERLIN))
    assert [(o.event.title, o.start) for o in occurrences] == [("Moved", datetime(2026, 11, 27, 11, tzinfo=BERLIN))]
    assert b"VTIMEZONE" in store.get("s").file.read_bytes()
    assert b"VTIMEZONE" not in store.get("a").file.read_bytes()
