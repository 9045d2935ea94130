"""What was done to the calendar files, so that it can be undone, after a restart too.

Each entry holds the files' contents before and after. It knows bytes and paths, not events.

An entry is noted durably before its files are touched, as under way, and settled after them. What is
found under way by the next who locks the journal was cut off by a kill or a power cut. The lock is a
transaction on a database of its own, which the system takes back from a process that dies.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

_KEPT_ENTRIES = 500
_LOCK_SECONDS = 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, uids TEXT NOT NULL, made_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS contents(
    entry INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
    position INTEGER NOT NULL, path TEXT NOT NULL, before BLOB, after BLOB, PRIMARY KEY(entry, position));
CREATE TABLE IF NOT EXISTS under_way(
    entry INTEGER PRIMARY KEY REFERENCES entries(id) ON DELETE CASCADE, replay TEXT NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0);
"""
_NEW, _UNDO, _REDO = "", "undo", "redo"


@dataclass(frozen=True, slots=True)
class FileChange:
    path: str
    """Relative to the calendar root, with forward slashes."""
    before: bytes | None
    """None: there was no file."""
    after: bytes | None

    def reversed(self) -> FileChange:
        return FileChange(self.path, self.after, self.before)


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    kind: str
    uids: tuple[str, ...]
    changes: tuple[FileChange, ...]

    def steps(self, *, undone: bool) -> list[FileChange]:
        """What to do to the files to do it, or to undo it."""
        return [change.reversed() for change in reversed(self.changes)] if undone else list(self.changes)


@dataclass(frozen=True, slots=True)
class UnderWay:
    steps: tuple[FileChange, ...]
    """In the order in which the files are written."""
    failed: bool
    """The user was told that nothing was changed."""


class Journal:
    """One connection, used by one thread at a time (the store holds a lock)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._db: sqlite3.Connection | None = None
        self._lock: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        """Opened at the first change, so that a calendar on a read-only disk can still be read."""
        if self._db is None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._db = self._connect()
            except sqlite3.OperationalError as error:
                raise _not_writable(self._file, error) from error
            except sqlite3.DatabaseError as error:
                self._set_aside(error)
                self._db = self._connect()
            except OSError as error:
                raise _not_writable(self._file, error) from error
        return self._db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA foreign_keys=ON")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Keep a damaged file under another name, and begin anew at the next question."""
        self.close()
        aside = self._file.with_name(f"{self._file.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
        log.warning("the undo journal is damaged (%s); it is kept as %s", error, aside.name)
        self._file.replace(aside)
        for part in ("-wal", "-shm"):
            self._file.with_name(self._file.name + part).unlink(missing_ok=True)

    def close(self) -> None:
        for db in (self._db, self._lock):
            if db is not None:
                db.close()
        self._db = self._lock = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time is inside."""
        self._open()
        try:
            if self._lock is None:
                file = self._file.with_name(f"{self._file.name}.lock")
                self._lock = sqlite3.connect(file, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
            self._lock.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _not_writable(self._file, error) from error
        lock = self._lock
        try:
            yield
        except sqlite3.Error as error:
            raise self._failed(error) from error
        finally:
            with contextlib.suppress(sqlite3.Error):
                lock.execute("ROLLBACK")

    def _failed(self, error: sqlite3.Error) -> StorageError:
        if isinstance(error, sqlite3.OperationalError) or not isinstance(error, sqlite3.DatabaseError):
            return _not_writable(self._file, error)
        self._set_aside(error)
        return StorageError(
            "journal_damaged",
            f"The undo journal {self._file} was damaged, so nothing was changed. It has been put aside, and what was "
            "done before can no longer be undone. Try again.",
        )

    # One action; each call inside `locked`

    def begin(self, kind: str, uids: tuple[str, ...], changes: list[FileChange]) -> None:
        """Note a new action that is about to be done."""
        with self._transaction(durable=True) as db:
            entry = db.execute(
                "INSERT INTO entries(kind, uids, made_at) VALUES (?,?,?)", (kind, "\n".join(uids), time.time())
            ).lastrowid
            rows = [(entry, n, c.path, c.before, c.after) for n, c in enumerate(changes)]
            db.executemany("INSERT INTO contents VALUES (?,?,?,?,?)", rows)
            db.execute("INSERT INTO under_way(entry, replay) VALUES (?,?)", (entry, _NEW))

    def begin_again(self, entry: Entry, *, undone: bool) -> None:
        """Note that an action is about to be undone, or done again."""
        with self._transaction(durable=True) as db:
            db.execute("INSERT INTO under_way(entry, replay) VALUES (?,?)", (entry.id, _UNDO if undone else _REDO))

    def settle(self) -> None:
        """What is under way has been done. After a new action, what was undone before it cannot be done again.

        That need not reach the disk at once: after a power cut the files tell that it was done.
        """
        with self._transaction(durable=False) as db:
            for entry, replay in db.execute("SELECT entry, replay FROM under_way").fetchall():
                if replay == _NEW:
                    db.execute("DELETE FROM entries WHERE undone=1 OR id <= ?", (entry - _KEPT_ENTRIES,))
                else:
                    db.execute("UPDATE entries SET undone=? WHERE id=?", (int(replay == _UNDO), entry))
            db.execute("DELETE FROM under_way")

    def abandon(self) -> None:
        """What is under way has not been done, and the files are as before."""
        with self._transaction(durable=False) as db:
            db.execute("DELETE FROM entries WHERE id IN (SELECT entry FROM under_way WHERE replay=?)", (_NEW,))
            db.execute("DELETE FROM under_way")

    def fail(self) -> None:
        """What is under way has failed, and the files could not be put back yet."""
        with self._transaction(durable=True) as db:
            db.execute("UPDATE under_way SET failed=1")

    @property
    def may_be_cut_off(self) -> bool:
        """Whether something is under way; it need not be locked, and then another process may be at it."""
        try:
            return self._file.exists() and self.under_way() is not None
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def under_way(self) -> UnderWay | None:
        """The action that was begun and neither settled nor abandoned."""
        row = self._open().execute("SELECT entry, replay, failed FROM under_way LIMIT 1").fetchone()
        if row is None:
            return None
        entry = self._entry("id=?", row[0])
        return UnderWay(tuple(entry.steps(undone=row[1] == _UNDO)) if entry else (), bool(row[2]))

    def newest_done(self) -> Entry | None:
        return self._entry("undone=0 ORDER BY id DESC")

    def oldest_undone(self) -> Entry | None:
        return self._entry("undone=1 ORDER BY id ASC")

    def _entry(self, which: str, *values: int) -> Entry | None:
        db = self._open()
        row = db.execute(f"SELECT id, kind, uids FROM entries WHERE {which} LIMIT 1", values).fetchone()
        if row is None:
            return None
        rows = db.execute("SELECT path, before, after FROM contents WHERE entry=? ORDER BY position", (row[0],))
        changes = tuple(FileChange(path, before, after) for path, before, after in rows)
        return Entry(row[0], row[1], tuple(row[2].split("\n")), changes)

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Everything inside is noted, or nothing; flushed to the disk if it must survive a power cut."""
        db = self._open()
        try:
            db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._failed(error) from error
            raise


def _not_writable(file: Path, error: Exception) -> StorageError:
    return StorageError(
        "journal_failed",
        f"The undo journal {file} cannot be written ({error}), so nothing was changed. "
        "Free some space or allow writing to its folder, then try again.",
    )
