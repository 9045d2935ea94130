"""A calendar of its own for each test, under a fixed clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.store import CalendarStore

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)
"""A Tuesday."""


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], CalendarStore]]:
    """Opens the same calendar, as another start or another process of the program would."""
    opened: list[CalendarStore] = []

    def open_again() -> CalendarStore:
        opened.append(
            CalendarStore(
                tmp_path / "calendars",
                index_file=tmp_path / "cache" / "index.sqlite",
                journal_file=tmp_path / "data" / "journal.sqlite",
                zone=BERLIN,
                clock=lambda: NOW,
            )
        )
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], CalendarStore]) -> CalendarStore:
    return open_store()
