"""Questions to the calendar: what is when, what comes next, what is called so, when there is time.

It knows the index and turns its rows into events in the user's zone; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import RLock
from zoneinfo import ZoneInfo

from assistant_app.agenda import free_time, index_words, word_search
from assistant_app.agenda.event_files import in_zone
from assistant_app.agenda.event_writing import repeated
from assistant_app.agenda.events import CalendarInfo, Event, FileProblem, FreeSlot, Moment, Occurrence, as_datetime
from assistant_app.agenda.folders import CalendarFolders, Progress, no_progress
from assistant_app.agenda.index import EventIndex, IndexedEvent, IndexedOccasion, Stamp, seconds
from assistant_app.errors import InputError

MARGIN_S = 15 * 3600
"""Days and floating times are indexed as in UTC; no zone is further away from it."""
_LOOK_AHEAD_DAYS = (32, 370, 4 * 366)
_FAR_AHEAD_DAYS = 370
_AT_ONCE = 60
_MOST_LOADED = 20_000
_FEW = 300
"""So many matches of a search are each looked at; of more, those near in time are."""
_MOST_MATCHES = 50_000
_MOST_GUESSES = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = 719163
_DAY, _FLOATING, _ZONED = range(3)
_OWN_WORDS = ("title", "location", "notes", "reminder_minutes", "categories", "colour", "busy")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A row of the index, ready to be shown."""

    id: int
    event: Event
    repeats: bool
    kind: int
    """Of its own times: a changed occasion may last all day."""
    series_kind: int
    """Of the times that name its occasions."""


class CalendarReader:
    """The part of `CalendarStore` that asks."""

    def __init__(
        self,
        root: Path,
        *,
        index_file: Path,
        default_calendar: str,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        progress: Progress = no_progress,
    ) -> None:
        self.root = root
        self.default_calendar = default_calendar
        self.zone = zone
        self._clock = clock
        self._lock = RLock()
        self._folders = CalendarFolders(root, index_file, clock, progress)
        self._loaded: dict[int, _Loaded] = {}
        """Rows by number, times in the user's zone; a row never changes, and numbers are not used again."""

    def get(self, uid: str) -> Event:
        """The event; `InputError` where there is none."""
        return in_zone(self._indexed(uid).event, self.zone)

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Everything that takes place in the interval, even partly, in order; repeats expanded."""
        start_s, end_s = start.timestamp(), end.timestamp()
        first_s, last_s = min(start_s, end_s) - MARGIN_S, max(start_s, end_s) + MARGIN_S

        def inside(begins_s: float, ends_s: float) -> bool:
            return (begins_s < end_s and ends_s > start_s) or begins_s == ends_s == start_s

        with self._lock:
            found = self._folders.ask_within(
                first_s,
                last_s,
                lambda index: self._ordered(index, index.overlapping(int(first_s), int(last_s)), inside),
            )
        return [occurrence for *_, occurrence in found]

    def next_after(self, now: datetime) -> Occurrence | None:
        """The first occasion that begins at or after `now`."""
        with self._lock:
            for days in _LOOK_AHEAD_DAYS:
                end_s = now.timestamp() + days * 86400
                found = self._folders.ask_within(
                    now.timestamp() - MARGIN_S, end_s + MARGIN_S, lambda index: self._first(index, now)
                )
                if found is not None and self._seconds(found.start) <= end_s:
                    return found
        return found

    def _first(self, index: EventIndex, now: datetime) -> Occurrence | None:
        """The first of the occasions that the index knows."""
        limit, now_s = _AT_ONCE, now.timestamp()
        while True:
            rows, known_to_s = index.starting_from(int(now_s) - MARGIN_S, limit)
            coming = self._ordered(index, rows, lambda begins_s, _ends_s: begins_s >= now_s)
            if known_to_s is None or (coming and coming[0][0] + MARGIN_S <= known_to_s):
                return coming[0][-1] if coming else None
            limit *= 8

    def search(self, text: str, *, after: datetime | None = None, limit: int = 20) -> list[Occurrence]:
        """Events whose title, place or notes hold the words; the next occasion of each, upcoming first.

        Case and accents do not matter, half a word or a slip is enough. With `after`, only what is not over by then.
        """
        now = after or self._clock()
        with self._lock:
            found = self._folders.ask_within(
                now.timestamp(),
                now.timestamp() + _FAR_AHEAD_DAYS * 86400,
                lambda index: self._found(index, text, now, limit, upcoming_only=after is not None),
            )
        coming = sorted((o for o in found if self._ends(o) > now), key=self._order)
        past = sorted((o for o in found if self._ends(o) <= now), key=self._order, reverse=True)
        return (coming if after is not None else coming + past)[:limit]

    def _found(
        self, index: EventIndex, text: str, now: datetime, limit: int, *, upcoming_only: bool
    ) -> list[Occurrence]:
        strict, loose = index_words.queries(text, index)
        rows: list[int] = []
        for query in strict:
            rows = index.matching(query, _MOST_MATCHES)
            if rows:
                break
        if not rows and loose:
            guesses = self._loaded_rows(index, index.best_matching(loose, _MOST_GUESSES))
            rows = word_search.best([(item.id, _words(item.event)) for item in guesses], text)
        now_s = int(now.timestamp())
        if len(rows) <= _FEW:
            occasions = [index.nearest(row, now_s) or self._itself(index, row) for row in rows]
        else:
            occasions = self._near(index, set(rows), now_s, limit, upcoming_only=upcoming_only)
        nearest: dict[str, Occurrence] = {}
        for occurrence in sorted(self._load(index, occasions), key=lambda o: self._distance(o, now)):
            nearest.setdefault(occurrence.event.uid, occurrence)
        return list(nearest.values())

    def _near(
        self, index: EventIndex, rows: set[int], now_s: int, limit: int, *, upcoming_only: bool
    ) -> list[IndexedOccasion]:
        """Of very many matches the occasions next to now, each row once: looked for from now on, then back from it."""
        found: dict[int, IndexedOccasion] = {}
        ways = (index.starting_from, index.starting_before)
        for way in ways[: 1 if upcoming_only else 2]:
            number = 2000
            while len(found) < limit:
                candidates, known_to_s = way(now_s - MARGIN_S, number)
                for occasion in candidates:
                    if occasion.event in rows and len(found) < 2 * limit:
                        found.setdefault(occasion.event, occasion)
                if known_to_s is None or number > 30_000:
                    break
                number *= 8
        return list(found.values())

    def _itself(self, index: EventIndex, row: int) -> IndexedOccasion:
        """An event none of whose occasions is known, as its file has it."""
        event = next(iter(index.events([row]))).event
        return IndexedOccasion(seconds(event.start), seconds(event.end), seconds(event.start), row)

    def _distance(self, occurrence: Occurrence, now: datetime) -> tuple[bool, float]:
        """What is not over comes first, then what is nearest."""
        over = self._ends(occurrence) <= now
        return over, abs((self._starts(occurrence) - now).total_seconds())

    def occurrence(self, uid: str, when: Moment) -> Occurrence:
        """The occasion of an event that `when` names: its `recurrence_id`, its start, or the day it is on."""
        item = self._indexed(uid)
        if not item.repeats:
            event = in_zone(item.event, self.zone)
            return Occurrence(event, event.start, event.end)
        day = as_datetime(when, self.zone).date() if isinstance(when, datetime) else when
        near = self._around(item, self._seconds(day))
        exact = [o for o in near if self._is_at(o.recurrence_id, when)] or [
            o for o in near if self._is_at(o.start, when)
        ]
        if not exact and not isinstance(when, datetime):
            exact = [o for o in near if self._starts(o).date() == day]
            exact = exact or [o for o in near if self._is_on(o.recurrence_id, day)]
        if not exact:
            title = item.event.title or "The event"
            raise InputError(
                "occurrence_unknown",
                f"“{title}” does not take place {'then' if isinstance(when, datetime) else f'on {day.isoformat()}'}. "
                "List the calendar to see when it does.",
            )
        return exact[0]

    def nearest(self, uid: str, now: datetime) -> Occurrence:
        """The occasion of an event that is under way or next; of one that is over, the last."""
        known = self._indexed(uid)

        def ask(index: EventIndex) -> Occurrence:
            item = index.by_uid(uid) or known
            row = index.nearest(item.id, int(now.timestamp())) or self._itself(index, item.id)
            return self._load(index, [row])[0]

        with self._lock:
            return self._folders.ask_within(now.timestamp(), now.timestamp() + _FAR_AHEAD_DAYS * 86400, ask)

    def _around(self, item: IndexedEvent, moment_s: float) -> list[Occurrence]:
        """The occasions of a series, changed ones included, that are or were to be within some days of a moment."""
        first_s, last_s = int(moment_s) - 2 * 86400, int(moment_s) + 3 * 86400

        def ask(index: EventIndex) -> list[Occurrence]:
            known = index.by_uid(item.event.uid)  # reading further gives rows new numbers
            return self._load(index, index.of_series(known.id, first_s, last_s)) if known else []

        with self._lock:
            return sorted(self._folders.ask_within(first_s, last_s, ask), key=self._order)

    def _is_at(self, a: Moment | None, b: Moment) -> bool:
        if a is None or isinstance(a, datetime) != isinstance(b, datetime):
            return False
        return self._seconds(a) == self._seconds(b)

    def _is_on(self, moment: Moment | None, day: date) -> bool:
        return moment is not None and as_datetime(moment, self.zone).date() == day

    def conflicts(
        self, start: Moment, end: Moment, *, ignore_uid: str | None = None, recurrence: str = "", days: int = 180
    ) -> list[Occurrence]:
        """Timed occasions that overlap the interval (an all-day event is no reason not to meet, nor is one that leaves
        its time free). With a rule, also those that overlap its repetitions within so many days."""
        spans = [(as_datetime(start, self.zone), as_datetime(end, self.zone))]
        if recurrence:
            spans += repeated(*spans[0], recurrence, days)
        found = self.between(spans[0][0], spans[-1][1])
        others = (o for o in found if not o.all_day and o.event.busy and o.event.uid != ignore_uid)
        return free_time.overlapping(others, spans)

    def free_slots(
        self, length: timedelta, start: datetime, end: datetime, *, day_starts_hour: int, day_ends_hour: int
    ) -> list[FreeSlot]:
        """Stretches of at least `length` with nothing in them, within the hours of each day."""
        return free_time.free_slots(
            (occurrence for occurrence in self.between(start, end) if occurrence.event.busy),
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

    def calendar_infos(self) -> list[CalendarInfo]:
        """The calendars with the title and the colour that their folders give them."""
        return [self._folders.info(name) for name in self.calendars()]

    def files_without_events(self) -> dict[str, Stamp]:
        """The calendar files that hold something else (to-dos), with the stamp of their latest change; paths are
        relative to the root."""
        with self._lock:
            return self._folders.ask(lambda index: index.files_without_events())

    def generation(self) -> int:
        """A number that grows with every change of a file, whoever made it."""
        with self._lock:
            return self._folders.ask(lambda index: index.generation)

    def now(self) -> datetime:
        """By the calendar's clock."""
        return self._clock().astimezone(self.zone)

    def problems(self) -> tuple[FileProblem, ...]:
        """Files that could not be read. They are left where they are."""
        with self._lock:
            return self._folders.problems()

    def refresh(self) -> bool:
        """Look at every file's size and time stamp; True if another program changed something."""
        with self._lock:
            self._folders.ask(lambda index: self._folders.catch_up(look_at_files=True))
            return self._folders.changed_by_others()

    def rebuild_index(self, progress: Progress | None = None) -> int:
        """Throw the index away and make it anew from the files; how many files there are."""
        with self._lock:
            self._loaded.clear()
            return self._folders.rebuild(progress)

    # Rows to occasions

    def _known(self, uid: str) -> IndexedEvent | None:
        with self._lock:
            return self._folders.ask(lambda index: index.by_uid(uid))

    def _indexed(self, uid: str) -> IndexedEvent:
        found = self._known(uid)
        if found is None:
            raise InputError("event_unknown", f"There is no event {uid} in the calendar. List the events to see them.")
        return found

    def _loaded_rows(self, index: EventIndex, numbers: Iterable[int]) -> list[_Loaded]:
        """Rows with their times in the user's zone; a changed occasion as its series with words of its own."""
        wanted = list(dict.fromkeys(numbers))
        if len(self._loaded) > _MOST_LOADED:
            self._loaded.clear()
        new = list(index.events(number for number in wanted if number not in self._loaded))
        missing = {item.series for item in new if item.series is not None} - self._loaded.keys()
        new += index.events(missing - {item.id for item in new})
        for item in sorted(new, key=lambda item: item.series is not None):
            event = in_zone(item.event, self.zone)
            series = self._loaded.get(item.series) if item.series is not None else None
            if series is not None:
                own = {name: getattr(event, name) for name in _OWN_WORDS}
                same = all(getattr(series.event, name) == value for name, value in own.items())
                event = series.event if same else replace(series.event, **own)
            kind = _kind(item.event.start)
            self._loaded[item.id] = _Loaded(item.id, event, item.repeats, kind, series.kind if series else kind)
        return [self._loaded[number] for number in wanted if number in self._loaded]

    def _load(self, index: EventIndex, rows: Sequence[IndexedOccasion]) -> list[Occurrence]:
        """Index rows as occasions."""
        self._loaded_rows(index, {row.event for row in rows})
        loaded, moment = self._loaded, self._moment
        found = []
        for row in rows:
            item = loaded.get(row.event)
            if item is not None:
                identity = moment(row.recurrence_s, item.series_kind) if item.repeats else None
                start, end = moment(row.start_s, item.kind), moment(row.end_s, item.kind)
                found.append(Occurrence(item.event, start, end, identity))
        return found

    def _ordered(
        self, index: EventIndex, rows: Sequence[IndexedOccasion], wanted: Callable[[float, float], bool]
    ) -> list[tuple[float, bool, str, int, Occurrence]]:
        """Those that are wanted by the seconds of their start and end, all-day ones first where two start at once."""
        self._loaded_rows(index, {row.event for row in rows})
        loaded, moment = self._loaded, self._moment
        found: list[tuple[float, bool, str, int, Occurrence]] = []
        for start_s, end_s, recurrence_s, number in rows:
            item = loaded.get(number)
            if item is None:
                continue
            kind = item.kind
            # Most rows are left out by their own seconds; days and floating times have none before the zone is known.
            if kind == _ZONED:
                if not wanted(start_s, end_s):
                    continue
                begins: float = start_s
                start, end = moment(start_s, kind), moment(end_s, kind)
            else:
                start, end = moment(start_s, kind), moment(end_s, kind)
                begins = self._seconds(start)
                if not wanted(begins, self._seconds(end)):
                    continue
            if not item.repeats:
                identity = None
            elif recurrence_s == start_s and kind == item.series_kind:
                identity = start
            else:
                identity = moment(recurrence_s, item.series_kind)
            found.append(
                (begins, kind != _DAY, item.event.title, len(found), Occurrence(item.event, start, end, identity))
            )
        found.sort()
        return found

    def _moment(self, second: int, kind: int) -> Moment:
        """The time that a row stands for, in the user's zone."""
        if kind == _DAY:
            return date.fromordinal(_EPOCH_DAY + second // 86400)
        if kind == _FLOATING:
            return (_EPOCH + timedelta(seconds=second)).replace(tzinfo=self.zone)
        # The system's function is the fastest, and on Windows knows no time before 1970.
        if second >= 0:
            return datetime.fromtimestamp(second, self.zone)
        return (_EPOCH + timedelta(seconds=second)).astimezone(self.zone)

    def _seconds(self, moment: Moment) -> float:
        return as_datetime(moment, self.zone).timestamp()

    def _starts(self, occurrence: Occurrence) -> datetime:
        return as_datetime(occurrence.start, self.zone)

    def _ends(self, occurrence: Occurrence) -> datetime:
        return as_datetime(occurrence.end, self.zone)

    def _order(self, occurrence: Occurrence) -> tuple[float, bool, str]:
        return self._seconds(occurrence.start), not occurrence.all_day, occurrence.event.title


def _kind(start: Moment) -> int:
    if not isinstance(start, datetime):
        return _DAY
    return _FLOATING if start.tzinfo is None else _ZONED


def _words(event: Event) -> str:
    return " ".join((event.title, event.location, event.notes, *event.categories))
