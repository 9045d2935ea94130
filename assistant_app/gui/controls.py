"""Small controls of our own: what Fusion draws in grey, drawn in our look instead.

Icon buttons, a segmented switch, selects, a switch, wrapping rows and the announcement for screen
readers. They know the look, never what they are used for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QLocale, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDateEdit,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from assistant_app.gui.icons import draw_icon, icon
from assistant_app.gui.look import Look
from assistant_app.gui.tokens import TextRole


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet reads, and restyle the widget."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def text_label(text: str = "", role: TextRole = "body", *, tone: str = "", wrap: bool = False) -> QLabel:
    """A label in a text role; `tone` is "", "2", "3", "ok", "warning" or "error"."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    if tone:
        label.setProperty("tone", tone)
    if wrap:
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label


def button(text: str, kind: str = "", *, name: str = "") -> QPushButton:
    """A push button; `kind` is "", "primary", "quiet", "danger", "chip" or "suggestion"."""
    result = QPushButton(text)
    result.setProperty("kind", kind)
    result.setAccessibleName(name or text)
    result.setAutoDefault(False)
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    return result


def rule() -> QFrame:
    """A thin dividing line."""
    line = QFrame()
    line.setProperty("kind", "line")
    return line


_last_announcement: dict[str, float] = {}


def announce(widget: QWidget, text: str, *, assertive: bool = False) -> None:
    """Tell a screen reader; the same words within a second are told once."""
    now = time.monotonic()
    if now - _last_announcement.get(text, -10.0) < 1.0:
        return
    _last_announcement.clear()
    _last_announcement[text] = now
    event = QAccessibleAnnouncementEvent(widget, text)
    if assertive:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)


class IconButton(QToolButton):
    """A button without text: it always has a name, and its tooltip tells the key."""

    def __init__(self, look: Look, icon_name: str, name: str, *, shortcut: str = "", kind: str = "icon") -> None:
        super().__init__()
        self._look = look
        self._icon_name = icon_name
        self.setProperty("kind", kind)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_name(name, shortcut)
        look.changed.connect(self._recolour)
        self._recolour()

    def set_name(self, name: str, shortcut: str = "") -> None:
        self.setAccessibleName(name)
        self.setToolTip(f"{name} ({shortcut})" if shortcut else name)

    def set_icon(self, icon_name: str) -> None:
        self._icon_name = icon_name
        self._recolour()

    def _recolour(self) -> None:
        t = self._look.tokens
        colour = t.on_accent if self.property("kind") == "send" else t.text_2
        self.setIcon(icon(self._icon_name, colour, 20, disabled=t.text_3))
        self.setIconSize(QSize(20, 20))


class Segmented(QWidget):
    """A row of choices of which one holds."""

    chosen = Signal(int)

    def __init__(self, labels: Sequence[str], *, name: str, tips: Sequence[str] = ()) -> None:
        super().__init__()
        self.setObjectName("segmented")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        for index, label in enumerate(labels):
            item = button(label, "segment")
            item.setCheckable(True)
            if tips:
                item.setToolTip(tips[index])
            self._group.addButton(item, index)
            row.addWidget(item)
        self._group.idClicked.connect(self.chosen)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_current(self, index: int) -> None:
        self._group.button(index).setChecked(True)

    def current(self) -> int:
        return self._group.checkedId()

    def set_labels(self, labels: Sequence[str]) -> None:
        for index, label in enumerate(labels):
            self._group.button(index).setText(label)

    def item(self, index: int) -> QPushButton:
        found = self._group.button(index)
        assert isinstance(found, QPushButton)
        return found


def _draw_chevron(widget: QWidget, look: Look) -> None:
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = look.tokens.text_2 if widget.isEnabled() else look.tokens.text_3
    draw_icon(painter, "down", QRectF(widget.width() - 24, widget.height() / 2 - 8, 16, 16), colour)
    painter.end()


class Select(QComboBox):
    """A drop-down list whose entries carry values."""

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_choices(self, choices: Sequence[tuple[object, str]], current: object) -> None:
        """Fill with (value, label); a current value that is no choice is added, so that it is not lost."""
        self.blockSignals(True)
        self.clear()
        values = [value for value, _label in choices]
        for value, label in choices:
            self.addItem(label, value)
        if current not in values:
            self.addItem(str(current), current)
            values.append(current)
        self.setCurrentIndex(values.index(current))
        self.blockSignals(False)

    def wheelEvent(self, event: object) -> None:
        """Scrolling a page must not change a setting under the pointer."""
        if hasattr(event, "ignore"):
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _draw_chevron(self, self._look)


class DateField(QDateEdit):
    """A date with a drop-down month."""

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName(name)
        self.setCalendarPopup(True)
        chinese = self.locale().language() == QLocale.Language.Chinese
        self.setDisplayFormat("yyyy年M月d日 ddd" if chinese else "ddd d MMM yyyy")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _draw_chevron(self, self._look)


class Switch(QCheckBox):
    """On or off, at once."""

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(48, 32)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(4, self.height() / 2 - 11, 40, 22)
        on = self.isChecked()
        painter.setPen(self._look.colour(t.accent if on else t.edge))
        painter.setBrush(self._look.colour(t.accent if on else t.surface))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), 11, 11)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.colour(t.on_accent if on else t.edge))
        painter.drawEllipse(QRectF(track.right() - 19 if on else track.left() + 3, track.top() + 3, 16, 16))
        if on:
            draw_icon(painter, "check", QRectF(track.right() - 16, track.top() + 6, 10, 10), t.accent)
        painter.end()


class FlowLayout(QLayout):
    """Places items in a row and wraps to the next where the width ends."""

    def __init__(self, *, spacing: int = 8) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), dry=True)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, dry=False)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, dry: bool) -> int:
        x, y, row_height = rect.x(), rect.y(), 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            hint = item.sizeHint()
            width = min(hint.width(), rect.width())
            if x > rect.x() and x + width > rect.x() + rect.width():
                x, y, row_height = rect.x(), y + row_height + self.spacing(), 0
            if not dry:
                item.setGeometry(QRect(QPoint(x, y), QSize(width, hint.height())))
            x += width + self.spacing()
            row_height = max(row_height, hint.height())
        return y + row_height - rect.y()


def clear_layout(layout: QBoxLayout | FlowLayout) -> None:
    """Remove and delete every widget of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def is_press(event: QEvent) -> bool:
    """Whether the user begins to do something elsewhere."""
    return event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress)
