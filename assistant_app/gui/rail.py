"""The rail at the left: the pages of the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from assistant_app.gui.icons import icon
from assistant_app.gui.look import Look


class Rail(QWidget):
    """One page is chosen at a time."""

    chosen = Signal(str)

    def __init__(self, look: Look, pages: list[tuple[str, str, str, str]]) -> None:
        """`pages`: (name, label, icon, shortcut); the last goes to the bottom."""
        super().__init__()
        self._look = look
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Pages"))
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(4)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, tuple[QToolButton, str]] = {}
        for number, (name, label, icon_name, shortcut) in enumerate(pages):
            item = QToolButton()
            item.setProperty("kind", "rail")
            item.setText(label)
            item.setAccessibleName(label)
            item.setToolTip(f"{label} ({shortcut})" if shortcut else label)
            item.setCheckable(True)
            item.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            item.setIconSize(QSize(20, 20))
            item.setCursor(Qt.CursorShape.PointingHandCursor)
            item.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            item.clicked.connect(lambda _checked=False, n=name: self.chosen.emit(n))
            if number == len(pages) - 1:
                column.addStretch(1)
            column.addWidget(item)
            self._group.addButton(item)
            self._buttons[name] = (item, icon_name)
        look.changed.connect(self._recolour)
        self._recolour()

    def set_current(self, name: str) -> None:
        self._buttons[name][0].setChecked(True)

    def item(self, name: str) -> QToolButton:
        return self._buttons[name][0]

    def _recolour(self) -> None:
        t = self._look.tokens
        for item, name in self._buttons.values():
            result = QIcon(icon(name, t.text_2))
            on = icon(name, t.accent)
            for size in (QSize(20, 20), QSize(40, 40)):
                result.addPixmap(on.pixmap(size), QIcon.Mode.Normal, QIcon.State.On)
            item.setIcon(result)
        width = max(72, self._look.px(72))
        for item, _name in self._buttons.values():
            item.setFixedWidth(width - 12)
        self.setFixedWidth(width)
