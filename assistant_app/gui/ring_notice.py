"""What rings, inside the window, with Snooze and Done: where the desktop shows no notices of its own."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Signal, SignalInstance
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from assistant_app.agenda.ringing import Notice, Ringing, snooze_minutes
from assistant_app.gui.controls import announce, button, text_label

_MARGIN = 16
_LINES = 6


class RingNotice(QFrame):
    """On top of the window, at its upper right; stays until it is answered."""

    snooze = Signal(object)
    """The rings (tuple of `Ring`) to ring again later."""
    done = Signal(object)
    """The rings to stop for good."""

    def __init__(self, pane: QWidget) -> None:
        super().__init__(pane)
        self._pane = pane
        self._notice: Notice | None = None
        self._told: set[str] = set()
        self.setProperty("kind", "toast")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 8, 8)
        column.setSpacing(4)
        self.title = text_label("", "subtitle", wrap=True)
        self.body = text_label("", "caption", wrap=True)
        self.more = text_label("", "caption")
        for label in (self.title, self.body, self.more):
            column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        tip = self.tr("Rings again in {count} minutes").format(count=snooze_minutes())
        self.snooze_button = button(self.tr("Snooze"))
        self.snooze_button.setToolTip(tip)
        self.done_button = button(self.tr("Done"))
        for made, signal in ((self.snooze_button, self.snooze), (self.done_button, self.done)):
            row.addWidget(made)
            made.clicked.connect(partial(self._answer, signal))
        column.addLayout(row)
        pane.installEventFilter(self)
        self.hide()

    def follow(self, ringing: Ringing) -> None:
        """Show the first of what rings, unless the desktop shows all of it."""
        notices = () if ringing.on_desktop else ringing.notices
        self._told &= {notice.id for notice in notices}
        if not notices:
            self._notice = None
            self.hide()
            return
        self._notice = notice = notices[0]
        self.title.setText(notice.title)
        lines = notice.body.splitlines()
        if len(lines) > _LINES:
            lines[_LINES:] = [self.tr("and {count} more").format(count=len(lines) - _LINES)]
        self.body.setText("\n".join(lines))
        self.more.setText(self.tr("{count} more after this").format(count=len(notices) - 1))
        self.more.setVisible(len(notices) > 1)
        self._place()
        self.show()
        self.raise_()
        if notice.id not in self._told:
            self._told.add(notice.id)
            announce(self, f"{notice.title}. {notice.body}", assertive=True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _answer(self, signal: SignalInstance, _checked: bool = False) -> None:
        notice, self._notice = self._notice, None
        self.hide()
        if notice is not None:
            signal.emit(notice.rings)

    def _place(self) -> None:
        width = min(360, self._pane.width() - 2 * _MARGIN)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move(self._pane.width() - width - _MARGIN, _MARGIN)
