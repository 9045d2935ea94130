"""Asks how much of a series a change by hand is meant for: that one, it and all following, or all."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QPushButton, QVBoxLayout, QWidget

from assistant_app.agenda.events import Scope
from assistant_app.gui.controls import button, text_label
from assistant_app.gui.look import Look

ALL_SCOPES: tuple[Scope, ...] = ("one", "following", "all")


class ScopeDialog(QDialog):
    """A button a scope, the smallest one first and chosen by Enter; arrows go up and down, Esc changes nothing."""

    chosen = Signal(str)
    """A `Scope`."""

    def __init__(
        self, look: Look, title: str, question: str, parent: QWidget, *, scopes: Sequence[Scope] = ALL_SCOPES
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(look.px(340))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addWidget(text_label(title, "subtitle", wrap=True))
        column.addWidget(text_label(question, tone="2", wrap=True))
        column.addSpacing(8)
        words: dict[Scope, str] = {
            "one": self.tr("&Only this one"),
            "following": self.tr("This and all &following"),
            "all": self.tr("&All of them"),
        }
        self.buttons: dict[Scope, QPushButton] = {}
        for scope in scopes:
            made = button(words[scope], "primary" if scope == scopes[0] else "")
            made.setAutoDefault(True)  # Enter presses the one that has the focus
            made.setAccessibleDescription(question)
            made.clicked.connect(lambda _checked=False, scope=scope: self._choose(scope))
            self.buttons[scope] = made
            column.addWidget(made)
        self.cancel_button = button(self.tr("Cancel"))
        self.cancel_button.setAutoDefault(True)
        self.cancel_button.clicked.connect(self.reject)
        column.addWidget(self.cancel_button)
        first = self.buttons[scopes[0]]
        first.setDefault(True)
        QTimer.singleShot(0, first.setFocus)

    def _choose(self, scope: Scope) -> None:
        self.accept()
        self.chosen.emit(scope)
