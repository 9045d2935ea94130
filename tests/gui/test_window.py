"""The window as a whole: settings, theme, keys, folding, the end, a second start."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

import assistant_app.gui
from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import ReportLoading, RunsTurns
from assistant_app.gui.controls import Select, Switch
from assistant_app.gui.single_instance import SingleInstance
from assistant_app.gui.tokens import tokens_for
from assistant_app.settings import load_settings
from tests.gui.conftest import MakeDesk, echo
from tests.gui.fakes import FakeAssistant, FakeRecorder


def test_the_window_is_there_before_the_assistant(qtbot: QtBot, make_desk: MakeDesk) -> None:
    loaded = threading.Event()

    def build(report: ReportLoading) -> RunsTurns:
        loaded.wait(10)
        return FakeAssistant(echo)

    desk = make_desk(build=build)
    assert desk.window.isVisible()
    assert desk.window.conversation.composer.field.hasFocus()
    assert not desk.bridge.is_ready
    loaded.set()
    qtbot.waitUntil(lambda: desk.bridge.is_ready)


def test_a_setting_is_saved_at_once_and_applied(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    qtbot.keyClick(desk.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.page == "settings"
    switch = desk.window.settings_page.rows["voice.speak_replies"].control
    assert isinstance(switch, Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert load_settings(desk.settings_file).settings.voice.speak_replies is False
    assert desk.applied[-1].voice.speak_replies is False


def test_the_theme_changes_without_a_restart(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    page = desk.window.settings_page
    assert page.put("appearance.theme", "dark")
    dark = tokens_for(dark=True, accent="blue")
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(dark.window)
    picture = desk.window.grab().toImage()
    assert picture.pixelColor(300, 3) == QColor(dark.window)
    assert page.put("appearance.theme", "light")
    light = tokens_for(dark=False, accent="blue")
    assert desk.window.grab().toImage().pixelColor(300, 3) == QColor(light.window)


def test_a_bad_value_is_refused_in_place_and_not_saved(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.window._show_page("settings")
    page = desk.window.settings_page
    page.zone.setText("Atlantis/Nowhere")
    page.zone.editingFinished.emit()
    row = page.rows["calendar.time_zone"]
    assert row.problem.isVisible()
    assert "Atlantis/Nowhere" in row.problem.text()
    page.folder.setText("/there/is/no/such/folder")
    page.folder.editingFinished.emit()
    assert page.rows["calendar.folder"].problem.isVisible()
    ends = page.rows["calendar.day_ends_hour"].control
    assert isinstance(ends, QSpinBox)
    ends.setValue(3)
    assert page.rows["calendar.day_ends_hour"].problem.text() == "The day must end after it starts."
    assert not desk.settings_file.exists()
    page.zone.setText("Europe/Paris")
    page.zone.editingFinished.emit()
    assert not row.problem.isVisible()
    assert load_settings(desk.settings_file).settings.calendar.time_zone == "Europe/Paris"


def test_settings_that_cannot_be_written_say_so(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.settings_file.parent.parent.joinpath("config").write_text("a file where the folder should be")
    page = desk.window.settings_page
    assert not page.put("voice.speak_replies", False)
    assert "could not be saved" in page.rows["voice.speak_replies"].problem.text()


def test_the_microphones_are_listed(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.window._show_page("settings")
    select = desk.window.settings_page.rows["hearing.input_device"].control
    assert isinstance(select, Select)
    qtbot.waitUntil(lambda: select.findData("Built-in microphone") >= 0)
    assert select.currentText() == "System default"


def test_closing_while_a_turn_runs_ends(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(echo, gate=threading.Event()), FakeRecorder(gate=threading.Event()))
    desk.window.conversation.ask("something long")
    qtbot.waitUntil(lambda: desk.bridge.busy)
    desk.window.close()
    began = time.monotonic()
    assert desk.bridge.close(1.5)
    assert time.monotonic() - began < 1.5


def test_closing_while_the_models_load_does_not_wait_for_them(qtbot: QtBot, make_desk: MakeDesk) -> None:
    go_on, started = threading.Event(), threading.Event()

    def build(report: ReportLoading) -> RunsTurns:
        started.set()
        go_on.wait(20)
        return FakeAssistant(echo)

    desk = make_desk(build=build)
    assert started.wait(5)
    desk.window.close()
    assert not desk.bridge.close(0.2)
    go_on.set()


SECOND_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from assistant_app.gui.single_instance import SingleInstance

app = QCoreApplication([])
second = SingleInstance(Path(sys.argv[1]))
assert not second.first
assert second.send("show")
"""


def test_a_second_start_raises_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path / "data")
    assert first.first
    with qtbot.waitSignal(first.asked, timeout=20_000) as asked:
        process = subprocess.Popen([sys.executable, "-c", SECOND_START, str(tmp_path / "data")])
    assert asked.args == ["show"]
    assert process.wait(20) == 0
    first.close()
    third = SingleInstance(tmp_path / "data")
    assert third.first
    third.close()


def test_profiles_do_not_see_each_other(qtbot: QtBot, tmp_path: Path) -> None:
    one, other = SingleInstance(tmp_path / "one"), SingleInstance(tmp_path / "other")
    assert one.first
    assert other.first
    one.close()
    other.close()


@pytest.mark.parametrize(("width", "both"), [(1280, True), (1000, True), (800, False), (640, False)])
def test_the_panes_fold_with_the_width(qtbot: QtBot, make_desk: MakeDesk, width: int, both: bool) -> None:
    desk = make_desk(size=(width, 600))
    window = desk.window
    assert window.conversation.isVisible()
    assert window.calendar.isVisible() is both
    assert window.panes.isVisible() is not both
    if not both:
        field = window.conversation.composer.field
        qtbot.keyClicks(field, "a draft")
        qtbot.mouseClick(window.panes.item(1), Qt.MouseButton.LeftButton)
        assert window.calendar.isVisible()
        assert not window.conversation.isVisible()
        qtbot.mouseClick(window.panes.item(0), Qt.MouseButton.LeftButton)
        assert field.toPlainText() == "a draft"


def test_f6_goes_through_the_regions_and_back(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    window = desk.window
    seen = []
    for _ in range(4):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        assert focus is not None
        seen.append(focus)
        assert window.ring.isVisible() or focus is window.conversation.composer.field
    assert seen[0] is window.calendar.days_view.grid
    assert seen[1] is window.rail.item("talk")
    assert window.conversation.isAncestorOf(seen[2])
    assert seen[3] is window.conversation.composer.field
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert window.conversation.isAncestorOf(QApplication.focusWidget())


def test_the_fields_own_undo_comes_before_the_calendars(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    field = desk.window.conversation.composer.field
    told: list[str] = []
    desk.book.done.connect(lambda words, _undo: told.append(words))
    qtbot.keyClicks(field, "word")
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert field.toPlainText() == ""
    assert told == []
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: told == ["Nothing to undo or redo"])


def test_text_can_be_made_larger_and_nothing_is_lost(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    low = desk.window.calendar.today.height()
    desk.window.settings_page.put("appearance.text_percent", 200)
    qtbot.waitUntil(lambda: desk.window.calendar.today.height() >= low)
    assert desk.window.conversation.composer.field.font().pixelSize() == 30
    desk.window.settings_page.put("appearance.text_percent", 100)


def test_everything_that_takes_focus_has_a_name_and_is_large_enough(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.window.conversation.ask("hello")
    qtbot.waitUntil(lambda: desk.window.conversation.last_reply() is not None and not desk.bridge.busy)
    for page in ("settings", "talk"):
        desk.window._show_page(page)
        for widget in desk.window.findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
                if widget.objectName().startswith("qt_"):
                    continue  # the inner field of a spin box
                assert widget.accessibleName(), f"{widget} has no name"
                if isinstance(widget, QAbstractButton):
                    assert min(widget.width(), widget.height()) >= 18, f"{widget.accessibleName()} is too small"


def test_an_error_in_the_settings_file_or_the_assistant_is_shown_in_the_window(
    qtbot: QtBot, make_desk: MakeDesk
) -> None:
    def build(report: ReportLoading) -> RunsTurns:
        raise AssistantError("model_missing", "The language model is not here.")

    desk = make_desk(build=build)
    qtbot.waitUntil(lambda: desk.window.status.models.text() == "Not ready: model missing")


def test_colours_are_in_one_file_only() -> None:
    folder = Path(assistant_app.gui.__file__).parent
    sheet = folder.parent.parent / "resources" / "style" / "window.qss"
    pattern = re.compile(r"#[0-9A-Fa-f]{6}\b")
    guilty = [file.name for file in [*folder.glob("*.py"), sheet] if pattern.search(file.read_text(encoding="utf-8"))]
    assert guilty == ["tokens.py"]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = QColor(colour).getRgbF()[:3]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("accent", ["blue", "teal"])
def test_text_is_readable_on_every_ground(dark: bool, accent: str) -> None:
    t = tokens_for(dark=dark, accent="teal" if accent == "teal" else "blue")
    grounds = (t.window, t.surface, t.sunken, t.hover, t.accent_soft)
    for colour in (t.text, t.text_2, t.text_3):
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5
    assert contrast(t.on_accent, t.accent) >= 4.5
    assert contrast(t.on_recording, t.recording) >= 4.5
    assert contrast(t.edge, t.surface) >= 3
    for event in t.events:
        assert contrast(t.text, event.fill) >= 4.5
        assert contrast(event.bar, event.fill) >= 3
