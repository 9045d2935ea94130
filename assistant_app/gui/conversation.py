"""The conversation pane: messages in order, and the composer under them.

Turns the bridge's signals into messages. It decides nothing about a request: that is the assistant's.
"""

from __future__ import annotations

import logging

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from assistant_app.agenda.events import Event
from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import Bridge, Request
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.composer import Composer
from assistant_app.gui.controls import button
from assistant_app.gui.look import Look
from assistant_app.gui.messages import ActionCard, EmptyState, ErrorMessage, Notice, OwnMessage, Reply
from assistant_app.memory.corrections import Corrections, edited_slots
from assistant_app.turn import (
    Choice,
    Failed,
    Finished,
    Heard,
    Partial,
    Replied,
    Route,
    Routed,
    Timings,
    Token,
    Turn,
    TurnEvent,
)

log = logging.getLogger(__name__)

_NEAR_END_PX = 64
_COLUMN_WIDTH = 720


class _Exchange:
    """The messages of one request."""

    def __init__(self, request: Request, own: OwnMessage | None) -> None:
        self.request = request
        self.own = own
        self.reply: Reply | None = None
        self.text = ""
        """What was understood of what was said."""
        self.route: Route | None = None
        self.told = False
        """An answer or an error is on show."""


class _Page(QWidget):
    """As wide as the view, whatever the messages would like: they wrap, nothing is cut off."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())


class Conversation(QWidget):
    """Shows requests and replies; starts requests through the bridge."""

    edit_event = Signal(str)
    """UID of an event to open in the form."""
    event_made = Signal(object)
    """Action: the calendar should show it."""

    def __init__(self, look: Look, bridge: Bridge, book: CalendarBook) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look, self._bridge, self._book = look, bridge, book
        self._exchanges: dict[int, _Exchange] = {}
        self._asking: Reply | None = None
        self.corrections: Corrections | None = None
        """Where it is kept that the user edited what a request was made into; None: nowhere."""
        self._made_of: dict[str, tuple[str, Route]] = {}
        """UID of an event -> the request that it was made of."""
        self._follows = True
        self._unseen = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.scroll_area = QScrollArea()
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setAccessibleName(self.tr("Conversation"))
        holder = _Page()
        holder.setObjectName("scrolled")
        centred = QHBoxLayout(holder)
        centred.setContentsMargins(16, 16, 16, 8)
        centred.setSpacing(0)
        self._page = QWidget()
        self._page.setMaximumWidth(_COLUMN_WIDTH)
        self._page.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        centred.addWidget(self._page, 1)
        self._list = QVBoxLayout(self._page)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(16)
        self.empty = EmptyState(look)
        self._list.addWidget(self.empty, 1)
        self._list.addStretch(0)
        self.scroll_area.setWidget(holder)
        column.addWidget(self.scroll_area, 1)
        self.composer = Composer(look)
        column.addWidget(self.composer)
        self._pill = button(self.tr("Newest message"), "chip")
        self._pill.setParent(self)
        self._pill.hide()
        self._pill.clicked.connect(self.scroll_to_end)
        bar = self.scroll_area.verticalScrollBar()
        bar.rangeChanged.connect(self._range_changed)
        bar.valueChanged.connect(self._scrolled)
        self._page.installEventFilter(self)
        self.composer.submitted.connect(self.ask)
        self.composer.stop.connect(bridge.stop)
        self.empty.suggested.connect(self.composer.set_draft)
        bridge.queued.connect(self._queued)
        bridge.started.connect(self._started)
        bridge.turn_event.connect(self._event)
        bridge.ended.connect(self._ended)
        bridge.nothing_heard.connect(self._nothing_heard)
        book.edited.connect(self._event_edited)

    # Doing

    def ask(self, text: str) -> None:
        """Send a typed request."""
        self._follows = True
        self._bridge.submit(text)

    def notice(self, text: str) -> None:
        """One line from the program itself."""
        self._add(Notice(text))

    def error(self, text: str, *, action: str = "") -> ErrorMessage:
        """What failed and what to do."""
        message = ErrorMessage(self._look, text, action=action)
        self._add(message)
        return message

    def scroll_to_end(self) -> None:
        self._follows = True
        self._unseen = 0
        self._pill.hide()
        bar = self.scroll_area.verticalScrollBar()
        bar.setValue(bar.maximum())

    def messages(self) -> list[QWidget]:
        """Every message, oldest first."""
        found = []
        for index in range(self._list.count()):
            item = self._list.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None and widget is not self.empty:
                found.append(widget)
        return found

    def last_reply(self) -> Reply | None:
        """The newest reply, if there is one."""
        return next((found for found in reversed(self.messages()) if isinstance(found, Reply)), None)

    def focus_target(self) -> QWidget | None:
        """What the keyboard goes to in the list: the newest button there, or the first example."""
        buttons = [found for found in self._page.findChildren(QPushButton) if found.isVisible() and found.isEnabled()]
        if not buttons:
            return None
        return buttons[0] if self.empty.isVisible() else buttons[-1]

    # The bridge's signals

    def _show_own(self, request: Request) -> _Exchange:
        exchange = self._exchanges.get(request.number)
        if exchange is None:
            own = None
            if isinstance(request.said, str):
                own = OwnMessage(self._look, request.said, spoken=False, at=self._book.now())
                self._add(own, right=True)
            exchange = self._exchanges[request.number] = _Exchange(request, own)
        return exchange

    def _queued(self, request: Request) -> None:
        exchange = self._show_own(request)
        if exchange.own:
            exchange.own.set_note(self.tr("Waiting: getting ready"))
        else:
            self.notice(self.tr("Getting ready. What you said is answered in a moment."))

    def _started(self, request: Request) -> None:
        exchange = self._show_own(request)
        if exchange.own:
            exchange.own.set_note("")
        self._set_question_aside()
        if newest := self.last_reply():
            newest.set_aside()
        if isinstance(request.said, str):
            self._reply_of(exchange)
        self.composer.set_busy(True)

    def _event(self, number: int, event: TurnEvent) -> None:
        exchange = self._exchanges.get(number)
        if exchange is None:
            return
        if isinstance(event, Partial | Heard) and exchange.request.spoken:
            self._heard(exchange, event.text if isinstance(event, Partial) else event.utterance.text)
        if isinstance(event, Heard):
            exchange.text = event.utterance.text
            self._reply_of(exchange)
        elif isinstance(event, Routed):
            exchange.route = event.route
            self._reply_of(exchange).set_route(event.route)
        elif isinstance(event, Token):
            self._reply_of(exchange).append(event.text)
        elif isinstance(event, Replied):
            self._replied(exchange, event)
        elif isinstance(event, Failed):
            self._failed(exchange, event.message)
        elif isinstance(event, Finished):
            self._finished(exchange, event.turn)

    def _heard(self, exchange: _Exchange, text: str) -> None:
        if exchange.own is None:
            exchange.own = OwnMessage(self._look, text, spoken=True, at=self._book.now())
            self._add(exchange.own, right=True)
        else:
            exchange.own.set_text(text)

    def _reply_of(self, exchange: _Exchange) -> Reply:
        if exchange.reply is None:
            reply = Reply(self._look, self._book.zone, self._book.now())
            reply.grew.connect(self._grew)
            reply.undo.connect(self._undo)
            reply.edit.connect(lambda card: self.edit_event.emit(card.action.uid))
            reply.chosen.connect(self._chosen)
            reply.wrong.connect(lambda: self.ask(self.tr("That was wrong")))
            exchange.reply = reply
            self._add(reply)
        return exchange.reply

    def _replied(self, exchange: _Exchange, event: Replied) -> None:
        reply = self._reply_of(exchange)
        reply.complete(event.reply)
        exchange.told = True
        if event.reply.pending and event.reply.pending.choices:
            self._asking = reply
        if exchange.route and len(event.reply.actions) == 1:
            self._made_of[event.reply.actions[0].uid] = (exchange.text, exchange.route)
        for action in event.reply.actions:
            self._book.note_action(action)
            self.event_made.emit(action)

    def _finished(self, exchange: _Exchange, turn: Turn) -> None:
        stopped = turn.outcome == "cancelled"
        if exchange.reply is None:
            if stopped and exchange.own:
                exchange.own.set_note(self.tr("Stopped"))
            return
        exchange.reply.finish(turn.timings, stopped=stopped, problem=turn.problem)
        if stopped and not exchange.told and not exchange.reply.text and exchange.own:
            self._remove(exchange.reply)
            exchange.own.set_note(self.tr("Stopped"))

    def _failed(self, exchange: _Exchange, message: str) -> None:
        if exchange.told:
            return
        exchange.told = True
        if exchange.reply is not None:
            exchange.reply.finish(Timings(), stopped=False, problem=None)
            if not exchange.reply.text:
                self._remove(exchange.reply)
        error = self.error(message, action=self.tr("Try again"))
        error.retry.connect(lambda: self._bridge.submit(exchange.request.said))

    def _ended(self, number: int, turn: Turn | AssistantError) -> None:
        exchange = self._exchanges.pop(number, None)
        if exchange is not None and isinstance(turn, AssistantError) and turn.code != "cancelled":
            self._failed(exchange, turn.message)
        self.composer.set_busy(self._bridge.busy)

    def _nothing_heard(self) -> None:
        self.notice(self.tr("I heard nothing. Is the right microphone chosen in Settings?"))

    def _event_edited(self, event: Event) -> None:
        """What the user changed by hand is what they had said: kept, to learn from."""
        corrections, made_of = self.corrections, self._made_of.get(event.uid)
        if corrections is None or made_of is None:
            return
        text, route = made_of
        slots = edited_slots(text, route.slots, {"title": event.title, "location": event.location})
        if slots is not None:
            label, now = f"{route.skill}/{route.intent}", self._book.now()
            self._bridge.on_disk(
                lambda: corrections.add(text, was=label, meant=label, at=now, slots=slots),
                lambda _kept: None,
                lambda error: log.warning("an edit could not be kept: %s", error.message),
            )

    def _chosen(self, choice: Choice) -> None:
        self._asking = None
        self.ask(choice.label)

    def _set_question_aside(self) -> None:
        if self._asking is not None:
            self._asking.set_aside()
            self._asking = None

    def _undo(self, card: ActionCard) -> None:
        if card.undone:
            self._book.redo_action(lambda: card.set_undone(False))
        else:
            self._book.undo_action(card.action, lambda: card.set_undone(True))

    # Scrolling

    def _add(self, widget: QWidget, *, right: bool = False) -> None:
        self.empty.hide()
        self._list.insertWidget(self._list.count() - 1, widget)
        self._list.setStretch(self._list.count() - 1, 1)
        if not self._follows:
            self._unseen += 1
            self._show_pill()
        self._grew()

    def _remove(self, widget: QWidget) -> None:
        self._list.removeWidget(widget)
        widget.hide()
        widget.deleteLater()

    def _grew(self) -> None:
        QTimer.singleShot(0, self._follow)

    def _follow(self) -> None:
        if self._follows:
            bar = self.scroll_area.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _range_changed(self, _low: int, high: int) -> None:
        if self._follows:
            self.scroll_area.verticalScrollBar().setValue(high)

    def _scrolled(self, value: int) -> None:
        bar = self.scroll_area.verticalScrollBar()
        near = bar.maximum() - value <= _NEAR_END_PX
        if near:
            self._follows = True
            self._unseen = 0
            self._pill.hide()
        elif self.scroll_area.underMouse() or bar.isSliderDown():
            self._follows = False

    def _show_pill(self) -> None:
        self._pill.setText(self.tr("%n new", "", self._unseen))
        self._pill.adjustSize()
        self._place_pill()
        self._pill.show()
        self._pill.raise_()

    def _place_pill(self) -> None:
        self._pill.move((self.width() - self._pill.width()) // 2, self.composer.y() - self._pill.height() - 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_pill()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._grew()
        return False
