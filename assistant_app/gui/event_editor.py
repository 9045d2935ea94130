"""The form for a new event or for changing one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtCore import QDate, Qt, QTime, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from assistant_app.agenda.events import Event, EventDraft, Moment, Occurrence
from assistant_app.gui.controls import DateField, Select, Switch, button, set_property, text_label
from assistant_app.gui.look import Look
from assistant_app.gui.words import pydate, qdate, repeat_words


@dataclass(frozen=True, slots=True)
class EventForm:
    """What the form starts with."""

    title: str
    start: Moment
    end: Moment
    calendar: str
    location: str = ""
    notes: str = ""
    recurrence: str = ""
    uid: str = ""
    """Empty for a new event."""
    recurrence_id: Moment | None = None
    """Which occasion of a series is shown; None for an event that does not repeat."""

    @staticmethod
    def of_occurrence(occurrence: Occurrence) -> EventForm:
        """With the times of this occasion."""
        form = EventForm.of(occurrence.event)
        return replace(form, start=occurrence.start, end=occurrence.end, recurrence_id=occurrence.recurrence_id)

    @staticmethod
    def of(event: Event) -> EventForm:
        return EventForm(
            event.title,
            event.start,
            event.end,
            event.calendar,
            event.location,
            event.notes,
            event.recurrence,
            event.uid,
        )


class EventEditor(QDialog):
    """Enter saves, Esc closes without saving. `draft` and `changes` are what was filled in."""

    def __init__(self, look: Look, form: EventForm, calendars: list[str], zone: ZoneInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self._form, self._zone = form, zone
        self.setWindowTitle(self.tr("Change event") if form.uid else self.tr("New event"))
        self.setMinimumWidth(look.px(440))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addWidget(text_label(self.windowTitle(), "title"))
        self.title = QLineEdit(form.title)
        self.title.setPlaceholderText(self.tr("Title"))
        self.title.setAccessibleName(self.tr("Title"))
        column.addWidget(self.title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.all_day = Switch(look, self.tr("All day"))
        self.start_date, self.start_time = DateField(look, self.tr("Start date")), self._time(self.tr("Start time"))
        self.end_date, self.end_time = DateField(look, self.tr("End date")), self._time(self.tr("End time"))
        self.location = QLineEdit(form.location)
        self.location.setAccessibleName(self.tr("Place"))
        self.calendar = Select(look, self.tr("Calendar"))
        self.calendar.set_choices([(name, name[:1].upper() + name[1:]) for name in calendars], form.calendar)
        self.repeat = Select(look, self.tr("Repeat"))
        self.notes = QPlainTextEdit(form.notes)
        self.notes.setAccessibleName(self.tr("Notes"))
        self.notes.setFixedHeight(look.px(80))
        self.notes.setTabChangesFocus(True)
        for name, widgets in (
            (self.tr("All day"), (self.all_day,)),
            (self.tr("Starts"), (self.start_date, self.start_time)),
            (self.tr("Ends"), (self.end_date, self.end_time)),
            (self.tr("Repeats"), (self.repeat,)),
            (self.tr("Place"), (self.location,)),
            (self.tr("Calendar"), (self.calendar,)),
            (self.tr("Notes"), (self.notes,)),
        ):
            row = grid.rowCount()
            grid.addWidget(text_label(name, tone="2"), row, 0)
            line = QHBoxLayout()
            line.setSpacing(8)
            for widget in widgets:
                line.addWidget(widget, 0 if isinstance(widget, Switch) else 1)
            if isinstance(widgets[0], Switch):
                line.addStretch(1)
            grid.addLayout(line, row, 1)
        column.addLayout(grid)
        self.problem = text_label("", tone="error", wrap=True)
        self.problem.hide()
        column.addWidget(self.problem)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        self.cancel_button = button(self.tr("Cancel"))
        self.save_button = button(self.tr("Save") if form.uid else self.tr("Add"), "primary")
        self.save_button.setDefault(True)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.save_button)
        column.addLayout(buttons)
        self.cancel_button.clicked.connect(self.reject)
        self.save_button.clicked.connect(self._save)
        self._fill()
        self.all_day.toggled.connect(self._show_times)
        self.start_date.dateChanged.connect(self._start_moved)
        self.start_time.timeChanged.connect(self._start_moved)
        self._length = self._end() - self._start()
        self.end_date.dateChanged.connect(self._end_moved)
        self.end_time.timeChanged.connect(self._end_moved)
        self.title.textChanged.connect(lambda: set_property(self.title, "invalid", False))
        QTimer.singleShot(0, self.title.setFocus)
        self.title.selectAll()

    def draft(self) -> EventDraft:
        """The new event as filled in."""
        start, end = self._moments()
        return EventDraft(
            self.title.text().strip(),
            start,
            end,
            calendar=self.calendar.currentData(),
            location=self.location.text().strip(),
            notes=self.notes.toPlainText().strip(),
            recurrence=self.repeat.currentData(),
        )

    def changes(self) -> dict[str, Any]:
        """The fields that were changed, by name."""
        draft = self.draft()
        old = self._form
        found = {
            name: getattr(draft, name)
            for name in ("title", "calendar", "location", "notes", "recurrence")
            if getattr(draft, name) != getattr(old, name)
        }
        if (draft.start, draft.end) != (old.start, old.end) or isinstance(draft.start, datetime) != isinstance(
            old.start, datetime
        ):
            found |= {"start": draft.start, "end": draft.end}
        return found

    # Within

    def _time(self, name: str) -> QTimeEdit:
        result = QTimeEdit()
        result.setAccessibleName(name)
        result.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        result.setDisplayFormat(self.locale().timeFormat(self.locale().FormatType.ShortFormat))
        return result

    def _fill(self) -> None:
        form = self._form
        whole = not isinstance(form.start, datetime)
        self.all_day.setChecked(whole)
        if isinstance(form.start, datetime) and isinstance(form.end, datetime):
            start, end = form.start.astimezone(self._zone), form.end.astimezone(self._zone)
            self.start_date.setDate(qdate(start.date()))
            self.start_time.setTime(QTime(start.hour, start.minute))
            self.end_date.setDate(qdate(end.date()))
            self.end_time.setTime(QTime(end.hour, end.minute))
        else:
            self.start_date.setDate(qdate(form.start))
            self.end_date.setDate(qdate(max(form.start, form.end - timedelta(days=1))))
            self.start_time.setTime(QTime(9, 0))
            self.end_time.setTime(QTime(10, 0))
        self._show_times(whole)
        self._fill_repeats()

    def _fill_repeats(self) -> None:
        day = pydate(self.start_date.date())
        code = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]
        current = self.repeat.currentData() if self.repeat.count() else self._form.recurrence
        rules = ["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", f"FREQ=WEEKLY;BYDAY={code}"]
        rules += [f"FREQ=WEEKLY;INTERVAL=2;BYDAY={code}", "FREQ=MONTHLY", "FREQ=YEARLY"]
        if current not in rules:
            rules.append(current)
        self.repeat.set_choices([(rule, repeat_words(rule) or self.tr("Does not repeat")) for rule in rules], current)

    def _show_times(self, whole: bool) -> None:
        self.start_time.setVisible(not whole)
        self.end_time.setVisible(not whole)

    def _start(self) -> datetime:
        return self._combined(self.start_date.date(), self.start_time.time())

    def _end(self) -> datetime:
        return self._combined(self.end_date.date(), self.end_time.time())

    def _combined(self, day: QDate, at: QTime) -> datetime:
        return datetime.combine(pydate(day), time(at.hour(), at.minute()), tzinfo=self._zone)

    def _start_moved(self) -> None:
        """A new start keeps the length."""
        end = self._start() + max(self._length, timedelta())
        for widget in (self.end_date, self.end_time):
            widget.blockSignals(True)
        self.end_date.setDate(qdate(end.date()))
        self.end_time.setTime(QTime(end.hour, end.minute))
        for widget in (self.end_date, self.end_time):
            widget.blockSignals(False)
        self._fill_repeats()

    def _end_moved(self) -> None:
        self._length = self._end() - self._start()

    def _moments(self) -> tuple[Moment, Moment]:
        if self.all_day.isChecked():
            first, last = pydate(self.start_date.date()), pydate(self.end_date.date())
            return first, last + timedelta(days=1)
        return self._start(), self._end()

    def _save(self) -> None:
        if not self.title.text().strip():
            self._refuse(self.tr("Give the event a title."), self.title)
            return
        start, end = self._moments()
        if end <= start:
            self._refuse(self.tr("The end must be after the start."), self.end_date)
            return
        self.accept()

    def _refuse(self, words: str, widget: QWidget) -> None:
        self.problem.setText(words)
        self.problem.show()
        set_property(widget, "invalid", True)
        widget.setFocus()


def new_form(start: Moment, end: Moment | None, *, calendar: str, minutes: int) -> EventForm:
    """An empty form at a place in the calendar."""
    if end is None:
        end = start + (timedelta(minutes=minutes) if isinstance(start, datetime) else timedelta(days=1))
    return EventForm("", start, end, calendar)


def rounded_up(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
