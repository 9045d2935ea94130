"""What each server was last known to have, in SQLite, and the conflicts that wait for the user.

It is written only after the calendar files, so it is never ahead of them: when it is behind (or
lost), the next sync finds both sides equal and takes that over. It knows rows, no protocol.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

_FORMAT = 1
_SCHEMA = """
CREATE TABLE calendars(
    folder TEXT PRIMARY KEY, address TEXT NOT NULL, token TEXT NOT NULL DEFAULT '', validators TEXT NOT NULL DEFAULT '',
    synced_at REAL, error TEXT NOT NULL DEFAULT '');
CREATE TABLE items(
    folder TEXT NOT NULL REFERENCES calendars(folder) ON DELETE CASCADE, name TEXT NOT NULL,
    href TEXT NOT NULL, etag TEXT NOT NULL, digest TEXT NOT NULL, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY(folder, name));
CREATE INDEX items_href ON items(folder, href);
CREATE TABLE conflicts(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder TEXT NOT NULL REFERENCES calendars(folder) ON DELETE CASCADE, name TEXT NOT NULL, href TEXT NOT NULL,
    etag TEXT NOT NULL, mine BLOB, theirs BLOB, found_at REAL NOT NULL, UNIQUE(folder, name));
CREATE TABLE refusals(
    folder TEXT NOT NULL REFERENCES calendars(folder) ON DELETE CASCADE, name TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY(folder, name));
"""


@dataclass(frozen=True, slots=True)
class Item:
    """An object that is the same here and there, as far as we know."""

    name: str
    """Of the file in the calendar's folder."""
    href: str
    etag: str
    digest: str
    """Of the file's bytes when both sides were last equal."""
    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class StoredConflict:
    id: int
    folder: str
    name: str
    href: str
    etag: str
    """Of `theirs`; empty where they deleted it."""
    mine: bytes | None
    """Our version when the conflict was found (the file itself may have been changed since)."""
    theirs: bytes | None
    """The server's version; None where it was deleted there."""
    found_at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class CalendarState:
    folder: str
    address: str
    token: str
    validators: str
    """Of a web calendar: ETag and Last-Modified, one a line."""
    synced_at: float | None
    """Seconds since 1970; None before the first sync that came to its end."""
    error: str
    """Why the latest sync failed; empty where it did not."""


class SyncState:
    """One connection, used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect()
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            aside = file.with_name(f"{file.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
            log.warning("the sync state is damaged (%s); it is kept as %s and made anew", error, aside.name)
            file.replace(aside)
            self._db = self._connect()
        except OSError as error:
            raise self._unusable(error) from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=20, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA foreign_keys=ON")
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

    def _unusable(self, error: Exception) -> StorageError:
        return StorageError(
            "sync_state_failed",
            f"{self._file} cannot be written ({error}), so nothing was sent or fetched. Free some space or allow "
            "writing to its folder, then try again.",
        )

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All changes inside are made, or none."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._unusable(error) from error
            raise

    # Calendars

    def link(self, folder: str, address: str) -> CalendarState:
        """The state of a linked calendar; what was known of another address under this name is forgotten."""
        found = self.calendar(folder)
        if found is None or found.address != address:
            with self.writing():
                self._db.execute("DELETE FROM calendars WHERE folder=?", (folder,))
                self._db.execute("INSERT INTO calendars(folder, address) VALUES (?,?)", (folder, address))
        state = self.calendar(folder)
        assert state is not None
        return state

    def calendar(self, folder: str) -> CalendarState | None:
        row = self._db.execute(
            "SELECT folder, address, token, validators, synced_at, error FROM calendars WHERE folder=?", (folder,)
        ).fetchone()
        return CalendarState(*row) if row else None

    def unlink(self, folder: str) -> None:
        with self.writing():
            self._db.execute("DELETE FROM calendars WHERE folder=?", (folder,))

    def finished(self, folder: str, token: str, at: float, *, validators: str = "") -> None:
        """Everything up to `token` is done."""
        with self.writing():
            self._db.execute(
                "UPDATE calendars SET token=?, validators=?, synced_at=?, error='' WHERE folder=?",
                (token, validators, at, folder),
            )

    def failed(self, folder: str, error: str) -> None:
        with self.writing():
            self._db.execute("UPDATE calendars SET error=? WHERE folder=?", (error, folder))

    # Items: call the changing ones inside `writing`.

    def items(self, folder: str) -> dict[str, Item]:
        """By file name."""
        rows = self._db.execute("SELECT name, href, etag, digest, mtime_ns, size FROM items WHERE folder=?", (folder,))
        return {row[0]: Item(*row) for row in rows}

    def put_items(self, folder: str, items: Iterable[Item]) -> None:
        rows = [(folder, i.name, i.href, i.etag, i.digest, i.mtime_ns, i.size) for i in items]
        self._db.executemany("INSERT OR REPLACE INTO items VALUES (?,?,?,?,?,?,?)", rows)
        self.settle(folder, [row[1] for row in rows])

    def drop_items(self, folder: str, names: Iterable[str]) -> None:
        known = [(folder, name) for name in names]
        self._db.executemany("DELETE FROM items WHERE folder=? AND name=?", known)
        self.settle(folder, [name for _, name in known])

    def settle(self, folder: str, names: Iterable[str]) -> None:
        """Conflicts and refusals of these files are over."""
        for table in ("conflicts", "refusals"):
            self._db.executemany(f"DELETE FROM {table} WHERE folder=? AND name=?", [(folder, name) for name in names])

    # What waits for the user

    def put_conflict(
        self, folder: str, name: str, href: str, etag: str, mine: bytes | None, theirs: bytes | None, found_at: float
    ) -> None:
        """Both versions, kept; a newer version of theirs replaces the older. Call inside `writing`."""
        self._db.execute(
            "INSERT INTO conflicts(folder, name, href, etag, mine, theirs, found_at) VALUES (?,?,?,?,?,?,?) "
            "ON CONFLICT(folder, name) DO UPDATE SET href=excluded.href, etag=excluded.etag, mine=excluded.mine, "
            "theirs=excluded.theirs",
            (folder, name, href, etag, mine, theirs, found_at),
        )

    def conflicts(self, folder: str | None = None) -> list[StoredConflict]:
        where, values = (" WHERE folder=?", (folder,)) if folder is not None else ("", ())
        rows = self._db.execute(
            f"SELECT id, folder, name, href, etag, mine, theirs, found_at FROM conflicts{where} ORDER BY id", values
        )
        return [StoredConflict(*row) for row in rows]

    def put_refusal(self, folder: str, name: str, reason: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO refusals VALUES (?,?,?)", (folder, name, reason))

    def refusals(self, folder: str) -> dict[str, str]:
        """Why the server, or this program, does not take a file; by name."""
        return dict(self._db.execute("SELECT name, reason FROM refusals WHERE folder=?", (folder,)))

    def clear_refusals(self, folder: str) -> None:
        self._db.execute("DELETE FROM refusals WHERE folder=?", (folder,))
