"""The look in force: tokens, text size and fonts, and the signal that they changed.

Painted widgets read it when they paint; the style sheet does the rest. It stores nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication
from PySide6.QtWidgets import QApplication, QStyleFactory

from assistant_app.gui.tokens import (
    CHINESE_FAMILIES,
    TYPE,
    TextRole,
    Tokens,
    palette_for,
    style_sheet_for,
    tokens_for,
)
from assistant_app.settings import AppearanceSettings


class Look(QObject):
    """Applies an `AppearanceSettings` to the application and follows the system's theme."""

    changed = Signal()

    def __init__(self, appearance: AppearanceSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.tokens: Tokens = tokens_for(dark=self._wants_dark(), accent=appearance.accent)
        general = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        # The family itself, not its alias: an alias lets a Chinese font take over quotes and dots.
        self._families = list(dict.fromkeys([QFontInfo(general).family(), *general.families(), *CHINESE_FAMILIES]))
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def scale(self) -> float:
        """Text size, 1.0 at 100 %."""
        return self._appearance.text_percent / 100

    def set_appearance(self, appearance: AppearanceSettings) -> None:
        """Switch at once, without a restart."""
        if appearance != self._appearance:
            self._appearance = appearance
            self.apply()

    def apply(self) -> None:
        """Give palette, font and style sheet to the application."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.tokens = tokens_for(dark=self._wants_dark(), accent=self._appearance.accent)
        if app.style().objectName().lower() != "fusion":
            app.setStyle(QStyleFactory.create("Fusion"))
        app.setPalette(palette_for(self.tokens))
        app.setFont(self.font("body"))
        app.setStyleSheet(style_sheet_for(self.tokens, self.scale))
        self.changed.emit()

    def font(self, role: TextRole) -> QFont:
        """The font of a text role, for painted text."""
        size, _line, weight = TYPE[role]
        font = QFont()
        font.setFamilies(self._families)
        font.setPixelSize(max(1, round(size * self.scale)))
        font.setWeight(QFont.Weight(weight))
        return font

    def line_height(self, role: TextRole) -> int:
        """Pixels from one line to the next."""
        return round(TYPE[role][1] * self.scale)

    def px(self, size: float) -> int:
        """A length that grows with the text."""
        return round(size * self.scale)

    def colour(self, value: str, alpha: float = 1.0) -> QColor:
        """A token's value as a colour."""
        colour = QColor(value)
        colour.setAlphaF(alpha)
        return colour

    def _wants_dark(self) -> bool:
        if self._appearance.theme == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._appearance.theme == "dark"

    def _system_changed(self) -> None:
        if self._appearance.theme == "system":
            self.apply()
