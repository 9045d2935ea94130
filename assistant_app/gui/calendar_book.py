"""The calendar as the window sees it: reads and changes without ever waiting in the window's thread.

Keeps the occurrences of the range on show; every change, ours, the assistant's or another program's,
ends in `changed`. Files and undo are `agenda`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from assistant_app.agenda.events import Change, Event, EventDraft, FileProblem, Moment, Occurrence, Scope
from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import Bridge
from assistant_app.turn import Action

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_EVERY_MS = 5000
"""How often files are looked at for changes of other programs that no notification told."""


class CalendarBook(QObject):
    """A `CalendarStore` behind the bridge."""

    changed = Signal()
    """What is on show is different now."""
    done = Signal(str, bool)
    """(words for a toast, whether Undo belongs on it)."""
    edited = Signal(object)
    """Event: as it is after the user edited it."""
    failed = Signal(object)
    """AssistantError: a change that was not made."""
    problems_found = Signal(object)
    """tuple[FileProblem, ...]: files that could not be read, when their list changed."""

    def __init__(self, bridge: Bridge, store: CalendarStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._store = store
        self._range: tuple[datetime, datetime] | None = None
        self._latest: tuple[str, str] | None = None
        """(kind, uid) of the change that an undo would take back, as far as this window knows."""
        self._reading = False
        self._again = False
        self._problems: tuple[FileProblem, ...] = ()
        self.occurrences: list[Occurrence] = []
        self.calendars: list[str] = [store.default_calendar]
        self.next_event: Occurrence | None = None
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self.refresh)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    @property
    def zone(self) -> ZoneInfo:
        return self._store.zone

    @property
    def default_calendar(self) -> str:
        return self._store.default_calendar

    def now(self) -> datetime:
        return datetime.now(self.zone)

    def colour_index(self, calendar: str) -> int:
        """Which event colour a calendar has: the default one the first."""
        return self.calendars.index(calendar) if calendar in self.calendars else 7

    def use_store(self, store: CalendarStore) -> None:
        """Read from another folder from now on."""
        self._store = store
        self._latest = None
        self.reload()

    # Reading

    def show_range(self, start: datetime, end: datetime) -> None:
        """Keep the occurrences of this interval at hand."""
        if (start, end) != self._range:
            self._range = (start, end)
            self.reload()

    def refresh(self) -> None:
        """Look for changes of other programs."""
        self._bridge.on_disk(self._store.refresh, self._refreshed, self._not_read)

    def reload(self) -> None:
        """Read what is on show anew; calls while a reading runs are one more reading."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        store, interval = self._store, self._range

        def read() -> tuple[list[Occurrence], list[str], tuple[FileProblem, ...], Occurrence | None]:
            found = store.between(*interval) if interval else []
            coming = store.next_after(datetime.now(store.zone))
            return found, store.calendars(), store.problems(), coming

        self._bridge.on_disk(read, self._read, self._not_read)

    def around(self, start: datetime, days: int, then: Callable[[list[Occurrence]], None]) -> None:
        """The occurrences of some days, for a view that shows more than the range."""
        store = self._store
        self._bridge.on_disk(lambda: store.between(start, start + timedelta(days=days)), then, self._not_read)

    # Changing

    def add(self, draft: EventDraft) -> None:
        self._change(lambda: self._store.add(draft), lambda e: self._made("event_added", e, self.tr("Added: {title}")))

    def edit(
        self, uid: str, changes: dict[str, Any], *, scope: Scope = "all", occurrence: Moment | None = None
    ) -> None:
        """Of a series, as much of it as `scope` says, counted from an occurrence's `recurrence_id`."""
        self._change(
            lambda: self._store.edit(uid, scope=scope, occurrence=occurrence, **changes),
            self._edited,
        )

    def delete(self, uid: str, *, scope: Scope = "all", occurrence: Moment | None = None) -> None:
        self._change(
            lambda: self._store.delete(uid, scope=scope, occurrence=occurrence),
            lambda e: self._made("event_deleted", e, self.tr("Deleted: {title}")),
        )

    def get(self, uid: str, then: Callable[[Event], None]) -> None:
        self._bridge.on_disk(lambda: self._store.get(uid), then, self.failed.emit)

    def undo(self) -> None:
        self._change(self._store.undo, self._undone)

    def redo(self) -> None:
        self._change(self._store.redo, self._undone)

    def undo_action(self, action: Action, then: Callable[[], None]) -> None:
        """Take back what an action of the assistant did, also when it was not the last change."""
        store = self._store

        def work() -> object:
            if self._latest in (None, (action.kind, action.uid)):
                return store.undo()
            if action.kind == "event_added":
                return store.delete(action.uid)
            raise AssistantError(
                "undo_not_last",
                self.tr("Other changes came after this one. Undo them first with Ctrl+Z, or edit the event."),
            )

        def after(_result: object) -> None:
            self._latest = None
            self.reload()
            then()

        self._change(work, after)

    def redo_action(self, then: Callable[[], None]) -> None:
        """Do again what was undone last."""

        def after(_result: object) -> None:
            self.reload()
            then()

        self._change(self._store.redo, after)

    def note_action(self, action: Action) -> None:
        """The assistant changed something."""
        self._latest = (action.kind, action.uid)
        self.reload()

    # Within

    def _change(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        self._bridge.on_disk(work, then, self._not_changed)

    def _made(self, kind: str, event: Event, words: str) -> None:
        self._latest = (kind, event.uid)
        self.done.emit(words.format(title=event.title), True)
        self.reload()

    def _edited(self, event: Event) -> None:
        self._made("event_edited", event, self.tr("Changed: {title}"))
        self.edited.emit(event)

    def _undone(self, change: Change | None) -> None:
        self._latest = None
        if change is None:
            self.done.emit(self.tr("Nothing to undo or redo"), False)
            return
        event = change.after or change.before
        words = self.tr("Undone: {title}") if change.undone else self.tr("Done again: {title}")
        self.done.emit(words.format(title=event.title if event else ""), False)
        self.reload()

    def _not_changed(self, error: AssistantError) -> None:
        self.failed.emit(error)
        self.reload()

    def _read(self, result: tuple[list[Occurrence], list[str], tuple[FileProblem, ...], Occurrence | None]) -> None:
        self._reading = False
        occurrences, self.calendars, problems, coming = result
        if (occurrences, coming) != (self.occurrences, self.next_event):
            self.occurrences, self.next_event = occurrences, coming
            self.changed.emit()
        if problems != self._problems:
            self._problems = problems
            self.problems_found.emit(problems)
        self._watch()
        if self._again:
            self._again = False
            self.reload()

    def _not_read(self, error: AssistantError) -> None:
        self._reading = False
        log.warning("the calendar could not be read: %s", error.code)
        if error.code != "cancelled":
            self.failed.emit(error)

    def _refreshed(self, changed: bool) -> None:
        # Also without a change: the next event and the now line go on with the time.
        self.reload()

    def _watch(self) -> None:
        root: Path = self._store.root
        wanted = {str(root), *(str(root / name) for name in self.calendars)}
        wanted = {folder for folder in wanted if Path(folder).is_dir()}
        present = set(self._watcher.directories())
        if wanted - present:
            self._watcher.addPaths(sorted(wanted - present))
