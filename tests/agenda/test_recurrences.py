"""What a recurrence rule means: 2,000 random ones against dateutil, and the days on which clocks change."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from assistant_app.agenda.events import EventDraft, Moment
from assistant_app.agenda.store import CalendarStore
from tests.agenda.conftest import BERLIN, NOW

RULES = 2000
SEED = 5545
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # its clocks change by half an hour
    "Asia/Shanghai",
    "Africa/Casablanca",  # its summer time is interrupted for Ramadan
    "Pacific/Auckland",
)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Series:
    uid: str
    rule: str
    start: Moment
    zone: ZoneInfo | None
    """None: floating, or a day."""
    without: tuple[Moment, ...]
    beside: tuple[Moment, ...]

    def expected(self, last: datetime) -> set[float | date]:
        """The starts up to a (naive) moment, by dateutil: days, or seconds since 1970 of the wall times."""
        naive = self.start if isinstance(self.start, datetime) else datetime(*self.start.timetuple()[:3])
        rule = self.rule
        if self.zone and "UNTIL=" in rule:  # said in UTC; dateutil walks on the wall clock
            head, _, until = rule.partition("UNTIL=")
            utc = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            rule = f"{head}UNTIL={utc.astimezone(self.zone):%Y%m%dT%H%M%S}"
        found: set[float | date] = set()
        for time in rrulestr(rule, dtstart=naive):
            if time > last:
                break
            found.add(self._as_seen(time))
        for time in self.beside:
            found.add(self._as_seen(time))
        return found - {self._as_seen(time) for time in self.without}

    def _as_seen(self, time: Moment) -> float | date:
        if not isinstance(self.start, datetime):
            return time.date() if isinstance(time, datetime) else time
        assert isinstance(time, datetime)
        return time.replace(tzinfo=self.zone or BERLIN).timestamp()

    def file(self) -> bytes:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "BEGIN:VEVENT", f"UID:{self.uid}"]
        lines += ["DTSTAMP:20260101T000000Z", f"SUMMARY:{self.rule}", self._line("DTSTART", self.start)]
        lines += ["DURATION:P1D" if not isinstance(self.start, datetime) else "DURATION:PT30M", f"RRULE:{self.rule}"]
        lines += [self._line("EXDATE", time) for time in self.without]
        lines += [self._line("RDATE", time) for time in self.beside]
        return "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()

    def _line(self, name: str, time: Moment) -> str:
        if not isinstance(time, datetime):
            return f"{name};VALUE=DATE:{time:%Y%m%d}"
        if self.zone is None:
            return f"{name}:{time:%Y%m%dT%H%M%S}"
        if self.zone.key == "UTC":
            return f"{name}:{time:%Y%m%dT%H%M%S}Z"
        return f"{name};TZID={self.zone.key}:{time:%Y%m%dT%H%M%S}"


def random_rule(chance: random.Random, frequency: str) -> list[str]:
    """The parts of a rule, but for its end."""
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.5:
        parts.append(f"INTERVAL={chance.randint(2, 5)}")
    days = ",".join(chance.sample(DAYS, chance.randint(1, 4)))
    months = ",".join(str(month) for month in sorted(chance.sample(range(1, 13), chance.randint(2, 5))))
    if frequency == "DAILY":
        extra = chance.choice(([], [f"BYDAY={days}"], [f"BYMONTH={months}"]))
    elif frequency == "WEEKLY":
        extra = chance.choice(([], [f"BYDAY={days}"], [f"BYDAY={days}", f"WKST={chance.choice(('SU', 'MO'))}"]))
    elif frequency == "MONTHLY":
        nth = f"BYDAY={chance.choice((1, 2, 3, 4, -1, -2))}{chance.choice(DAYS)}"
        month_days = ",".join(str(day) for day in chance.sample([*range(1, 32), -1, -2], chance.randint(1, 3)))
        extra = chance.choice(
            ([], [nth], [f"BYMONTHDAY={month_days}"], [f"BYDAY={days}", f"BYSETPOS={chance.choice((1, 2, -1))}"])
        )
    else:
        nth = f"BYDAY={chance.choice((1, 2, -1))}{chance.choice(DAYS)}"
        extra = chance.choice(
            (
                [],
                [f"BYMONTH={months}"],
                [f"BYMONTH={months}", nth],
                [f"BYYEARDAY={chance.choice((1, 60, 100, 366, -1))}"],
                [f"BYWEEKNO={chance.randint(1, 52)}", f"BYDAY={chance.choice(DAYS)}"],
                [f"BYMONTH={months}", f"BYMONTHDAY={chance.randint(1, 31)}"],
            )
        )
    return parts + extra


def random_series(chance: random.Random, number: int) -> Series:
    """A series that begins with the first occasion of its rule, as RFC 5545 (3.8.5.3) wants it."""
    while True:
        frequency = chance.choices(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"), (3, 4, 4, 3))[0]
        parts = random_rule(chance, frequency)
        kind = chance.choices(("zoned", "day", "floating", "utc"), (6, 2, 1, 1))[0]
        earliest = datetime(2022, 1, 1) + timedelta(
            days=chance.randrange(5 * 365), hours=chance.randrange(24), minutes=30 * chance.randrange(2)
        )
        if kind == "day":
            earliest = earliest.replace(hour=0, minute=0)
        first = next(iter(rrulestr(";".join(parts), dtstart=earliest)), None)
        if first is None or first.year > 2029:
            continue
        zone = ZoneInfo(chance.choice(ZONES)) if kind == "zoned" else ZoneInfo("UTC") if kind == "utc" else None
        end = chance.random()
        if end < 0.4:
            parts.append(f"COUNT={chance.randint(1, 80)}")
        elif end < 0.7:
            until = first + timedelta(days=chance.randrange(1, 2500))
            if kind == "day":
                parts.append(f"UNTIL={until:%Y%m%d}")
            elif zone is None:
                parts.append(f"UNTIL={until:%Y%m%dT%H%M%S}")
            else:
                parts.append(f"UNTIL={until.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%SZ}")
        rule = ";".join(parts)
        start: Moment = first.date() if kind == "day" else first
        bare = Series(f"series-{number}", rule, start, zone, (), ())
        without: tuple[Moment, ...] = ()
        beside: tuple[Moment, ...] = ()
        if chance.random() < 0.3:
            times = [time for time, _ in zip(rrulestr(_for_dateutil(bare), dtstart=first), range(12), strict=False)]
            # Not the first one: whether DTSTART itself may be left out is read differently.
            some = chance.sample(times[1:], min(2, len(times) - 1))
            without = tuple(time.date() if kind == "day" else time for time in some)
        if chance.random() < 0.15:
            other = first + timedelta(days=chance.randrange(5, 900), minutes=0 if kind == "day" else 7)
            beside = (other.date() if kind == "day" else other,)
        return Series(bare.uid, rule, start, zone, without, beside)


def _for_dateutil(series: Series) -> str:
    return series.rule.replace("Z", "") if "UNTIL=" in series.rule else series.rule


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CalendarStore, list[Series]]]:
    place = tmp_path_factory.mktemp("many")
    folder = place / "calendars" / "personal"
    folder.mkdir(parents=True)
    chance = random.Random(SEED)
    series = [random_series(chance, number) for number in range(RULES)]
    for one in series:
        (folder / f"{one.uid}.ics").write_bytes(one.file())
    store = CalendarStore(
        place / "calendars",
        index_file=place / "index.sqlite",
        journal_file=place / "journal.sqlite",
        zone=BERLIN,
        clock=lambda: NOW,
    )
    yield store, series
    store.close()


@pytest.mark.timeout(600)
def test_two_thousand_random_rules_give_what_dateutil_gives(many: tuple[CalendarStore, list[Series]]) -> None:
    store, series = many
    last = datetime(2032, 1, 1)
    expected = {one.uid: one.expected(last) for one in series}
    compared = 0
    for year, month in ((2026, 3), (2026, 10), (2027, 2), (2028, 7), (2031, 8)):
        start = datetime(year, month, 1, tzinfo=BERLIN)
        end = start + timedelta(days=45)
        found: dict[str, set[float | date]] = {}
        for occasion in store.between(start, end):
            time = occasion.start
            inside = time.timestamp() >= start.timestamp() if isinstance(time, datetime) else time >= start.date()
            if inside:
                seen = time.timestamp() if isinstance(time, datetime) else time
                found.setdefault(occasion.event.uid, set()).add(seen)
        for one in series:
            days = not isinstance(one.start, datetime)
            limits: tuple[float | date, float | date] = (
                (start.date(), end.date()) if days else (start.timestamp(), end.timestamp())
            )
            inside_window = {time for time in expected[one.uid] if limits[0] <= time < limits[1]}  # type: ignore[operator]
            assert found.get(one.uid, set()) == inside_window, one
            compared += len(inside_window)
    assert store.problems() == ()
    assert compared > RULES


def transitions(zone: ZoneInfo, year: int) -> list[datetime]:
    """The moments of a year (in UTC, to the minute) before which the zone's clocks change."""
    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset():
            low, high = day, day + timedelta(days=1)
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == day.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(second=0, microsecond=0))
        day += timedelta(days=1)
    return found


def open_in(zone: ZoneInfo, place: Path) -> CalendarStore:
    return CalendarStore(
        place / "calendars",
        index_file=place / "index.sqlite",
        journal_file=place / "journal.sqlite",
        zone=zone,
        clock=lambda: NOW,
    )


@pytest.mark.parametrize("name", ZONES)
def test_series_keep_their_wall_time_across_every_clock_change(tmp_path: Path, name: str) -> None:
    zone = ZoneInfo(name)
    changes = transitions(zone, 2027)
    # These two have had no summer time for years.
    assert bool(changes) == (name not in ("Asia/Shanghai", "America/Sao_Paulo"))
    store = open_in(zone, tmp_path)
    try:
        for number, change in enumerate(changes or [datetime(2027, 3, 28, 1, tzinfo=UTC)]):
            before = (change.astimezone(zone) - timedelta(days=2)).date()
            start = datetime(before.year, before.month, before.day, 9, 30, tzinfo=zone)
            title = f"Daily {number}"
            event = store.add(EventDraft(title, start, start + timedelta(hours=1), recurrence="FREQ=DAILY;COUNT=5"))
            end = start + timedelta(days=7)
            seen = [o.start for o in store.between(start, end) if o.event.title == title]
            assert [f"{time:%d %H:%M}" for time in seen] == [f"{start + timedelta(days=n):%d} 09:30" for n in range(5)]
            moved = store.move(event.uid, start + timedelta(days=3, hours=2), scope="all", occurrence=seen[3])
            assert f"{moved.start:%H:%M}" == "11:30"
            moved_times = [o.start for o in store.between(start, end) if o.event.title == title]
            assert {f"{time:%H:%M}" for time in moved_times} == {"11:30"}
            assert len(moved_times) == 5
            store.undo()
    finally:
        store.close()


@pytest.mark.parametrize("name", ZONES)
def test_an_event_across_a_clock_change_lasts_as_long_as_was_said(tmp_path: Path, name: str) -> None:
    zone = ZoneInfo(name)
    store = open_in(zone, tmp_path)
    try:
        for change in transitions(zone, 2027):
            start = (change - timedelta(hours=2)).astimezone(zone)
            end = (change + timedelta(hours=3)).astimezone(zone)
            event = store.add(EventDraft("Night shift", start, end))
            (seen,) = store.between(start, end)
            assert as_seconds(seen.end) - as_seconds(seen.start) == 5 * 3600
            later = store.move(event.uid, start + timedelta(days=14))
            assert as_seconds(later.end) - as_seconds(later.start) == 5 * 3600
            assert free_seconds(store, start, end) == 5 * 3600
            store.undo()
            assert free_seconds(store, start, end) == 0
            store.undo()
    finally:
        store.close()


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"])
def test_a_time_that_the_clocks_skip_or_show_twice_is_one_occasion_that_day(tmp_path: Path, name: str) -> None:
    zone = ZoneInfo(name)
    store = open_in(zone, tmp_path)
    try:
        for change in transitions(zone, 2027):
            local = (change - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None) + timedelta(minutes=16)
            first = (local - timedelta(days=1)).replace(tzinfo=zone)
            event = store.add(
                EventDraft("Nightly", first, first + timedelta(minutes=10), recurrence="FREQ=DAILY;COUNT=3")
            )
            seen = store.between(first - timedelta(hours=2), first + timedelta(days=3))
            assert len({o.start.astimezone(UTC) for o in seen if isinstance(o.start, datetime)}) == 3
            store.delete(event.uid)
    finally:
        store.close()


def free_seconds(store: CalendarStore, start: datetime, end: datetime) -> float:
    slots = store.free_slots(timedelta(minutes=30), start, end, day_starts_hour=0, day_ends_hour=24)
    return sum(as_seconds(slot.end) - as_seconds(slot.start) for slot in slots)


def as_seconds(moment: Moment) -> float:
    assert isinstance(moment, datetime)
    return moment.timestamp()
