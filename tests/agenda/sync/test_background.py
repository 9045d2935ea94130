"""Syncing by itself: from time to time, soon after a change, never without an account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from assistant_app.agenda.sync.background import BackgroundSync
from assistant_app.agenda.sync.progress import Tally
from assistant_app.agenda.sync.service import CalendarSync, SyncResult
from assistant_app.errors import NetworkError
from assistant_app.settings import CalendarAccount

ACCOUNT = CalendarAccount("home", "https://dav.example.org/")
AWAY = NetworkError("server_unreachable", "away")


class FakeSync:
    """Notes that it was asked."""

    def __init__(self, *accounts: CalendarAccount, fails: Exception | None = None) -> None:
        self.accounts = accounts
        self.asked = threading.Semaphore(0)
        self.fails = fails

    def sync(self, **_: Any) -> list[SyncResult]:
        self.asked.release()
        if self.fails:
            raise self.fails
        return [SyncResult("home", "work", Tally())]


def running(sync: FakeSync, *, every_seconds: float, tell: Callable[[Any], None] = lambda _: None) -> BackgroundSync:
    made = BackgroundSync(lambda: cast(CalendarSync, sync), every_seconds=every_seconds, tell=tell, soon_seconds=0.01)
    made.start()
    return made


def test_it_syncs_at_the_start_from_time_to_time_and_tells() -> None:
    sync, told = FakeSync(ACCOUNT), threading.Semaphore(0)
    background = running(sync, every_seconds=0.01, tell=lambda _results: told.release())
    for _ in range(3):
        assert told.acquire(timeout=20)
    background.close()
    assert sync.asked.acquire(timeout=1)


def test_a_change_is_sent_soon() -> None:
    sync = FakeSync(ACCOUNT)
    background = running(sync, every_seconds=3600)
    assert sync.asked.acquire(timeout=20)
    background.soon()
    assert sync.asked.acquire(timeout=20)
    background.close()
    assert not sync.asked.acquire(blocking=False)


@pytest.mark.parametrize("accounts", [(), (CalendarAccount("home", "https://dav.example.org/", switched_on=False),)])
def test_without_an_account_that_is_on_nothing_is_asked(accounts: tuple[CalendarAccount, ...]) -> None:
    sync, built = FakeSync(*accounts), threading.Semaphore(0)

    def build() -> CalendarSync:
        built.release()
        return cast(CalendarSync, sync)

    background = BackgroundSync(build, every_seconds=0.01)
    background.start()
    for _ in range(3):
        assert built.acquire(timeout=20)
    background.close()
    assert not sync.asked.acquire(blocking=False)


@pytest.mark.parametrize("error", [AWAY, RuntimeError("a mistake of ours")])
def test_a_failure_does_not_end_it(error: Exception, expected_warnings: list[str]) -> None:
    if not isinstance(error, NetworkError):
        expected_warnings.append("were not brought in step")
    sync = FakeSync(ACCOUNT, fails=error)
    background = running(sync, every_seconds=0.001)
    for _ in range(3):
        assert sync.asked.acquire(timeout=20)
    background.close()
    assert background._thread is not None
    assert not background._thread.is_alive()
