"""The calendar: a folder of `.ics` files that other programs read and write too.

A folder a calendar, one event a file (a vdir). Every change is written whole, can be undone, and
is seen by other processes at their next question. It knows no words for times and no window.
"""

from __future__ import annotations

import contextlib
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any, cast
from zoneinfo import ZoneInfo

from assistant_app.agenda import calendar_text, free_time, word_search
from assistant_app.agenda.event_files import (
    edited_file,
    in_zone,
    new_uid_file,
    parse,
    read_events,
    weekday_rule_moved,
)
from assistant_app.agenda.events import (
    Change,
    ChangeKind,
    Event,
    EventDraft,
    FileProblem,
    FreeSlot,
    Moment,
    Occurrence,
    as_datetime,
)
from assistant_app.agenda.files import read_or_none, remove, write_whole
from assistant_app.agenda.folders import CalendarFolders
from assistant_app.agenda.index import IndexedEvent, seconds
from assistant_app.agenda.journal import Entry, FileChange, Journal
from assistant_app.errors import InputError, StorageError

_MARGIN_S = 15 * 3600
"""Days and floating times are indexed as in UTC; no zone is further away from it."""
_LOOK_AHEAD_DAYS = (2, 8, 32, 370, 4 * 366)
_FIELDS = {
    "title",
    "start",
    "end",
    "location",
    "notes",
    "calendar",
    "recurrence",
    "reminder_minutes",
    "categories",
}


class CalendarStore:
    """Safe to use from several threads and several processes at once."""

    def __init__(
        self,
        root: Path,
        *,
        index_file: Path,
        journal_file: Path,
        default_calendar: str = "personal",
        zone: ZoneInfo,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        read_only: Collection[str] = (),
    ) -> None:
        """Calendars named in `read_only` belong to a server on the web; they are shown, not changed."""
        self.root = root
        self._read_only = frozenset(read_only)
        self.default_calendar = default_calendar
        self.zone = zone
        self._clock = clock
        self._bin = journal_file.parent / "bin"
        self._lock = RLock()
        self._folders = CalendarFolders(root, index_file, zone)
        self._journal = Journal(journal_file)

    def close(self) -> None:
        with self._lock:
            self._folders.close()
            self._journal.close()

    # Reading

    def get(self, uid: str) -> Event:
        """The event; `InputError` where there is none."""
        return in_zone(self._indexed(uid).event, self.zone)

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Everything that takes place in the interval, even partly, in order; repeats expanded."""
        with self._lock:
            start_s, end_s = start.timestamp(), end.timestamp()
            found = self._folders.ask(
                lambda index: (
                    index.overlapping(int(end_s) + _MARGIN_S, int(start_s) - _MARGIN_S)
                    if end_s < start_s
                    else index.overlapping(int(start_s) - _MARGIN_S, int(end_s) + _MARGIN_S)
                )
            )
            occurrences = [o for item in found for o in self._occurrences(item, start_s, end_s)]
        return sorted((o for o in occurrences if self._overlaps(o, start, end)), key=self._order)

    def next_after(self, now: datetime) -> Occurrence | None:
        """The first occasion that begins at or after `now`."""
        for days in _LOOK_AHEAD_DAYS:
            coming = [o for o in self.between(now, now + timedelta(days=days)) if self._starts(o) >= now]
            if coming:
                return coming[0]
        with self._lock:
            single = self._folders.ask(lambda index: index.single_from(int(now.timestamp()) - _MARGIN_S, 50))
            later = [o for item in single for o in self._single(item) if self._starts(o) >= now]
        return min(later, key=self._order, default=None)

    def search(self, text: str, *, after: datetime | None = None, limit: int = 20) -> list[Occurrence]:
        """Events whose title, place or notes hold the words; the next occasion of each, upcoming first.

        Case and accents do not matter, half a word or a slip is enough. With `after`, only what is not over by then.
        """
        now = after or self._clock()
        with self._lock:
            every = self._folders.ask(lambda index: index.everything())
            best = word_search.best([(item, self._words(item.event)) for item in every], text)
            found = [o for item in best if (o := self._nearest(item, now))]
        if after is not None:
            found = [o for o in found if as_datetime(o.end, self.zone) > after]
        upcoming = sorted((o for o in found if as_datetime(o.end, self.zone) > now), key=self._order)
        past = sorted((o for o in found if as_datetime(o.end, self.zone) <= now), key=self._order, reverse=True)
        return (upcoming + past)[:limit]

    def conflicts(self, start: Moment, end: Moment, *, ignore_uid: str | None = None) -> list[Occurrence]:
        """Timed occasions that overlap the interval (an all-day event is no reason not to meet)."""
        found = self.between(as_datetime(start, self.zone), as_datetime(end, self.zone))
        return [o for o in found if not o.all_day and o.event.uid != ignore_uid]

    def free_slots(
        self, length: timedelta, start: datetime, end: datetime, *, day_starts_hour: int, day_ends_hour: int
    ) -> list[FreeSlot]:
        """Stretches of at least `length` with nothing in them, within the hours of each day."""
        return free_time.free_slots(
            self.between(start, end),
            length,
            start,
            end,
            day_starts_hour=day_starts_hour,
            day_ends_hour=day_ends_hour,
            zone=self.zone,
        )

    def calendars(self) -> list[str]:
        """Names of all calendars, the default one first (there before its folder is)."""
        names = self._folders.calendars()
        return [self.default_calendar, *(name for name in names if name != self.default_calendar)]

    def problems(self) -> tuple[FileProblem, ...]:
        """Files that could not be read. They are left where they are."""
        with self._lock:
            return self._folders.problems()

    def refresh(self) -> bool:
        """Look at every file's size and time stamp; True if another program changed something."""
        with self._lock:
            self._folders.ask(lambda index: self._folders.catch_up(look_at_files=True))
            return self._folders.changed_by_others()

    # Changing

    def add(self, draft: EventDraft) -> Event:
        """Write a new event."""
        self._check_times(draft.start, draft.end)
        calendar = self._calendar_name(draft.calendar or self.default_calendar)
        uid = str(uuid.uuid4())
        data = new_uid_file(
            replace(draft, start=self._zoned(draft.start), end=self._zoned(draft.end)), uid, self._clock()
        )
        with self._lock, self._journal.locked():
            self._write("event_added", (uid,), [FileChange(f"{calendar}/{uid}.ics", None, data)])
        return self.get(uid)

    def edit(self, uid: str, **changes: Any) -> Event:
        """Change the given fields only: title, start, end, location, notes, calendar, recurrence,
        reminder_minutes, categories. A new start without an end keeps the length."""
        return self._edit("event_edited", uid, changes)

    def move(self, uid: str, start: Moment) -> Event:
        """Give the event (a repeating one: the whole series) another start; it keeps its length."""
        return self._edit("event_moved", uid, {"start": start})

    def _edit(self, kind: ChangeKind, uid: str, changes: dict[str, Any]) -> Event:
        if unknown := changes.keys() - _FIELDS:
            raise TypeError(f"an event has no {', '.join(sorted(unknown))}")
        with self._lock, self._journal.locked():
            old = self.get(uid)
            path = self._path(old.file)
            before = self._content(path)
            changes = {name: value for name, value in changes.items() if value != getattr(old, name)}
            target = self._calendar_name(changes.pop("calendar", old.calendar))
            if "start" in changes or "end" in changes:
                changes |= self._new_times(old, changes)
            if "start" in changes and "recurrence" not in changes and old.recurrence:
                moved = weekday_rule_moved(old.recurrence, old.start, changes["start"])
                changes |= {"recurrence": moved} if moved != old.recurrence else {}
            after = edited_file(before, uid, changes, self._clock(), self.zone) if changes else before
            if target == old.calendar:
                files = [FileChange(path, before, after)] if changes else []
            else:
                files = self._into_calendar(path, before, after, uid, target)
            if files:
                self._write(kind, (uid,), files)
        return self.get(uid)

    def _new_times(self, old: Event, changes: dict[str, Any]) -> dict[str, Any]:
        start = self._zoned(changes.get("start", old.start))
        if "end" in changes:
            end = self._zoned(changes["end"])
        elif isinstance(start, datetime) == isinstance(old.start, datetime):
            end = self._later(start, old.length)
        else:
            end = start + (timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1))
        if "start" not in changes and isinstance(start, datetime) != isinstance(end, datetime):
            raise InputError("event_times", "A day cannot end at a clock time. Give the start as well.")
        self._check_times(start, end)
        return {"start": start, "end": end}

    def _into_calendar(self, path: str, before: bytes, after: bytes, uid: str, target: str) -> list[FileChange]:
        rest = calendar_text.without(before, uid)
        alone = calendar_text.alone(after, uid)
        new = f"{target}/{Path(path).name if rest is None else self._file_name(uid)}"
        if read_or_none(self.root / new) is not None:
            new = f"{target}/{uuid.uuid4()}.ics"
        return [FileChange(new, None, alone if rest else after), FileChange(path, before, rest)]

    def delete(self, uid: str) -> Event:
        """Remove the event; its file is kept in the bin beside the journal."""
        with self._lock, self._journal.locked():
            old = self.get(uid)
            path = self._path(old.file)
            before = self._content(path)
            self._check_writable([FileChange(path, before, None)])
            write_whole(self._bin / self._bin_name(path), before)
            self._write("event_deleted", (uid,), [FileChange(path, before, calendar_text.without(before, uid))])
        return old

    def import_ics(self, text_or_bytes: str | bytes) -> list[Event]:
        """Take over every event of an iCalendar text; one that is there already is replaced, a new one goes into the
        default calendar."""
        data = text_or_bytes.encode() if isinstance(text_or_bytes, str) else text_or_bytes
        data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            # The stem names an event that brings no UID of its own.
            found = read_events(data, Path(f"{uuid.uuid4()}.ics"), self.default_calendar)
        except Exception as error:
            raise InputError(
                "calendar_file_invalid",
                f"This is not a calendar file that can be understood: {error}. Nothing was added.",
            ) from error
        files: list[FileChange] = []
        uids = tuple(stored.event.uid for stored in found)
        with self._lock, self._journal.locked():
            for uid in uids:
                alone = calendar_text.alone(data, uid)
                known = self._known(uid)
                path = self._path(known.event.file) if known else f"{self.default_calendar}/{self._file_name(uid)}"
                files.append(FileChange(path, self._content(path) if known else None, alone))
            if files:
                self._write("event_added", uids, files)
        return [self.get(uid) for uid in uids]

    def export_ics(self, calendar: str | None = None) -> bytes:
        """One iCalendar file with every event of a calendar, or of all, as they are on disk."""
        with self._lock:
            every = self._folders.ask(lambda index: index.everything(calendar))
            files = sorted({item.event.file for item in every})
            contents = [read_or_none(file) or b"" for file in files]
        return calendar_text.joined(contents)

    # Undo

    def undo(self) -> Change | None:
        """Take back the latest action; None where there is nothing to take back."""
        with self._lock, self._journal.locked():
            entry = self._journal.newest_done()
            return self._replay(entry, undone=True) if entry else None

    def redo(self) -> Change | None:
        """Do the action again that was undone last."""
        with self._lock, self._journal.locked():
            entry = self._journal.oldest_undone()
            return self._replay(entry, undone=False) if entry else None

    def _replay(self, entry: Entry, *, undone: bool) -> Change:
        steps = [
            FileChange(c.path, c.after, c.before) if undone else c
            for c in (reversed(entry.changes) if undone else entry.changes)
        ]
        for step in steps:
            if read_or_none(self.root / step.path) != step.before:
                raise StorageError(
                    "undo_changed_since",
                    f"Another program has changed {Path(step.path).name} since, so this was not "
                    f"{'undone' if undone else 'done again'}. Edit the event by hand instead.",
                )
        with self._folders.own_change():
            self._put(steps)
        self._journal.mark(entry, undone=undone)
        first = entry.uids[0]
        before = self._event_in(((c.path, c.before) for c in entry.changes), first)
        after = self._event_in(((c.path, c.after) for c in entry.changes), first)
        return Change(cast(ChangeKind, entry.kind), before, after, undone, len(entry.uids))

    def _event_in(self, contents: Any, uid: str) -> Event | None:
        for path, data in contents:
            if data is not None:
                file = self.root / path
                for stored in read_events(data, file, file.parent.name):
                    if stored.event.uid == uid:
                        return in_zone(stored.event, self.zone)
        return None

    # For keeping calendars in step with a server

    @contextlib.contextmanager
    def files_locked(self) -> Iterator[None]:
        """Nobody else writes calendar files inside; what is written here is seen as another program's change."""
        with self._lock, self._journal.locked():
            yield

    def discard(self, path: str, data: bytes) -> None:
        """Remove a file (relative to the root) that holds `data` and keep it in the bin. Call in `files_locked`."""
        write_whole(self._bin / self._bin_name(path), data)
        remove(self.root / path)

    def replace_files(self, kind: ChangeKind, uids: tuple[str, ...], files: list[FileChange]) -> None:
        """Change whole files as one action that can be undone; `StorageError` where one is not as it was."""
        with self._lock, self._journal.locked():
            for change in files:
                if read_or_none(self.root / change.path) != change.before:
                    raise StorageError("event_changed", "The event has been changed just now. Look at it again.")
                if change.before is not None and change.after is None:
                    write_whole(self._bin / self._bin_name(change.path), change.before)
            self._write(kind, uids, files)

    # Within

    def _bin_name(self, path: str) -> str:
        return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}-{path.replace('/', '-')}"

    def _check_writable(self, files: Sequence[FileChange]) -> None:
        for change in files:
            calendar = change.path.partition("/")[0]
            if calendar in self._read_only:
                raise InputError(
                    "calendar_read_only",
                    f"The calendar {calendar} is only read from the web, so it cannot be changed here. "
                    "Copy the event into a calendar of your own.",
                )

    def _write(self, kind: ChangeKind, uids: tuple[str, ...], files: list[FileChange]) -> None:
        self._check_writable(files)
        self._journal.record(kind, uids, files)
        with self._folders.own_change():
            self._put(files)

    def _put(self, files: Sequence[FileChange]) -> None:
        """Write all or, where one fails, put the earlier ones back."""
        done: list[FileChange] = []
        try:
            for change in files:
                self._put_one(change.path, change.after)
                done.append(change)
        except StorageError:
            for change in reversed(done):
                self._put_one(change.path, change.before)
            raise

    def _put_one(self, path: str, data: bytes | None) -> None:
        if data is None:
            remove(self.root / path)
        else:
            write_whole(self.root / path, data)

    def _content(self, path: str) -> bytes:
        data = read_or_none(self.root / path)
        if data is None:
            raise StorageError("event_gone", f"Another program has removed {Path(path).name} just now. Look again.")
        parse(data)
        return data

    def _known(self, uid: str) -> IndexedEvent | None:
        with self._lock:
            return self._folders.ask(lambda index: index.by_uid(uid))

    def _indexed(self, uid: str) -> IndexedEvent:
        found = self._known(uid)
        if found is None:
            raise InputError("event_unknown", f"There is no event {uid} in the calendar. List the events to see them.")
        return found

    def _path(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix()

    def _file_name(self, uid: str) -> str:
        return (
            f"{uid}.ics" if re.fullmatch(r"[\w@-][\w@.-]{0,150}", uid) else f"{uuid.uuid5(uuid.NAMESPACE_URL, uid)}.ics"
        )

    def _calendar_name(self, name: str) -> str:
        if not name.strip() or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            raise InputError("calendar_name", f"{name!r} cannot be the name of a calendar. Use letters and digits.")
        return name

    def _zoned(self, moment: Moment) -> Moment:
        """Times are written in the user's zone, by its name, so that a clock change keeps the wall time."""
        return as_datetime(moment, self.zone) if isinstance(moment, datetime) else moment

    def _later(self, start: Moment, length: timedelta) -> Moment:
        if isinstance(start, datetime):
            return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
        return start + length

    def _check_times(self, start: Moment, end: Moment) -> None:
        if isinstance(start, datetime) != isinstance(end, datetime):
            raise InputError("event_times", "An event starts and ends either on days or at clock times, not on both.")
        if as_datetime(end, self.zone) <= as_datetime(start, self.zone):
            raise InputError("event_times", "An event must end after it starts.")

    def _occurrences(self, item: IndexedEvent, start_s: float, end_s: float) -> list[Occurrence]:
        if not item.repeats:
            return self._single(item)
        return self._folders.occurrences(item.event, start_s, end_s, margin_s=86400)

    def _single(self, item: IndexedEvent) -> list[Occurrence]:
        event = in_zone(item.event, self.zone)
        return [Occurrence(event, event.start, event.end)]

    def _nearest(self, item: IndexedEvent, now: datetime) -> Occurrence | None:
        """The occasion under way or next; for what is over, the last one."""
        if not item.repeats:
            return self._single(item)[0]
        for days in _LOOK_AHEAD_DAYS:
            span = timedelta(days=days)
            ahead = self._occurrences(item, now.timestamp(), (now + span).timestamp())
            coming = [o for o in ahead if as_datetime(o.end, self.zone) > now]
            if coming:
                return coming[0]
        for days in _LOOK_AHEAD_DAYS:
            behind = self._occurrences(item, (now - timedelta(days=days)).timestamp(), now.timestamp())
            if behind:
                return behind[-1]
        first = seconds(item.event.start)
        return next(iter(self._occurrences(item, first, first + 86400)), None)

    def _words(self, event: Event) -> str:
        return " ".join((event.title, event.location, event.notes, *event.categories))

    def _starts(self, occurrence: Occurrence) -> datetime:
        return as_datetime(occurrence.start, self.zone)

    def _order(self, occurrence: Occurrence) -> tuple[datetime, bool, str]:
        return self._starts(occurrence), not occurrence.all_day, occurrence.event.title

    def _overlaps(self, occurrence: Occurrence, start: datetime, end: datetime) -> bool:
        begins, ends = self._starts(occurrence), as_datetime(occurrence.end, self.zone)
        return (begins < end and ends > start) or begins == ends == start
