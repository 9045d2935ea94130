"""Meanings to places on the calendar: the next date to come, the likely half of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from assistant_app.agenda.when.calendar_steps import Context, add_length, add_months, latest_before, place
from assistant_app.agenda.when.compose import clock_in_part
from assistant_app.agenda.when.reading import Grain, WhenReading
from assistant_app.agenda.when.values import Clock, Day, Length, Open, Part, Point, Range, Repeat, Stretch
from assistant_app.agenda.when.zones import zone_of

_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def resolve(value: object, c: Context) -> WhenReading | None:
    """A reading without its words; None where there is no such time (30 February)."""
    try:
        reading = _placed(value, c)
    except (ValueError, OverflowError):
        return None
    zone = _zone_in(value)
    return replace(reading, zone=zone) if reading and zone else reading


def _zone_in(value: object) -> str | None:
    """The time zone that was named."""
    if isinstance(value, Clock | Part):
        return value.zone
    if isinstance(value, Point):
        return _zone_in(value.clock or value.part)
    if isinstance(value, Range):
        return _zone_in(value.end) or _zone_in(value.start)
    if isinstance(value, Stretch):
        return _zone_in(value.start)
    if isinstance(value, Open):
        return _zone_in(value.point)
    return _zone_in(value.end_clock or value.clock) if isinstance(value, Repeat) else None


def _placed(value: object, c: Context) -> WhenReading | None:
    if isinstance(value, Day | Clock | Part):
        value = Point(**{type(value).__name__.lower(): value})  # type: ignore[arg-type]
    if isinstance(value, Point):
        return _point(value, c)
    if isinstance(value, Range):
        return _range(value, c)
    if isinstance(value, Stretch):
        return _stretch(value, c)
    if isinstance(value, Open):
        return _open(value, c)
    if isinstance(value, Repeat):
        return _repeat(value, c)
    if isinstance(value, Length):
        return WhenReading("", (), duration=length_of(value), grain=value.grain)
    return None


def length_of(length: Length) -> timedelta:
    if length.grain == "year":
        return timedelta(days=length.months / 12 * 365 + length.days, seconds=length.seconds)
    years, months = divmod(round(length.months), 12)
    return timedelta(days=years * 365 + months * 30 + length.days, seconds=length.seconds)


def _midnight(day: date, c: Context) -> datetime:
    return datetime.combine(day, time(), tzinfo=c.now.tzinfo)


def _at(day: date, clock: Clock, c: Context) -> datetime:
    """A clock time of a day, in the user's zone whatever zone was named."""
    if clock.zone is not None:
        there = datetime.combine(day, time(clock.hour, clock.minute, clock.second), tzinfo=zone_of(clock.zone))
        return there.astimezone(c.now.tzinfo)
    return datetime.combine(day, time(clock.hour, clock.minute, clock.second), tzinfo=c.now.tzinfo)


def _hours(day: date, hours: float, part: Part, c: Context) -> datetime:
    tz = zone_of(part.zone) if part.zone else c.now.tzinfo
    found = datetime.combine(day, time(), tzinfo=tz) + timedelta(hours=hours)
    if hours >= 24 and part.name == "night":
        found -= timedelta(seconds=1)
    return found.astimezone(c.now.tzinfo) if part.zone else found


def _point(point: Point, c: Context) -> WhenReading | None:
    if point.exact is not None:
        return WhenReading("", (), start=point.exact, grain="minute")
    if point.day is None:
        if point.clock is not None:
            return WhenReading("", (), start=_next_clock(point.clock, c), grain=point.clock.grain)
        assert point.part is not None
        today = c.today if _hours(c.today, point.part.end, point.part, c) > c.now else c.today + timedelta(days=1)
        return _part(today, point.part, c)
    day = place(point.day, c.today)
    if day is None or day.start is None:
        return None
    if point.clock is not None:
        moment = _at(day.start, likely(point.clock, day.start, c), c)
        if moment < c.now and _is_just_weekday(point.day):
            in_a_week = day.start + timedelta(days=7)
            moment = _at(in_a_week, likely(point.clock, in_a_week, c), c)
        return WhenReading("", (), start=moment, grain=point.clock.grain)
    if point.part is not None:
        part = _part(day.start, point.part, c)
        over = part.end is not None and part.end <= c.now and _is_just_weekday(point.day)
        return _part(day.start + timedelta(days=7), point.part, c) if over else part
    end = _midnight(day.end, c) if day.end else None
    return WhenReading("", (), start=_midnight(day.start, c), end=end, grain=day.grain, all_day=True)


def _is_just_weekday(day: Day) -> bool:
    """Whether nothing but the weekday was said, as in "Friday at one": said late on a Friday it is next week's."""
    return day.weekday is not None and day.start is None and day.day is None and day.nth is None and day.month is None


def moment_of(point: Point, c: Context) -> datetime | None:
    """The moment of a point with a clock time."""
    if point.clock is None and point.exact is None:
        return None
    try:
        found = _point(point, c)
    except (ValueError, OverflowError):
        return None
    return found.start if found else None


def _part(day: date, part: Part, c: Context) -> WhenReading:
    return WhenReading("", (), _hours(day, part.start, part, c), _hours(day, part.end, part, c), "part_of_day")


def _likelihood(hour: int) -> float:
    """How likely it is that somebody makes an appointment at this hour: working hours, then evening."""
    return 1.0 if 8 <= hour <= 18 else {19: 0.7, 20: 0.7, 21: 0.7, 7: 0.6, 22: 0.3, 6: 0.3}.get(hour, 0.0)


def _both_halves(clock: Clock, c: Context | None = None) -> list[Clock]:
    if clock.sure:
        return [clock]
    hinted = clock_in_part(clock, c.hint) if c and c.hint else None
    if hinted is not None:
        return [hinted]
    return [replace(clock, hour=clock.hour % 12, sure=True), replace(clock, hour=clock.hour % 12 + 12, sure=True)]


def likely(clock: Clock, day: date, c: Context) -> Clock:
    """The half of that day which is meant: still to come, and at a likely hour."""
    halves = _both_halves(clock, c)
    if day == c.today:
        halves = [half for half in halves if _at(day, half, c) >= c.now] or halves
    return max(halves, key=lambda half: _likelihood(half.hour))


def _next_clock(clock: Clock, c: Context) -> datetime:
    """Soon outweighs a slightly likelier hour."""
    times = [_at(c.today + timedelta(days=ahead), half, c) for ahead in (0, 1) for half in _both_halves(clock, c)]
    coming = [moment for moment in times if moment >= c.now]
    return max(coming, key=lambda m: _likelihood(m.hour) - (m - c.now).total_seconds() / 86400 * 0.9)


def _range(span: Range, c: Context) -> WhenReading | None:
    start, end = span.start, span.end
    if (start.clock or start.exact) or (end.clock or end.exact):
        return _timed_range(start, end, c)
    if start.part and end.part:
        first, second = _point(start, c), _point(end, c)
        return replace(first, end=second.start) if first and second else None
    if start.day is None or end.day is None:
        return None
    first_day, last_day = _placed_days(start.day, end.day, c)
    if first_day is None or first_day.start is None or last_day is None or last_day.start is None:
        return None
    if first_day.edge is not None:
        first_day = replace(first_day, start=first_day.edge, grain="day")
    finish = last_day.edge or last_day.start
    assert first_day.start is not None
    if finish < first_day.start:
        return None
    grain: Grain = first_day.grain
    includes_end = last_day.end is None and last_day.edge is None
    # Months and years: up to the start of the last one, as "from May to September" is counted.
    return WhenReading(
        "",
        (),
        _midnight(first_day.start, c),
        _midnight(finish, c),
        grain,
        all_day=True,
        includes_end_day=includes_end,
    )


def _placed_days(start: Day, end: Day, c: Context) -> tuple[Day | None, Day | None]:
    """The days of a range. One of months or dates whose year was not said is the one that is not over yet."""
    open_year = all(day.month and not day.year and not day.start and not day.near for day in (start, end))
    if open_year:
        last_day = place(end, c.today)
        return (latest_before(start, last_day.start) if last_day and last_day.start else None), last_day
    first_day = place(start, c.today)
    base = first_day.start if first_day and first_day.start and end.start is None else c.today
    return first_day, place(end, base)


def _timed_range(start: Point, end: Point, c: Context) -> WhenReading | None:
    if start.clock and end.clock and end.clock.zone and not start.clock.zone:
        start = replace(start, clock=replace(start.clock, zone=end.clock.zone))
    end_day = place(end.day, c.today) if end.day else None
    start_day = place(start.day, c.today) if start.day else None
    if start.exact:
        begins: datetime | None = start.exact
    elif start.clock is None:
        begins = _midnight(start_day.start, c) if start_day and start_day.start else None
    else:
        begins = None
        start_day = start_day or end_day
    if begins is None:
        assert start.clock is not None
        day = start_day.start if start_day and start_day.start else None
        clock = _start_clock(start.clock, end.clock, day, c)
        begins = _at(day, clock, c) if day else _next_clock(clock, c)
    if end.exact and begins > end.exact and start.clock and not start.day:
        earlier = [_at(end.exact.date(), half, c) for half in _both_halves(start.clock)]
        begins = max((moment for moment in earlier if moment < end.exact), default=begins)
    if end.exact:
        return WhenReading("", (), begins, end.exact, "minute") if end.exact > begins else None
    if end.clock is None:
        if end_day is None or end_day.start is None:
            return None
        return WhenReading("", (), begins, _midnight(end_day.start, c), "minute")
    there = begins.astimezone(zone_of(end.clock.zone)) if end.clock.zone else begins
    day = end_day.start if end_day and end_day.start else there.date()
    ends = [_at(day, half, c) for half in _both_halves(end.clock)]
    after = [moment for moment in ends if moment > begins]
    finish = min(after) if after else ends[0] + timedelta(days=1)
    grain: Grain = "minute" if "minute" in (start.clock and start.clock.grain, end.clock.grain) else "hour"
    return WhenReading("", (), begins, finish, grain)


def _start_clock(start: Clock, end: Clock | None, day: date | None, c: Context) -> Clock:
    """ "3 to 5 pm" starts in the afternoon, "11 to 1 pm" before noon."""
    if start.sure or end is None or not end.sure:
        if start.sure or day is None:
            return start
        return likely(start, day, c)
    halves = _both_halves(start)
    minutes = end.hour * 60 + end.minute
    before = [half for half in halves if half.hour * 60 + half.minute < minutes]
    return max(before or halves, key=lambda half: half.hour * 60 + half.minute)


def _stretch(stretch: Stretch, c: Context) -> WhenReading | None:
    start = _point(stretch.start, c)
    if start is None or start.start is None:
        return None
    length = stretch.length
    end = add_length(start.start, length)
    whole_days = start.all_day and not length.seconds
    duration = None if whole_days else length_of(length)
    return WhenReading("", (), start.start, end, start.grain, all_day=whole_days, duration=duration)


def _open(span: Open, c: Context) -> WhenReading | None:
    point = span.point
    if point.part and not point.day:
        found = _point(point, c)
        if found is None:
            return None
        edge = found.end if span.after and not span.inclusive else found.start
        return WhenReading("", (), edge if span.after else None, None if span.after else edge, "part_of_day")
    found = _point(point, c)
    if found is None or found.start is None:
        return None
    if span.after:
        start = found.end if found.end and not span.inclusive else found.start
        return WhenReading("", (), start=start, grain=found.grain, all_day=found.all_day)
    named_edge = found.grain == "day" and found.end is not None
    end = found.end if found.end and (span.inclusive or named_edge) else found.start
    includes_end = found.all_day and found.end is None and span.inclusive
    return WhenReading("", (), end=end, grain=found.grain, all_day=found.all_day, includes_end_day=includes_end)


def _repeat(repeat: Repeat, c: Context) -> WhenReading | None:
    rule = [f"FREQ={repeat.freq}"]
    if repeat.interval > 1:
        rule.append(f"INTERVAL={repeat.interval}")
    if repeat.month is not None:
        rule.append(f"BYMONTH={repeat.month}")
    if repeat.month_day is not None:
        rule.append("BYMONTHDAY=" + ",".join(str(day) for day in (repeat.month_day, *repeat.more_month_days)))
    if repeat.weekdays:
        rule.append(f"BYDAY={','.join(repeat.weekdays)}")
    if repeat.until is not None:
        until = place(repeat.until, c.today)
        if until is None or until.start is None:
            return None
        last = until.start
        if until.end is not None:
            weeks = until.grain in ("week", "weekend")
            last = until.end - timedelta(days=1) if weeks else until.start - timedelta(days=1)
        rule.append(f"UNTIL={last:%Y%m%d}")
    begin = place(repeat.begin, c.today) if repeat.begin else None
    earliest = max(begin.start, c.today) if begin and begin.start else c.today
    first = _first_day(repeat, earliest, c)
    if repeat.for_length is not None:
        end_of_all = add_length(_midnight(first, c), repeat.for_length).date() - timedelta(days=1)
        rule.append(f"UNTIL={end_of_all:%Y%m%d}")
    if repeat.count is not None:
        rule.append(f"COUNT={repeat.count}")
    end: datetime | None = None
    if repeat.clock is not None:
        # Whether today's time has passed says nothing about the half of the day.
        some_day = c.today + timedelta(days=7)
        clock = _start_clock(repeat.clock, repeat.end_clock, some_day, c)
        clock = clock if clock.sure else likely(clock, some_day, c)
        if first == c.today and _at(first, clock, c) < c.now:
            first = _first_day(repeat, first + timedelta(days=1), c)
        start = _at(first, clock, c)
        if repeat.end_clock is not None:
            later = [m for half in _both_halves(repeat.end_clock) if (m := _at(first, half, c)) > start]
            end = min(later, default=None)
        return WhenReading("", (), start, end, "minute", recurrence=";".join(rule))
    if repeat.part is not None:
        found = _part(first, repeat.part, c)
        return replace(found, recurrence=";".join(rule))
    if repeat.freq in ("HOURLY", "MINUTELY", "SECONDLY"):
        return WhenReading("", (), c.now, grain="minute", recurrence=";".join(rule))
    return WhenReading("", (), _midnight(first, c), grain="day", all_day=True, recurrence=";".join(rule))


def _first_day(repeat: Repeat, earliest: date, c: Context) -> date:
    """The first day from `earliest` on that the rule names."""
    if repeat.month_day == -1:
        return add_months(earliest.replace(day=1), 1) - timedelta(days=1)
    if repeat.month_day is not None:
        numbers = (repeat.month_day, *repeat.more_month_days)
        placed = [place(Day(month=repeat.month, day=number), earliest) for number in numbers]
        return min((day.start for day in placed if day and day.start), default=earliest)
    if not repeat.weekdays and repeat.month is None:
        return earliest
    for ahead in range(370):
        day = earliest + timedelta(days=ahead)
        in_month = repeat.month in (None, day.month)
        if in_month and (not repeat.weekdays or any(_named_by(code, day) for code in repeat.weekdays)):
            return day
    return earliest


def _named_by(code: str, day: date) -> bool:
    if day.weekday() != _CODES.index(code[-2:]):
        return False
    nth = code[:-2]
    if nth == "-1":
        return (day + timedelta(days=7)).month != day.month
    return not nth or (day.day - 1) // 7 + 1 == int(nth)
