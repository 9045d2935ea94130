"""What the calendar files say, in SQLite, so that a view need not read them all.

Every occasion is a row, repeats expanded as far as `occasions` found it worth while, so that a month
is one range of an index. It can be deleted at any time: it is rebuilt from the files. A damaged one
is thrown away silently. It knows rows, not calendars' rules.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from assistant_app.agenda.event_files import StoredEvent
from assistant_app.agenda.events import Event, Moment
from assistant_app.agenda.index_words import indexed_words
from assistant_app.agenda.occasions import Window, seconds

log = logging.getLogger(__name__)

_FORMAT = 2
_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE folders(name TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL);
CREATE TABLE files(path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, problem TEXT);
CREATE TABLE events(
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, uid TEXT NOT NULL, part INTEGER NOT NULL,
    series INTEGER, calendar TEXT NOT NULL, title TEXT NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL,
    details TEXT NOT NULL, repeats INTEGER NOT NULL, covered_from_s INTEGER, covered_to_s INTEGER, words TEXT NOT NULL);
CREATE INDEX events_uid ON events(uid);
CREATE INDEX events_series ON events(series) WHERE series IS NOT NULL;
CREATE INDEX events_path ON events(path);
CREATE INDEX events_calendar ON events(calendar);
CREATE INDEX events_from ON events(covered_from_s) WHERE covered_from_s IS NOT NULL;
CREATE INDEX events_to ON events(covered_to_s) WHERE covered_to_s IS NOT NULL;
CREATE TABLE occasions(
    class INTEGER NOT NULL, start_s INTEGER NOT NULL, event INTEGER NOT NULL, recurrence_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL, PRIMARY KEY(class, start_s, event, recurrence_s)) WITHOUT ROWID;
CREATE INDEX occasions_event ON occasions(event, start_s);
CREATE TABLE terms(term TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE search USING fts5(words, content='events', content_rowid='id');
"""
_COLUMNS = "id, path, uid, series, calendar, title, start, end, details, repeats"
_CLASS_LIMITS_S = (90_000, 35 * 86_400)
"""Occasions of a day, of a month, and longer ones: how far back a search must begin depends on the length."""
_AT_ONCE = 500
"""Values in one statement, and files in one transaction."""

Changed = tuple[str, "Stamp", Sequence[StoredEvent], str | None]
"""Path, stamp, events and the problem with the file, if there is one."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which a changed file is noticed."""

    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class IndexedEvent:
    id: int
    event: Event
    """Times as the file says them."""
    repeats: bool
    series: int | None
    """Of a changed occasion: the row of its series."""


class IndexedOccasion(NamedTuple):
    """A tuple, since a view makes thousands of them."""

    start_s: int
    end_s: int
    recurrence_s: int
    event: int
    """Row of the event."""


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
            db.execute("PRAGMA cache_size=-32000")
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

    # What it was made from

    def stamps(self) -> dict[str, Stamp]:
        """Every known file, by path relative to the root."""
        return {path: Stamp(m, s) for path, m, s in self._db.execute("SELECT path, mtime_ns, size FROM files")}

    def folder_times(self) -> dict[str, int]:
        """The time stamps of the folders when the index was last brought up to date with them."""
        return dict(self._db.execute("SELECT name, mtime_ns FROM folders").fetchall())

    def set_folder_times(self, times: dict[str, int]) -> None:
        with self._writing() as db:
            db.execute("DELETE FROM folders")
            db.executemany("INSERT INTO folders VALUES (?,?)", times.items())

    def update(self, changed: Sequence[Changed], removed: Iterable[str], *, counts: bool = True) -> None:
        """Take in files that changed (with their events, or the problem with them) and forget removed ones.

        `counts` is False where only more occasions of the same events were found.
        """
        with self._writing() as db:
            self._forget(db, [*removed, *(path for path, *_ in changed)])
            db.executemany(
                "INSERT OR REPLACE INTO files VALUES (?,?,?,?)",
                [(path, stamp.mtime_ns, stamp.size, problem) for path, stamp, _, problem in changed],
            )
            for path, _, events, _ in changed:
                for stored in events:
                    self._take_in(db, path, stored)
            if counts:
                db.execute("UPDATE meta SET value=value+1 WHERE key='generation'")

    def _forget(self, db: sqlite3.Connection, paths: Sequence[str]) -> None:
        for path in paths:
            rows = db.execute("SELECT id, words FROM events WHERE path=?", (path,)).fetchall()
            db.executemany("INSERT INTO search(search, rowid, words) VALUES ('delete', ?, ?)", rows) if rows else None
            for row, _ in rows:
                held = db.execute("SELECT class, start_s FROM occasions WHERE event=?", (row,)).fetchall()
                db.executemany(
                    "DELETE FROM occasions WHERE class=? AND start_s=? AND event=?", [(c, s, row) for c, s in held]
                )
            db.execute("DELETE FROM events WHERE path=?", (path,))
            db.execute("DELETE FROM files WHERE path=?", (path,))

    def _take_in(self, db: sqlite3.Connection, path: str, stored: StoredEvent) -> None:
        rows: list[int] = []
        covered = stored.expansion.covered
        for part, event in enumerate((stored.event, *stored.changed)):
            words = indexed_words((event.title, event.location, event.notes, *event.categories))
            values = (
                path,
                event.uid,
                part,
                rows[0] if rows else None,
                event.calendar,
                event.title,
                event.start.isoformat(),
                event.end.isoformat(),
                _details(event),
                int(stored.repeats),
                covered.start_s if covered and not part else None,
                covered.end_s if covered and not part else None,
                words,
            )
            row = db.execute(
                "INSERT INTO events(path, uid, part, series, calendar, title, start, end, details, repeats, "
                "covered_from_s, covered_to_s, words) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                values,
            ).lastrowid
            assert row is not None
            rows.append(row)
            db.execute("INSERT INTO search(rowid, words) VALUES (?,?)", (row, words))
            db.executemany("INSERT OR IGNORE INTO terms VALUES (?)", [(word,) for word in set(words.split())])
        db.executemany(
            "INSERT OR IGNORE INTO occasions VALUES (?,?,?,?,?)",
            [
                (_class(o.end_s - o.start_s), o.start_s, rows[o.part], o.recurrence_s, o.end_s)
                for o in stored.expansion.occasions
            ],
        )

    def not_covered(self, window: Window) -> list[str]:
        """Files with a series whose occasions in the window are not all known yet."""
        found = self._db.execute(
            "SELECT path FROM events WHERE covered_from_s > ? UNION SELECT path FROM events WHERE covered_to_s < ?",
            (window.start_s, window.end_s),
        )
        return [path for (path,) in found]

    def problems(self) -> list[tuple[str, str]]:
        return list(
            self._db.execute("SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path").fetchall()
        )

    # Events

    def by_uid(self, uid: str) -> IndexedEvent | None:
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE uid=? AND part=0 ORDER BY path LIMIT 1", (uid,)
        ).fetchone()
        return self._event(row) if row else None

    def events(self, ids: Iterable[int]) -> Iterator[IndexedEvent]:
        """The rows of these numbers, in no order."""
        wanted = list(ids)
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM events WHERE id IN ({marks})", some):
                yield self._event(row)

    def paths(self, calendar: str | None = None) -> list[str]:
        """The files that hold events."""
        where, values = (" WHERE calendar=?", (calendar,)) if calendar else ("", ())
        return [path for (path,) in self._db.execute(f"SELECT DISTINCT path FROM events{where} ORDER BY path", values)]

    def files_without_events(self) -> dict[str, Stamp]:
        """Files that could be read and hold something else."""
        rows = self._db.execute(
            "SELECT path, mtime_ns, size FROM files "
            "WHERE problem IS NULL AND path NOT IN (SELECT path FROM events) ORDER BY path"
        )
        return {path: Stamp(mtime_ns, size) for path, mtime_ns, size in rows}

    def _event(self, row: tuple[Any, ...]) -> IndexedEvent:
        number, path, uid, series, calendar, title, start, end, details, repeats = row
        location, notes, recurrence, reminders, categories, colour, dates, busy = json.loads(details)
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
            colour=colour,
            extra_dates=tuple(_moment(text) for text in dates),
            busy=busy,
        )
        return IndexedEvent(number, event, bool(repeats), series)

    # Occasions

    def overlapping(self, start_s: int, end_s: int) -> list[IndexedOccasion]:
        """Occasions that may lie in the interval (see `seconds`), without order."""
        rows: list[tuple[int, ...]] = []
        for number, limit in enumerate((*_CLASS_LIMITS_S, None)):
            rows += self._db.execute(
                "SELECT start_s, end_s, recurrence_s, event FROM occasions "
                "WHERE class=? AND start_s BETWEEN ? AND ? AND end_s >= ?",
                (number, start_s - limit if limit else _FIRST_S, end_s, start_s),
            ).fetchall()
        return list(map(IndexedOccasion._make, rows))

    def starting_from(self, start_s: int, limit: int) -> tuple[list[IndexedOccasion], int | None]:
        """The first occasions that begin at or after a moment, and up to when these are all; None: there are no more.

        There are `limit` of them, or more."""
        return self._in_order("start_s >= ? ORDER BY start_s", start_s, limit, 1)

    def starting_before(self, start_s: int, limit: int) -> tuple[list[IndexedOccasion], int | None]:
        """The same backwards: the last occasions that begin before a moment, the latest first."""
        return self._in_order("start_s < ? ORDER BY start_s DESC", start_s, limit, -1)

    def _in_order(
        self, condition: str, start_s: int, limit: int, direction: int
    ) -> tuple[list[IndexedOccasion], int | None]:
        found: list[IndexedOccasion] = []
        known_to: list[int] = []
        for number in range(len(_CLASS_LIMITS_S) + 1):
            rows = self._db.execute(
                f"SELECT start_s, end_s, recurrence_s, event FROM occasions WHERE class=? AND {condition} LIMIT ?",
                (number, start_s, limit),
            ).fetchall()
            found += map(IndexedOccasion._make, rows)
            known_to += [rows[-1][0] * direction] if len(rows) == limit else []
        found.sort(key=lambda o: o.start_s * direction)
        return found, min(known_to) * direction if known_to else None

    def of_series(self, number: int, first_s: int, last_s: int) -> list[IndexedOccasion]:
        """Occasions of a series, changed ones included, that are or were to be between two moments."""
        rows = self._db.execute(
            "SELECT start_s, end_s, recurrence_s, event FROM occasions WHERE event=? AND start_s BETWEEN ? AND ? "
            "UNION SELECT start_s, end_s, recurrence_s, event FROM occasions "
            "WHERE event IN (SELECT id FROM events WHERE series=?)",
            (number, first_s, last_s, number),
        )
        found = [IndexedOccasion(*row) for row in rows]
        return [o for o in found if first_s <= o.start_s <= last_s or first_s <= o.recurrence_s <= last_s]

    def nearest(self, number: int, now_s: int) -> IndexedOccasion | None:
        """Of one row the occasion under way or next; where all are over, the last one."""
        before, coming = (
            self._db.execute(
                "SELECT start_s, end_s, recurrence_s, event FROM occasions "
                f"WHERE event=? AND start_s {condition} LIMIT 1",
                (number, now_s),
            ).fetchone()
            for condition in ("<= ? ORDER BY start_s DESC", "> ? ORDER BY start_s")
        )
        row = before if before and (before[1] > now_s or not coming) else coming
        return IndexedOccasion(*row) if row else None

    # Words

    def matching(self, query: str, limit: int) -> list[int]:
        """Rows that fit a full-text query, in the order of their numbers."""
        return [
            row for (row,) in self._db.execute("SELECT rowid FROM search WHERE search MATCH ? LIMIT ?", (query, limit))
        ]

    def best_matching(self, query: str, limit: int) -> list[int]:
        """Rows that fit a full-text query best, by the rarity of the words they hold."""
        sql = "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rank LIMIT ?"
        return [row for (row,) in self._db.execute(sql, (query, limit))]

    def terms_like(self, pattern: str, lengths: tuple[int, int], limit: int) -> list[str]:
        """Words in the index that fit a GLOB pattern and are so many letters long."""
        sql = "SELECT term FROM terms WHERE term GLOB ? AND length(term) BETWEEN ? AND ? LIMIT ?"
        return [term for (term,) in self._db.execute(sql, (pattern, *lengths, limit))]


_FIRST_S = -(10**12)


def _class(length_s: int) -> int:
    return sum(length_s > limit for limit in _CLASS_LIMITS_S)


def _details(event: Event) -> str:
    return json.dumps(
        [
            event.location,
            event.notes,
            event.recurrence,
            event.reminder_minutes,
            event.categories,
            event.colour,
            [moment.isoformat() for moment in event.extra_dates],
            event.busy,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _moment(text: str) -> Moment:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


__all__ = ["Changed", "EventIndex", "IndexedEvent", "IndexedOccasion", "Stamp", "seconds"]
