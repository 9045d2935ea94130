"""The kinds of message in the conversation, one widget each.

They show values of `assistant_app.turn` and report buttons by signals; they start nothing.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from assistant_app.gui.controls import FlowLayout, announce, button, set_property, text_label
from assistant_app.gui.icons import icon, icon_pixmap
from assistant_app.gui.look import Look
from assistant_app.gui.text_view import BUBBLE_WIDTH, TextView
from assistant_app.gui.why_panel import WhyPanel
from assistant_app.gui.words import details_words, repeat_words, time_words
from assistant_app.skills.correcting import CORRECTING
from assistant_app.turn import Action, Pending, Route, SkillReply, Source, Timings


class IconLabel(QLabel):
    """An icon that means something, with words for those who do not see it."""

    def __init__(self, look: Look, name: str, tone: str, meaning: str, size: int = 20) -> None:
        super().__init__()
        self._look, self._name, self._tone, self._size = look, name, tone, size
        self.setFixedSize(QSize(size, max(size, 20)))  # a line of text beside it is 20 high
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(meaning)
        self.setToolTip(meaning)
        look.changed.connect(self._recolour)
        self._recolour()

    def _recolour(self) -> None:
        self.setPixmap(icon_pixmap(self._name, getattr(self._look.tokens, self._tone), self._size))


class OwnMessage(QWidget):
    """What the user said, at the right in a bubble."""

    def __init__(self, look: Look, text: str, *, spoken: bool, at: datetime) -> None:
        super().__init__()
        self._look = look
        self._spoken = spoken
        self._at = at
        row = QHBoxLayout(self)
        row.setContentsMargins(48, 0, 0, 0)
        row.setSpacing(8)
        row.addStretch(1)
        self.note = text_label("", "caption", tone="2")
        self.note.hide()
        row.addWidget(self.note, 0, Qt.AlignmentFlag.AlignVCenter)
        if spoken:
            row.addWidget(
                IconLabel(look, "microphone", "text_3", self.tr("Spoken"), 16), 0, Qt.AlignmentFlag.AlignVCenter
            )
        self._bubble = QFrame()
        self._bubble.setProperty("kind", "bubble")
        inner = QHBoxLayout(self._bubble)
        inner.setContentsMargins(12, 8, 12, 8)
        self.view = TextView(look, hug=True)
        inner.addWidget(self.view)
        row.addWidget(self._bubble)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        self.view.set_text(text, markdown=False)
        how = self.tr("You, spoken") if self._spoken else self.tr("You")
        self.setAccessibleName(f"{how}, {time_words(self._at)}: {text}")
        self.setToolTip(time_words(self._at))

    def set_note(self, text: str) -> None:
        """A word beside the bubble: waiting, stopped."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.view.set_available_width(min(BUBBLE_WIDTH, self.width() - 48 - 24 - (96 if self._spoken else 72)))


class ActionCard(QFrame):
    """Something that was done to the calendar, with its undo."""

    undo = Signal(object)
    edit = Signal(object)

    def __init__(self, look: Look, action: Action, zone: ZoneInfo) -> None:
        super().__init__()
        self._look = look
        self.action = action
        self.setProperty("kind", "card")
        self.setMaximumWidth(480)
        title = action.details.get("title", "")
        when = details_words(action.details, zone)
        self.setAccessibleName(": ".join(filter(None, (self._heading(), ", ".join(filter(None, (title, when)))))))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(8)
        deleted = action.kind == "event_deleted"
        head.addWidget(
            IconLabel(look, "delete" if deleted else "check", "text_2" if deleted else "ok", self._heading())
        )
        self._head = text_label(self._heading(), "caption", tone="2")
        head.addWidget(self._head, 1)
        column.addLayout(head)
        self._title = text_label(title, "subtitle", wrap=True)
        column.addWidget(self._title)
        rows: list[tuple[str, str]] = []
        old = details_words(action.details, zone, "old_")
        if old and old != when:
            rows.append(("clock", f"{old} → {when}"))
        elif when:
            rows.append(("clock", when))
        for key, name in (("location", "place"), ("notes", "notes")):
            if action.details.get(key):
                rows.append((name, action.details[key]))
        if action.details.get("recurrence"):
            rows.append(("repeat", repeat_words(action.details["recurrence"])))
        for name, words in rows:
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(IconLabel(look, name, "text_3", "", 16), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(text_label(words, wrap=True), 1)
            column.addLayout(line)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 8, 0, 0)
        buttons.setSpacing(8)
        self.edit_button = button(self.tr("Edit"))
        self.undo_button = button(self.tr("Undo"))
        self.edit_button.setVisible(action.kind in ("event_added", "event_moved", "event_edited"))
        self.undo_button.setVisible(action.kind.startswith("event_"))
        buttons.addWidget(self.edit_button)
        buttons.addWidget(self.undo_button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.edit_button.clicked.connect(lambda: self.edit.emit(self))
        self.undo_button.clicked.connect(lambda: self.undo.emit(self))
        look.changed.connect(self._recolour)
        self._recolour()

    def set_undone(self, undone: bool) -> None:
        """Struck through, with Redo in the place of Undo."""
        font = self._title.font()
        font.setStrikeOut(undone)
        self._title.setFont(font)
        self._head.setText(self.tr("Undone") if undone else self._heading())
        self.undo_button.setText(self.tr("Redo") if undone else self.tr("Undo"))
        self.undo_button.setAccessibleName(self.undo_button.text())
        self.undo_button.setProperty("undone", undone)
        self.edit_button.setEnabled(not undone)
        self._recolour()
        announce(self, self._head.text())

    @property
    def undone(self) -> bool:
        return bool(self.undo_button.property("undone"))

    def _recolour(self) -> None:
        t = self._look.tokens
        self.edit_button.setIcon(icon("edit", t.text_2, 16))
        self.undo_button.setIcon(icon("redo" if self.undone else "undo", t.text_2, 16))

    def _heading(self) -> str:
        calendar = self.action.details.get("calendar", "")
        calendar = calendar[:1].upper() + calendar[1:]
        headings = {
            "event_added": self.tr("Added to {calendar}") if calendar else self.tr("Added"),
            "event_moved": self.tr("Moved in {calendar}") if calendar else self.tr("Moved"),
            "event_edited": self.tr("Changed in {calendar}") if calendar else self.tr("Changed"),
            "event_deleted": self.tr("Deleted from {calendar}") if calendar else self.tr("Deleted"),
            "undone": self.tr("Undone"),
        }
        return headings.get(self.action.kind, self.tr("Done")).format(calendar=calendar)


class SourceChips(QWidget):
    """Where an answer comes from; a click shows the quoted words."""

    def __init__(self, look: Look, sources: tuple[Source, ...]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        row = QWidget()
        flow = FlowLayout()
        row.setLayout(flow)
        column.addWidget(row)
        self._panel = QFrame()
        self._panel.setProperty("kind", "panel")
        inner = QVBoxLayout(self._panel)
        inner.setContentsMargins(12, 8, 12, 8)
        self._where = text_label("", "caption", tone="2", wrap=True)
        self._quote = text_label("", wrap=True)
        inner.addWidget(self._where)
        inner.addWidget(self._quote)
        self._panel.hide()
        column.addWidget(self._panel)
        self._open = -1
        for number, source in enumerate(sources, start=1):
            chip = button(
                f"{number}  {source.title}",
                "chip",
                name=self.tr("Source {n}: {title}").format(n=number, title=source.title),
            )
            chip.setIcon(icon("document", look.tokens.text_2, 16))
            chip.clicked.connect(lambda _checked=False, n=number, s=source: self._show(n, s))
            flow.addWidget(chip)

    def _show(self, number: int, source: Source) -> None:
        if self._open == number:
            self._open = -1
            self._panel.hide()
            return
        self._open = number
        self._where.setText(source.where)
        self._quote.setText(source.quote)
        self._panel.show()


class Reply(QWidget):
    """What the assistant answers: streaming first, then complete with cards, sources and Why?"""

    grew = Signal()
    undo = Signal(object)
    edit = Signal(object)
    chosen = Signal(object)
    """Choice: the answer to the pending question."""
    wrong = Signal()
    """The request was misunderstood, says the user."""

    def __init__(self, look: Look, zone: ZoneInfo, at: datetime) -> None:
        super().__init__()
        self._look = look
        self._zone = zone
        self._at = at
        self._streamed = ""
        self._route: Route | None = None
        self._can_be_wrong = False
        self.why: WhyPanel | None = None
        self.cards: list[ActionCard] = []
        self.setMaximumWidth(BUBBLE_WIDTH)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.dots = text_label(self.tr("Working on it…"), "message", tone="2")
        self.dots.hide()
        self._column.addWidget(self.dots)
        self.view = TextView(look)
        self.view.hide()
        self._column.addWidget(self.view)
        self._parts = QVBoxLayout()
        self._parts.setSpacing(8)
        self._column.addLayout(self._parts)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.setContentsMargins(-9, 0, 0, 0)  # the button's words in line with the text above
        self.why_button = button(self.tr("Why?"), "quiet", name=self.tr("Why this answer?"))
        self.why_button.setCheckable(True)
        self.why_button.hide()
        self.why_button.toggled.connect(self._toggle_why)
        self.wrong_button = button(self.tr("That was wrong"), "quiet")
        self.wrong_button.setToolTip(self.tr("Say what you meant. It is kept on this computer, to learn from."))
        self.wrong_button.hide()
        self.wrong_button.clicked.connect(self._say_wrong)
        self.note = text_label("", "caption", tone="2")
        self.note.hide()
        foot.addWidget(self.why_button)
        foot.addWidget(self.wrong_button)
        foot.addWidget(self.note)
        foot.addStretch(1)
        self._column.addLayout(foot)
        self._paint_timer = QTimer(self)
        self._paint_timer.setSingleShot(True)
        self._paint_timer.setInterval(50)  # at most 20 repaints a second
        self._paint_timer.timeout.connect(self._show_streamed)
        self._dots_timer = QTimer(self)
        self._dots_timer.setSingleShot(True)
        self._dots_timer.setInterval(250)
        self._dots_timer.timeout.connect(lambda: self.dots.show())
        self._dots_timer.start()
        self.setAccessibleName(self.tr("Assistant, working on it"))

    @property
    def text(self) -> str:
        return self.view.text

    def append(self, piece: str) -> None:
        """More of the reply's text."""
        self._streamed += piece
        if not self._paint_timer.isActive():
            self._paint_timer.start()

    def set_route(self, route: Route) -> None:
        self._route = route
        self._can_be_wrong = route.skill != CORRECTING and not route.unsure

    def complete(self, reply: SkillReply) -> None:
        """The whole reply: its text replaces what was streamed."""
        self._no_dots()
        self._streamed = reply.text
        self._paint_timer.stop()
        self._show_streamed()
        for action in reply.actions[:3]:
            self._add_card(action)
        rest = reply.actions[3:]
        if rest:
            more = button(self.tr("Show %n more", "", len(rest)), "quiet")
            more.clicked.connect(lambda: self._unfold(more, rest))
            self._parts.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)
        if reply.sources:
            self._parts.addWidget(SourceChips(self._look, reply.sources))
        if reply.pending:
            self._can_be_wrong = False  # the question's own buttons say no
            self._add_question(reply.pending, shown=reply.text)
        words = reply.text
        self.setAccessibleName(f"{self.tr('Assistant')}, {time_words(self._at)}: {words}")
        announce(self, words if len(words) <= 200 else words[:200] + self.tr(" … more"), assertive=bool(reply.pending))
        self.grew.emit()

    def finish(self, timings: Timings, *, stopped: bool, problem: str | None) -> None:
        """The turn is over."""
        self._no_dots()
        if self._paint_timer.isActive():
            self._paint_timer.stop()
            self._show_streamed()
        if self._route is not None:
            self.why = WhyPanel(self._look, self._route, timings)
            self.why.hide()
            self._column.addWidget(self.why)
            self.why_button.show()
            self.wrong_button.setVisible(self._can_be_wrong and not stopped)
        if stopped:
            self.set_note(self.tr("Stopped"))
        elif problem:
            self.set_note(problem)
        self.grew.emit()

    def set_note(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def set_aside(self) -> None:
        """A newer request came: the question's buttons rest, and only the newest reply can be put right."""
        self.wrong_button.hide()
        for choice in self.choices:
            choice.setEnabled(False)

    @property
    def choices(self) -> list[QPushButton]:
        return [found for found in self.findChildren(QPushButton) if found.property("choice")]

    def _no_dots(self) -> None:
        self._dots_timer.stop()
        self.dots.hide()

    def _show_streamed(self) -> None:
        if self._streamed:
            self._no_dots()
            self.view.show()
            self.view.set_text(self._streamed, markdown=True)
            self.grew.emit()

    def _add_card(self, action: Action) -> None:
        card = ActionCard(self._look, action, self._zone)
        card.undo.connect(self.undo)
        card.edit.connect(self.edit)
        self.cards.append(card)
        self._parts.addWidget(card)

    def _unfold(self, more: QPushButton, rest: tuple[Action, ...]) -> None:
        more.deleteLater()
        for action in rest:
            self._add_card(action)
        self.grew.emit()

    def _add_question(self, pending: Pending, *, shown: str) -> None:
        if pending.question.strip() and pending.question.strip() not in shown:
            self._parts.addWidget(text_label(pending.question, "strong", wrap=True))
        row = QWidget()
        flow = FlowLayout()
        row.setLayout(flow)
        row.setAccessibleName(pending.question)
        for choice in pending.choices:
            item = button(choice.label)
            item.setProperty("choice", True)
            item.clicked.connect(lambda _checked=False, c=choice: self._choose(c))
            flow.addWidget(item)
        self._parts.addWidget(row)

    def _choose(self, choice: object) -> None:
        self.set_aside()
        self.chosen.emit(choice)

    def _say_wrong(self) -> None:
        self.wrong_button.hide()
        self.wrong.emit()

    def _toggle_why(self, shown: bool) -> None:
        if self.why is not None:
            self.why.setVisible(shown)
            self.grew.emit()


class ErrorMessage(QFrame):
    """What failed and one thing to do about it."""

    retry = Signal()

    def __init__(self, look: Look, text: str, *, action: str = "") -> None:
        super().__init__()
        self.setProperty("kind", "error")
        self.setMaximumWidth(BUBBLE_WIDTH)
        self.setAccessibleName(self.tr("Error: {text}").format(text=text))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(8)
        row.addWidget(IconLabel(look, "error", "error", self.tr("Error")), 0, Qt.AlignmentFlag.AlignTop)
        self.label = text_label(text, wrap=True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self.label, 1)
        if action:
            self.button = button(action)
            self.button.clicked.connect(self.retry)
            row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        announce(self, text, assertive=True)


class Notice(QLabel):
    """One centred line."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(text)
        set_property(self, "role", "caption")
        set_property(self, "tone", "2")


class EmptyState(QWidget):
    """What to do, and what stays private."""

    suggested = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 32, 0, 16)
        column.setSpacing(8)
        column.addStretch(1)
        heading = text_label(self.tr("What can I do for you?"), "hero", wrap=True)
        column.addWidget(heading)
        privacy = QHBoxLayout()
        privacy.setSpacing(8)
        privacy.addWidget(IconLabel(look, "offline", "text_2", self.tr("Private"), 16))
        privacy.addWidget(text_label(self.tr("Nothing you say leaves this computer."), tone="2", wrap=True), 1)
        column.addLayout(privacy)
        column.addSpacing(16)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        column.addLayout(self._grid)
        column.addStretch(2)
        self._buttons: list[tuple[QPushButton, str]] = []
        for index, (name, text) in enumerate(
            (
                ("calendar", self.tr("Dentist next Thursday at half past three")),
                ("clock", self.tr("What is on my calendar tomorrow?")),
                ("question", self.tr("What can you do?")),
                ("talk", self.tr("Help me plan a quiet weekend")),
            )
        ):
            item = button(text, "suggestion")
            item.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            item.clicked.connect(lambda _checked=False, t=text: self.suggested.emit(t))
            self._buttons.append((item, name))
            self._grid.addWidget(item, index, 0)
        look.changed.connect(self._recolour)
        self._recolour()

    @property
    def examples(self) -> list[QPushButton]:
        return [item for item, _name in self._buttons]

    def _recolour(self) -> None:
        for item, name in self._buttons:
            item.setIcon(icon(name, self._look.tokens.accent, 20))
