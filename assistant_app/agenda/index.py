"""What the calendar files say, in SQLite, so that a view need not read them all.

It can be deleted at any time: it is rebuilt from the files. A damaged one is thrown away silently.
It knows rows, not calendars' rules.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from assistant_app.agenda.event_files import StoredEvent
from assistant_app.agenda.events import Event, Moment

log = logging.getLogger(__name__)

_FORMAT = 1
_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE files(path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, problem TEXT);
CREATE TABLE events(
    path TEXT NOT NULL REFERENCES files(path) ON DELETE CASCADE,
    uid TEXT NOT NULL, calendar TEXT NOT NULL, title TEXT NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL,
    details TEXT NOT NULL, repeats INTEGER NOT NULL, first_s INTEGER NOT NULL, last_s INTEGER,
    PRIMARY KEY(path, uid));
CREATE INDEX events_uid ON events(uid);
CREATE INDEX events_span ON events(repeats, first_s, last_s);
"""
_COLUMNS = "path, uid, calendar, title, start, end, details, repeats"


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which a changed file is noticed."""

    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class IndexedEvent:
    event: Event
    """Times as the file says them."""
    repeats: bool


class EventIndex:
    """One connection, used by one thread at a time (the store holds a lock)."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file = file
        self._root = root
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            return self._connect(str(self._file))
        except (sqlite3.DatabaseError, OSError) as error:
            log.info("the calendar index is rebuilt: %s", error)
        for leftover in (self._file, *(self._file.with_name(self._file.name + end) for end in ("-wal", "-shm"))):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
        try:
            return self._connect(str(self._file))
        except sqlite3.DatabaseError:
            log.warning("the calendar index cannot be kept at %s; it is kept in memory", self._file)
            return self._connect(":memory:")

    def _connect(self, name: str) -> sqlite3.Connection:
        db = sqlite3.connect(name, timeout=10, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            root = str(self._root)
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute("INSERT INTO meta VALUES ('generation', 0), (?, 0)", (root,))
                db.execute(f"PRAGMA user_version={_FORMAT}")
            elif version != _FORMAT or not db.execute("SELECT 1 FROM meta WHERE key=?", (root,)).fetchone():
                raise sqlite3.DatabaseError("made for another folder or by another version")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def reset(self) -> None:
        """Start again with an empty index."""
        self._db.close()
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
        self._db = self._open()

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @property
    def generation(self) -> int:
        """Grows with every change, by whichever process."""
        return int(self._db.execute("SELECT value FROM meta WHERE key='generation'").fetchone()[0])

    def stamps(self) -> dict[str, Stamp]:
        """Every known file, by path relative to the root."""
        return {path: Stamp(m, s) for path, m, s in self._db.execute("SELECT path, mtime_ns, size FROM files")}

    def update(
        self, changed: Iterable[tuple[str, Stamp, list[StoredEvent], str | None]], removed: Iterable[str]
    ) -> None:
        """Take in files that changed (with their events, or the problem with them) and forget removed ones."""
        with self._writing() as db:
            for path in removed:
                db.execute("DELETE FROM files WHERE path=?", (path,))
            for path, stamp, events, problem in changed:
                db.execute("DELETE FROM files WHERE path=?", (path,))
                db.execute("INSERT INTO files VALUES (?,?,?,?)", (path, stamp.mtime_ns, stamp.size, problem))
                db.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", [_row(path, e) for e in events])
            db.execute("UPDATE meta SET value=value+1 WHERE key='generation'")

    def problems(self) -> list[tuple[str, str]]:
        return list(
            self._db.execute("SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path").fetchall()
        )

    def by_uid(self, uid: str) -> IndexedEvent | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM events WHERE uid=? ORDER BY path LIMIT 1", (uid,)).fetchone()
        return self._event(row) if row else None

    def overlapping(self, start_s: int, end_s: int) -> list[IndexedEvent]:
        """Events with an occasion that may lie in the interval (seconds since 1970, see `seconds`)."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE first_s < ? AND (last_s >= ? OR last_s IS NULL)", (end_s, start_s)
        )
        return [self._event(row) for row in rows]

    def single_from(self, start_s: int, limit: int) -> list[IndexedEvent]:
        """Events that do not repeat, in order of their start."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE repeats=0 AND first_s >= ? ORDER BY first_s LIMIT ?", (start_s, limit)
        )
        return [self._event(row) for row in rows]

    def repeating(self, start_s: int) -> list[IndexedEvent]:
        """Events that repeat and may still do so at `start_s`."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE repeats=1 AND (last_s >= ? OR last_s IS NULL)", (start_s,)
        )
        return [self._event(row) for row in rows]

    def everything(self, calendar: str | None = None) -> list[IndexedEvent]:
        where, values = (" WHERE calendar=?", (calendar,)) if calendar else ("", ())
        return [self._event(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM events{where}", values)]

    def _event(self, row: tuple[str, str, str, str, str, str, str, int]) -> IndexedEvent:
        path, uid, calendar, title, start, end, details, repeats = row
        location, notes, recurrence, reminders, categories = json.loads(details)
        event = Event(
            uid=uid,
            title=title,
            start=_moment(start),
            end=_moment(end),
            calendar=calendar,
            file=self._root / path,
            location=location,
            notes=notes,
            recurrence=recurrence,
            reminder_minutes=tuple(reminders),
            categories=tuple(categories),
        )
        return IndexedEvent(event, bool(repeats))


def seconds(moment: Moment) -> int:
    """Seconds since 1970; days and floating times counted as in UTC, so that no zone is baked into the index."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _row(path: str, stored: StoredEvent) -> tuple[str | int | None, ...]:
    event = stored.event
    details = [event.location, event.notes, event.recurrence, event.reminder_minutes, event.categories]
    return (
        path,
        event.uid,
        event.calendar,
        event.title,
        event.start.isoformat(),
        event.end.isoformat(),
        json.dumps(details, ensure_ascii=False),
        int(stored.repeats),
        seconds(stored.first),
        None if stored.last is None else seconds(stored.last),
    )


def _moment(text: str) -> Moment:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
