"""How the meanings of parts make the meaning of the whole, in any language.

A clock time in a part of the day, a range on a day, a count of units. It knows no word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context, nth_weekday, place
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Part, Point, Range, Repeat, Unit

_WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = _WEEKDAY_CODES[:5]


def run_together(number: Number) -> Clock | None:
    """1630, 830"""
    hour, minute = divmod(int(number.value), 100)
    looks_like_year = 1900 <= number.value < 2060
    if hour > 23 or minute > 59 or (number.digits == 3 and hour == 0) or looks_like_year:
        return None
    return Clock(hour, minute, sure=hour > 12 or hour == 0)


def with_half(clock: Clock, shift: int) -> Clock | None:
    if clock.hour > 12:
        return replace(clock, sure=True) if shift else None
    if clock.hour == 0 and shift == 0:
        return replace(clock, sure=True)
    return replace(clock, hour=clock.hour % 12 + shift, sure=True)


def minutes_to(clock: Clock, minutes: int) -> Clock | None:
    if clock.minute:
        return None
    hour = (clock.hour - 1) % 24
    if not clock.sure and hour == 0:
        hour = 12
    return Clock(hour, 60 - minutes, sure=clock.sure)


def clock_in_part(clock: Clock, part: Part) -> Clock | None:
    """The half of the day that the part tells, and its time zone."""
    if part.zone is not None and clock.zone is None:
        clock = replace(clock, zone=part.zone)
    if clock.sure:
        return clock
    if part.name == "morning":
        return replace(clock, hour=clock.hour % 12, sure=True) if clock.hour < 12 else None
    if part.name == "night" and (clock.hour < 5 or clock.hour == 12):
        return replace(clock, hour=clock.hour % 12, sure=True)
    if part.name in ("breakfast", "brunch", "lunch"):
        return replace(clock, hour=clock.hour if clock.hour > 6 else clock.hour + 12, sure=True)
    return replace(clock, hour=clock.hour % 12 + 12, sure=True)


def as_point(value: Day | Clock | Point | Part) -> Point:
    if isinstance(value, Day):
        return Point(day=value)
    if isinstance(value, Clock):
        return Point(clock=value)
    return Point(part=value) if isinstance(value, Part) else value


def range_of(start: Point, end: Point, *, cue: bool) -> Range | None:
    start_timed, end_timed = (bool(p.clock or p.exact) for p in (start, end))
    if not start_timed and not end_timed and start.day and end.day:
        day = start.day
        if day.month is None and end.day.month is not None and day.day is not None and day.weekday is None:
            month, year = end.day.month, end.day.year
            if end.day.day is not None and day.day > end.day.day:  # from the 27th to the 3rd of April
                month, year = (month - 1, year) if month > 1 else (12, year - 1 if year else None)
            start = Point(replace(day, month=month, year=year))
        elif day.month is not None and day.year is None and end.day.year is not None and day.start is None:
            later = end.day.month is not None and day.month > end.day.month  # from October to February 2027
            start = Point(replace(day, year=end.day.year - later))
        elif day.month is not None and end.day.month is None and end.day.day is not None and end.day.start is None:
            end = Point(replace(end.day, month=day.month, year=day.year))
        # "next week - Monday" is no range; "2014 through May 2nd" is one where a word says so.
        return (
            Range(start, end) if cue or day.month is not None or end.day is None or day.grain == end.day.grain else None
        )
    if start_timed and end_timed:
        unsure = all(p.clock and not p.clock.sure and p.clock.grain == "hour" and p.day is None for p in (start, end))
        return None if unsure and not cue else Range(start, end)
    if start.day and not start_timed and not start.part and end.clock and end.day is None:
        # "the 9th to 12": two numbers of the month
        if start.day.month is None and start.day.day and end.clock.grain == "hour" and cue:
            return Range(start, Point(replace(start.day, day=end.clock.hour)))
        return None
    if start.clock and not start.day and end.day and not end_timed and end.day.day and start.clock.grain == "hour":
        hour = start.clock.hour
        if (end.day.month is not None and not start.clock.sure) or hour > 12:
            return Range(Point(replace(end.day, day=hour, weekday=None)), end) if hour else None
    return Range(start, end) if start.exact or end.exact else None


def on_day(span: Range, day: Day | Point | Part) -> Range | None:
    """Give a range of clock times its day or part of day."""
    point = as_point(day)
    if span.start.exact or span.end.exact or point.clock or point.exact:
        return None
    if not span.start.clock and not span.end.clock:
        if point.day and point.day.grain == "year" and span.start.day and span.end.day and point.day.year:
            year = point.day.year
            if span.start.day.month and span.start.day.year is None and span.end.day.month:
                return Range(Point(replace(span.start.day, year=year)), Point(replace(span.end.day, year=year)))
        return None
    start, end = span.start, span.end
    if point.part and start.clock and end.clock:
        placed_end = clock_in_part(end.clock, point.part) or end.clock
        placed_start = clock_in_part(start.clock, point.part) or start.clock
        if placed_start.hour > placed_end.hour and not start.clock.sure:
            placed_start = start.clock
        start, end = replace(start, clock=placed_start), replace(end, clock=placed_end)
    if point.day is None:
        return Range(start, end)
    if start.day is not None or (point.day.grain != "day"):
        return None
    return Range(replace(start, day=point.day), end)


def nth_within(day: Day | None, stretch: Day, c: Context) -> Day | None:
    """The nth weekday of a month or year that is named behind it."""
    placed = place(stretch, c.today)
    if day is None or day.nth is None or day.weekday is None or placed is None or not placed.start or not placed.end:
        return None
    found = nth_weekday(placed.start, placed.end, day.weekday, day.nth) if placed.grain in ("month", "year") else None
    return Day(start=found, weekday=day.weekday) if found else None


def weekday_codes(days: int | tuple[int, ...]) -> tuple[str, ...]:
    numbers = (days,) if isinstance(days, int) else days
    return tuple(_WEEKDAY_CODES[number] for number in sorted(numbers))


def every(count: int, unit: Unit) -> Repeat | None:
    if unit.business:
        return Repeat("WEEKLY", 1, _WORKDAYS)
    if unit.grain == "weekend":
        return Repeat("WEEKLY", count, ("SA", "SU"))
    if unit.months:
        return (
            Repeat("YEARLY", count * unit.months // 12)
            if unit.months % 12 == 0
            else Repeat("MONTHLY", count * unit.months)
        )
    if unit.days:
        return Repeat("WEEKLY", count * unit.days // 7) if unit.days % 7 == 0 else Repeat("DAILY", count * unit.days)
    freq = {1: "SECONDLY", 60: "MINUTELY", 3600: "HOURLY"}[unit.seconds]
    return Repeat(freq, count)


def nth_weekday_of_months(interval: int, nth: int, weekday: int) -> Repeat | None:
    """The first Friday of every month; nth -1 is the last."""
    return Repeat("MONTHLY", interval, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if nth <= 5 else None


def on_weekdays(repeat: Repeat, days: int | tuple[int, ...]) -> Repeat | None:
    """ "every two weeks on Friday" """
    fits = repeat.freq == "WEEKLY" and not repeat.weekdays
    return replace(repeat, weekdays=weekday_codes(days)) if fits else None


def within_stretch(repeat: Repeat, stretch: Day, c: Context) -> Repeat | None:
    """ "every day next week", "every Monday in March" """
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None or repeat.begin or repeat.until:
        return None
    return replace(repeat, begin=Day(start=placed.start), until=Day(start=placed.end - timedelta(days=1)))


def without_days(repeat: Repeat, days: int | tuple[int, ...]) -> Repeat | None:
    """ "weekdays except Wednesday", "every day but Sunday" """
    all_days = repeat.weekdays or (_WEEKDAY_CODES if repeat.freq == "DAILY" and repeat.interval == 1 else ())
    left = tuple(code for code in all_days if code not in weekday_codes(days))
    return replace(repeat, freq="WEEKLY", weekdays=left) if left and len(left) < len(all_days) else None


def times(count: float, unit: Unit) -> Length:
    months, days = unit.months * count, unit.days * count
    if not float(months).is_integer():
        days, months = days + (months % 1) * 30, months // 1
    seconds = unit.seconds * count
    if unit.grain == "day" and not float(days).is_integer():
        seconds, days = (days % 1) * 86400, days // 1
    return Length(months, days, seconds, unit.grain, unit.business)
