"""Arithmetic on dates: weeks from Monday, months that end early, working days."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from assistant_app.agenda.when.values import Day, Length, Part, Unit

_MONTH_FIRST = frozenset(("US", "PH", "CN", "JP", "KR", "TW", "CA", "BZ", "FM", "PW", "MH", "GU", "PR"))
"""Countries where a date in digits begins with its month, or with its year and then the month."""
_SOUTHERN = frozenset(("AU", "NZ", "ZA", "AR", "CL", "UY", "PY", "BR", "PE", "BO", "NA", "BW", "ZW", "LS", "SZ", "MG"))


@dataclass(frozen=True, slots=True)
class Context:
    now: datetime
    """Aware, in the user's zone."""
    hint: Part | None = None
    """A part of the day that the sentence speaks of: breakfast is in the morning."""
    country: str = "US"
    """Two letters; its holidays and its order of day and month are meant."""

    @property
    def day_first(self) -> bool:
        return self.country not in _MONTH_FIRST

    @property
    def today(self) -> date:
        return self.now.date()


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def add_length(moment: datetime, length: Length, sign: int = 1) -> datetime:
    """Days and months keep the wall time; hours and minutes are what passes."""
    day = add_months(moment.date(), sign * round(length.months))
    day = add_working_days(day, sign * round(length.days)) if length.business else day
    moved = datetime.combine(day, moment.timetz())
    if not length.business:
        moved += timedelta(days=sign * length.days)
    if length.seconds:
        moved = (moved.astimezone(UTC) + timedelta(seconds=sign * length.seconds)).astimezone(moment.tzinfo)
    return moved


def add_working_days(day: date, count: int) -> date:
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        count -= (1 if count > 0 else -1) if day.weekday() < 5 else 0
    return day


def month_exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def period(unit: Unit, today: date, shift: int) -> Day:
    """The week, month, ... that is `shift` after the present one."""
    grain = unit.grain
    if unit.business and grain == "week":
        start = week_of(today) + timedelta(days=7 * shift)
        return Day(start=start, end=start + timedelta(days=5), grain="week")
    if grain == "week":
        start = week_of(today) + timedelta(days=unit.days * shift)
        return Day(start=start, end=start + timedelta(days=unit.days), grain="week")
    if grain == "weekend":
        start = week_of(today) + timedelta(days=5 + 7 * shift)
        return Day(start=start, end=start + timedelta(days=2), grain="weekend")
    if grain == "month":
        start = add_months(today.replace(day=1), shift)
        return Day(start=start, end=add_months(start, 1), grain="month")
    if grain == "quarter":
        start = add_months(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * shift)
        return Day(start=start, end=add_months(start, 3), grain="quarter")
    if grain == "year":
        years = unit.months // 12
        first = today.year - today.year % years if years > 1 else today.year
        start = date(first + years * shift, 1, 1)
        return Day(start=start, end=date(start.year + years, 1, 1), grain="year")
    day = today + timedelta(days=shift)
    return Day(start=day)


def quarter(year: int, nth: int) -> Day:
    start = date(year, 3 * nth - 2, 1)
    return Day(start=start, end=add_months(start, 3), grain="quarter")


def season(year: int, which: int, c: Context) -> Day:
    """Three whole months; `which` counts from the one that is spring in the north. Winter begins in December."""
    month = 3 + 3 * (which if c.country not in _SOUTHERN else (which + 2) % 4)
    start = date(year, month, 1)
    return Day(start=start, end=add_months(start, 3), grain="season")


def season_to_come(which: int, c: Context) -> Day:
    """The one that is not over."""
    found = season(c.today.year - 1, which, c)
    return found if found.end and found.end > c.today else _this_or_next(which, c)


def _this_or_next(which: int, c: Context) -> Day:
    found = season(c.today.year, which, c)
    return found if found.end and found.end > c.today else season(c.today.year + 1, which, c)


def half_within(c: Context, first: bool, stretch: Day) -> Day | None:
    """A half of a year, a month (to the 15th) or a week (to Wednesday)."""
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None:
        return None
    start, end = placed.start, placed.end
    middle = {
        "year": add_months(start, 6),
        "month": start + timedelta(days=15),
        "week": start + timedelta(days=3),
        "quarter": start + (end - start) // 2,
    }.get(placed.grain)
    if middle is None:
        return None
    return Day(start=start, end=middle, grain="day") if first else Day(start=middle, end=end, grain="day")


def edge_of(c: Context, which: int, stretch: Day) -> Day | None:
    """The beginning, middle or end (0, 1, 2) of a month, week or year."""
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None:
        return None
    start, end = placed.start, placed.end
    bound = (start, start + (end - start) // 2, end)[which]
    if placed.grain == "month":
        sixteenth, late = start.replace(day=16), start.replace(day=21)
        start, end = ((start, sixteenth), (start.replace(day=10), late), (sixteenth, end))[which]
    elif placed.grain == "year" and stretch.start is not None and which == 2:
        start = date(start.year, 7, 1)
    elif placed.grain == "year" and (end - start).days < 367:
        may, september = date(start.year, 5, 1), date(start.year, 9, 1)
        start, end = ((start, may), (may, september), (september, end))[which]
    elif placed.grain == "week":
        thursday, friday = start + timedelta(days=3), start + timedelta(days=4)
        start, end = ((start, thursday), (start + timedelta(days=2), friday), (thursday, end))[which]
    else:
        return None
    return Day(start=start, end=end, grain="day", edge=bound)


def units_within(c: Context, nth: int, count: int, unit: Unit, stretch: Day) -> Day | None:
    """The nth day, week, month or quarter of a longer stretch, or `count` of them from there (-1: the last).

    Weeks are counted by their Thursdays, as ISO 8601 does.
    """
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None or count < 1:
        return None
    start, end = placed.start, placed.end
    if unit.grain == "week":
        first, last = nth_weekday(start, end, 3, 1), nth_weekday(start, end, 3, -1)
        if first is None or last is None or unit.days != 7:
            return None
        shift = timedelta(days=7 * (nth - 1))
        begin = week_of(first) + shift if nth > 0 else week_of(last) - timedelta(days=7 * (count - 1))
        finish = begin + timedelta(days=7 * count)
        inside = first <= begin + timedelta(days=3) <= last
        return Day(start=begin, end=finish, grain="week") if inside else None
    if unit.grain == "day" and not unit.business:
        begin = start + timedelta(days=nth - 1) if nth > 0 else end - timedelta(days=count)
        finish = begin + timedelta(days=count)
    elif unit.months and unit.months < 12:
        step = unit.months
        begin = add_months(start, step * (nth - 1)) if nth > 0 else add_months(end, -step * count)
        finish = add_months(begin, step * count)
    else:
        return None
    if begin < start or finish > end or (finish - begin) >= (end - start):
        return None
    if unit.grain == "day":
        return Day(start=begin, end=finish if count > 1 else None)
    return Day(start=begin, end=finish, grain=unit.grain)


def nth_weekday(start: date, end: date, weekday: int, nth: int) -> date | None:
    """The nth weekday within a stretch; -1 is the last."""
    if nth < 0:
        last = end - timedelta(days=1)
        found = last - timedelta(days=(last.weekday() - weekday) % 7)
    else:
        found = start + timedelta(days=(weekday - start.weekday()) % 7 + 7 * (nth - 1))
    return found if start <= found < end else None


def place(day: Day, today: date) -> Day | None:
    """Give a partly named day its dates: the next one to come. None where there is no such day."""
    if day.start is not None:
        return day
    if day.holiday is not None:
        found = day.holiday.date_in(day.year) if day.year else day.holiday.next_from(today)
        return Day(start=found) if found else None
    if day.nth is not None and day.weekday is not None:
        return _nth_to_come(day, today)
    if day.day is None and day.weekday is None:
        if day.month is None:
            assert day.year is not None
            return Day(start=date(day.year, 1, 1), end=date(day.year + 1, 1, 1), grain="year")
        year = day.year or (today.year if day.month >= today.month else today.year + 1)
        start = date(year, day.month, 1)
        return Day(start=start, end=add_months(start, 1), grain="month")
    if day.day is None:
        assert day.weekday is not None
        return Day(start=today + timedelta(days=(day.weekday - today.weekday()) % 7))
    found = _matching_day(day, today)
    return Day(start=found) if found else None


def latest_before(day: Day, limit: date) -> Day | None:
    """The last such day or month that begins no later than `limit`: where a range to its end starts."""
    for back in (0, 1):
        placed = place(replace(day, year=limit.year - back), limit)
        if placed is not None and placed.start is not None and placed.start <= limit:
            return placed
    return None


def _nth_to_come(day: Day, today: date) -> Day | None:
    """ "the second Tuesday" of a month that was not named: this one, or the next if it is over."""
    assert day.nth is not None
    assert day.weekday is not None
    for months in range(24):
        month = add_months(today.replace(day=1), months)
        fits = day.month in (None, month.month) and day.year in (None, month.year)
        found = nth_weekday(month, add_months(month, 1), day.weekday, day.nth) if fits else None
        if found is not None and found >= today:
            return Day(start=found)
    return None


def _nearest_year(day: Day, today: date) -> date | None:
    assert day.day is not None
    assert day.month is not None
    years = [y for y in range(today.year - 1, today.year + 2) if month_exists(y, day.month, day.day)]
    return min((date(y, day.month, day.day) for y in years), key=lambda d: abs(d - today), default=None)


def _matching_day(day: Day, today: date) -> date | None:
    assert day.day is not None
    if day.near and day.month is not None and day.year is None:
        return _nearest_year(day, today)
    if day.month is not None and day.year is not None:
        return date(day.year, day.month, day.day) if month_exists(day.year, day.month, day.day) else None
    fallback: date | None = None
    if day.month is not None:
        for year in range(today.year, today.year + 9):
            if month_exists(year, day.month, day.day):
                found = date(year, day.month, day.day)
                if found >= today:
                    fallback = fallback or found
                    if day.weekday is None or found.weekday() == day.weekday:
                        return found
                    # The date outweighs a weekday that does not fit it.
                    return fallback
        return None
    first = today.replace(day=1)
    for months in range(24):
        month = add_months(first, months)
        if month_exists(month.year, month.month, day.day):
            found = month.replace(day=day.day)
            if found >= today and (day.weekday is None or found.weekday() == day.weekday):
                return found
    return None
