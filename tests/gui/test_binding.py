"""The Qt binding itself: a release that miscounts references ends the program after some thousand calls."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot


class _Sender(QObject):
    sent = Signal(int)


def test_the_binding_keeps_its_references_to_none_and_true(qtbot: QtBot) -> None:
    widget, sender = QWidget(), _Sender()
    qtbot.addWidget(widget)
    sender.sent.connect(lambda _number: None)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for number in range(500):
        widget.update()
        sender.sent.emit(number)
    assert sys.getrefcount(None) > before[0] - 100
    assert sys.getrefcount(True) > before[1] - 100
