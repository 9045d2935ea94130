"""A folder of calendar folders (a vdir), and the index that follows it.

It notices what other programs change. It reads; the store writes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from assistant_app.agenda.event_files import StoredEvent, read_events
from assistant_app.agenda.events import CalendarInfo, FileProblem
from assistant_app.agenda.index import EventIndex, Stamp
from assistant_app.agenda.occasions import Window
from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

_RACY_NS = 100_000_000
"""A folder changed this shortly before it was read may change again under the same time stamp."""
_CHEAP_SECONDS = 0.02
"""A look at every file that takes no longer is taken whenever something may have changed."""
_SHARE = 20
"""Where a look takes longer, one part in this many of the time may go into looking."""
_BATCH = 500
"""Files taken into the index in one transaction."""
_YEAR_S = 31_557_600
_BEHIND_YEARS, _AHEAD_YEARS = 1, 3
"""How far series without an end are expanded in advance."""
_LEFTOVER = re.compile(r"\..*\.\d+-[0-9a-f]{8}\.tmp")
_LEFTOVER_SECONDS = 3600

Progress = Callable[[int, int], None]
"""Files read so far, and in all."""
T = TypeVar("T")


def no_progress(_done: int, _of: int) -> None:
    """For a look that nobody waits for."""


class CalendarFolders:
    """The files as they are now."""

    def __init__(self, root: Path, index_file: Path, clock: Callable[[], datetime], progress: Progress) -> None:
        self.root = root
        self._clock = clock
        self._progress = progress
        self._index = EventIndex(index_file, root)
        self._trusted = False
        self._looked_at = 0.0
        self._look_seconds = 0.0
        try:
            self._seen_generation = self._index.generation
        except sqlite3.DatabaseError:
            self._index.reset()
            self._seen_generation = self._index.generation

    def close(self) -> None:
        self._index.close()

    def ask(self, question: Callable[[EventIndex], T]) -> T:
        """An answer from an index that is up to date; a damaged index is rebuilt first."""
        try:
            self.catch_up()
            return question(self._index)
        except sqlite3.DatabaseError as error:
            log.info("the calendar index is rebuilt: %s", error)
            self.rebuild()
            return question(self._index)

    def ask_within(self, start_s: float, end_s: float, question: Callable[[EventIndex], T]) -> T:
        """As `ask`, with every occasion between two moments known."""
        window = Window(int(start_s), int(end_s))

        def covered(index: EventIndex) -> T:
            paths = index.not_covered(window)
            if paths:
                self._read_further(index, paths, window)
            return question(index)

        return self.ask(covered)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make the index anew from the files; how many there are."""
        self._index.reset()
        self._trusted = False
        return self.catch_up(look_at_files=True, progress=progress)

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

    def info(self, name: str) -> CalendarInfo:
        """What the folder's `displayname` and `color` files say, as vdirsyncer and khal write them."""
        said = {}
        for kind in ("displayname", "color"):
            try:
                said[kind] = (self.root / name / kind).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                said[kind] = ""
        return CalendarInfo(name, said["displayname"] or name, said["color"])

    def catch_up(self, *, look_at_files: bool = False, progress: Progress | None = None) -> int:
        """Bring the index up to date; how many files there are, where they were looked at.

        Folders' time stamps tell of new, renamed and removed files; a file that was overwritten in
        place is noticed when the files are looked at, too.
        """
        folders = self._folder_times()
        began = time.monotonic()
        rested = began - self._looked_at >= self._look_seconds * _SHARE
        if not self._looked_at or (look_at_files and (rested or self._is_cheap)):
            return self._look(folders, progress or self._progress)
        if folders != self._index.folder_times() or (not self._trusted and (rested or self._is_cheap)):
            return self._look(folders, progress or self._progress)
        return 0

    @property
    def _is_cheap(self) -> bool:
        return self._look_seconds <= _CHEAP_SECONDS

    def _look(self, folders: dict[str, int], progress: Progress) -> int:
        began, began_ns = time.monotonic(), time.time_ns()
        on_disk = self._files(folders)
        known = self._index.stamps()
        changed = [path for path, stamp in on_disk.items() if known.get(path) != stamp]
        removed = [path for path in known if path not in on_disk]
        looking = time.monotonic() - began
        for at in range(0, max(len(changed), 1), _BATCH):
            some = changed[at : at + _BATCH]
            if some or removed:
                self._index.update([(path, on_disk[path], *self._read(path)) for path in some], removed)
                removed = []
                progress(min(at + _BATCH, len(changed)), len(changed))
        if folders != self._index.folder_times():
            self._index.set_folder_times(folders)
        # A clock that was set back leaves time stamps in the future; those are not trusted either.
        self._trusted = all(0 <= began_ns - mtime_ns > _RACY_NS for mtime_ns in folders.values())
        self._looked_at, self._look_seconds = time.monotonic(), looking
        return len(on_disk)

    def _read_further(self, index: EventIndex, paths: Sequence[str], window: Window) -> None:
        """Expand series without an end beyond what is known of them, a year at a time."""
        usual = self._window()
        wider = Window(min(window.start_s - _YEAR_S, usual.start_s), max(window.end_s + _YEAR_S, usual.end_s))
        stamps = index.stamps()
        for at in range(0, len(paths), _BATCH):
            some = [path for path in paths[at : at + _BATCH] if path in stamps]
            index.update([(path, stamps[path], *self._read(path, wider)) for path in some], [], counts=False)

    def changed_by_others(self) -> bool:
        """Has anything changed since this was last asked, or since our own last change?"""
        generation = self.ask(lambda index: index.generation)
        changed, self._seen_generation = generation != self._seen_generation, generation
        return changed

    @contextlib.contextmanager
    def own_change(self, paths: Sequence[str]) -> Iterator[None]:
        """Wrap a change this program makes to these files, so that it is not reported as another's and only they are
        read again."""
        before = self.ask(lambda index: index.generation)
        try:
            yield
        finally:
            self._take_in(paths)
            now = self.ask(lambda index: index.generation)
            if before == self._seen_generation:
                self._seen_generation = now

    def _take_in(self, paths: Sequence[str]) -> None:
        self._trusted = False
        if self._is_cheap:
            return  # the next question looks at everything
        changed, removed = [], []
        for path in paths:
            if not path.endswith(".ics") or "/." in path:
                continue
            try:
                status = os.stat(self.root / path)
            except OSError:
                removed.append(path)
            else:
                stamp = Stamp(status.st_mtime_ns, status.st_size)
                changed.append((path, stamp, *self._read(path)))
        try:
            self._index.update(changed, removed)
            self._index.set_folder_times(self._folder_times())
        except sqlite3.DatabaseError as error:
            log.info("the calendar index could not follow a change: %s", error)
            self._looked_at = 0.0

    def problems(self) -> tuple[FileProblem, ...]:
        found = self.ask(lambda index: index.problems())
        return tuple(FileProblem(self.root / path, reason) for path, reason in found)

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
                        if entry.name.startswith("."):
                            _remove_leftover(entry)
                        elif entry.name.endswith(".ics") and entry.is_file():
                            status = entry.stat()
                            found[f"{name}/{entry.name}"] = Stamp(status.st_mtime_ns, status.st_size)
            except OSError as error:
                log.warning("calendar folder %s cannot be read: %s", name, error)
        return found

    def _window(self) -> Window:
        now_s = int(self._clock().timestamp())
        return Window(now_s - _BEHIND_YEARS * _YEAR_S, now_s + _AHEAD_YEARS * _YEAR_S)

    def _read(self, path: str, window: Window | None = None) -> tuple[list[StoredEvent], str | None]:
        file = self.root / path
        try:
            events = read_events(file.read_bytes(), file, file.parent.name, window or self._window())
        except OSError as error:
            return [], f"It cannot be read ({error.strerror})."
        except Exception as error:  # noqa: BLE001  (whatever a stranger's file provokes, the other files must load)
            log.info("%s is no calendar file: %s", file.name, error)
            return [], f"It is not a calendar file that can be understood: {str(error) or type(error).__name__}."
        problem = next((e.expansion.problem for e in events if e.expansion.problem), None)
        return events, problem


def _remove_leftover(entry: os.DirEntry[str]) -> None:
    """A temporary file of a program that was killed while it wrote. What it held was never acknowledged."""
    with contextlib.suppress(OSError):
        if _LEFTOVER.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > _LEFTOVER_SECONDS:
            os.unlink(entry.path)
