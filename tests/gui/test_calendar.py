"""The calendar pane: what it shows, and changes by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from assistant_app.agenda.events import Event, EventDraft, Occurrence
from assistant_app.gui.calendar_layout import place_day
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.words import repeat_words, span_words
from assistant_app.turn import Action, Route, SkillReply
from tests.gui.conftest import Desk, MakeDesk
from tests.gui.fakes import BERLIN, FakeAssistant, calendar_store


def today() -> date:
    return datetime.now(BERLIN).date()


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=BERLIN)


def titles(desk: Desk) -> list[str]:
    return [block.occurrence.event.title for block in desk.window.calendar.blocks() if block.occurrence]


def block_of(desk: Desk, title: str) -> EventBlock:
    return next(b for b in desk.window.calendar.blocks() if b.occurrence and b.occurrence.event.title == title)


def add(desk: Desk, title: str, hour: int, day: date | None = None) -> Event:
    start = at(day or today(), hour)
    event = desk.store.add(EventDraft(title, start, start + timedelta(hours=1)))
    desk.book.reload()
    qtbot_free_wait(desk, title)
    return event


def qtbot_free_wait(desk: Desk, title: str) -> None:
    for _ in range(500):
        QApplication.processEvents()
        if title in titles(desk):
            return
        QApplication.instance().thread().msleep(10)  # type: ignore[union-attr]
    pytest.fail(f"{title} did not appear")


def dentist(desk: Desk) -> FakeAssistant:
    """An assistant that really adds an event."""

    def answer(text: str) -> tuple[Route, SkillReply]:
        start = at(today(), 15, 30)
        event = desk.store.add(EventDraft("Dentist", start, start + timedelta(minutes=45)))
        details = {
            "title": "Dentist",
            "start": start.replace(tzinfo=None).isoformat(),
            "end": (start + timedelta(minutes=45)).replace(tzinfo=None).isoformat(),
            "calendar": "personal",
        }
        reply = SkillReply("Added: Dentist.", actions=(Action("event_added", event.uid, details),))
        return Route("scheduling", "create_event", 0.97), reply

    return FakeAssistant(answer)


def ask_for_dentist(qtbot: QtBot, make_desk: MakeDesk) -> Desk:
    desk = make_desk(prepare=False)
    desk.bridge._engines = type(desk.bridge._engines)(lambda _report: dentist(desk), desk.bridge._engines.recorder)
    desk.bridge.prepare()
    desk.window.conversation.ask("dentist today at half past three")
    qtbot.waitUntil(lambda: "Dentist" in titles(desk) and not desk.bridge.busy)
    return desk


def test_an_event_of_the_assistant_appears_at_once(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = ask_for_dentist(qtbot, make_desk)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    assert "Dentist" in reply.cards[0].accessibleName()
    assert "15:30" in reply.cards[0].accessibleName()
    assert block_of(desk, "Dentist").isVisible()


def test_undo_on_a_card_takes_the_event_back_and_redo_brings_it_again(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = ask_for_dentist(qtbot, make_desk)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    card = reply.cards[0]
    qtbot.mouseClick(card.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.undone and "Dentist" not in titles(desk))
    assert card.undo_button.text() == "Redo"
    qtbot.mouseClick(card.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not card.undone and "Dentist" in titles(desk))


def test_undo_on_a_card_takes_back_its_own_event_after_later_changes(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = ask_for_dentist(qtbot, make_desk)
    start = at(today(), 18)
    desk.book.add(EventDraft("Later", start, start + timedelta(hours=1)))
    qtbot.waitUntil(lambda: "Later" in titles(desk))
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    qtbot.mouseClick(reply.cards[0].undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Dentist" not in titles(desk))
    assert "Later" in titles(desk)


def test_edit_on_a_card_opens_the_form(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = ask_for_dentist(qtbot, make_desk)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    qtbot.mouseClick(reply.cards[0].edit_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.window.calendar.editor is not None)
    editor = desk.window.calendar.editor
    assert editor is not None
    assert editor.title.text() == "Dentist"
    editor.title.setText("Dentist, Doctor Patel")
    editor.location.setText("Main Street 4")
    qtbot.mouseClick(editor.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: titles(desk) == ["Dentist, Doctor Patel"])
    event = block_of(desk, "Dentist, Doctor Patel").occurrence
    assert event is not None
    assert (event.event.location, event.start) == ("Main Street 4", at(today(), 15, 30))


@pytest.mark.parametrize("view", ["day", "week", "month", "agenda"])
def test_an_event_is_shown_in_every_view(qtbot: QtBot, make_desk: MakeDesk, view: str) -> None:
    desk = make_desk()
    add(desk, "Piano", 17)
    number = ["day", "week", "month", "agenda"].index(view)
    qtbot.keyClick(desk.window, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.ControlModifier)
    assert desk.window.calendar.view == view
    qtbot.waitUntil(lambda: "Piano" in titles(desk))
    assert "Piano" in block_of(desk, "Piano").accessibleName()
    assert "17:00" in block_of(desk, "Piano").accessibleName()


def test_a_change_by_another_program_appears(qtbot: QtBot, make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk()
    add(desk, "Mine", 9)
    other = calendar_store(tmp_path)
    other.add(EventDraft("From elsewhere", at(today(), 11), at(today(), 12)))
    other.close()
    qtbot.waitUntil(lambda: "From elsewhere" in titles(desk), timeout=15_000)


def test_a_new_event_by_keyboard(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    qtbot.keyClick(desk.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    editor = desk.window.calendar.editor
    assert editor is not None
    qtbot.waitUntil(editor.title.hasFocus)
    qtbot.keyClicks(editor.title, "Swim")
    qtbot.keyClick(editor.title, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Swim" in titles(desk))
    desk.window.activateWindow()  # a window manager does so when a dialog closes
    qtbot.waitUntil(desk.window.isActiveWindow)
    qtbot.keyClick(desk.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Swim" not in titles(desk))
    qtbot.keyClick(desk.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: "Swim" in titles(desk))


def test_enter_on_a_slot_makes_an_event_there(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    grid = desk.window.calendar.days_view.grid
    grid.setFocus()
    slot = grid.cursor_slot
    assert slot is not None
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    editor = desk.window.calendar.editor
    assert editor is not None
    draft = editor.draft()
    assert draft.start == slot - timedelta(minutes=30)
    assert isinstance(draft.end, datetime)
    assert draft.end - draft.start == timedelta(minutes=60)
    editor.reject()


def test_a_double_click_on_a_slot_makes_an_event_there(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    grid = desk.window.calendar.days_view.grid
    left, width = grid.column(0)
    place = QPoint(left + width // 2, round(10.6 * grid.hour_height()))
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=place)
    editor = desk.window.calendar.editor
    assert editor is not None
    assert editor.draft().start == at(grid.days[0], 10, 30)
    editor.reject()


def test_a_form_without_title_or_with_a_wrong_end_says_so(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.window.calendar.new_event(at(today(), 10))
    editor = desk.window.calendar.editor
    assert editor is not None
    qtbot.mouseClick(editor.save_button, Qt.MouseButton.LeftButton)
    assert editor.problem.text() == "Give the event a title."
    editor.title.setText("Backwards")
    editor.end_date.setDate(editor.start_date.date().addDays(-1))
    qtbot.mouseClick(editor.save_button, Qt.MouseButton.LeftButton)
    assert editor.problem.text() == "The end must be after the start."
    assert editor.isVisible()
    editor.reject()
    assert titles(desk) == []


def test_a_new_start_keeps_the_length(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.window.calendar.new_event(at(today(), 10), at(today(), 11, 30))
    editor = desk.window.calendar.editor
    assert editor is not None
    editor.start_time.setTime(editor.start_time.time().addSecs(2 * 3600))
    draft = editor.draft()
    assert (draft.start, draft.end) == (at(today(), 12), at(today(), 13, 30))
    editor.all_day.setChecked(True)
    assert (editor.draft().start, editor.draft().end) == (today(), today() + timedelta(days=1))
    editor.reject()


def test_details_open_and_delete_can_be_undone_from_the_toast(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    add(desk, "Lunch", 12)
    calendar = desk.window.calendar
    qtbot.mouseClick(block_of(desk, "Lunch"), Qt.MouseButton.LeftButton)
    popover = calendar.popover
    assert popover is not None
    assert popover.isVisible()
    qtbot.mouseClick(popover.delete_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Lunch" not in titles(desk) and calendar.toast.isVisible())
    assert calendar.toast.label.text() == "Deleted: Lunch"
    qtbot.mouseClick(calendar.toast.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Lunch" in titles(desk))


def test_the_delete_key_deletes_the_focused_event(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    add(desk, "Gone", 12)
    block = block_of(desk, "Gone")
    block.setFocus()
    qtbot.keyClick(block, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Gone" not in titles(desk))


def test_earlier_later_and_today_move_what_is_on_show(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    calendar = desk.window.calendar
    shown = list(calendar.days_view.grid.days)
    qtbot.mouseClick(calendar.later, Qt.MouseButton.LeftButton)
    assert calendar.days_view.grid.days == [day + timedelta(days=7) for day in shown]
    qtbot.keyClick(desk.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert calendar.days_view.grid.days == shown
    qtbot.mouseClick(calendar.earlier, Qt.MouseButton.LeftButton)
    qtbot.keyClick(desk.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert calendar.days_view.grid.days == shown


def test_a_corrupt_file_is_named_and_the_others_are_shown(
    qtbot: QtBot, make_desk: MakeDesk, tmp_path: Path, expected_warnings: list[str]
) -> None:
    store = calendar_store(tmp_path)
    event = store.add(EventDraft("Good", at(today(), 10), at(today(), 11)))
    (event.file.parent / "broken.ics").write_text("BEGIN:VCALENDAR\nnonsense")
    store.close()
    desk = make_desk()
    qtbot.waitUntil(lambda: "Good" in titles(desk))
    qtbot.waitUntil(desk.window.calendar.problem_label.isVisible)
    assert "broken.ics" in desk.window.calendar.problem_label.text()


def occurrence(title: str, start: datetime, minutes: int) -> Occurrence:
    end = start + timedelta(minutes=minutes)
    return Occurrence(Event(title, title, start, end, "personal", Path("x.ics")), start, end)


def test_overlapping_events_lie_side_by_side_and_widen_to_the_right() -> None:
    day = date(2026, 11, 24)
    placed = {
        p.occurrence.event.title: p
        for p in place_day(
            [
                occurrence("a", at(day, 9), 120),
                occurrence("b", at(day, 9, 30), 30),
                occurrence("c", at(day, 9, 45), 60),
                occurrence("d", at(day, 10, 15), 30),
                occurrence("alone", at(day, 14), 60),
            ],
            day,
            BERLIN,
        )
    }
    assert [(placed[n].column, placed[n].span, placed[n].columns) for n in "abcd"] == [
        (0, 1, 3),
        (1, 1, 3),
        (2, 1, 3),
        (1, 1, 3),
    ]
    assert (placed["alone"].column, placed["alone"].span, placed["alone"].columns) == (0, 1, 1)


def test_an_event_over_midnight_is_on_both_days() -> None:
    day = date(2026, 11, 24)
    party = occurrence("party", at(day, 22), 240)
    evening, night = place_day([party], day, BERLIN)[0], place_day([party], day + timedelta(days=1), BERLIN)[0]
    assert (evening.start_minute, evening.end_minute) == (22 * 60, 24 * 60)
    assert (night.start_minute, night.end_minute) == (0, 120)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", ""),
        ("FREQ=DAILY", "Every day"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "Every 2 weeks on Tuesday"),
        ("FREQ=MONTHLY;COUNT=3", "Every month, 3 times"),
        ("FREQ=YEARLY;UNTIL=20301231T000000Z", "Every year until Tuesday 31 December 2030"),
        ("FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=1MO"),
    ],
)
def test_repeats_are_said_in_words(rule: str, words: str) -> None:
    assert repeat_words(rule) == words


def test_times_always_carry_their_weekday() -> None:
    day = date(2026, 11, 26)
    assert span_words(at(day, 15, 30), at(day, 16, 15), BERLIN) == "Thursday 26 November, 15:30–16:15"
    assert span_words(day, day + timedelta(days=1), BERLIN) == "Thursday 26 November, all day"
    assert span_words(day, day + timedelta(days=3), BERLIN) == "Thu 26 Nov – Sat 28 Nov"
