"""Day and week: hours downwards, days across, all-day events in a strip above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.day_header import DayHeader
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.look import Look
from assistant_app.gui.time_grid import TimeGrid


class DaysView(QWidget):
    """One to seven days beside each other."""

    new_wanted = Signal(object, object)
    block_made = Signal(object)
    day_clicked = Signal(object)

    def __init__(self, look: Look, book: CalendarBook) -> None:
        super().__init__()
        self._book = book
        self._scrolled = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.grid = TimeGrid(look, book)
        self.header = DayHeader(look, book, self.grid)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("timeGridScroll")
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self.grid)
        column.addWidget(self.header)
        column.addWidget(self._scroll, 1)
        self.grid.new_wanted.connect(self.new_wanted)
        self.grid.block_made.connect(self.block_made)
        self.header.block_made.connect(self.block_made)
        self.header.day_clicked.connect(self.day_clicked)
        self.grid.day_opened.connect(self.day_clicked)
        self._minute = QTimer(self)
        self._minute.setInterval(20_000)
        self._minute.timeout.connect(self.grid.update)
        self._minute.start()

    def show_days(self, days: list[date], occurrences: Sequence[Occurrence]) -> None:
        self.grid.show_days(days, occurrences)
        self.header.show_days(days, occurrences)

    def blocks(self) -> list[EventBlock]:
        """The events on show."""
        return [*self.header.pool.shown, *self.grid.pool.shown]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._scrolled and self.isVisible():
            self._scrolled = True
            QTimer.singleShot(0, self.scroll_to_now)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        if not self._scrolled:
            self._scrolled = True
            QTimer.singleShot(0, self.scroll_to_now)

    def scroll_to_now(self) -> None:
        """The present at one third of the height; in the night the working day instead."""
        now = self._book.now()
        if not 6 <= now.hour < 21:
            now = now.replace(hour=self.grid.work_hours[0] + 2, minute=0)
        y = self.grid.y_of(now) - self._scroll.viewport().height() / 3
        self._scroll.verticalScrollBar().setValue(round(y))

    def scroll_to(self, moment: datetime) -> None:
        """Bring a time into view if it is not."""
        y = round(self.grid.y_of(moment))
        self._scroll.ensureVisible(0, y, 0, 80)
