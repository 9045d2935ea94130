"""The microphone button: one shape, one colour and one word for each state.

Painted. It shows the state that it is told and reports taps and holds; it opens nothing itself.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from assistant_app.gui.bridge import MicrophoneState
from assistant_app.gui.controls import announce
from assistant_app.gui.icons import draw_icon
from assistant_app.gui.look import Look

HOLD_SECONDS = 0.3
"""A shorter press is a tap."""
_DISC = 48
_ROOM = 8
"""For the level ring around the disc."""
_TICK_MS = 33
_MOVING: set[MicrophoneState] = {"opening", "hearing", "thinking", "speaking"}


class MicrophoneButton(QWidget):
    """Tap toggles, holding talks until release."""

    tapped = Signal()
    hold_started = Signal()
    hold_ended = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state: MicrophoneState = "closed"
        self._level = 0.0
        self._shown_level = 0.0
        self._phase = 0
        self._pressed = False
        self._holding = False
        self._hover = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Talk"))
        self._hold_timer = QTimer(self)
        self._hold_timer.setSingleShot(True)
        self._hold_timer.setInterval(round(HOLD_SECONDS * 1000))
        self._hold_timer.timeout.connect(self._begin_hold)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._tick)
        look.changed.connect(self.update)
        self.set_state("closed")

    @property
    def state(self) -> MicrophoneState:
        return self._state

    def word(self) -> str:
        """The state in words, as shown beside the button."""
        words: dict[MicrophoneState, str] = {
            "closed": self.tr("Click or Ctrl+M to talk"),
            "opening": self.tr("Opening the microphone…"),
            "listening": self.tr("Listening"),
            "hearing": self.tr("Listening, hearing you"),
            "thinking": self.tr("Working on it"),
            "speaking": self.tr("Speaking"),
            "muted": self.tr("Muted: the microphone is closed"),
            "no_device": self.tr("No microphone"),
            "error": self.tr("The microphone does not work"),
        }
        return words[self._state]

    def set_state(self, state: MicrophoneState) -> None:
        changed = state != self._state
        self._state = state
        if state not in ("listening", "hearing"):
            self._level = self._shown_level = 0.0
        if state in _MOVING:
            self._clock.start()
        else:
            self._clock.stop()
        self.setAccessibleDescription(self.word())
        self.setToolTip(self.tr("{word} (Ctrl+M; hold to talk until you let go)").format(word=self.word()))
        if changed:
            announce(self, self.word(), assertive=state in ("error", "no_device"))
        self.update()

    def set_level(self, level: float) -> None:
        """Loudness, 0 to 1."""
        self._level = min(1.0, max(0.0, level))
        if self._state == "listening" and self._level > 0.02:
            self.update()

    def sizeHint(self) -> QSize:
        side = _DISC + 2 * _ROOM
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    # Input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.press()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.release()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.press()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.release()
        else:
            super().keyReleaseEvent(event)

    def enterEvent(self, event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = False
        self.update()

    def press(self) -> None:
        """The button, or the key that stands for it, goes down."""
        self._pressed = True
        self._hold_timer.start()
        self.update()

    def release(self) -> None:
        """And up again."""
        if not self._pressed:
            return
        self._pressed = False
        self._hold_timer.stop()
        if self._holding:
            self._holding = False
            self.hold_ended.emit()
        else:
            self.tapped.emit()
        self.update()

    def _begin_hold(self) -> None:
        if self._state in ("closed", "speaking", "thinking"):
            self._holding = True
            self.hold_started.emit()

    # Painting

    def _tick(self) -> None:
        self._phase = round(time.monotonic() * 1000)
        self._shown_level += (self._level - self._shown_level) * 0.4
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self.width() / 2, self.height() / 2)
        disc = QRectF(centre.x() - _DISC / 2, centre.y() - _DISC / 2, _DISC, _DISC)
        {
            "closed": self._paint_closed,
            "opening": self._paint_opening,
            "listening": self._paint_open,
            "hearing": self._paint_open,
            "thinking": self._paint_thinking,
            "speaking": self._paint_speaking,
            "muted": self._paint_muted,
            "no_device": self._paint_no_device,
            "error": self._paint_error,
        }[self._state](painter, disc)
        painter.end()

    def _ground(self, usual: str) -> QColor:
        t = self._look.tokens
        if self._pressed:
            return self._look.colour(t.border)
        return self._look.colour(t.hover if self._hover else usual)

    def _glyph(self, painter: QPainter, disc: QRectF, name: str, colour: str, size: float = 24) -> None:
        centre = disc.center()
        draw_icon(painter, name, QRectF(centre.x() - size / 2, centre.y() - size / 2, size, size), colour)

    def _pen(self, colour: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        pen = QPen(self._look.colour(colour), width, style)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        return pen

    def _paint_closed(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.edge, 1.5))
        painter.setBrush(self._ground(t.surface))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
        self._glyph(painter, disc, "microphone", t.text)

    def _paint_opening(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground(t.surface))
        painter.drawEllipse(disc)
        painter.setPen(self._pen(t.accent, 3))
        painter.drawArc(disc.adjusted(2, 2, -2, -2), round(-self._phase * 0.36) % 360 * 16, 270 * 16)
        self._glyph(painter, disc, "microphone", t.text_2)

    def _paint_open(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        if self._state == "hearing":
            width = 2 + 6 * self._shown_level
            painter.setPen(self._pen(t.recording, width))
            ring = disc.adjusted(-width / 2, -width / 2, width / 2, width / 2)
        else:
            painter.setPen(self._pen(t.recording, 2))
            ring = disc.adjusted(-4, -4, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(ring)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.colour(t.recording))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1) if self._state == "listening" else disc.adjusted(3, 3, -3, -3))
        self._glyph(painter, disc, "microphone", t.on_recording)

    def _paint_thinking(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.voice, 1.5))
        painter.setBrush(self._look.colour(t.voice_soft))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
        painter.setPen(Qt.PenStyle.NoPen)
        step = self._phase // 300 % 3
        for index in range(3):
            radius = 4.0 if index == step else 2.8
            painter.setBrush(self._look.colour(t.voice))
            painter.drawEllipse(QPointF(disc.center().x() + (index - 1) * 11, disc.center().y()), radius, radius)

    def _paint_speaking(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.voice, 2))
        painter.setBrush(self._look.colour(t.voice_soft))
        painter.drawRoundedRect(disc.adjusted(2, 2, -2, -2), 12, 12)
        painter.setPen(self._pen(t.voice, 3))
        for index in range(5):
            wave = abs((self._phase / 180 + index * 0.7) % 2 - 1)
            half = 4 + 8 * wave
            x = disc.center().x() + (index - 2) * 7
            painter.drawLine(QPointF(x, disc.center().y() - half), QPointF(x, disc.center().y() + half))

    def _paint_muted(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.text_2, 1.5))
        painter.setBrush(self._ground(t.sunken))
        painter.drawRoundedRect(disc.adjusted(2, 2, -2, -2), 6, 6)
        self._glyph(painter, disc, "microphone", t.text_2)
        painter.setPen(self._pen(t.text_2, 2))
        painter.drawLine(disc.center() + QPointF(-11, -11), disc.center() + QPointF(11, 11))

    def _paint_no_device(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.text_3, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(self._ground(t.sunken))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
        self._glyph(painter, disc, "plug", t.text_3)

    def _paint_error(self, painter: QPainter, disc: QRectF) -> None:
        t = self._look.tokens
        painter.setPen(self._pen(t.error, 1.5))
        painter.setBrush(self._look.colour(t.error_soft))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
        self._glyph(painter, disc, "warning", t.error)
