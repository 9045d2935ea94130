"""The calendar pane: header, the four views, details, the form and the toast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from assistant_app.agenda.events import Event, FileProblem, Occurrence, Scope
from assistant_app.errors import AssistantError
from assistant_app.gui.calendar_agenda import DAYS as AGENDA_DAYS
from assistant_app.gui.calendar_agenda import AgendaView
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.calendar_days import DaysView
from assistant_app.gui.calendar_month import MonthView, month_days
from assistant_app.gui.controls import IconButton, Segmented, announce, button, text_label
from assistant_app.gui.event_block import EventBlock
from assistant_app.gui.event_editor import EventEditor, EventForm, new_form, rounded_up
from assistant_app.gui.event_popover import EventPopover
from assistant_app.gui.look import Look
from assistant_app.gui.messages import IconLabel
from assistant_app.gui.scope_dialog import ALL_SCOPES, ScopeDialog
from assistant_app.gui.toast import Toast
from assistant_app.gui.words import day_range_words, day_words, month_words, short_day_words
from assistant_app.settings import CalendarSettings

View = Literal["day", "week", "month", "agenda"]
VIEWS: tuple[View, ...] = ("day", "week", "month", "agenda")


class CalendarView(QWidget):
    """Shows a `CalendarBook` and changes it by hand."""

    view_changed = Signal(str)

    def __init__(self, look: Look, book: CalendarBook, settings: CalendarSettings) -> None:
        super().__init__()
        self.setObjectName("calendarPane")
        self._look, self._book, self._settings = look, book, settings
        self.view: View = "week"
        self.editor: EventEditor | None = None
        self.popover: EventPopover | None = None
        self.scope_dialog: ScopeDialog | None = None
        self.day: date = book.now().date()
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_header())
        self._problem = self._build_problem()
        column.addWidget(self._problem)
        self._stack = QStackedWidget()
        self.days_view = DaysView(look, book)
        self.month_view = MonthView(look, book)
        self.agenda_view = AgendaView(look, book)
        for view in (self.days_view, self.month_view, self.agenda_view):
            self._stack.addWidget(view)
            view.block_made.connect(self._connect_block)
        column.addWidget(self._stack, 1)
        self.days_view.new_wanted.connect(self.new_event)
        self.days_view.day_clicked.connect(self.open_day)
        self.month_view.new_wanted.connect(self.new_event)
        self.month_view.day_opened.connect(self.open_day)
        self.month_view.moved.connect(self.go_to)
        self.toast = Toast(self)
        self.toast.undo.connect(book.undo)
        book.changed.connect(self._show)
        book.done.connect(lambda words, undo: self.toast.tell(words, undo=undo))
        book.failed.connect(self._failed)
        book.problems_found.connect(self._show_problems)
        self.use_settings(settings)
        look.changed.connect(self._look_changed)
        self._go()

    def _build_header(self) -> QWidget:
        tr = self.tr
        header = QWidget()
        header.setObjectName("header")
        header.setMinimumHeight(48)
        self._header_rows = QVBoxLayout(header)
        self._header_rows.setContentsMargins(8, 6, 12, 6)
        self._header_rows.setSpacing(4)
        self.earlier = IconButton(self._look, "earlier", tr("Earlier"), shortcut="Alt+Left")
        self.later = IconButton(self._look, "later", tr("Later"), shortcut="Alt+Right")
        self.today = button(tr("Today"))
        self.today.setToolTip(tr("Today (Ctrl+T)"))
        self.title = text_label("", "subtitle")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.switch = Segmented(
            [tr("Day"), tr("Week"), tr("Month"), tr("Agenda")],
            name=tr("View"),
            tips=[tr("Day (Ctrl+1)"), tr("Week (Ctrl+2)"), tr("Month (Ctrl+3)"), tr("Agenda (Ctrl+4)")],
        )
        self.add = IconButton(self._look, "plus", tr("New event"), shortcut="Ctrl+N")
        self._first_row, self._second_row = QHBoxLayout(), QHBoxLayout()
        for row in (self._first_row, self._second_row):
            row.setSpacing(4)
            self._header_rows.addLayout(row)
        for widget in (self.earlier, self.today, self.later):
            self._first_row.addWidget(widget)
        self._first_row.addSpacing(8)
        self._first_row.addWidget(self.title, 1)
        self._first_row.addWidget(self.switch)
        self._first_row.addSpacing(4)
        self._first_row.addWidget(self.add)
        self._second_row.addStretch(1)
        self.earlier.clicked.connect(lambda: self.step(-1))
        self.later.clicked.connect(lambda: self.step(1))
        self.today.clicked.connect(self.go_today)
        self.switch.chosen.connect(lambda index: self.set_view(VIEWS[index]))
        self.add.clicked.connect(lambda: self.new_event())
        return header

    def _fold_header(self) -> None:
        """The choice of view goes to a row of its own where the title would have no room."""
        needed = self.switch.sizeHint().width() + self.today.sizeHint().width() + self._look.px(130) + 140
        folded = self.width() < needed
        if folded != (self._second_row.indexOf(self.switch) >= 0):
            if folded:
                self._first_row.removeWidget(self.switch)
                self._second_row.insertWidget(0, self.switch)
            else:
                self._second_row.removeWidget(self.switch)
                self._first_row.insertWidget(self._first_row.indexOf(self.add) - 1, self.switch)

    def _build_problem(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("kind", "warning")
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(IconLabel(self._look, "warning", "warning", self.tr("Warning")))
        self.problem_label = text_label("", wrap=True)
        row.addWidget(self.problem_label, 1)
        frame.hide()
        return frame

    # What is on show

    def use_settings(self, settings: CalendarSettings) -> None:
        self._settings = settings
        self.days_view.grid.work_hours = (settings.day_starts_hour, settings.day_ends_hour)
        self.days_view.grid.update()

    def set_view(self, view: View) -> None:
        self.view = view
        self._go()
        self.view_changed.emit(view)

    def go_to(self, day: date) -> None:
        self.day = day
        self._go()

    def go_today(self) -> None:
        self.go_to(self._book.now().date())
        self.days_view.scroll_to_now()

    def open_day(self, day: date) -> None:
        self.day = day
        self.set_view("day")

    def step(self, direction: int) -> None:
        """Earlier or later by what is on show."""
        if self.view == "month":
            first = self.day.replace(day=1)
            self.go_to(
                (first + timedelta(days=32)).replace(day=1)
                if direction > 0
                else (first - timedelta(days=1)).replace(day=1)
            )
        else:
            self.go_to(self.day + timedelta(days=direction * {"day": 1, "week": 7, "agenda": AGENDA_DAYS}[self.view]))

    def follow(self, moment: date | datetime) -> None:
        """Bring an event that was just made into view."""
        day = moment.astimezone(self._book.zone).date() if isinstance(moment, datetime) else moment
        if day not in self._days():
            self.go_to(day)
        if isinstance(moment, datetime) and self.view in ("day", "week"):
            QTimer.singleShot(0, lambda: self.days_view.scroll_to(moment))

    def blocks(self) -> list[EventBlock]:
        """The events on show."""
        shown = self._stack.currentWidget()
        if isinstance(shown, DaysView | MonthView | AgendaView):
            return [block for block in shown.blocks() if isinstance(block, EventBlock)]
        return []

    def focus_target(self) -> QWidget:
        """Where the keyboard goes in the pane."""
        if self.view == "month":
            return self.month_view
        if self.view == "agenda":
            blocks = self.blocks()
            return blocks[0] if blocks else self.today
        return self.days_view.grid

    def _days_across(self) -> int:
        if self.view == "day":
            return 1
        width = self.width() / self._look.scale
        return 7 if width >= 620 else 5 if width >= 460 else 3

    def _days(self) -> list[date]:
        if self.view == "month":
            return month_days(self.day)
        if self.view == "agenda":
            return [self.day + timedelta(days=n) for n in range(AGENDA_DAYS)]
        count = self._days_across()
        if count == 7:
            first = self.day - timedelta(days=self.day.weekday())
        elif count == 5:
            monday = self.day - timedelta(days=self.day.weekday())
            first = monday if self.day.weekday() < 5 else monday + timedelta(days=2)
        else:
            first = self.day
        return [first + timedelta(days=n) for n in range(count)]

    def _go(self) -> None:
        self.switch.set_current(VIEWS.index(self.view))
        days = self._days()
        zone = self._book.zone
        self._book.show_range(
            datetime.combine(days[0], time(), tzinfo=zone),
            datetime.combine(days[-1] + timedelta(days=1), time(), tzinfo=zone),
        )
        self._show()

    def _show(self) -> None:
        days = self._days()
        found = self._book.occurrences
        self.title.setText(self._title(days))
        if self.view == "month":
            self.month_view.show_month(self.day, found)
            self._stack.setCurrentWidget(self.month_view)
        elif self.view == "agenda":
            self.agenda_view.show_from(days[0], found)
            self._stack.setCurrentWidget(self.agenda_view)
        else:
            self.days_view.show_days(days, found)
            self._stack.setCurrentWidget(self.days_view)

    def _title(self, days: list[date]) -> str:
        room = self.width() / self._look.scale
        if self.view == "day":
            return short_day_words(self.day) if room < 560 else day_words(self.day, year=True)
        if self.view == "month":
            return month_words(self.day)
        first, last = days[0], days[-1]
        words = day_range_words(first, last)
        if self.view == "agenda" or room < 640:
            return words
        return f"{words}  ·  " + self.tr("W{number}").format(number=first.isocalendar().week)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold_header()
        if event.oldSize().width() != event.size().width() and self.view in ("day", "week"):
            self._go()

    # By hand

    def new_event(self, start: object = None, end: object = None) -> None:
        """Open the form, at the slot under the cursor where none is given."""
        if not isinstance(start, date):
            start = self._place_for_new()
        form = new_form(
            start,
            end if isinstance(end, date) else None,
            calendar=self._book.default_calendar,
            minutes=self._settings.event_minutes,
        )
        self._open_editor(form)

    def _place_for_new(self) -> date | datetime:
        if self.view in ("day", "week") and self.days_view.grid.hasFocus() and self.days_view.grid.cursor_slot:
            return self.days_view.grid.cursor_slot
        now = rounded_up(self._book.now())
        day = self.month_view.selected if self.view == "month" else self.day
        return now if day == self._book.now().date() else datetime.combine(day, time(9), tzinfo=self._book.zone)

    def edit_event(self, event: Event) -> None:
        self._open_editor(EventForm.of(event))

    def edit_uid(self, uid: str) -> None:
        self._book.get(uid, self.edit_event)

    def _open_editor(self, form: EventForm) -> None:
        editor = EventEditor(self._look, form, self._book.calendars, self._book.zone, self)
        editor.accepted.connect(lambda: self._save(editor, form))
        editor.finished.connect(editor.deleteLater)
        self.editor = editor
        editor.open()

    def _save(self, editor: EventEditor, form: EventForm) -> None:
        if form.uid:
            changes = editor.changes()
            if changes and form.recurrence_id is not None:
                self._ask_scope(
                    self.tr("Change “{title}”").format(title=form.title),
                    self.tr("This event repeats. Which occasions shall be changed?"),
                    lambda scope: self._book.edit(form.uid, changes, scope=scope, occurrence=form.recurrence_id),
                    # One occasion alone cannot repeat in another way.
                    scopes=ALL_SCOPES[1:] if "recurrence" in changes else ALL_SCOPES,
                )
            elif changes:
                self._book.edit(form.uid, changes)
        else:
            draft = editor.draft()
            self._book.add(draft)
            self.follow(draft.start)

    def _connect_block(self, block: EventBlock) -> None:
        block.opened.connect(self._open_details)
        block.edited.connect(self._edit_block)
        block.deleted.connect(self._delete_block)

    def _open_details(self, block: EventBlock) -> None:
        if block.occurrence is None:
            return
        popover = EventPopover(self._look, block.occurrence, self._book.zone, block)
        popover.edit.connect(self._edit)
        popover.delete.connect(self._delete)
        self.popover = popover
        popover.open_beside()

    def _edit_block(self, block: EventBlock) -> None:
        if block.occurrence is not None:
            self._edit(block.occurrence)

    def _edit(self, occurrence: Occurrence) -> None:
        self._open_editor(EventForm.of_occurrence(occurrence))

    def _delete_block(self, block: EventBlock) -> None:
        if block.occurrence is not None:
            self._delete(block.occurrence)

    def _delete(self, occurrence: Occurrence) -> None:
        event, which = occurrence.event, occurrence.recurrence_id
        if which is None:
            self._book.delete(event.uid)
            return
        self._ask_scope(
            self.tr("Delete “{title}”").format(title=event.title),
            self.tr("This event repeats. Which occasions shall be deleted?"),
            lambda scope: self._book.delete(event.uid, scope=scope, occurrence=which),
        )

    def _ask_scope(
        self, title: str, question: str, then: Callable[[Scope], None], *, scopes: Sequence[Scope] = ALL_SCOPES
    ) -> None:
        dialog = ScopeDialog(self._look, title, question, self, scopes=scopes)
        dialog.chosen.connect(then)
        dialog.finished.connect(dialog.deleteLater)
        self.scope_dialog = dialog
        dialog.open()

    def _look_changed(self) -> None:
        QTimer.singleShot(0, self._fold_header)
        self._go()

    def _failed(self, error: AssistantError) -> None:
        self.toast.tell(error.message, undo=False)
        announce(self, error.message, assertive=True)

    def _show_problems(self, problems: tuple[FileProblem, ...]) -> None:
        self._problem.setVisible(bool(problems))
        if problems:
            first = problems[0]
            more = len(problems) - 1
            words = self.tr("{file} could not be read and was left as it is: {reason}").format(
                file=first.file.name, reason=first.reason
            )
            if more:
                words += " " + self.tr("%n more file(s) likewise.", "", more)
            self.problem_label.setText(words)
