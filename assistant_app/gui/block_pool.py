"""Event buttons that are used again, so that a change of week makes no new widgets."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.look import Look


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
