"""Changing an event that repeats by hand: it is asked how much of the series is meant."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from assistant_app.agenda.events import EventDraft
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.scope_dialog import ScopeDialog
from tests.gui.conftest import Desk, MakeDesk
from tests.gui.test_calendar import at, block_of, qtbot_free_wait, today


def with_series(make_desk: MakeDesk) -> tuple[Desk, datetime]:
    """A desk that shows the third day of a daily series of five."""
    desk = make_desk()
    first = at(today(), 9) - timedelta(days=2)
    desk.store.add(EventDraft("Yoga", first, first + timedelta(hours=1), recurrence="FREQ=DAILY;COUNT=5"))
    desk.window.calendar.open_day(today())
    desk.book.reload()
    qtbot_free_wait(desk, "Yoga")
    return desk, first


def occasions(desk: Desk, first: datetime) -> list[str]:
    found = desk.store.between(first - timedelta(days=1), first + timedelta(days=9))
    return [
        f"{(o.start - first) / timedelta(days=1):.2f} {o.event.title}" for o in found if isinstance(o.start, datetime)
    ]


def press(qtbot: QtBot, block: EventBlock, key: Qt.Key) -> None:
    block.setFocus()
    qtbot.keyClick(block, key)


def asked(qtbot: QtBot, desk: Desk) -> ScopeDialog:
    qtbot.waitUntil(lambda: desk.window.calendar.scope_dialog is not None)
    dialog = desk.window.calendar.scope_dialog
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


@pytest.mark.gui
@pytest.mark.parametrize(
    ("downs", "left"),
    [
        (0, ["0.00 Yoga", "1.00 Yoga", "3.00 Yoga", "4.00 Yoga"]),
        (1, ["0.00 Yoga", "1.00 Yoga"]),
        (2, []),
    ],
    ids=["only this one", "following", "all"],
)
def test_by_keyboard_as_much_is_deleted_as_was_chosen(
    qtbot: QtBot, make_desk: MakeDesk, downs: int, left: list[str]
) -> None:
    desk, first = with_series(make_desk)
    before = occasions(desk, first)
    press(qtbot, block_of(desk, "Yoga"), Qt.Key.Key_Delete)
    dialog = asked(qtbot, desk)
    assert occasions(desk, first) == before
    scopes = list(dialog.buttons)
    qtbot.waitUntil(lambda: dialog.buttons[scopes[0]].isDefault())
    dialog.buttons[scopes[0]].setFocus()
    for number in range(downs):
        qtbot.keyClick(dialog.buttons[scopes[number]], Qt.Key.Key_Down)
    assert dialog.focusWidget() is dialog.buttons[scopes[downs]]
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: occasions(desk, first) == left)
    desk.book.undo()
    qtbot.waitUntil(lambda: occasions(desk, first) == before)


@pytest.mark.gui
def test_escape_deletes_nothing(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk, first = with_series(make_desk)
    before = occasions(desk, first)
    press(qtbot, block_of(desk, "Yoga"), Qt.Key.Key_Delete)
    dialog = asked(qtbot, desk)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert occasions(desk, first) == before


@pytest.mark.gui
def test_the_form_shows_the_occasion_and_its_move_can_be_for_it_alone(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk, first = with_series(make_desk)
    view = desk.window.calendar
    view._edit_block(block_of(desk, "Yoga"))
    editor = view.editor
    assert editor is not None
    assert editor.start_date.date().toPython() == today()
    editor.start_time.setTime(editor.start_time.time().addSecs(12 * 3600))
    editor.save_button.click()
    asked(qtbot, desk).buttons["one"].click()
    expected = ["0.00 Yoga", "1.00 Yoga", "2.50 Yoga", "3.00 Yoga", "4.00 Yoga"]
    qtbot.waitUntil(lambda: occasions(desk, first) == expected)


@pytest.mark.gui
def test_another_rule_cannot_be_for_one_occasion_alone(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk, first = with_series(make_desk)
    view = desk.window.calendar
    view._edit_block(block_of(desk, "Yoga"))
    editor = view.editor
    assert editor is not None
    editor.title.setText("Pilates")
    editor.repeat.setCurrentIndex(0)
    editor.save_button.click()
    dialog = asked(qtbot, desk)
    assert list(dialog.buttons) == ["following", "all"]
    dialog.buttons["following"].click()
    qtbot.waitUntil(lambda: occasions(desk, first) == ["0.00 Yoga", "1.00 Yoga", "2.00 Pilates"])
