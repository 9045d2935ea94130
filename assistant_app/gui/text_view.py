"""A piece of text in the conversation: Markdown or plain, as high as it needs to be.

Selectable with mouse and keyboard. Pictures and links that a text names are never fetched.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QResizeEvent, QTextBlockFormat, QTextCursor, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser

from assistant_app.gui.look import Look

BUBBLE_WIDTH = 640
_FIRST_WIDTH = 200
"""Until the layout says how much there is."""


class TextView(QTextBrowser):
    """Grows with its text; never scrolls itself."""

    def __init__(self, look: Look, *, hug: bool = False) -> None:
        """`hug`: as narrow as the text allows, for a bubble."""
        super().__init__()
        self._look = look
        self._hug = hug
        self._markdown = False
        self._source = ""
        self._available = _FIRST_WIDTH
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._open)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Fixed if hug else policy.Expanding, policy.Fixed)
        look.changed.connect(self._restyle)

    def set_text(self, text: str, *, markdown: bool) -> None:
        self._source = text
        self._markdown = markdown
        self._fill()

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self._source

    def set_available_width(self, width: int) -> None:
        """The widest a hugging view may be."""
        self._available = max(80, width)
        self._fit()

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing that a text refers to is loaded."""
        return None

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def sizeHint(self) -> QSize:
        return QSize(self.width() if self._hug else 320, self.height())

    def _restyle(self) -> None:
        self._fill()

    def _fill(self) -> None:
        self.document().setDefaultFont(self._look.font("message"))
        if self._markdown:
            self.document().setMarkdown(self._source)
        else:
            self.document().setPlainText(self._source)
        form = QTextBlockFormat()
        form.setLineHeight(
            float(self._look.line_height("message")), QTextBlockFormat.LineHeightTypes.MinimumHeight.value
        )
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(form)
        self._fit()

    def _fit(self) -> None:
        document = self.document()
        if self._hug:
            document.setTextWidth(self._available)
            width = min(self._available, math.ceil(document.idealWidth()) + 2)
            document.setTextWidth(width)
            height = math.ceil(document.size().height())
            if (width, height) != (self.width(), self.height()):
                self.setFixedSize(width, height)
        else:
            document.setTextWidth(max(40, self.viewport().width()))
            height = math.ceil(document.size().height())
            if height != self.height():
                self.setFixedHeight(height)

    def _open(self, url: QUrl) -> None:
        """A link opens in the browser: the user's own click, and the only thing that does."""
        if url.scheme() in ("http", "https", "mailto"):
            QDesktopServices.openUrl(url)
