"""To whom the password goes, and what is said when a server misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from assistant_app.agenda.sync import transport as transport_module
from assistant_app.agenda.sync.caldav_server import CaldavServer
from assistant_app.agenda.sync.transport import Transport
from assistant_app.errors import NetworkError

Reply = tuple[int, dict[str, str], bytes]


class Talk:
    """A server that answers as the test says, and notes what it was asked."""

    def __init__(self) -> None:
        self.reply: Callable[[str, str], Reply] = lambda _method, _path: (404, {}, b"")
        self.asked: list[tuple[str, str, str]] = []
        talk = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                talk.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
                status, headers, body = talk.reply(self.command, self.path)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PROPFIND = do_REPORT = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def talk() -> Iterator[Talk]:
    serving = Talk()
    thread = threading.Thread(target=serving.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield serving
    serving.server.shutdown()
    thread.join()
    serving.server.server_close()


@pytest.fixture
def line(talk: Talk) -> Iterator[Transport]:
    opened = Transport("home", user="ann", password="s3cret", site=talk.address)
    yield opened
    opened.close()


def test_a_redirect_keeps_the_method_and_the_password_at_home(talk: Talk, line: Transport) -> None:
    talk.reply = lambda _method, path: (301, {"Location": "/dav/"}, b"") if path == "/" else (207, {}, b"<x/>")
    answer = line.ask("PROPFIND", talk.address, body=b"<propfind/>")
    assert answer.address == talk.address + "dav/"
    assert [(method, path) for method, path, _ in talk.asked] == [("PROPFIND", "/"), ("PROPFIND", "/dav/")]
    assert all(authorization.startswith("Basic ") for *_, authorization in talk.asked)


@pytest.mark.parametrize(
    ("target", "code"),
    [("https://evil.example.com/", "server_elsewhere"), ("http://dav.example.org/", "address_not_encrypted")],
)
def test_the_password_follows_no_redirect_to_another_site_or_an_open_line(
    target: str, code: str, talk: Talk, line: Transport
) -> None:
    talk.reply = lambda _method, _path: (302, {"Location": target}, b"")
    with pytest.raises(NetworkError) as caught:
        line.ask("GET", talk.address)
    assert caught.value.code == code
    assert len(talk.asked) == 1


def test_an_address_without_encryption_is_refused_before_anything_is_sent() -> None:
    line = Transport("home", user="ann", password="s3cret", site="http://dav.example.org/")
    with pytest.raises(NetworkError, match="--allow-http"):
        line.ask("GET", "http://dav.example.org/")
    line.close()


@pytest.mark.parametrize(
    ("host", "site", "allowed"),
    [
        ("p42-caldav.icloud.com", "caldav.icloud.com", True),
        ("apidata.example.org", "dav.example.org", True),
        ("sub.dav.example.org", "dav.example.org", True),
        ("other.co.uk", "example.co.uk", False),
        ("example.com", "example.org", False),
        ("evil-example.org", "example.org", False),
    ],
)
def test_which_hosts_count_as_the_same_site(host: str, site: str, allowed: bool) -> None:
    assert transport_module._same_site(host, site) is allowed


def test_circles_errors_and_nonsense_are_said_plainly(talk: Talk, line: Transport) -> None:
    cases: list[tuple[Reply, str]] = [
        ((302, {"Location": "/"}, b""), "server_answer"),
        ((500, {}, b"oops"), "server_failed"),
        ((401, {"WWW-Authenticate": "Basic"}, b""), "password_wrong"),
        ((207, {}, b"<not xml"), "server_answer"),
        ((207, {}, b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>'), "server_answer"),
        ((200, {}, b"<html/>"), "no_caldav_server"),
    ]
    for reply, code in cases:
        talk.reply = lambda _method, _path, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(NetworkError) as caught:
            CaldavServer(line, "home").calendars(talk.address)
        assert caught.value.code == code


def test_an_answer_without_end_is_cut_off(talk: Talk, line: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "MOST_BYTES", 1000)
    talk.reply = lambda _method, _path: (200, {}, b"x" * 5000)
    with pytest.raises(NetworkError, match="larger than any calendar"):
        line.ask("GET", talk.address)


def test_a_truncated_listing_is_asked_for_until_it_is_whole(talk: Talk, line: Transport) -> None:
    def page(name: str, token: str, more: bool) -> bytes:
        rest = (
            "<response><href>/cal/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>" if more else ""
        )
        return (
            f'<multistatus xmlns="DAV:"><response><href>/cal/{name}.ics</href><propstat><prop><getetag>W/"{name}"'
            f"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response>{rest}"
            f"<sync-token>{token}</sync-token></multistatus>"
        ).encode()

    pages = [page("a", "t1", True), page("b", "t2", False)]
    talk.reply = lambda _method, _path: (207, {}, pages.pop(0))
    changes = CaldavServer(line, "home").changes(talk.address + "cal/", "")
    assert changes.etags == {"/cal/a.ics": '"a"', "/cal/b.ics": '"b"'}
    assert (changes.token, changes.complete) == ("t2", True)
