"""One event on the calendar: a button with a bar in its calendar's colour."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.icons import draw_icon
from assistant_app.gui.look import Look
from assistant_app.gui.words import hours_words, repeat_words, span_words


def event_name(occurrence: Occurrence, zone: ZoneInfo) -> str:
    """For a screen reader: title, full date, times, calendar, repeats."""
    event = occurrence.event
    return ", ".join(
        filter(
            None,
            (
                event.title,
                span_words(occurrence.start, occurrence.end, zone),
                event.location,
                event.calendar,
                repeat_words(event.recurrence),
            ),
        )
    )


_NARROW = 56
"""Below this width a title breaks anywhere and the times are left to the tooltip."""


class EventBlock(QAbstractButton):
    """Click selects and opens details; Delete deletes; double click edits."""

    opened = Signal(object)
    edited = Signal(object)
    deleted = Signal(object)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._colour = 0
        self._zone = ZoneInfo("UTC")
        self._over = False
        self._line = False
        self.occurrence: Occurrence | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(lambda: self.opened.emit(self))

    def show_occurrence(
        self, occurrence: Occurrence, zone: ZoneInfo, colour: int, now: datetime, *, line: bool = False
    ) -> None:
        """`line`: a single row with the title alone, as in the all-day strip."""
        self.occurrence, self._zone, self._colour, self._line = occurrence, zone, colour, line
        end = occurrence.end
        self._over = end <= now if isinstance(end, datetime) else end <= now.date()
        name = event_name(occurrence, zone)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self._look.px(24))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.deleted.emit(self)
        elif event.key() == Qt.Key.Key_F2:
            self.edited.emit(self)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.edited.emit(self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        occurrence = self.occurrence
        if occurrence is None:
            return
        t = self._look.tokens
        colour = t.events[self._colour % len(t.events)]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, 4, 4)
        painter.setClipPath(shape)
        fill = self._look.colour(colour.fill)
        painter.fillRect(self.rect(), self._look.colour(t.surface))
        painter.setOpacity(0.7 if self._over else 1.0)
        painter.fillRect(self.rect(), fill)
        painter.fillRect(QRectF(0, 0, 4, self.height()), self._look.colour(colour.bar))
        painter.setOpacity(1.0)
        painter.setClipping(False)
        strong = self.hasFocus() or self.underMouse()
        painter.setPen(self._look.colour(colour.bar if strong else t.border))
        painter.drawPath(shape)
        self._paint_text(painter, occurrence)
        painter.end()

    def _paint_text(self, painter: QPainter, occurrence: Occurrence) -> None:
        t = self._look.tokens
        font = self._look.font("caption")
        metrics = QFontMetrics(font)
        strong = self._look.font("caption")
        strong.setWeight(strong.Weight.DemiBold)
        area = self.rect().adjusted(9 if self.width() > _NARROW else 7, 1, -4, -1)
        title = occurrence.event.title
        hours = "" if self._line else hours_words(occurrence.start, occurrence.end, self._zone)
        glyph = bool(occurrence.event.recurrence)
        painter.setPen(self._look.colour(t.text))
        line = self._look.line_height("caption")
        short = self._line or self.height() < line * 2
        if glyph and area.width() > 60:
            y = area.center().y() - 5 if short else area.top() + 3
            draw_icon(painter, "repeat", QRectF(area.right() - 12, y, 12, 12), t.text_2)
            area = area.adjusted(0, 0, -14, 0)
        if short:
            painter.setFont(strong)
            width = QFontMetrics(strong).horizontalAdvance(title)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(
                area, flags, QFontMetrics(strong).elidedText(title, Qt.TextElideMode.ElideRight, area.width())
            )
            rest = area.adjusted(width + 6, 0, 0, 0)
            if hours and rest.width() > metrics.horizontalAdvance(hours):
                painter.setFont(font)
                painter.setPen(self._look.colour(t.text_2))
                painter.drawText(rest, flags, hours)
            return
        narrow = area.width() < _NARROW
        room = area.height() // line - (0 if narrow else 1)
        painter.setFont(strong)
        rows = _wrapped(title, strong, area.width(), max(1, room), anywhere=narrow)
        y = area.top()
        for row in rows:
            painter.drawText(QRect(area.left(), y, area.width() + 4, line), Qt.AlignmentFlag.AlignLeft, row)
            y += line
        if narrow:
            return
        painter.setFont(font)
        painter.setPen(self._look.colour(t.text_2))
        for words in filter(None, (hours, occurrence.event.location)):
            if y + line <= area.bottom() + 3:
                shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
                painter.drawText(QRect(area.left(), y, area.width(), line), Qt.AlignmentFlag.AlignLeft, shown)
                y += line


def _wrapped(text: str, font: QFont, width: int, most: int, *, anywhere: bool) -> list[str]:
    """The text in at most `most` lines, the last one shortened where there is more."""
    layout = QTextLayout(text, font)
    option = QTextOption()
    modes = QTextOption.WrapMode
    option.setWrapMode(modes.WrapAnywhere if anywhere else modes.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    rows: list[str] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(8, width))
        start, length = line.textStart(), line.textLength()
        if len(rows) == most - 1 and start + length < len(text):
            rest = text[start:]
            shortened = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, max(8, width))
            rows.append(rest[:length] if anywhere else shortened)
            break
        rows.append(text[start : start + length].strip())
    layout.endLayout()
    return rows
