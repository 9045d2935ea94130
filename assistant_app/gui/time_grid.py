"""The hours of one to seven days: events side by side, the now line, and the slot cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QPushButton, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.block_pool import BlockPool
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_layout import Placed, in_strip, place_day, touches
from assistant_app.gui.look import Look
from assistant_app.gui.words import day_words, time_words

GUTTER = 56
"""Room for the hours, at 100 % text."""
_HOUR = 48
_GAP = 2
_SNAP_MINUTES = 30
_NARROWEST = 40
"""Columns are at least this wide; events without room are counted on a button."""
_MORE_WIDTH = 26


class TimeGrid(QWidget):
    """The hours. One tab stop; arrows move the slot cursor, Enter makes an event there."""

    new_wanted = Signal(object, object)
    """(start, end)"""
    block_made = Signal(object)
    day_opened = Signal(object)

    def __init__(self, look: Look, book: CalendarBook) -> None:
        super().__init__()
        self._look, self._book = look, book
        self.days: list[date] = []
        self._occurrences: Sequence[Occurrence] = ()
        self._more: list[QPushButton] = []
        self._cursor: datetime | None = None
        self._drag_from: datetime | None = None
        self._drag_to: datetime | None = None
        self.work_hours = (8, 18)
        self.pool = BlockPool(look, self, book)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(self._height())
        look.changed.connect(self._relook)

    def gutter(self) -> int:
        return self._look.px(GUTTER)

    def hour_height(self) -> int:
        return self._look.px(_HOUR)

    def show_days(self, days: list[date], occurrences: Sequence[Occurrence]) -> None:
        self.days = days
        self._occurrences = occurrences
        self._place()
        timed = sum(1 for o in occurrences if not in_strip(o) and any(touches(o, d, self._book.zone) for d in days))
        self.setAccessibleName(self.tr("From {day}, %n event(s)", "", timed).format(day=day_words(days[0])))
        if self._cursor is None or self._cursor.date() not in days:
            now = self._book.now()
            day = now.date() if now.date() in days else days[0]
            self._set_cursor(datetime.combine(day, time(now.hour if day == now.date() else 9), tzinfo=self._book.zone))
        self.update()

    def y_of(self, moment: datetime) -> float:
        local = moment.astimezone(self._book.zone)
        return (local.hour * 60 + local.minute) / 60 * self.hour_height()

    def column(self, index: int) -> tuple[int, int]:
        """Left edge and width of a day."""
        width = self.width() - self.gutter()
        count = max(1, len(self.days))
        left = self.gutter() + width * index // count
        return left, self.gutter() + width * (index + 1) // count - left

    def _height(self) -> int:
        return self.hour_height() * 24 + 1

    def _relook(self) -> None:
        self.setFixedHeight(self._height())
        if self.days:
            self._place()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.days:
            self._place()

    def _place(self) -> None:
        book = self._book
        now = book.now()
        known = len(self.pool.blocks)
        self.pool.start()
        for button in self._more:
            button.deleteLater()
        self._more = []
        for index, day in enumerate(self.days):
            left, width = self.column(index)
            hidden: dict[int, list[Placed]] = {}
            for placed in place_day(self._occurrences, day, book.zone):
                room = width - 6
                shown = placed.columns
                if room // shown < _NARROWEST:
                    room -= _MORE_WIDTH
                    shown = max(1, room // _NARROWEST)
                    if placed.column >= shown:
                        hidden.setdefault(placed.cluster, []).append(placed)
                        continue
                x = left + 2 + room * placed.column // shown
                right = left + 2 + room * min(placed.column + placed.span, shown) // shown
                y, bottom = self._y(placed.start_minute), self._y(placed.end_minute)
                block = self.pool.take()
                block.setGeometry(x, y + 1, max(12, right - x - _GAP), max(self._look.px(18), bottom - y - _GAP))
                colour = book.colour_index(placed.occurrence.event.calendar)
                block.show_occurrence(placed.occurrence, book.zone, colour, now)
                block.show()
            for group in hidden.values():
                self._add_more(day, left + width - 4 - _MORE_WIDTH, group)
        self.pool.finish()
        for block in self.pool.blocks[known:]:
            self.block_made.emit(block)

    def _y(self, minute: int) -> int:
        return round(minute / 60 * self.hour_height())

    def _add_more(self, day: date, x: int, group: list[Placed]) -> None:
        """A button for events that there is no room for; it opens their day."""
        top = self._y(min(placed.start_minute for placed in group))
        bottom = self._y(max(placed.end_minute for placed in group))
        more = QPushButton(f"+{len(group)}", self)
        more.setProperty("kind", "more")
        titles = ", ".join(placed.occurrence.event.title for placed in group)
        more.setToolTip(titles)
        more.setAccessibleName(self.tr("%n more event(s): {titles}", "", len(group)).format(titles=titles))
        more.setGeometry(x, top + 1, _MORE_WIDTH, max(self._look.px(18), bottom - top - _GAP))
        more.clicked.connect(lambda: self.day_opened.emit(day))
        more.show()
        self._more.append(more)

    # The slot cursor

    @property
    def cursor_slot(self) -> datetime | None:
        return self._cursor

    def _set_cursor(self, moment: datetime) -> None:
        self._cursor = moment
        words = self.tr("{day}, {time}").format(day=day_words(moment.date()), time=time_words(moment))
        self.setAccessibleDescription(words)
        if self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.update()

    def slot_at(self, point: QPoint | QPointF) -> datetime | None:
        if point.x() < self.gutter() or not self.days:
            return None
        for index, day in enumerate(self.days):
            left, width = self.column(index)
            if left <= point.x() < left + width:
                minutes = int(point.y() / self.hour_height() * 60) // _SNAP_MINUTES * _SNAP_MINUTES
                minutes = min(max(minutes, 0), 24 * 60 - _SNAP_MINUTES)
                return datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=self._book.zone)
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (slot := self.slot_at(event.position())):
            self._set_cursor(slot)
            self._drag_from = self._drag_to = slot

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        slot = self.slot_at(event.position())
        if self._drag_from and slot and slot.date() == self._drag_from.date():
            self._drag_to = slot
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        begin, end = self._drag_from, self._drag_to
        self._drag_from = self._drag_to = None
        self.update()
        if begin and end and begin != end:
            begin, end = sorted((begin, end))
            self.new_wanted.emit(begin, end + timedelta(minutes=_SNAP_MINUTES))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if slot := self.slot_at(event.position()):
            self._drag_from = self._drag_to = None
            self.new_wanted.emit(slot, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self._cursor
        steps = {
            Qt.Key.Key_Up: timedelta(minutes=-_SNAP_MINUTES),
            Qt.Key.Key_Down: timedelta(minutes=_SNAP_MINUTES),
            Qt.Key.Key_Left: timedelta(days=-1),
            Qt.Key.Key_Right: timedelta(days=1),
        }
        step = steps.get(Qt.Key(event.key()))
        if cursor is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif step is not None:
            moved = cursor + step
            if moved.date() in self.days:
                self._set_cursor(moved)
        elif event.key() == Qt.Key.Key_Home:
            self._set_cursor(datetime.combine(self.days[0], cursor.time(), tzinfo=cursor.tzinfo))
        elif event.key() == Qt.Key.Key_End:
            self._set_cursor(datetime.combine(self.days[-1], cursor.time(), tzinfo=cursor.tzinfo))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.new_wanted.emit(cursor, None)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.update()

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._look.tokens
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._look.colour(t.surface))
        hour = self.hour_height()
        now = self._book.now()
        first, last = self.work_hours
        for index, day in enumerate(self.days):
            left, width = self.column(index)
            shade = self._look.colour(t.window)
            if day.weekday() >= 5:
                painter.fillRect(QRectF(left, 0, width, self.height()), shade)
            else:
                painter.fillRect(QRectF(left, 0, width, first * hour), shade)
                painter.fillRect(QRectF(left, last * hour, width, self.height() - last * hour), shade)
            if day == now.date() and len(self.days) > 1:
                painter.fillRect(QRectF(left, 0, width, self.height()), self._look.colour(t.accent_soft, 0.35))
        line = QPen(self._look.colour(t.border), 1)
        faint = QPen(self._look.colour(t.border, 0.45), 1)
        for number in range(25):
            painter.setPen(line)
            painter.drawLine(self.gutter(), number * hour, self.width(), number * hour)
            if number < 24:
                painter.setPen(faint)
                painter.drawLine(self.gutter(), number * hour + hour // 2, self.width(), number * hour + hour // 2)
        painter.setPen(line)
        for index in range(len(self.days)):
            left, _width = self.column(index)
            painter.drawLine(left, 0, left, self.height())
        self._paint_hours(painter, now)
        self._paint_cursor(painter)
        painter.end()

    def _paint_hours(self, painter: QPainter, now: datetime) -> None:
        t = self._look.tokens
        font = self._look.font("caption")
        painter.setFont(font)
        painter.setPen(self._look.colour(t.text_3))
        hour = self.hour_height()
        here = now.date() in self.days
        y_now = self.y_of(now)
        high = painter.fontMetrics().height()
        for number in range(1, 24):
            if here and abs(number * hour - y_now) < high:
                continue
            box = QRectF(0, number * hour - high / 2, self.gutter() - 8, high)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, time_words(time(number)))
        if not here:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, width = self.column(self.days.index(now.date()))
        red = self._look.colour(t.recording)
        painter.setPen(QPen(red, 1))
        painter.drawLine(QPointF(self.gutter(), y_now), QPointF(self.width(), y_now))
        painter.setPen(QPen(red, 2))
        painter.drawLine(QPointF(left, y_now), QPointF(left + width, y_now))
        painter.setBrush(red)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(left + 1, y_now), 4, 4)
        strong = QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        painter.setFont(strong)
        painter.setPen(red)
        painter.drawText(
            QRectF(0, y_now - high / 2, self.gutter() - 8, high),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            time_words(now),
        )

    def _paint_cursor(self, painter: QPainter) -> None:
        t = self._look.tokens
        begin, end = self._drag_from, self._drag_to
        if begin and end and begin != end:
            begin, end = sorted((begin, end))
            end += timedelta(minutes=_SNAP_MINUTES)
        elif self._cursor and self.hasFocus():
            begin, end = self._cursor, self._cursor + timedelta(minutes=_SNAP_MINUTES)
        else:
            return
        left, width = self.column(self.days.index(begin.date()))
        top = self.y_of(begin)
        bottom = self.y_of(end) or self.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.colour(t.accent), 2))
        painter.setBrush(self._look.colour(t.accent_soft, 0.8))
        painter.drawRoundedRect(QRectF(left + 2, top + 1, width - 4, bottom - top - 2), 4, 4)
        painter.setPen(self._look.colour(t.text))
        painter.setFont(self._look.font("caption"))
        words = f"{time_words(begin)}–{time_words(end)}" if self._drag_from else time_words(begin)
        painter.drawText(QRectF(left + 8, top + 2, width - 12, 20), Qt.AlignmentFlag.AlignLeft, words)
