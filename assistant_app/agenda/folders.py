"""A folder of calendar folders (a vdir), and the index that follows it.

It notices what other programs change. It reads; the store writes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from assistant_app.agenda.event_files import StoredEvent, event_of, in_zone, parse, read_events
from assistant_app.agenda.events import Event, FileProblem, Occurrence, as_datetime
from assistant_app.agenda.index import EventIndex, Stamp
from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

_RACY_NS = 100_000_000
"""A folder changed this shortly before it was read may change again under the same time stamp."""

T = TypeVar("T")


class CalendarFolders:
    """The files as they are now."""

    def __init__(self, root: Path, index_file: Path, zone: ZoneInfo) -> None:
        self.root = root
        self.zone = zone
        self._index = EventIndex(index_file, root)
        self._seen_folders: dict[str, int] = {}
        self._trusted = False
        try:
            self._seen_generation = self._index.generation
        except sqlite3.DatabaseError:
            self._index.reset()
            self._seen_generation = self._index.generation
        self._parsed: dict[Path, tuple[Stamp, icalendar.Calendar]] = {}

    def close(self) -> None:
        self._index.close()

    def ask(self, question: Callable[[EventIndex], T]) -> T:
        """An answer from an index that is up to date; a damaged index is rebuilt first."""
        try:
            self.catch_up()
            return question(self._index)
        except sqlite3.DatabaseError as error:
            log.info("the calendar index is rebuilt: %s", error)
            self._index.reset()
            self._trusted = False
            self.catch_up()
            return question(self._index)

    def calendars(self) -> list[str]:
        """Names of the folders that are there."""
        try:
            with os.scandir(self.root) as entries:
                return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(
                "calendar_unreadable",
                f"The calendar folder {self.root} cannot be read ({error.strerror}). "
                "Check its permissions, or choose another folder in the settings.",
            ) from error

    def catch_up(self, *, look_at_files: bool = False) -> None:
        """Bring the index up to date. Folders' time stamps tell of new, renamed and removed files;
        a file that was overwritten in place is noticed when the files are looked at, too."""
        folders = self._folder_times()
        if self._trusted and not look_at_files and folders == self._seen_folders:
            return
        began_ns = time.time_ns()
        on_disk = self._files(folders)
        known = self._index.stamps()
        changed = [path for path, stamp in on_disk.items() if known.get(path) != stamp]
        removed = [path for path in known if path not in on_disk]
        if changed or removed:
            read = [(path, on_disk[path], *self._read(path)) for path in changed]
            self._index.update(read, removed)
        self._seen_folders = folders
        self._trusted = all(began_ns - mtime_ns > _RACY_NS for mtime_ns in folders.values())

    def changed_by_others(self) -> bool:
        """Has anything changed since this was last asked, or since our own last change?"""
        generation = self.ask(lambda index: index.generation)
        changed, self._seen_generation = generation != self._seen_generation, generation
        return changed

    @contextlib.contextmanager
    def own_change(self) -> Iterator[None]:
        """Wrap a change this program makes, so that it is not reported as another's."""
        before = self.ask(lambda index: index.generation)
        try:
            yield
        finally:
            self._trusted = False
            now = self.ask(lambda index: index.generation)
            if before == self._seen_generation:
                self._seen_generation = now

    def problems(self) -> tuple[FileProblem, ...]:
        found = self.ask(lambda index: index.problems())
        return tuple(FileProblem(self.root / path, reason) for path, reason in found)

    def occurrences(self, event: Event, start_s: float, end_s: float, margin_s: float = 0) -> list[Occurrence]:
        """Expand a repeating event (times as in its file) between two moments."""
        calendar = self._calendar_of(event.file)
        if calendar is None:
            return []
        start = datetime.fromtimestamp(start_s, UTC) - timedelta(seconds=margin_s)
        end = datetime.fromtimestamp(end_s, UTC) + timedelta(seconds=margin_s)
        query = recurring_ical_events.of(calendar, components=["VEVENT"], skip_bad_series=True)
        found: list[Occurrence] = []
        for component in query.between(start.astimezone(self.zone), end.astimezone(self.zone)):
            if str(component.get("UID", event.uid)) != event.uid:
                continue
            one = in_zone(event_of(component, event.uid, event.file, event.calendar), self.zone)
            own = in_zone(event, self.zone)
            changed = one.title != own.title or one.location != own.location or one.notes != own.notes
            shown = _with_words_of(own, one) if changed else own
            found.append(Occurrence(shown, one.start, one.end))
        return sorted(found, key=lambda o: as_datetime(o.start, self.zone))

    def _calendar_of(self, file: Path) -> icalendar.Calendar | None:
        try:
            status = file.stat()
            stamp = Stamp(status.st_mtime_ns, status.st_size)
            known = self._parsed.get(file)
            if known is None or known[0] != stamp:
                if len(self._parsed) > 2000:
                    self._parsed.clear()
                known = self._parsed[file] = (stamp, parse(file.read_bytes()))
        except (OSError, ValueError) as error:
            log.warning("%s changed while it was read: %s", file.name, error)
            return None
        return known[1]

    def _folder_times(self) -> dict[str, int]:
        times = {}
        for name in self.calendars():
            try:
                times[name] = os.stat(self.root / name).st_mtime_ns
            except OSError:
                continue
        return times

    def _files(self, folders: dict[str, int]) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for name in folders:
            try:
                with os.scandir(self.root / name) as entries:
                    for entry in entries:
                        if entry.name.endswith(".ics") and not entry.name.startswith(".") and entry.is_file():
                            status = entry.stat()
                            found[f"{name}/{entry.name}"] = Stamp(status.st_mtime_ns, status.st_size)
            except OSError as error:
                log.warning("calendar folder %s cannot be read: %s", name, error)
        return found

    def _read(self, path: str) -> tuple[list[StoredEvent], str | None]:
        file = self.root / path
        try:
            return read_events(file.read_bytes(), file, file.parent.name), None
        except OSError as error:
            return [], f"It cannot be read ({error.strerror})."
        except Exception as error:  # noqa: BLE001  (whatever a stranger's file provokes, the other files must load)
            log.info("%s is no calendar file: %s", file.name, error)
            return [], f"It is not a calendar file that can be understood: {str(error) or type(error).__name__}."


def _with_words_of(event: Event, one: Event) -> Event:
    return replace(event, title=one.title, location=one.location, notes=one.notes)
