"""Day and week: hours downwards, days across, all-day events in a strip above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer, Signal
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
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_layout import in_strip, local_day, place_day, touches
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.look import Look
from assistant_app.gui.words import day_words, qdate, time_words

GUTTER = 56
_HOUR = 48
_GAP = 2
_STRIP_ROW = 24
_STRIP_ROWS = 3
_SNAP_MINUTES = 30


class BlockPool:
    """Event buttons that are used again."""

    def __init__(self, look: Look, parent: QWidget, book: CalendarBook) -> None:
        self._look, self._parent, self._book = look, parent, book
        self.blocks: list[EventBlock] = []
        self._used = 0

    def start(self) -> None:
        self._used = 0

    def take(self) -> EventBlock:
        if self._used == len(self.blocks):
            self.blocks.append(EventBlock(self._look, self._parent))
        block = self.blocks[self._used]
        self._used += 1
        return block

    def finish(self) -> None:
        for block in self.blocks[self._used :]:
            block.occurrence = None
            block.hide()

    @property
    def shown(self) -> Sequence[EventBlock]:
        return self.blocks[: self._used]


class TimeGrid(QWidget):
    """The hours. One tab stop; arrows move the slot cursor, Enter makes an event there."""

    new_wanted = Signal(object, object)
    """(start, end)"""
    block_made = Signal(object)

    def __init__(self, look: Look, book: CalendarBook) -> None:
        super().__init__()
        self._look, self._book = look, book
        self.days: list[date] = []
        self._cursor: datetime | None = None
        self._drag_from: datetime | None = None
        self._drag_to: datetime | None = None
        self.work_hours = (8, 18)
        self.pool = BlockPool(look, self, book)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(self._height())
        look.changed.connect(self._relook)

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
        width = self.width() - GUTTER
        count = max(1, len(self.days))
        left = GUTTER + width * index // count
        return left, GUTTER + width * (index + 1) // count - left

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
        for index, day in enumerate(self.days):
            left, width = self.column(index)
            room = width - 6
            for placed in place_day(self._occurrences, day, book.zone):
                block = self.pool.take()
                x = left + 2 + room * placed.column // placed.columns
                right = left + 2 + room * (placed.column + placed.span) // placed.columns
                y = round(placed.start_minute / 60 * self.hour_height())
                bottom = round(placed.end_minute / 60 * self.hour_height())
                block.setGeometry(x, y + 1, max(12, right - x - _GAP), max(self._look.px(18), bottom - y - _GAP))
                block.show_occurrence(
                    placed.occurrence, book.zone, book.colour_index(placed.occurrence.event.calendar), now
                )
                block.show()
        self.pool.finish()
        for block in self.pool.blocks[known:]:
            self.block_made.emit(block)

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
        if point.x() < GUTTER or not self.days:
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
            painter.drawLine(GUTTER, number * hour, self.width(), number * hour)
            if number < 24:
                painter.setPen(faint)
                painter.drawLine(GUTTER, number * hour + hour // 2, self.width(), number * hour + hour // 2)
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
            box = QRectF(0, number * hour - high / 2, GUTTER - 8, high)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, time_words(time(number)))
        if not here:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, width = self.column(self.days.index(now.date()))
        red = self._look.colour(t.recording)
        painter.setPen(QPen(red, 1))
        painter.drawLine(QPointF(GUTTER, y_now), QPointF(self.width(), y_now))
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
            QRectF(0, y_now - high / 2, GUTTER - 8, high),
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
            painter.setFont(strong)
            wide = metrics.horizontalAdvance(name) + 6 + max(24, painter.fontMetrics().horizontalAdvance(number))
            x = box.left() + (width - wide) / 2
            painter.setFont(self._look.font("caption"))
            painter.setPen(self._look.colour(t.text if is_today else t.text_2))
            painter.drawText(QRectF(x, 0, 80, high), Qt.AlignmentFlag.AlignVCenter, name)
            badge = QRectF(x + metrics.horizontalAdvance(name) + 6, high / 2 - 12, 24, 24)
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
        strip = QRectF(0, high, GUTTER - 8, self._look.px(_STRIP_ROW))
        painter.drawText(strip, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.tr("all day"))
        painter.setPen(self._look.colour(t.border))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


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
