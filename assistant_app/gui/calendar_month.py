"""A month: six weeks of days, as many events a day as fit, then "+n"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.block_pool import BlockPool
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_layout import in_strip, touches
from assistant_app.gui.look import Look
from assistant_app.gui.words import day_words, qdate

_ROW = 22
_NUMBER = 28
_WEEK_GUTTER = 36


def month_days(day: date) -> list[date]:
    """The Mondays-first weeks that hold the month of `day`."""
    first = day.replace(day=1)
    start = first - timedelta(days=first.weekday())
    following = (first + timedelta(days=32)).replace(day=1)
    weeks = ((following - start).days + 6) // 7
    return [start + timedelta(days=n) for n in range(weeks * 7)]


class MonthView(QWidget):
    """Arrows move the selected day, Enter makes an event on it."""

    new_wanted = Signal(object, object)
    block_made = Signal(object)
    day_opened = Signal(object)
    moved = Signal(object)
    """The selected day lies in another month now."""

    def __init__(self, look: Look, book: CalendarBook) -> None:
        super().__init__()
        self._look, self._book = look, book
        self._month = date.today()
        self._days: list[date] = []
        self._occurrences: Sequence[Occurrence] = ()
        self._more: dict[date, int] = {}
        self.selected = book.now().date()
        self.pool = BlockPool(look, self, book)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.changed.connect(self._place)

    def show_month(self, day: date, occurrences: Sequence[Occurrence]) -> None:
        self._month = day
        self._days = month_days(day)
        self._occurrences = occurrences
        if self.selected.replace(day=1) != day.replace(day=1):
            self.selected = day
        name = self.locale().toString(qdate(day), "MMMM yyyy")
        self.setAccessibleName(self.tr("{month}, %n event(s)", "", len(occurrences)).format(month=name))
        self.setAccessibleDescription(day_words(self.selected))
        self._place()

    def blocks(self) -> Sequence[object]:
        return self.pool.shown

    def _head(self) -> int:
        return self._look.px(28)

    def _cell(self, index: int) -> QRectF:
        weeks = max(1, len(self._days) // 7)
        width = (self.width() - _WEEK_GUTTER) / 7
        height = (self.height() - self._head()) / weeks
        return QRectF(_WEEK_GUTTER + index % 7 * width, self._head() + index // 7 * height, width, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        if not self._days:
            return
        book, now = self._book, self._book.now()
        known = len(self.pool.blocks)
        self.pool.start()
        self._more = {}
        row_height = self._look.px(_ROW)
        for index, day in enumerate(self._days):
            cell = self._cell(index)
            found = [o for o in self._occurrences if touches(o, day, book.zone)]
            found.sort(key=lambda o: not in_strip(o))
            fit = max(0, int((cell.height() - self._look.px(_NUMBER) - 4) // row_height))
            shown = found if len(found) <= fit else found[: max(0, fit - 1)]
            if len(found) > len(shown):
                self._more[day] = len(found) - len(shown)
            for row, occurrence in enumerate(shown):
                block = self.pool.take()
                y = cell.top() + self._look.px(_NUMBER) + row * row_height
                block.setGeometry(round(cell.left()) + 3, round(y), round(cell.width()) - 6, row_height - 2)
                block.show_occurrence(occurrence, book.zone, book.colour_index(occurrence.event.calendar), now)
                block.show()
        self.pool.finish()
        for block in self.pool.blocks[known:]:
            self.block_made.emit(block)
        self.update()

    def _day_at(self, x: float, y: float) -> date | None:
        for index, day in enumerate(self._days):
            if self._cell(index).contains(x, y):
                return day
        return None

    def _select(self, day: date) -> None:
        self.selected = day
        self.setAccessibleDescription(day_words(day))
        self.update()
        if day.replace(day=1) != self._month.replace(day=1):
            self.moved.emit(day)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._day_at(event.position().x(), event.position().y())
        if day is None:
            return
        cell = self._cell(self._days.index(day))
        self._select(day)
        if day in self._more and event.position().y() > cell.bottom() - self._look.px(_ROW):
            self.day_opened.emit(day)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if day := self._day_at(event.position().x(), event.position().y()):
            self.new_wanted.emit(day, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -7, Qt.Key.Key_Down: 7}
        step = steps.get(Qt.Key(event.key()))
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif step is not None:
            self._select(self.selected + timedelta(days=step))
        elif event.key() == Qt.Key.Key_Home:
            self._select(self.selected - timedelta(days=self.selected.weekday()))
        elif event.key() == Qt.Key.Key_End:
            self._select(self.selected + timedelta(days=6 - self.selected.weekday()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.new_wanted.emit(self.selected, None)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._look.colour(t.surface))
        today = self._book.now().date()
        caption, strong = self._look.font("caption"), self._look.font("strong")
        painter.setFont(caption)
        for index in range(min(7, len(self._days))):
            cell = self._cell(index)
            painter.setPen(self._look.colour(t.text_2))
            box = QRectF(cell.left() + 8, 0, cell.width() - 8, self._head())
            painter.drawText(
                box, Qt.AlignmentFlag.AlignVCenter, self.locale().toString(qdate(self._days[index]), "ddd")
            )
        for index, day in enumerate(self._days):
            cell = self._cell(index)
            other = day.month != self._month.month
            if other or day.weekday() >= 5:
                painter.fillRect(cell, self._look.colour(t.window))
            if index % 7 == 0:
                painter.setFont(caption)
                painter.setPen(self._look.colour(t.text_3))
                week = QRectF(0, cell.top(), _WEEK_GUTTER, self._look.px(_NUMBER))
                painter.drawText(week, Qt.AlignmentFlag.AlignCenter, str(day.isocalendar().week))
            painter.setPen(QPen(self._look.colour(t.border), 1))
            painter.drawLine(cell.topLeft(), cell.topRight())
            painter.drawLine(cell.topLeft(), cell.bottomLeft())
            badge = QRectF(cell.left() + 4, cell.top() + 2, self._look.px(24), self._look.px(24))
            painter.setFont(strong if day == today else self._look.font("body"))
            if day == today:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._look.colour(t.accent))
                painter.drawEllipse(badge)
                painter.setPen(self._look.colour(t.on_accent))
            else:
                painter.setPen(self._look.colour(t.text_3 if other else t.text))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(day.day))
            if more := self._more.get(day):
                painter.setFont(caption)
                painter.setPen(self._look.colour(t.link))
                row = self._look.px(_ROW)
                box = QRectF(cell.left() + 8, cell.bottom() - row, cell.width() - 8, row)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.tr("+{n} more").format(n=more))
            if day == self.selected and self.hasFocus():
                painter.setPen(QPen(self._look.colour(t.accent), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(cell.adjusted(2, 2, -2, -2), 6, 6)
        painter.end()
