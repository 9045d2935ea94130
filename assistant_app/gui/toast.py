"""A short notice at the bottom of a pane, with Undo; never the only way back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from assistant_app.gui.controls import announce, button, text_label

_SHOWN_MS = 10_000


class Toast(QFrame):
    """One at a time; stays while the pointer or the focus is on it."""

    undo = Signal()

    def __init__(self, pane: QWidget) -> None:
        super().__init__(pane)
        self._pane = pane
        self.setProperty("kind", "toast")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        self.label = text_label("")
        row.addWidget(self.label)
        self.undo_button = button(self.tr("Undo"))
        self.undo_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.undo_button.clicked.connect(self._undo)
        row.addWidget(self.undo_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self._end)
        pane.installEventFilter(self)
        self.hide()

    def tell(self, words: str, *, undo: bool) -> None:
        self.label.setText(words)
        self.undo_button.setVisible(undo)
        self.setMinimumHeight(40)
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()
        self._timer.start()
        announce(self, self.tr("{words}. Undo, Control Z").format(words=words) if undo else words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        width = min(self.sizeHint().width(), self._pane.width() - 32)
        self.resize(width, max(40, self.sizeHint().height()))
        self.move((self._pane.width() - width) // 2, self._pane.height() - self.height() - 24)

    def _end(self) -> None:
        if self.underMouse() or self.undo_button.hasFocus():
            self._timer.start()
        else:
            self.hide()

    def _undo(self) -> None:
        self.hide()
        self.undo.emit()
