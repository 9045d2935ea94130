"""The calendar: a folder of `.ics` files that other programs read and write too.

A folder a calendar, one event a file (a vdir). Every change is written whole, can be undone, and
is seen by other processes at their next question. It knows no words for times and no window.
"""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from assistant_app.agenda import calendar_text, series_edits
from assistant_app.agenda.actions import FileActions
from assistant_app.agenda.bin import Bin
from assistant_app.agenda.event_files import in_zone, parse, read_events
from assistant_app.agenda.event_writing import new_uid_file
from assistant_app.agenda.events import (
    BinnedFile,
    Change,
    ChangeKind,
    Event,
    EventDraft,
    Moment,
    Occurrence,
    Scope,
    as_datetime,
)
from assistant_app.agenda.files import read_or_none, remove
from assistant_app.agenda.folders import Progress, no_progress
from assistant_app.agenda.journal import Entry, FileChange, Journal
from assistant_app.agenda.reading import CalendarReader
from assistant_app.agenda.series_edits import Which
from assistant_app.errors import InputError, StorageError

log = logging.getLogger(__name__)

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
    "colour",
    "extra_dates",
    "busy",
}
_OF_A_SERIES = {"calendar", "recurrence", "extra_dates"}
"""What one occasion of a series cannot have for itself."""


class CalendarStore(CalendarReader):
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
        progress: Progress = no_progress,
        read_only: Collection[str] = (),
    ) -> None:
        """Calendars named in `read_only` belong to a server on the web; they are shown, not changed."""
        super().__init__(
            root, index_file=index_file, default_calendar=default_calendar, zone=zone, clock=clock, progress=progress
        )
        self._read_only = frozenset(read_only)
        self._bin = Bin(journal_file.parent / "bin")
        self._actions = FileActions(root, Journal(journal_file), self._folders.own_change)
        self._actions.recover()

    def close(self) -> None:
        with self._lock:
            self._folders.close()
            self._actions.close()

    # Changing

    def add(self, draft: EventDraft) -> Event:
        """Write a new event."""
        self._check_times(draft.start, draft.end)
        calendar = self._calendar_name(draft.calendar or self.default_calendar)
        uid = str(uuid.uuid4())
        draft = replace(
            draft,
            start=self._zoned(draft.start),
            end=self._zoned(draft.end),
            extra_dates=tuple(self._zoned(moment) for moment in draft.extra_dates),
        )
        data = new_uid_file(draft, uid, self._clock())
        with self._changing():
            self._write("event_added", (uid,), [FileChange(f"{calendar}/{uid}.ics", None, data)])
        return self.get(uid)

    def edit(self, uid: str, *, scope: Scope = "all", occurrence: Moment | None = None, **changes: Any) -> Event:
        """Change the given fields only: title, start, end, location, notes, calendar, recurrence,
        reminder_minutes, categories, colour, extra_dates, busy. A new start without an end keeps the length.

        Of a series, `scope` says how much of it changes and `occurrence` (a `recurrence_id`, a start or a day) which
        occasion is meant; new times are that occasion's. Gives what the occasion belongs to afterwards: for `following`
        a new event, for `one` the occasion itself.
        """
        return self._edit("event_edited", uid, changes, scope, occurrence)

    def move(self, uid: str, start: Moment, *, scope: Scope = "all", occurrence: Moment | None = None) -> Event:
        """Give the event, or the occasions of a series that `scope` names, another start; the length stays."""
        return self._edit("event_moved", uid, {"start": start}, scope, occurrence)

    def _edit(
        self, kind: ChangeKind, uid: str, changes: dict[str, Any], scope: Scope, occurrence: Moment | None
    ) -> Event:
        if unknown := changes.keys() - _FIELDS:
            raise TypeError(f"an event has no {', '.join(sorted(unknown))}")
        with self._changing():
            series = self.get(uid)
            which, scope = self._which(uid, scope, occurrence)
            old = series if which is None else replace(which.event, start=which.start, end=which.end)
            if scope == "one" and which is not None:
                # An occasion does not repeat; told to, it becomes an event of its own.
                old = replace(old, recurrence="", extra_dates=())
            kept_end = {"end"} if changes.get("start", old.start) != old.start else set()  # else the length would stay
            changes = {name: new for name, new in changes.items() if new != getattr(old, name) or name in kept_end}
            target = self._calendar_name(changes.pop("calendar", series.calendar))
            if "start" in changes or "end" in changes:
                changes |= self._new_times(old, changes)
            if not changes and target == series.calendar:
                return old
            path = self._path(series.file)
            before = self._content(path)
            if which is None or scope == "all":
                changes = self._of_series(series, old, changes)
                after = series_edits.edited(before, self._change(uid), changes) if changes else before
                if target == series.calendar:
                    files = [FileChange(path, before, after)]
                else:
                    files = self._into_calendar(path, before, after, uid, target)
                self._write(kind, (uid,), files)
                return self.get(uid)
            if scope == "one" and target == series.calendar and not changes.keys() & _OF_A_SERIES:
                after = series_edits.edited_one(before, self._change(uid), _named(which), changes)
                self._write(kind, (uid,), [FileChange(path, before, after)])
                assert which.recurrence_id is not None
                return self._as_event(self.occurrence(uid, which.recurrence_id))
            return self._split(kind, series, which, scope, changes, target, before)

    def _split(
        self,
        kind: ChangeKind,
        series: Event,
        which: Occurrence,
        scope: Scope,
        changes: dict[str, Any],
        target: str,
        before: bytes,
    ) -> Event:
        """One occasion, or it and all later ones, become an event of their own."""
        uid, new_uid = series.uid, str(uuid.uuid4())
        change, named = self._change(uid), _named(which)
        if scope == "one":
            old = series_edits.without_one(before, change, named)
            new = series_edits.alone(before, change, named, new_uid)
        else:
            old = series_edits.ended_before(before, change, named)
            new = series_edits.beginning_with(before, change, named, new_uid)
            assert which.recurrence_id is not None
            begins = replace(series, start=which.recurrence_id, end=self._later(which.recurrence_id, series.length))
            changes = self._of_series(begins, replace(begins, start=which.start, end=which.end), changes)
        if changes:
            new = series_edits.edited(new, self._change(new_uid), changes)
        files = [
            FileChange(f"{target}/{new_uid}.ics", None, new),
            FileChange(self._path(series.file), before, old),
        ]
        self._write(kind, (new_uid, uid), files)
        return self.get(new_uid)

    def _which(self, uid: str, scope: Scope, occurrence: Moment | None) -> tuple[Occurrence | None, Scope]:
        """The occasion that is meant, and the scope that comes to the same; None for an event that does not repeat."""
        if not self._indexed(uid).repeats:
            return None, "all"
        if occurrence is None:
            if scope != "all":
                raise InputError(
                    "occurrence_missing", "This event repeats. Say which occasion is meant, by its day or its start."
                )
            return None, "all"
        which = self.occurrence(uid, occurrence)
        if scope == "following" and not self._has_earlier(which):
            scope = "all"
        return which, scope

    def _has_earlier(self, which: Occurrence) -> bool:
        """Whether a series has occasions before this one."""
        series = self._indexed(which.event.uid).event
        start, own = as_datetime(series.start, self.zone), which.recurrence_id
        if own is None or start < as_datetime(own, self.zone):
            return own is not None
        return any(as_datetime(moment, self.zone) < start for moment in series.extra_dates)

    def _of_series(self, series: Event, occasion: Event, changes: dict[str, Any]) -> dict[str, Any]:
        """Times that were given for an occasion, as times of its series."""
        if not changes.keys() & {"start", "end"} or occasion.start == series.start:
            return changes
        start, end = changes["start"], changes["end"]
        length = as_datetime(end, self.zone).astimezone(UTC) - as_datetime(start, self.zone).astimezone(UTC)
        days = timedelta(days=_day_number(start) - _day_number(occasion.start))
        if not isinstance(start, datetime):
            first = _day(series.start) + days
            return changes | {"start": first, "end": first + timedelta(days=max(round(length / timedelta(days=1)), 1))}
        moved = datetime.combine(_day(series.start) + days, start.time(), tzinfo=start.tzinfo)
        return changes | {"start": moved, "end": self._later(moved, length)}

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

    def delete(self, uid: str, *, scope: Scope = "all", occurrence: Moment | None = None) -> Event:
        """Remove the event, or the occasions of a series that `scope` names; the file as it was is kept in the bin.

        Gives what was deleted: of a series' one occasion that occasion."""
        with self._changing():
            series = self.get(uid)
            which, scope = self._which(uid, scope, occurrence)
            path = self._path(series.file)
            before = self._content(path)
            after = calendar_text.without(before, uid)
            if which is not None and scope != "all":
                shorten = series_edits.without_one if scope == "one" else series_edits.ended_before
                shorter = shorten(before, self._change(uid), _named(which))
                after = shorter if self._takes_place(shorter, uid, series) else after
            files = [FileChange(path, before, after)]
            self._check_writable(files)
            self._bin.keep(series.calendar, before)
            self._write("event_deleted", (uid,), files)
        return series if which is None or scope == "all" else self._as_event(which)

    def _takes_place(self, data: bytes, uid: str, series: Event) -> bool:
        """Whether anything is left of a series."""
        left = [e for e in read_events(data, series.file, series.calendar) if e.event.uid == uid]
        return any(e.expansion.occasions or e.expansion.covered for e in left)

    def import_ics(self, text_or_bytes: str | bytes, *, calendar: str = "") -> list[Event]:
        """Take over every event of an iCalendar text; one that is there already is replaced, a new one goes into
        `calendar` or the default one. To-dos that are not there yet are taken over, too."""
        data = text_or_bytes.encode() if isinstance(text_or_bytes, str) else text_or_bytes
        data = data.removeprefix(b"\xef\xbb\xbf")
        target = self._calendar_name(calendar or self.default_calendar)
        try:
            # The stem names an event that brings no UID of its own.
            found = read_events(data, Path(f"{uuid.uuid4()}.ics"), target)
        except Exception as error:
            raise InputError(
                "calendar_file_invalid",
                f"This is not a calendar file that can be understood: {error}. Nothing was added.",
            ) from error
        contents: dict[str, tuple[bytes | None, bytes]] = {}
        uids = tuple(stored.event.uid for stored in found)
        with self._changing():
            for uid in uids:
                alone = calendar_text.alone(data, uid)
                known = self._known(uid)
                path = self._path(known.event.file) if known else f"{target}/{self._file_name(uid)}"
                before, now = contents.get(path) or (self._content(path),) * 2 if known else (None, None)
                contents[path] = before, alone if now is None else calendar_text.replaced(now, uid, alone)
            files = [FileChange(path, before, after) for path, (before, after) in contents.items()]
            to_dos = [
                (uid, f"{target}/{self._file_name(uid)}") for uid in calendar_text.to_do_uids(data) if uid not in uids
            ]
            to_dos = [(uid, path) for uid, path in to_dos if read_or_none(self.root / path) is None]
            files += [FileChange(path, None, calendar_text.alone(data, uid, "VTODO")) for uid, path in to_dos]
            if files:
                kind: ChangeKind = "event_added" if uids else "task_added"
                self._write(kind, (*uids, *(uid for uid, _ in to_dos)), files)
        return [self.get(uid) for uid in uids]

    def export_ics(self, calendar: str | None = None) -> bytes:
        """One iCalendar file with every event and to-do of a calendar, or of all, as they are on disk."""
        with self._lock:
            paths = self._folders.ask(lambda index: [*index.paths(calendar), *index.files_without_events()])
            paths = [path for path in paths if calendar is None or path.startswith(f"{calendar}/")]
            contents = [read_or_none(self.root / path) or b"" for path in paths]
        return calendar_text.joined(contents)

    # The bin

    def bin(self) -> list[BinnedFile]:
        """What was deleted in the last thirty days, the latest first."""
        found = []
        for kept in self._bin.contents():
            titles: tuple[str, ...] = ()
            with contextlib.suppress(Exception):
                titles = tuple(e.event.title for e in read_events(kept.data, Path(kept.name), kept.calendar))
            found.append(BinnedFile(kept.name, titles, kept.calendar, kept.deleted_at.astimezone(self.zone)))
        return found

    def restore(self, name: str) -> list[Event]:
        """Put a file of the bin back as it was; events that are there (in part) become again what they were."""
        kept = self._bin.get(name)
        calendar = kept.calendar if kept.calendar in self.calendars() else self.default_calendar
        events = self.import_ics(kept.data, calendar=calendar)
        if not events:
            path = f"{calendar}/{uuid.uuid4()}.ics"
            self.replace_files("task_added", (Path(path).stem,), [FileChange(path, None, kept.data)])
        return events

    # Undo

    def undo(self) -> Change | None:
        """Take back the latest action; None where there is nothing to take back."""
        with self._changing():
            return self._as_change(self._actions.undo(), undone=True)

    def redo(self) -> Change | None:
        """Do the action again that was undone last."""
        with self._changing():
            return self._as_change(self._actions.redo(), undone=False)

    def _as_change(self, entry: Entry | None, *, undone: bool) -> Change | None:
        if entry is None:
            return None
        first = entry.uids[0]
        before = self._event_in(((c.path, c.before) for c in entry.changes), first)
        after = self._event_in(((c.path, c.after) for c in entry.changes), first)
        title = "" if before or after else _first_title(entry)
        return Change(cast(ChangeKind, entry.kind), before, after, undone, len(entry.uids), title)

    def _event_in(self, contents: Any, uid: str) -> Event | None:
        for path, data in contents:
            if data is not None and path.endswith(".ics"):
                file = self.root / path
                for stored in read_events(data, file, file.parent.name):
                    if stored.event.uid == uid:
                        return in_zone(stored.event, self.zone)
        return None

    # For what else lies in calendar files, and for keeping calendars in step with a server

    @contextlib.contextmanager
    def files_locked(self) -> Iterator[None]:
        """Nobody else writes calendar files inside; what is written here is seen as another program's change."""
        with self._changing():
            yield

    def discard(self, path: str, data: bytes) -> None:
        """Remove a file (relative to the root) that holds `data` and keep it in the bin. Call in `files_locked`."""
        self._bin.keep(path.partition("/")[0], data)
        remove(self.root / path)

    def replace_files(self, kind: ChangeKind, uids: tuple[str, ...], files: list[FileChange]) -> None:
        """Change whole files as one action that can be undone; `StorageError` where one is not as it was."""
        with self._changing():
            for change in files:
                if read_or_none(self.root / change.path) != change.before:
                    raise StorageError("event_changed", "The event has been changed just now. Look at it again.")
            self._check_writable(files)
            for change in files:
                if change.before is not None and change.after is None:
                    self._bin.keep(change.path.partition("/")[0], change.before)
            self._write(kind, uids, files)

    def path_in(self, calendar: str, name: str) -> str:
        """Where a file of a calendar lies, relative to the root."""
        return f"{self._calendar_name(calendar)}/{name}"

    # Within

    def _check_writable(self, files: Sequence[FileChange]) -> None:
        for change in files:
            calendar = change.path.partition("/")[0]
            if calendar in self._read_only:
                raise InputError(
                    "calendar_read_only",
                    f"The calendar {calendar} is only read from the web, so it cannot be changed here. "
                    "Copy the event into a calendar of your own.",
                )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One action: all of it happens, noted in the journal, or none of it."""
        with self._lock, self._actions.one():
            yield

    def _write(self, kind: ChangeKind, uids: tuple[str, ...], files: list[FileChange]) -> None:
        self._check_writable(files)
        self._actions.write(kind, uids, files)

    def _content(self, path: str) -> bytes:
        data = read_or_none(self.root / path)
        if data is None:
            raise StorageError("event_gone", f"Another program has removed {Path(path).name} just now. Look again.")
        parse(data)
        return data

    def _change(self, uid: str) -> series_edits.Change:
        return series_edits.Change(uid, self._clock(), self.zone)

    def _as_event(self, which: Occurrence) -> Event:
        """One occasion as an event that does not repeat."""
        return replace(which.event, start=which.start, end=which.end, recurrence="", extra_dates=())

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


def _first_title(entry: Entry) -> str:
    """What a change was about that touched no event: a to-do's title, or the name of its list."""
    for change in entry.changes:
        data = change.after or change.before or b""
        if not change.path.endswith(".ics"):
            return change.path.partition("/")[0]
        with contextlib.suppress(ValueError):
            for component in parse(data).walk("VTODO"):
                if str(component.get("UID")) == entry.uids[0]:
                    return str(component.get("SUMMARY", ""))
    return ""


def _named(which: Occurrence) -> Which:
    assert which.recurrence_id is not None
    return Which(which.recurrence_id, which.start, which.end)


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _day_number(moment: Moment) -> int:
    return moment.toordinal()
