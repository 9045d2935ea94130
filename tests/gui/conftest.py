"""A window with everything fake but the calendar; unexpected Qt warnings fail the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QSettings
from pytestqt.qtbot import QtBot

from assistant_app.agenda.store import CalendarStore
from assistant_app.gui.bridge import Bridge, Engines, Records, ReportLoading, RunsTurns
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.look import Look
from assistant_app.gui.main_window import MainWindow, Parts
from assistant_app.gui.settings_page import SettingsPage
from assistant_app.settings import Settings
from assistant_app.turn import Route, SkillReply
from tests.gui.fakes import FakeAssistant, FakeRecorder, calendar_store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here opens widgets, and a Qt warning is a failure."""
    for item in items:
        if "tests/gui/" in item.nodeid or item.nodeid.startswith("gui/"):
            item.add_marker(pytest.mark.gui)
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # What the offscreen platform says of dialogs and popovers, which need a real one.
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """Patient: a machine that does other work besides is no failure."""
    wait_until = qtbot.waitUntil

    def patiently(callback: Callable[[], object], *, timeout: int = 30_000) -> None:
        wait_until(callback, timeout=timeout)

    qtbot.waitUntil = patiently
    return qtbot


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


@dataclass
class Desk:
    """A window and what it is made of."""

    window: MainWindow
    bridge: Bridge
    book: CalendarBook
    store: CalendarStore
    look: Look
    settings_file: Path
    applied: list[Settings]


MakeDesk = Callable[..., Desk]


def echo(text: str) -> tuple[Route, SkillReply]:
    """Says what it was asked."""
    return Route("dialogue", "chat", 0.95), SkillReply(f"You said {text}.")


@pytest.fixture
def make_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeDesk]:
    """Builds windows; closes them and their threads at the end."""
    made: list[Desk] = []

    def make(
        assistant: RunsTurns | None = None,
        recorder: Records | None = None,
        *,
        build: Callable[[ReportLoading], RunsTurns] | None = None,
        store: CalendarStore | None = None,
        prepare: bool = True,
        size: tuple[int, int] = (1280, 800),
    ) -> Desk:
        settings = Settings()
        look = Look(settings.appearance)
        look.apply()
        engine = assistant or FakeAssistant(echo)
        bridge = Bridge(Engines(build or (lambda _report: engine), lambda: recorder or FakeRecorder()))
        calendar = store or calendar_store(tmp_path)
        book = CalendarBook(bridge, calendar)
        file = tmp_path / "config" / "settings.toml"
        page = SettingsPage(
            look, bridge, settings, file, own_calendars=tmp_path, microphones=lambda: ["Built-in microphone"]
        )
        memory = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
        applied: list[Settings] = []
        parts = Parts(look, bridge, book, page, None, memory, lambda _old, new: applied.append(new))
        window = MainWindow(parts, settings)
        qtbot.addWidget(window)
        window.resize(*size)
        window.show()
        qtbot.waitUntil(window.isActiveWindow)
        desk = Desk(window, bridge, book, calendar, look, file, applied)
        made.append(desk)
        if prepare:
            bridge.prepare()
        return desk

    yield make
    for desk in made:
        desk.window.close()
        assert desk.bridge.close(5.0), "a thread did not end"
        desk.store.close()
