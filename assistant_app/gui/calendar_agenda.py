"""The agenda: thirty days as a list, each day with its events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_layout import in_strip, touches
from assistant_app.gui.controls import clear_layout, text_label
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.look import Look
from assistant_app.gui.words import hours_words, relative_day_words

DAYS = 30


class AgendaView(QWidget):
    """Days without events are left out; long gaps say so."""

    block_made = Signal(object)

    def __init__(self, look: Look, book: CalendarBook) -> None:
        super().__init__()
        self._look, self._book = look, book
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = QWidget()
        self._page.setObjectName("scrolled")
        self._list = QVBoxLayout(self._page)
        self._list.setContentsMargins(16, 8, 16, 16)
        self._list.setSpacing(4)
        scroll.setWidget(self._page)
        column.addWidget(scroll)
        self._blocks: list[EventBlock] = []

    def blocks(self) -> Sequence[EventBlock]:
        return self._blocks

    def show_from(self, first: date, occurrences: Sequence[Occurrence]) -> None:
        clear_layout(self._list)
        self._blocks = []
        book, now = self._book, self._book.now()
        gap = 0
        for offset in range(DAYS):
            day = first + timedelta(days=offset)
            found = [o for o in occurrences if touches(o, day, book.zone)]
            if not found:
                gap += 1
                continue
            if gap > 2:
                self._list.addWidget(text_label(self.tr("Nothing planned for %n day(s)", "", gap), "caption", tone="2"))
            gap = 0
            heading = text_label(relative_day_words(day, now.date()), "strong")
            heading.setContentsMargins(0, 12, 0, 4)
            self._list.addWidget(heading)
            for occurrence in sorted(found, key=lambda o: not in_strip(o)):
                row = QHBoxLayout()
                row.setSpacing(12)
                hours = text_label(hours_words(occurrence.start, occurrence.end, book.zone), tone="2")
                hours.setMinimumWidth(self._look.px(104))
                row.addWidget(hours)
                block = EventBlock(self._look, self._page)
                block.setMinimumHeight(self._look.px(32))
                block.show_occurrence(
                    occurrence, book.zone, book.colour_index(occurrence.event.calendar), now, line=True
                )
                row.addWidget(block, 1)
                holder = QWidget()
                row.setContentsMargins(0, 0, 0, 0)
                holder.setLayout(row)
                self._list.addWidget(holder)
                self._blocks.append(block)
                self.block_made.emit(block)
        if not self._blocks:
            empty = text_label(self.tr("Nothing planned in the next %n day(s)", "", DAYS), tone="2")
            empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
            empty.setContentsMargins(0, 32, 0, 0)
            self._list.addWidget(empty)
        self._list.addStretch(1)
        self.setAccessibleName(self.tr("Agenda, %n event(s)", "", len(self._blocks)))
