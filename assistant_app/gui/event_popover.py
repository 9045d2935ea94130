"""The details of an event, beside it, with Edit and Delete."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.controls import button, text_label
from assistant_app.gui.icons import icon
from assistant_app.gui.look import Look
from assistant_app.gui.messages import IconLabel
from assistant_app.gui.words import repeat_words, span_words


class EventPopover(QFrame):
    """Closes at Esc and at a click elsewhere; the focus goes back to the event."""

    edit = Signal(object)
    delete = Signal(object)

    def __init__(self, look: Look, occurrence: Occurrence, zone: ZoneInfo, opener: QWidget) -> None:
        super().__init__(opener.window(), Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self._opener = opener
        self._occurrence = occurrence
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        box = QFrame()
        box.setProperty("kind", "popover")
        outer.addWidget(box)
        event = occurrence.event
        self.setAccessibleName(event.title)
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(8)
        title = text_label(event.title, "subtitle", wrap=True)
        column.addWidget(title)
        for name, words in (
            ("clock", span_words(occurrence.start, occurrence.end, zone)),
            ("repeat", repeat_words(event.recurrence)),
            ("place", event.location),
            ("notes", event.notes),
            ("calendar", event.calendar[:1].upper() + event.calendar[1:]),
        ):
            if words:
                row = QHBoxLayout()
                row.setSpacing(8)
                row.addWidget(IconLabel(look, name, "text_3", "", 16), 0, Qt.AlignmentFlag.AlignTop)
                row.addWidget(text_label(words, wrap=True), 1)
                column.addLayout(row)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 8, 0, 0)
        buttons.setSpacing(8)
        self.edit_button = button(self.tr("Edit"))
        self.edit_button.setIcon(icon("edit", look.tokens.text_2, 16))
        self.delete_button = button(self.tr("Delete"), "danger")
        self.delete_button.setIcon(icon("delete", look.tokens.error, 16))
        buttons.addWidget(self.edit_button)
        buttons.addWidget(self.delete_button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.edit_button.clicked.connect(self._edit)
        self.delete_button.clicked.connect(self._delete)
        self.setFixedWidth(look.px(320))
        self.adjustSize()

    def open_beside(self) -> None:
        """Right of the event where there is room, else left of it."""
        window = self._opener.window()
        place = self._opener.mapToGlobal(QPoint(self._opener.width() + 8, 0))
        right = window.mapToGlobal(QPoint(window.width(), 0)).x()
        if place.x() + self.width() > right - 8:
            place = self._opener.mapToGlobal(QPoint(-self.width() - 8, 0))
        left = window.mapToGlobal(QPoint(8, 0)).x()
        bottom = window.mapToGlobal(QPoint(0, window.height() - 8)).y()
        top = window.mapToGlobal(QPoint(0, 8)).y()
        place.setX(max(left, place.x()))
        place.setY(max(top, min(place.y(), bottom - self.height())))
        self.move(place)
        self.show()
        self.edit_button.setFocus(Qt.FocusReason.PopupFocusReason)

    def closeEvent(self, event: object) -> None:
        super().closeEvent(event)  # type: ignore[arg-type]
        self._opener.setFocus(Qt.FocusReason.PopupFocusReason)

    def _edit(self) -> None:
        self.close()
        self.edit.emit(self._occurrence)

    def _delete(self) -> None:
        self.close()
        self.delete.emit(self._occurrence)
