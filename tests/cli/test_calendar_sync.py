"""Accounts and sync in the terminal: a whole life of an account with a real server."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from assistant_app.cli import main
from tests.agenda.sync.conftest import PASSWORD, Radicale, event, radicale
from tests.agenda.sync.test_passwords import MemoryKeyring, PlaintextKeyring

__all__ = ["radicale"]


class Terminal:
    def __init__(self, profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.profile = profile
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = self.err = ""

    def __call__(self, *argv: str, typed: str = "", status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        ended = main(["calendar", *argv, "--profile", str(self.profile)])
        self.out, self.err = self._capsys.readouterr()
        assert ended == status, self.out + self.err
        return self.out

    def json(self, *argv: str, typed: str = "", status: int = 0) -> Any:
        return json.loads(self(*argv, "--json", typed=typed, status=status))


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path / "profile", capsys, monkeypatch)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    made = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def test_an_account_from_first_to_last(terminal: Terminal, ring: MemoryKeyring, radicale: Radicale) -> None:
    calendar = radicale.new_calendar()
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    name = calendar.rstrip("/").rpartition("/")[2]
    added = terminal.json(
        *("accounts", "add", "home", radicale.address, "--user", "ann", "--password-stdin"),
        *("--calendar", f"{name}=work"),
        typed=PASSWORD + "\n",
    )
    assert added["account"]["calendars"] == [{"calendar": "work", "address": calendar}]
    assert list(ring.kept.values()) == [PASSWORD]
    result = terminal.json("sync")["calendars"]
    assert [(one["calendar"], one["fetched"], one["error"]) for one in result] == [("work", 1, None)]
    assert terminal.json("show", "a")["event"]["title"] == "Theirs"
    terminal("edit", "a", "--title", "Ours")
    assert terminal.json("sync", "--status")["calendars"][0]["waiting"] == 1
    radicale.put(calendar, "a.ics", event("a", "Theirs later"))
    assert "1 to choose between" in terminal("sync")
    assert "choose a version" in terminal.err
    (conflict,) = terminal.json("conflicts")["conflicts"]
    assert {"name": "SUMMARY", "mine": "Ours", "theirs": "Theirs later"} in conflict["differences"]
    assert "--keep mine|theirs|both" in terminal("conflicts")
    terminal("conflicts", str(conflict["id"]), "--keep", "mine")
    terminal("sync", "home")
    assert b"SUMMARY:Ours" in radicale.get(calendar, "a.ics")
    terminal("accounts", "off", "home")
    assert terminal.json("accounts", "list")["accounts"][0]["switched_on"] is False
    assert terminal.json("sync")["calendars"] == []
    terminal("accounts", "on", "home")
    terminal("accounts", "remove", "home", "--yes")
    assert terminal.json("accounts", "list") == {"accounts": []}
    assert ring.kept == {}
    assert terminal.json("show", "a")["event"]["title"] == "Ours"
    stored = [file.read_bytes() for file in terminal.profile.rglob("*") if file.is_file()]
    assert stored
    assert not [data for data in stored if PASSWORD.encode() in data]


def test_calendars_are_listed_and_chosen_later(terminal: Terminal, ring: MemoryKeyring, radicale: Radicale) -> None:
    calendar = radicale.new_calendar()
    name = calendar.rstrip("/").rpartition("/")[2]
    terminal(*("accounts", "add", "home", radicale.address, "--user", "ann", "--password-stdin"), typed=PASSWORD + "\n")
    assert "accounts choose home" in terminal.out
    assert calendar in [one["address"] for one in terminal.json("accounts", "find", "home")["offered"]]
    chosen = terminal.json("accounts", "choose", "home", "--calendar", name)["account"]["calendars"]
    assert [one["address"] for one in chosen] == [calendar]
    terminal("accounts", "choose", "home", "--calendar", "nowhere", status=1)
    assert "does not name one of the server's calendars" in terminal.err


def test_a_wrong_password_connects_nothing(terminal: Terminal, ring: MemoryKeyring, radicale: Radicale) -> None:
    add = ("accounts", "add", "home", radicale.address, "--user", "ann", "--password-stdin")
    assert terminal.json(*add, typed="wrong\n", status=1)["error"]["code"] == "password_wrong"
    assert terminal.json("accounts", "list") == {"accounts": []}
    assert ring.kept == {}


@pytest.mark.parametrize(("backend", "code"), [(NoKeyring, "keyring_missing"), (PlaintextKeyring, "keyring_plaintext")])
def test_without_a_safe_keyring_the_environment_helps(
    backend: type, code: str, terminal: Terminal, radicale: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    add = ("accounts", "add", "home", radicale.address, "--user", "ann", "--password-stdin")
    assert terminal.json(*add, typed=PASSWORD + "\n", status=1)["error"]["code"] == code
    monkeypatch.setenv("ASSISTANT_CALENDAR_PASSWORD_HOME", PASSWORD)
    assert terminal.json(*add)["account"]["name"] == "home"


def test_a_web_calendar_is_added_read_only(terminal: Terminal) -> None:
    added = terminal.json("accounts", "add", "holidays", "webcal://calendars.example.org/de.ics")["account"]
    assert (added["kind"], added["address"]) == ("web", "https://calendars.example.org/de.ics")
    assert terminal("add", "Mine", "--start", "2026-11-26", "--calendar", "holidays", status=1) == ""
    assert "only read from the web" in terminal.err
    assert "nothing is sent but the request" in terminal("accounts", "list")


def test_what_cannot_be_is_said(terminal: Terminal) -> None:
    for argv, words in (
        (("sync",), "No account is connected"),
        (("accounts", "on", "home"), "There is no account home"),
        (("accounts", "add", "my home", "https://dav.example.org"), "cannot name an account"),
        (("accounts", "add", "home", "ftp://dav.example.org"), "begins with https://"),
        (("accounts", "add", "home", "http://dav.example.org", "--web"), ""),
        (("conflicts", "1", "--keep", "mine"), "There is no conflict 1"),
    ):
        terminal(*argv, status=0 if not words else 1)
        assert words in terminal.err
