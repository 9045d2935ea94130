"""The ring around what the keyboard is on: drawn once for the whole window.

Shown for keyboard focus only. Follows the focused widget when it, or anything it lies in, moves.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLineEdit, QWidget

from assistant_app.gui.look import Look

_GAP = 2
_WIDTH = 2
_FOLLOWED = {
    QEvent.Type.Move,
    QEvent.Type.Resize,
    QEvent.Type.Show,
    QEvent.Type.Hide,
    QEvent.Type.LayoutRequest,
}


class FocusRing(QWidget):
    """Lies over the window and lets everything through."""

    def __init__(self, window: QWidget, look: Look) -> None:
        super().__init__(window)
        self._window = window
        self._look = look
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        self._by_keyboard = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        look.changed.connect(self.update)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._focus_changed)

    def note_key(self) -> None:
        """The user is on the keyboard: the next focus change shows the ring."""
        self._by_keyboard = True

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._by_keyboard = False
        shown = new if new is not None and self._by_keyboard and new.window() is self._window else None
        # Fields show their own accent edge and caret.
        if isinstance(shown, QLineEdit | QAbstractScrollArea) and shown.objectName() != "timeGridScroll":
            shown = None
        self._follow(shown)

    def _follow(self, target: QWidget | None) -> None:
        for watched in self._watched:
            watched.removeEventFilter(self)
        self._watched = []
        self._target = target
        widget: QWidget | None = target
        while widget is not None and widget is not self._window:
            widget.installEventFilter(self)
            self._watched.append(widget)
            widget = widget.parentWidget()
        if target is not None:
            target.destroyed.connect(self._forget)
        self._place()

    def _forget(self) -> None:
        self._target = None
        self._watched = []
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOLLOWED:
            self._place()
        return False

    def _place(self) -> None:
        target = self._target
        if target is None or not target.isVisible():
            self.hide()
            return
        margin = _GAP + _WIDTH
        rect = QRect(target.mapTo(self._window, QPoint(0, 0)), target.size()).adjusted(-margin, -margin, margin, margin)
        self.setGeometry(rect.intersected(self._window.rect()))
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QPen(self._look.colour(self._look.tokens.surface), _GAP + 1)
        painter.setPen(ground)
        inner = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        painter.drawRoundedRect(inner, 8, 8)
        painter.setPen(QPen(self._look.colour(self._look.tokens.accent), _WIDTH))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 9, 9)
        painter.end()
