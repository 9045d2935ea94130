"""What was done to the calendar files, so that it can be undone, after a restart too.

Each entry holds the files' contents before and after. It knows bytes and paths, not events.
An entry and its file changes are made inside one SQLite transaction, which is also the lock that
keeps two processes from writing at once. A change of several files is first noted as intended, in a
file of its own, so that a program that is killed in the middle of it can finish at its next start.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant_app.agenda.files import read_or_none, remove, write_whole
from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

_KEPT_ENTRIES = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, uids TEXT NOT NULL, made_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS contents(
    entry INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
    position INTEGER NOT NULL, path TEXT NOT NULL, before BLOB, after BLOB, PRIMARY KEY(entry, position));
"""


@dataclass(frozen=True, slots=True)
class FileChange:
    path: str
    """Relative to the calendar root, with forward slashes."""
    before: bytes | None
    """None: there was no file."""
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    kind: str
    uids: tuple[str, ...]
    changes: tuple[FileChange, ...]


class Journal:
    """One connection, used by one thread at a time (the store holds a lock)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._intended = file.with_name(f"{file.name}.intended")
        self._db: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        """Opened at the first change, so that a calendar on a read-only disk can still be read."""
        if self._db is None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._db = self._connect()
            except sqlite3.OperationalError as error:
                raise _not_writable(self._file, error) from error
            except sqlite3.DatabaseError as error:
                aside = self._file.with_name(f"{self._file.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
                log.warning("the undo journal is damaged (%s); it is kept as %s", error, aside.name)
                self._file.replace(aside)
                self._db = self._connect()
            except OSError as error:
                raise _not_writable(self._file, error) from error
        return self._db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=20, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Everything inside happens once or not at all, and in one process at a time."""
        db = self._open()
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _not_writable(self._file, error) from error
        try:
            yield
            db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _not_writable(self._file, error) from error
            raise

    def record(self, kind: str, uids: tuple[str, ...], changes: list[FileChange]) -> None:
        """Note a new action; what was undone before it can no longer be done again. Call inside `locked`."""
        db = self._open()
        db.execute("DELETE FROM entries WHERE undone=1")
        entry = db.execute(
            "INSERT INTO entries(kind, uids, made_at) VALUES (?,?,?)", (kind, "\n".join(uids), time.time())
        ).lastrowid
        rows = [(entry, n, c.path, c.before, c.after) for n, c in enumerate(changes)]
        db.executemany("INSERT INTO contents VALUES (?,?,?,?,?)", rows)
        db.execute("DELETE FROM entries WHERE id <= ?", ((entry or 0) - _KEPT_ENTRIES,))

    def newest_done(self) -> Entry | None:
        return self._entry("undone=0 ORDER BY id DESC")

    def oldest_undone(self) -> Entry | None:
        return self._entry("undone=1 ORDER BY id ASC")

    def mark(self, entry: Entry, *, undone: bool) -> None:
        self._open().execute("UPDATE entries SET undone=? WHERE id=?", (int(undone), entry.id))

    def _entry(self, which: str) -> Entry | None:
        db = self._open()
        row = db.execute(f"SELECT id, kind, uids FROM entries WHERE {which} LIMIT 1").fetchone()
        if row is None:
            return None
        rows = db.execute("SELECT path, before, after FROM contents WHERE entry=? ORDER BY position", (row[0],))
        changes = tuple(FileChange(path, before, after) for path, before, after in rows)
        return Entry(row[0], row[1], tuple(row[2].split("\n")), changes)

    # Changes of several files

    def intend(self, kind: str, uids: tuple[str, ...], changes: list[FileChange]) -> None:
        """Note what is about to be done, durably. Call inside `locked`, and `settle` after it."""
        note = {"kind": kind, "uids": uids, "changes": [[c.path, _text(c.before), _text(c.after)] for c in changes]}
        write_whole(self._intended, json.dumps(note).encode())

    def settle(self) -> None:
        """What was intended is done, or was put back."""
        with contextlib.suppress(StorageError):
            if self._intended.exists():
                remove(self._intended)

    def intended(self) -> Entry | None:
        """What a program that was killed had begun; call inside `locked`."""
        try:
            data = read_or_none(self._intended)
            note = json.loads(data) if data else None
            if note is None:
                return None
            changes = tuple(FileChange(path, _bytes(before), _bytes(after)) for path, before, after in note["changes"])
            return Entry(0, note["kind"], tuple(note["uids"]), changes)
        except (StorageError, ValueError, KeyError, TypeError) as error:
            log.warning("a note of an unfinished change cannot be read and is left out: %s", error)
            self.settle()
            return None

    @property
    def has_intention(self) -> bool:
        """Whether a change of several files is under way, or was when a program was killed."""
        return self._intended.exists()


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _not_writable(file: Path, error: Exception) -> StorageError:
    return StorageError(
        "journal_failed",
        f"The undo journal {file} cannot be written ({error}), so nothing was changed. "
        "Free some space or allow writing to its folder, then try again.",
    )
