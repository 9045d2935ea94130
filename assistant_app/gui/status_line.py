"""The line at the bottom: microphone, models, what comes next."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from assistant_app.agenda.events import Occurrence
from assistant_app.gui.bridge import MicrophoneState
from assistant_app.gui.look import Look
from assistant_app.gui.words import length_words, relative_day_words, time_words


class StatusLine(QWidget):
    """Words only; it starts nothing."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 3, 16, 3)
        row.setSpacing(12)
        self.microphone = QLabel()
        self.models = QLabel()
        self.next = QLabel()
        for number, label in enumerate((self.microphone, self.models, self.next)):
            label.setTextFormat(Qt.TextFormat.PlainText)
            if number:
                line = QFrame()
                line.setFixedSize(1, 14)
                line.setProperty("kind", "line")
                row.addWidget(line)
            row.addWidget(label)
        self.next.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.setStretchFactor(self.next, 1)
        self._opened: datetime | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_open)
        self.show_microphone("closed")

    def show_models(self, words: str) -> None:
        self.models.setText(words)

    def show_microphone(self, state: MicrophoneState) -> None:
        if state in ("listening", "hearing"):
            if self._opened is None:
                self._opened = datetime.now().astimezone()
                self._clock.start()
            self._show_open()
            return
        self._opened = None
        self._clock.stop()
        words = {
            "opening": self.tr("Opening the microphone"),
            "muted": self.tr("Microphone muted"),
            "no_device": self.tr("No microphone"),
            "error": self.tr("Microphone: error"),
        }
        self.microphone.setText(words.get(state, self.tr("Microphone closed")))

    def _show_open(self) -> None:
        if self._opened is not None:
            seconds = int((datetime.now().astimezone() - self._opened).total_seconds())
            self.microphone.setText(
                self.tr("Microphone on, {minutes}:{seconds:02d}").format(minutes=seconds // 60, seconds=seconds % 60)
            )

    def show_next(self, occurrence: Occurrence | None, now: datetime) -> None:
        if occurrence is None:
            self.next.setText(self.tr("Next: nothing planned"))
            return
        start = occurrence.start
        title = occurrence.event.title
        if not isinstance(start, datetime):
            words = self.tr("Next: {title}, {day}").format(title=title, day=relative_day_words(start, now.date()))
        else:
            local = start.astimezone(now.tzinfo)
            wait = local - now
            if wait < timedelta(hours=12) and local.date() == now.date():
                words = self.tr("Next: {title} {time}, in {wait}").format(
                    title=title, time=time_words(local), wait=length_words(max(wait, timedelta()))
                )
            else:
                words = self.tr("Next: {title}, {day} {time}").format(
                    title=title, day=relative_day_words(local.date(), now.date()), time=time_words(local)
                )
        self.next.setText(words)
        self.next.setToolTip(words)
