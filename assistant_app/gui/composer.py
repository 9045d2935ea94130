"""Where a request is typed, beside the microphone."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from assistant_app.gui.controls import IconButton, text_label
from assistant_app.gui.look import Look
from assistant_app.gui.microphone_button import MicrophoneButton

_MOST_LINES = 6


class ComposerField(QPlainTextEdit):
    """Grows with its lines. Enter sends, Shift+Enter breaks, Up in an empty field recalls."""

    sent = Signal()
    recalled = Signal(int)
    """-1 for the message before, +1 for the one after."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._composing = False
        self._recalling = False
        self.setObjectName("composerField")
        self.setAccessibleName(self.tr("Message"))
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._hint()
        self.document().setDocumentMargin(2)
        self.textChanged.connect(self._fit)
        look.changed.connect(self._fit)
        self._fit()
        # Setting up left marks in the field's undo; there is nothing to undo yet.
        self.document().clearUndoRedoStacks()
        self.document().setModified(False)

    def set_text(self, text: str, *, recalled: bool = False) -> None:
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self._recalling = recalled

    def event(self, event: QEvent) -> bool:
        """The field's own undo comes first; where it has none, the calendar's gets the key."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            document = self.document()
            undo = event.matches(QKeySequence.StandardKey.Undo) and not document.isModified()
            redo = event.matches(QKeySequence.StandardKey.Redo) and not document.isRedoAvailable()
            if undo or redo:
                event.ignore()
                return False
        return super().event(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers & Qt.KeyboardModifier.ShiftModifier:
            if not self._composing:
                self.sent.emit()
            return
        empty = not self.toPlainText()
        if key == Qt.Key.Key_Up and (empty or self._recalling):
            self.recalled.emit(-1)
            return
        if key == Qt.Key.Key_Down and self._recalling:
            self.recalled.emit(1)
            return
        if event.text():
            self._recalling = False
        super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._hint()
        self._fit()

    def _hint(self) -> None:
        """The longest hint that fits on one line."""
        hints = (self.tr("Ask, plan or add, for example “Dentist Tuesday 3 pm”"), self.tr("Ask, plan or add…"))
        room = self.width() - 40
        fitting = (hint for hint in hints if self.fontMetrics().horizontalAdvance(hint) <= room)
        hint = next(fitting, hints[-1])
        if hint != self.placeholderText():
            self.setPlaceholderText(hint)

    def _fit(self) -> None:
        line = self.fontMetrics().lineSpacing()
        lines = 0
        block = self.document().begin()
        while block.isValid():
            layout = block.layout()
            lines += max(1, layout.lineCount() if layout else 1)
            block = block.next()
        height = max(self._look.px(36), min(lines, _MOST_LINES) * line + 18)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if lines > _MOST_LINES else policy.ScrollBarAlwaysOff)
        if height != self.height():
            self.setFixedHeight(height)


class Composer(QWidget):
    """Microphone, field and send; the line above says what the microphone is at."""

    submitted = Signal(str)
    stop = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setObjectName("composer")
        self._history: list[str] = []
        self._at = 0
        self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 12)
        column.setSpacing(4)
        self.state_label = text_label("", "caption", tone="2")
        self.state_label.setObjectName("microphoneState")
        column.addWidget(self.state_label)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.microphone = MicrophoneButton(look)
        self.field = ComposerField(look)
        self.send = IconButton(look, "send", self.tr("Send"), shortcut="Enter", kind="send")
        row.addWidget(self.microphone, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.field, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.send, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(row)
        self.field.sent.connect(self._send)
        self.field.recalled.connect(self._recall)
        self.field.textChanged.connect(self._button_state)
        self.send.clicked.connect(self._clicked)
        self._button_state()

    def set_busy(self, busy: bool) -> None:
        """While a turn runs and nothing is typed, Send is Stop."""
        self._busy = busy
        self._button_state()

    def set_draft(self, text: str) -> None:
        """Put a text into the field, ready to be changed and sent."""
        self.field.set_text(text)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stops(self) -> bool:
        return self._busy and not self.field.toPlainText().strip()

    def _button_state(self) -> None:
        if self._stops():
            self.send.set_icon("stop")
            self.send.set_name(self.tr("Stop"), "Esc")
            self.send.setEnabled(True)
        else:
            self.send.set_icon("send")
            self.send.set_name(self.tr("Send"), "Enter")
            self.send.setEnabled(bool(self.field.toPlainText().strip()))

    def _clicked(self) -> None:
        if self._stops():
            self.stop.emit()
        else:
            self._send()

    def _send(self) -> None:
        text = self.field.toPlainText().strip()
        if not text:
            return
        self._history.append(text)
        self._at = len(self._history)
        self.field.clear()
        self.submitted.emit(text)

    def _recall(self, step: int) -> None:
        if not self._history:
            return
        self._at = min(max(self._at + step, 0), len(self._history))
        text = self._history[self._at] if self._at < len(self._history) else ""
        self.field.set_text(text, recalled=True)
