"""The window: rail, conversation, calendar beside it, settings, status line, and the keys.

Wires widgets to the bridge and to each other. It builds no engine: those come in from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant_app.agenda.events import Moment
from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import Bridge, MicrophoneState
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_view import VIEWS, CalendarView, View
from assistant_app.gui.controls import Segmented, text_label
from assistant_app.gui.conversation import Conversation
from assistant_app.gui.focus_ring import FocusRing
from assistant_app.gui.look import Look
from assistant_app.gui.messages import IconLabel
from assistant_app.gui.models_panel import ModelsPanel
from assistant_app.gui.rail import Rail
from assistant_app.gui.settings_page import SettingsPage
from assistant_app.gui.status_line import StatusLine
from assistant_app.gui.words import day_words, moment_from
from assistant_app.settings import Settings
from assistant_app.turn import Action

Page = Literal["talk", "calendar", "settings"]

_WIDE = 1200
_BESIDE = 1000
_CONVERSATION_WIDE = 472
_CONVERSATION_NARROW = 400
_TITLE_BAR = 32
"""Left free for the window manager on a small screen."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the window is made of; built by `application.py`, or by a test."""

    look: Look
    bridge: Bridge
    book: CalendarBook
    settings_page: SettingsPage
    models: ModelsPanel | None
    memory: QSettings
    """Where the window remembers its place."""
    apply_settings: Callable[[Settings, Settings], None]
    """(old, new): what lies outside the window follows new settings."""


class MainWindow(QMainWindow):
    """One window; closing it ends the program."""

    closed = Signal()

    def __init__(self, parts: Parts, settings: Settings) -> None:
        super().__init__()
        self._parts = parts
        self._settings = settings
        self._look, self._bridge, self._book = parts.look, parts.bridge, parts.book
        self.page: Page = "talk"
        self._pane: Literal["conversation", "calendar"] = "conversation"
        self._beside: bool | None = None
        self.setWindowTitle(self.tr("Desk Assistant"))
        self.setMinimumSize(640, 480)
        self._build()
        self._connect()
        self._keys()
        self.ring = FocusRing(self, self._look)
        self._remembered()
        self._show_page("talk")
        self.conversation.composer.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._minute = QTimer(self)
        self._minute.setInterval(15_000)
        self._minute.timeout.connect(self._show_time)
        self._minute.start()
        self._show_time()

    # Building

    def _build(self) -> None:
        tr = self.tr
        self.rail = Rail(
            self._look,
            [
                ("talk", tr("Talk"), "talk", "Ctrl+L"),
                ("calendar", tr("Calendar"), "calendar", ""),
                ("settings", tr("Settings"), "settings", "Ctrl+,"),
            ],
        )
        self.conversation = Conversation(self._look, self._bridge, self._book)
        self.calendar = CalendarView(self._look, self._book, self._settings.calendar)
        self.settings_page = self._parts.settings_page
        self.status = StatusLine(self._look)
        left = QWidget()
        left.setObjectName("page")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(0)
        left_column.addWidget(self._build_header())
        left_column.addWidget(self.conversation, 1)
        self._left = left
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(6)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.calendar)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setCollapsible(0, False)
        self.splitter.setCollapsible(1, False)
        left.setMinimumWidth(340)
        self.calendar.setMinimumWidth(420)
        both = QWidget()
        both.setObjectName("page")
        both_column = QVBoxLayout(both)
        both_column.setContentsMargins(0, 0, 0, 0)
        both_column.setSpacing(0)
        self._switch_row = self._build_switch()
        both_column.addWidget(self._switch_row)
        both_column.addWidget(self.splitter, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(both)
        self.stack.addWidget(self.settings_page)
        body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addWidget(self.stack, 1)
        root = QWidget()
        column = QVBoxLayout(root)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(body, 1)
        column.addWidget(self.status)
        self.setCentralWidget(root)

    def _build_header(self) -> QWidget:
        header = QWidget()
        header.setObjectName("header")
        header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        header.setMinimumHeight(48)
        row = QHBoxLayout(header)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(6)
        self._date = text_label("", "subtitle")
        self._date.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self._date, 1)
        told = self.tr("Nothing leaves this computer")
        row.addWidget(IconLabel(self._look, "offline", "text_2", told, 16))
        offline = text_label(self.tr("Offline"), "caption", tone="2")
        offline.setToolTip(told)
        row.addWidget(offline)
        return header

    def _build_switch(self) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(16, 8, 16, 0)
        self.panes = Segmented([self.tr("Conversation"), self.tr("Calendar")], name=self.tr("Pane"))
        self.panes.chosen.connect(lambda index: self._show_pane("calendar" if index else "conversation"))
        line.addWidget(self.panes)
        line.addStretch(1)
        return row

    def _connect(self) -> None:
        bridge, composer = self._bridge, self.conversation.composer
        microphone = composer.microphone
        self.rail.chosen.connect(self._show_page)
        microphone.tapped.connect(self._tapped)
        microphone.hold_started.connect(lambda: bridge.talk("hold"))
        microphone.hold_ended.connect(bridge.finish_recording)
        bridge.microphone.connect(self._microphone)
        bridge.level.connect(microphone.set_level)
        bridge.loading.connect(self._loading)
        bridge.ready.connect(self._ready)
        bridge.not_ready.connect(self._not_ready)
        self._book.changed.connect(self._show_time)
        self.conversation.edit_event.connect(self._edit_event)
        self.conversation.event_made.connect(self._event_made)
        self.settings_page.changed.connect(self._settings_changed)
        if self._parts.models is not None:
            self._parts.models.fetched.connect(bridge.prepare)
        self._microphone("closed", "")

    def _keys(self) -> None:
        calendar, composer = self.calendar, self.conversation.composer

        def key(sequence: str, action: Callable[[], None]) -> None:
            shortcut = QShortcut(QKeySequence(sequence), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(action)

        key("Ctrl+L", lambda: self._focus_composer())
        key("Ctrl+N", lambda: self._new_event())
        key("Ctrl+Z", self._book.undo)
        key("Ctrl+Shift+Z", self._book.redo)
        key("Ctrl+Y", self._book.redo)
        for index, view in enumerate(VIEWS):
            key(f"Ctrl+{index + 1}", partial(self._calendar_view, view))
        key("Ctrl+T", self._today)
        key("Alt+Left", lambda: calendar.step(-1))
        key("Alt+Right", lambda: calendar.step(1))
        key("F6", lambda: self._region(1))
        key("Shift+F6", lambda: self._region(-1))
        key("Esc", self._escape)
        key("Shift+Esc", self._bridge.stop)
        key("Ctrl+,", lambda: self._show_page("settings"))
        key("Ctrl+Shift+M", lambda: self.set_muted(not self._bridge.muted))
        key("Ctrl+W", self._close)
        key("Ctrl+Q", self._close)
        key("Ctrl+I", self._why)
        for sequence, step in (("Ctrl++", 1), ("Ctrl+=", 1), ("Ctrl+-", -1), ("Ctrl+0", 0)):
            key(sequence, partial(self._text_size, step))
        self.setTabOrder(self.rail, composer)

    # Pages and panes

    def sizeHint(self) -> QSize:
        return QSize(1280, 800)

    def _show_page(self, page: str) -> None:
        if page == "settings":
            self.rail.item("settings").setFocus(Qt.FocusReason.OtherFocusReason)
            self.page = "settings"
            self.stack.setCurrentIndex(1)
        else:
            self.page = "calendar" if page == "calendar" else "talk"
            self._pane = "calendar" if page == "calendar" else "conversation"
            self.stack.setCurrentIndex(0)
        self.rail.set_current(self.page)
        self._fold()

    def _show_pane(self, pane: Literal["conversation", "calendar"]) -> None:
        self._pane = pane
        self._fold()

    def _show_calendar(self) -> None:
        if self.page == "settings" or (self.page == "talk" and not self._is_beside()):
            self._show_page("talk" if self._is_beside() else "calendar")

    def _is_beside(self) -> bool:
        return self.width() >= _BESIDE

    def _fold(self) -> None:
        beside = self._is_beside()
        narrow = not beside and self.page == "talk"
        self._switch_row.setVisible(narrow)
        self.panes.set_current(1 if self._pane == "calendar" else 0)
        self._left.setVisible(self.page == "talk" and (beside or self._pane == "conversation"))
        self.calendar.setVisible(self.page == "calendar" or beside or self._pane == "calendar")
        if beside != self._beside:
            self._beside = beside
            if beside:
                self._restore_splitter()

    def _restore_splitter(self) -> None:
        state = self._parts.memory.value("splitter")
        if not (isinstance(state, QByteArray) and self.splitter.restoreState(state)):
            left = _CONVERSATION_WIDE if self.width() >= _WIDE else _CONVERSATION_NARROW
            self.splitter.setSizes([left, max(1, self.width() - 72 - left)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _remembered(self) -> None:
        geometry = self._parts.memory.value("geometry")
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            self.resize(self.sizeHint().boundedTo(self.screen().availableSize() - QSize(0, _TITLE_BAR)))
        if self._parts.memory.value("muted", False, type=bool):
            self._bridge.set_muted(True)

    # The microphone

    def _tapped(self) -> None:
        bridge, state = self._bridge, self.conversation.composer.microphone.state
        if bridge.muted:
            self.set_muted(False)
        elif state == "opening":
            bridge.discard_recording()
        elif bridge.recording:
            bridge.finish_recording()
        elif state == "thinking" and bridge.busy:
            bridge.stop()
        else:
            bridge.talk("tap")

    def set_muted(self, muted: bool) -> None:
        self._bridge.set_muted(muted)
        self._parts.memory.setValue("muted", muted)

    def _microphone(self, state: MicrophoneState, words: str) -> None:
        composer = self.conversation.composer
        composer.microphone.set_state(state)
        shown = composer.microphone.word()
        if words and state in ("error", "no_device", "speaking"):
            shown = words if state != "speaking" else self.tr("Speaking: {words}").format(words=words)
        composer.state_label.setText(shown)
        composer.state_label.setToolTip(shown)
        composer.set_busy(self._bridge.busy and state in ("thinking", "speaking"))
        self.status.show_microphone(state)

    # The assistant

    def _loading(self, words: str) -> None:
        self.status.show_models(self.tr("Getting ready: {what}…").format(what=words[:1].lower() + words[1:]))

    def _ready(self) -> None:
        self.status.show_models(self.tr("Ready"))

    def _not_ready(self, error: AssistantError) -> None:
        self.status.show_models(self.tr("Not ready: {code}").format(code=error.code.replace("_", " ")))
        action = self.tr("Open Settings") if self._parts.models is not None else self.tr("Try again")
        message = self.conversation.error(error.message, action=action)
        if self._parts.models is not None:
            message.retry.connect(self.show_models)
        else:
            message.retry.connect(self._bridge.prepare)

    def show_models(self) -> None:
        """Settings, at the models."""
        self._show_page("settings")
        models = self._parts.models
        if models is not None:
            QTimer.singleShot(0, lambda: self.settings_page.scroll_area.ensureWidgetVisible(models, 0, 24))

    # The calendar

    def _edit_event(self, uid: str) -> None:
        self._show_calendar()
        self.calendar.edit_uid(uid)

    def _event_made(self, action: Action) -> None:
        moment: Moment | None = moment_from(action.details.get("start", ""))
        if moment is not None and action.kind in ("event_added", "event_moved", "event_edited"):
            if hasattr(moment, "tzinfo") and moment.tzinfo is None:
                moment = moment.replace(tzinfo=self._book.zone)  # type: ignore[call-arg]
            self.calendar.follow(moment)

    def _new_event(self) -> None:
        self._show_calendar()
        self.calendar.new_event()

    def _calendar_view(self, view: View) -> None:
        self._show_calendar()
        self.calendar.set_view(view)

    def _today(self) -> None:
        self._show_calendar()
        self.calendar.go_today()

    # Keys

    def focusNextPrevChild(self, forward: bool) -> bool:
        self.ring.note_key()
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_M and control:
            if not event.isAutoRepeat():
                self.conversation.composer.microphone.press()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_M and not event.isAutoRepeat():
            self.conversation.composer.microphone.release()
            return
        super().keyReleaseEvent(event)

    def _escape(self) -> None:
        """Close the topmost thing only."""
        focus = QApplication.focusWidget()
        reply = self.conversation.last_reply()
        if self.calendar.toast.isVisible() and focus is self.calendar.toast.undo_button:
            self.calendar.toast.hide()
        elif self._bridge.busy:
            self._bridge.stop()
        elif self.conversation.composer.microphone.state in ("error", "no_device"):
            self._microphone("muted" if self._bridge.muted else "closed", "")
        elif reply is not None and reply.why_button.isChecked():
            reply.why_button.setChecked(False)
        elif self.calendar.toast.isVisible():
            self.calendar.toast.hide()

    def _why(self) -> None:
        reply = self.conversation.last_reply()
        if reply is not None and reply.why_button.isVisible():
            reply.why_button.toggle()

    def _focus_composer(self) -> None:
        if self.page != "talk" or self._pane != "conversation":
            self._show_page("talk")
        self.conversation.composer.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _region(self, step: int) -> None:
        """The next region: rail, conversation, composer, calendar, toast."""
        self.ring.note_key()
        regions: list[tuple[QWidget, QWidget]] = [(self.rail, self.rail.item(self.page))]
        if self.page == "settings":
            regions.append((self.settings_page, self.settings_page.first_control()))
        if self._left.isVisible():
            if (target := self.conversation.focus_target()) is not None:
                regions.append((self.conversation.scroll_area, target))
            regions.append((self.conversation.composer, self.conversation.composer.field))
        if self.calendar.isVisible():
            regions.append((self.calendar, self.calendar.focus_target()))
            if self.calendar.toast.isVisible() and self.calendar.toast.undo_button.isVisible():
                regions.append((self.calendar.toast, self.calendar.toast.undo_button))
        focus = QApplication.focusWidget()
        current = -1
        for index, (region, _target) in enumerate(regions):
            if focus is not None and (focus is region or region.isAncestorOf(focus)):
                current = index
        target = regions[(current + step) % len(regions)][1]
        target.setFocus(Qt.FocusReason.TabFocusReason)

    def _close(self) -> None:
        self.close()

    def _text_size(self, step: int) -> None:
        percent = self.settings_page.settings.appearance.text_percent
        self.settings_page.put("appearance.text_percent", 100 if step == 0 else min(200, max(80, percent + 10 * step)))

    # Settings and the end

    def _settings_changed(self, settings: Settings) -> None:
        old, self._settings = self._settings, settings
        self._look.set_appearance(settings.appearance)
        self.calendar.use_settings(settings.calendar)
        self._parts.apply_settings(old, settings)

    def _show_time(self) -> None:
        now = self._book.now()
        self._date.setText(day_words(now.date()))
        self.status.show_next(self._book.next_event, now)

    def talk(self) -> None:
        """Open the microphone, as a tap on the button does."""
        if not self._bridge.recording:
            self._tapped()

    def stop(self) -> None:
        """Stop voice, turn and microphone."""
        self._bridge.stop()

    def raise_window(self) -> None:
        """Come to the front: a second start of the program asks for it."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        memory = self._parts.memory
        memory.setValue("geometry", self.saveGeometry())
        if self._is_beside() and self.page == "talk":
            memory.setValue("splitter", self.splitter.saveState())
        memory.sync()
        if self._parts.models is not None:
            self._parts.models.close_work()
        super().closeEvent(event)
        self.closed.emit()
