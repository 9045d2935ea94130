"""The program's own note of timers, and of what rang, was snoozed or dismissed: a small SQLite file.

Reminders, alarms and to-dos themselves are calendar files; this holds what those have no place for.
Several processes use it at once, and a change by one is seen by the others. It knows rows, no clock.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Literal

from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

Kind = Literal["reminder", "alarm", "event", "task", "timer"]
State = Literal["ringing", "snoozed", "dismissed"]

_KEPT_SECONDS = 40 * 86400
"""What was dismissed is remembered this long, so that a clock set back makes nothing ring twice."""
_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE timers(
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, length_s REAL NOT NULL, left_s REAL,
    ends_elapsed REAL NOT NULL, run TEXT NOT NULL, ends_wall REAL NOT NULL);
CREATE TABLE rings(
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, uid TEXT NOT NULL,
    title TEXT NOT NULL, due REAL NOT NULL, state TEXT NOT NULL, rings_at REAL NOT NULL, late INTEGER NOT NULL,
    announced INTEGER NOT NULL DEFAULT 0)
"""
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Timer:
    """A countdown."""

    id: int
    name: str
    """Empty for one without a name."""
    length_s: float
    """As it was set, later additions included."""
    left_s: float | None
    """Seconds left of a paused one; None while it runs."""
    ends_elapsed: float
    """When it ends on the elapsed clock of `run`."""
    run: str
    """See `Clocks.run`."""
    ends_wall: float
    """When it ends by the wall clock, for a run in which `ends_elapsed` means nothing any more."""

    @property
    def paused(self) -> bool:
        return self.left_s is not None


@dataclass(frozen=True, slots=True)
class Ring:
    """Something that fell due."""

    id: int
    key: str
    """What fell due and when: the same key never rings twice."""
    kind: Kind
    uid: str
    """Of the event or to-do; empty for a timer."""
    title: str
    due: float
    """When it fell due, seconds since 1970."""
    state: State
    rings_at: float
    """When it began, or will begin again, to ring."""
    late: bool
    """It fell due while nobody was there to ring."""
    announced: bool
    """A process has shown and sounded it."""


class RingState:
    """Safe to use from several threads and processes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = RLock()
        self._db: sqlite3.Connection | None = None
        self._depth = 0

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._db = self._connect()
            except sqlite3.OperationalError as error:
                raise _unusable(self._file, error) from error
            except sqlite3.DatabaseError as error:
                aside = self._file.with_name(f"{self._file.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
                log.warning("the note of timers is damaged (%s); it is kept as %s", error, aside.name)
                self._file.replace(aside)
                self._db = self._connect()
            except OSError as error:
                raise _unusable(self._file, error) from error
        return self._db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=10, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={_FORMAT}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Everything inside happens once or not at all, in one thread and one process at a time."""
        with self._lock, self._told():
            db = self._open()
            if self._depth:
                yield
                return
            db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self._file, error) from error

    # How far the calendar has been looked through

    @property
    def seen_until(self) -> float | None:
        """Up to when everything that fell due is among the rings; None before the first look."""
        with self._lock, self._told():
            row = self._open().execute("SELECT value FROM meta WHERE key='seen_until'").fetchone()
        return row[0] if row else None

    def set_seen_until(self, wall: float) -> None:
        with self.changing():
            self._open().execute("INSERT OR REPLACE INTO meta VALUES ('seen_until', ?)", (wall,))
            self._open().execute("DELETE FROM rings WHERE state='dismissed' AND due < ?", (wall - _KEPT_SECONDS,))

    # Timers

    def timers(self) -> list[Timer]:
        """In the order they were started."""
        with self._lock, self._told():
            rows = self._open().execute(
                "SELECT id, name, length_s, left_s, ends_elapsed, run, ends_wall FROM timers ORDER BY id"
            )
            return [Timer(*row) for row in rows]

    def add_timer(self, name: str, length_s: float, ends_elapsed: float, run: str, ends_wall: float) -> int:
        with self.changing():
            made = self._open().execute(
                "INSERT INTO timers(name, length_s, left_s, ends_elapsed, run, ends_wall) VALUES (?,?,NULL,?,?,?)",
                (name, length_s, ends_elapsed, run, ends_wall),
            )
            return int(made.lastrowid or 0)

    def put_timer(self, timer: Timer) -> None:
        with self.changing():
            self._open().execute(
                "UPDATE timers SET name=?, length_s=?, left_s=?, ends_elapsed=?, run=?, ends_wall=? WHERE id=?",
                (
                    timer.name,
                    timer.length_s,
                    timer.left_s,
                    timer.ends_elapsed,
                    timer.run,
                    timer.ends_wall,
                    timer.id,
                ),
            )

    def remove_timer(self, number: int) -> None:
        with self.changing():
            self._open().execute("DELETE FROM timers WHERE id=?", (number,))

    # Rings

    def rings(self, *states: State) -> list[Ring]:
        """Those in one of the states, the earliest due first."""
        marks = ",".join("?" * len(states))
        with self._lock, self._told():
            rows = self._open().execute(
                "SELECT id, key, kind, uid, title, due, state, rings_at, late, announced FROM rings "
                f"WHERE state IN ({marks}) ORDER BY due, id",
                states,
            )
            return [Ring(*(*row[:8], bool(row[8]), bool(row[9]))) for row in rows]

    def add_ring(self, key: str, kind: Kind, uid: str, title: str, due: float, *, late: bool) -> bool:
        """Note that something fell due; False if this very thing did before."""
        with self.changing():
            made = self._open().execute(
                "INSERT OR IGNORE INTO rings(key, kind, uid, title, due, state, rings_at, late) "
                "VALUES (?,?,?,?,?,'ringing',?,?)",
                (key, kind, uid, title, due, due, int(late)),
            )
            return made.rowcount > 0

    def set_ring(self, number: int, state: State, rings_at: float) -> None:
        """Put a ring in another state; it will be announced anew."""
        with self.changing():
            self._open().execute(
                "UPDATE rings SET state=?, rings_at=?, announced=0 WHERE id=?", (state, rings_at, number)
            )

    def mark_announced(self, number: int, *, announced: bool = True) -> None:
        with self.changing():
            self._open().execute("UPDATE rings SET announced=? WHERE id=?", (int(announced), number))


def _unusable(file: Path, error: Exception) -> StorageError:
    return StorageError(
        "reminders_failed",
        f"The note of timers and reminders {file} cannot be used ({error}). Free some space or allow writing to its "
        "folder, then try again.",
    )
