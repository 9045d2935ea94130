"""What rings, inside the window: shown where the desktop shows nothing, answered by its two buttons."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from assistant_app.agenda.ring_state import Ring
from assistant_app.agenda.ringing import Notice, Ringing
from assistant_app.gui.look import Look
from assistant_app.gui.ring_notice import RingNotice
from assistant_app.settings import Settings

RING = Ring(1, "mum", "reminder", "uid-1", "Call mum", 0.0, "ringing", 0.0, late=False, announced=True)
MUM = Notice("1@0", "Call mum", "Reminder, 09:50", (RING,))
TEA = Notice("2@0", "Tea timer is over", "Timer, 09:51", (RING,))


@pytest.fixture
def notice(qtbot: QtBot) -> RingNotice:
    look = Look(Settings().appearance)
    look.apply()
    pane = QWidget()
    qtbot.addWidget(pane)
    pane.resize(800, 600)
    pane.show()
    return RingNotice(pane)


def test_what_rings_is_shown_until_it_is_answered(notice: RingNotice) -> None:
    notice.follow(Ringing((MUM,), owner=True, on_desktop=False))
    assert notice.isVisible()
    assert (notice.title.text(), notice.body.text()) == ("Call mum", "Reminder, 09:50")
    assert not notice.more.isVisible()
    notice.follow(Ringing((), owner=True, on_desktop=False))
    assert not notice.isVisible()


def test_it_stays_away_where_the_desktop_shows_it(notice: RingNotice) -> None:
    notice.follow(Ringing((MUM,), owner=True, on_desktop=True))
    assert not notice.isVisible()


def test_one_after_another_is_shown(notice: RingNotice) -> None:
    notice.follow(Ringing((MUM, TEA), owner=False, on_desktop=False))
    assert notice.more.text() == "1 more after this"
    notice.follow(Ringing((TEA,), owner=False, on_desktop=False))
    assert notice.title.text() == "Tea timer is over"


@pytest.mark.parametrize("name", ["snooze", "done"])
def test_buttons_answer_for_the_rings_that_are_shown(notice: RingNotice, qtbot: QtBot, name: str) -> None:
    notice.follow(Ringing((MUM,), owner=True, on_desktop=False))
    with qtbot.waitSignal(getattr(notice, name)) as answered:
        qtbot.mouseClick(getattr(notice, f"{name}_button"), Qt.MouseButton.LeftButton)
    assert answered.args == [(RING,)]
    assert not notice.isVisible()


def test_it_keeps_inside_a_window_that_shrinks(notice: RingNotice) -> None:
    notice.follow(Ringing((MUM,), owner=True, on_desktop=False))
    pane = notice.parentWidget()
    assert pane is not None
    pane.resize(300, 400)
    assert notice.geometry().right() <= 300
    assert notice.geometry().left() >= 0
