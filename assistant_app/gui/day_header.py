"""Above the hours: weekdays and dates, and the strip of all-day events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.block_pool import BlockPool
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_layout import in_strip, local_day, touches
from assistant_app.gui.look import Look
from assistant_app.gui.time_grid import TimeGrid
from assistant_app.gui.words import qdate

_STRIP_ROW = 24
_STRIP_ROWS = 3


class DayHeader(QWidget):
    """Weekdays and dates, and under them the all-day strip."""

    day_clicked = Signal(object)
    block_made = Signal(object)

    def __init__(self, look: Look, book: CalendarBook, grid: TimeGrid) -> None:
        super().__init__()
        self._look, self._book, self._grid = look, book, grid
        self.days: list[date] = []
        self._rows = 0
        self._hidden: dict[date, int] = {}
        self._occurrences: Sequence[Occurrence] = ()
        self.pool = BlockPool(look, self, book)
        look.changed.connect(self._relook)

    def show_days(self, days: list[date], occurrences: Sequence[Occurrence]) -> None:
        self.days, self._occurrences = days, occurrences
        self._place()

    def _relook(self) -> None:
        if self.days:
            self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.days:
            self._place()

    def _name_height(self) -> int:
        return self._look.px(32)

    def _place(self) -> None:
        zone, now = self._book.zone, self._book.now()
        known = len(self.pool.blocks)
        self.pool.start()
        self._hidden = {}
        lanes: list[list[bool]] = []
        row_height = self._look.px(_STRIP_ROW)
        long = [o for o in self._occurrences if in_strip(o) and any(touches(o, d, zone) for d in self.days)]
        long.sort(key=lambda o: (local_day(o.start, zone), o.event.title))
        for occurrence in long:
            covered = [i for i, day in enumerate(self.days) if touches(occurrence, day, zone)]
            row = next((r for r, lane in enumerate(lanes) if not any(lane[i] for i in covered)), len(lanes))
            if row == len(lanes):
                lanes.append([False] * len(self.days))
            for index in covered:
                lanes[row][index] = True
            if row >= _STRIP_ROWS:
                for index in covered:
                    self._hidden[self.days[index]] = self._hidden.get(self.days[index], 0) + 1
                continue
            left, _width = self._grid.column(covered[0])
            last_left, last_width = self._grid.column(covered[-1])
            block = self.pool.take()
            top = self._name_height() + row * row_height + 1
            block.setGeometry(left + 2, top, last_left + last_width - left - 6, row_height - 2)
            block.show_occurrence(occurrence, zone, self._book.colour_index(occurrence.event.calendar), now, line=True)
            block.show()
        self.pool.finish()
        for block in self.pool.blocks[known:]:
            self.block_made.emit(block)
        self._rows = min(len(lanes), _STRIP_ROWS) + (1 if self._hidden else 0)
        self.setFixedHeight(self._name_height() + max(1, self._rows) * row_height + 2)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for index, day in enumerate(self.days):
            left, width = self._grid.column(index)
            if left <= event.position().x() < left + width:
                self.day_clicked.emit(day)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._look.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look.colour(t.surface))
        today = self._book.now().date()
        high = self._name_height()
        locale = self.locale()
        for index, day in enumerate(self.days):
            left, width = self._grid.column(index)
            is_today = day == today
            box = QRectF(left, 0, width, high)
            name = locale.toString(qdate(day), "ddd")
            number = str(day.day)
            painter.setFont(self._look.font("caption"))
            metrics = painter.fontMetrics()
            strong = self._look.font("strong")
            round_badge = self._look.px(24)
            painter.setFont(strong)
            wide = metrics.horizontalAdvance(name) + 6 + round_badge
            x = box.left() + (width - wide) / 2
            painter.setFont(self._look.font("caption"))
            painter.setPen(self._look.colour(t.text if is_today else t.text_2))
            painter.drawText(QRectF(x, 0, width, high), Qt.AlignmentFlag.AlignVCenter, name)
            badge = QRectF(x + metrics.horizontalAdvance(name) + 6, (high - round_badge) / 2, round_badge, round_badge)
            painter.setFont(strong)
            if is_today:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._look.colour(t.accent))
                painter.drawEllipse(badge)
                painter.setPen(self._look.colour(t.on_accent))
            else:
                painter.setPen(self._look.colour(t.text))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, number)
            if more := self._hidden.get(day):
                painter.setFont(self._look.font("caption"))
                painter.setPen(self._look.colour(t.text_2))
                bottom = self.height() - self._look.px(_STRIP_ROW)
                painter.drawText(
                    QRectF(left + 8, bottom, width, self._look.px(_STRIP_ROW)),
                    Qt.AlignmentFlag.AlignVCenter,
                    f"+{more}",
                )
            painter.setPen(self._look.colour(t.border))
            painter.drawLine(left, high, left, self.height())
        painter.setFont(self._look.font("caption"))
        painter.setPen(self._look.colour(t.text_3))
        strip = QRectF(0, high, self._grid.gutter() - 8, self._look.px(_STRIP_ROW))
        painter.drawText(strip, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.tr("all day"))
        painter.setPen(self._look.colour(t.border))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()
