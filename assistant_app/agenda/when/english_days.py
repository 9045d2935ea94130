"""English rules for numbers, days and longer stretches of the calendar.

"next X" is the X of the next week, month or year and "this X" of the present one, as calendars
count; a bare weekday is the next to come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
    add_length,
    add_months,
    add_working_days,
    month_exists,
    nth_weekday,
    period,
    place,
    week_of,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.values import Day, Length, Number, Point, Unit


def add_rules(grammar: Grammar) -> None:
    _numbers(grammar)
    _dates(grammar)
    _weekdays(grammar)
    _stretches(grammar)
    _lengths(grammar)


def _numbers(grammar: Grammar) -> None:
    @grammar.rule("NUM", "TENS")
    def tens(_c: Context, _s: Sides, tens: Number) -> Number:
        return tens

    @grammar.rule("NUM", "TENS -? ONES")
    def tens_and_ones(_c: Context, _s: Sides, tens: Number, ones: Number) -> Number:
        return Number(tens.value + ones.value)

    @grammar.rule("NUM", "NUM . NUM", bonus=-0.2)
    def decimal(_c: Context, s: Sides, whole: Number, part: Number) -> Number | None:
        return Number(whole.value + part.value / 10**part.digits) if s.tight and part.digits and whole.digits else None

    @grammar.rule("NUM", "NUM and a half")
    def and_a_half(_c: Context, _s: Sides, whole: Number) -> Number:
        return Number(whole.value + 0.5)

    @grammar.rule("NUM", "NUM and a quarter")
    def and_a_quarter(_c: Context, _s: Sides, whole: Number) -> Number:
        return Number(whole.value + 0.25)

    @grammar.rule("ORD", "NUM st|nd|rd|th")
    def digits_ordinal(_c: Context, s: Sides, number: Number) -> int | None:
        return int(number.value) if s.tight and number.digits and 1 <= number.value <= 60 else None

    @grammar.rule("ORD", "ORDINAL")
    def word_ordinal(_c: Context, _s: Sides, number: int) -> int:
        return number

    @grammar.rule("ORD", "TENS -? ORDINAL")
    def tens_ordinal(_c: Context, _s: Sides, tens: Number, ones: int) -> int | None:
        return int(tens.value) + ones if ones < 10 else None

    @grammar.rule("YEAR", "NUM")
    def digits_year(_c: Context, _s: Sides, number: Number) -> int | None:
        return int(number.value) if number.digits == 4 and 1500 <= number.value <= 2199 else None

    @grammar.rule("YEAR", "NUM NUM", bonus=0.1)
    def spoken_year(_c: Context, _s: Sides, century: Number, rest: Number) -> int | None:
        fits = century.value in (18, 19, 20) and 10 <= rest.value <= 99 and not (century.digits or rest.digits)
        return int(century.value * 100 + rest.value) if fits and rest.whole else None

    @grammar.rule("YEAR", "two thousand", "two thousand and? NUM")
    def two_thousand(_c: Context, _s: Sides, rest: Number | None = None) -> int | None:
        number = rest.value if rest else 0
        return int(2000 + number) if number < 100 and float(number).is_integer() else None

    @grammar.rule("NUMBER", "NUM")
    def number(_c: Context, _s: Sides, number: Number) -> Number:
        return number

    @grammar.rule("NUMBER", "FEW")
    def few(_c: Context, _s: Sides, count: int) -> Number:
        return Number(count)


def _dates(grammar: Grammar) -> None:
    def day_of(month: int, day: int, year: int | None = None) -> Day | None:
        return Day(year=year, month=month, day=day) if month_exists(year or 2024, month, day) else None

    @grammar.rule("D", "MONTH -|,|/? the? ORD", bonus=0.4, rescue=True)
    def month_ordinal(_c: Context, _s: Sides, month: int, day: int) -> Day | None:
        return day_of(month, day)

    @grammar.rule("D", "MONTH -|,|/? NUM", bonus=0.4, rescue=True)
    def month_number(_c: Context, _s: Sides, month: int, day: Number) -> Day | None:
        return day_of(month, int(day.value)) if day.digits <= 2 and day.whole else None

    @grammar.rule("D", "the? ORD -|/|of|in|day? MONTH", "the? ORD day of MONTH", bonus=0.4, rescue=True)
    def ordinal_month(_c: Context, _s: Sides, day: int, month: int) -> Day | None:
        return day_of(month, day)

    @grammar.rule("D", "the? NUM -|/|of|in? MONTH", bonus=0.4, rescue=True)
    def number_month(_c: Context, _s: Sides, day: Number, month: int) -> Day | None:
        return day_of(month, int(day.value)) if day.digits <= 2 and day.whole else None

    @grammar.rule("D", "D ,|of|in|-|/? YEAR", bonus=0.5)
    def with_year(_c: Context, _s: Sides, day: Day, year: int) -> Day | None:
        return replace(day, year=year) if day.month and day.year is None and day.start is None else None

    @grammar.rule("D", "D of NUM", bonus=0.2)
    def of_short_year(_c: Context, s: Sides, day: Day, year: Number) -> Day | None:
        fits = day.month and day.start is None and day.year is None and year.digits == 2
        return replace(day, year=_full_year(year)) if fits else None

    @grammar.rule("D", "YEAR -|/ NUM", "NUM -|/ YEAR", bonus=0.3)
    def number_of_month(_c: Context, s: Sides, one: int | Number, other: int | Number) -> Day | None:
        year, month = (one, other) if isinstance(one, int) else (other, one)
        fits = s.tight and isinstance(year, int) and isinstance(month, Number) and 1 <= month.digits <= 2
        if not fits or not isinstance(year, int) or not isinstance(month, Number) or not 1 <= month.value <= 12:
            return None
        return Day(year=year, month=int(month.value), grain="month")

    @grammar.rule("D", "D -|/|, NUM", bonus=0.2)
    def with_short_year(_c: Context, s: Sides, day: Day, year: Number) -> Day | None:
        fits = day.month and day.day and day.year is None and year.digits == 2 and s.tight
        return replace(day, year=_full_year(year)) if fits else None

    @grammar.rule("D", "YEAR -|/|,|.? D", bonus=0.5)
    def year_first(_c: Context, _s: Sides, year: int, day: Day) -> Day | None:
        return replace(day, year=year) if day.month and day.year is None and day.start is None else None

    @grammar.rule("D", "NUM -|/ YEAR -|/ MONTH", bonus=0.5)
    def year_inside(_c: Context, s: Sides, day: Number, year: int, month: int) -> Day | None:
        return day_of(month, int(day.value), year) if s.tight else None

    @grammar.rule("D", "NUM / NUM", "NUM - NUM", "NUM . NUM")
    def slashed(_c: Context, s: Sides, first: Number, second: Number) -> Day | None:
        joint = s.tokens[s.start + 1].text
        if not s.tight or not 1 <= first.digits <= 2 or not 1 <= second.digits <= 2 or joint != "/":
            return None
        return _american(first, second, None)

    @grammar.rule("D", "NUM / NUM / NUM", "NUM - NUM - NUM", "NUM . NUM . NUM", bonus=1.0)
    def slashed_with_year(_c: Context, s: Sides, a: Number, b: Number, c: Number) -> Day | None:
        if not s.tight or not a.digits:
            return None
        if a.digits == 4:
            return day_of(int(b.value), int(c.value), int(a.value)) if b.value <= 12 else None
        return _american(a, b, c) if c.digits in (2, 4) else None

    @grammar.rule("D", "YEAR NUM NUM")
    def spaced_iso(_c: Context, s: Sides, year: int, month: Number, day: Number) -> Day | None:
        written = month.digits == 2 and day.digits == 2
        return day_of(int(month.value), int(day.value), year) if written and month.value <= 12 else None

    @grammar.rule("D", "NUM")
    def compact_iso(_c: Context, _s: Sides, number: Number) -> Day | None:
        if number.digits != 8:
            return None
        year, rest = divmod(int(number.value), 10000)
        fits = 1900 <= year <= 2199 and 1 <= rest // 100 <= 12
        return day_of(rest // 100, rest % 100, year) if fits else None

    @grammar.rule("D", "the ORD", bonus=-0.5)
    def the_nth(_c: Context, _s: Sides, day: int) -> Day | None:
        return Day(day=day) if day <= 31 else None

    @grammar.rule("D", "NUM st|nd|rd|th", bonus=-0.2)
    def nth(_c: Context, s: Sides, day: Number) -> Day | None:
        return Day(day=int(day.value)) if s.tight and day.digits and 1 <= day.value <= 31 else None

    @grammar.rule("D", "on the? ORD", "on the NUM", bonus=0.1)
    def on_the_nth(_c: Context, _s: Sides, day: int | Number) -> Day | None:
        number = int(day.value) if isinstance(day, Number) else day
        return Day(day=number) if 1 <= number <= 31 else None

    @grammar.rule("D", "MONTH")
    def month(_c: Context, _s: Sides, month: int) -> Day:
        return Day(month=month, grain="month")

    @grammar.rule("D", "in|of|during D")
    def in_month(_c: Context, _s: Sides, day: Day) -> Day | None:
        return day if day.grain != "day" else None

    @grammar.rule("D", "in|during MONTH", bonus=0.4, rescue=True)
    def in_a_month(_c: Context, _s: Sides, month: int) -> Day:
        return Day(month=month, grain="month")

    @grammar.rule("D", "MONTH ,|of|-|/? YEAR", bonus=0.4, rescue=True)
    def month_year(_c: Context, _s: Sides, month: int, year: int) -> Day:
        return Day(year=year, month=month, grain="month")

    @grammar.rule("D", "YEAR -|/? MONTH", bonus=0.4, rescue=True)
    def year_month(_c: Context, _s: Sides, year: int, month: int) -> Day:
        return Day(year=year, month=month, grain="month")

    @grammar.rule("D", "REL MONTH", bonus=0.4, rescue=True)
    def relative_month(c: Context, s: Sides, relative: int, month: int) -> Day | None:
        if s.tokens[s.start].text == "this" and s.tokens[s.end - 1].text == "may" and s.end < len(s.tokens):
            return None
        if relative == 0:
            year = c.today.year
        elif relative > 0:
            year = c.today.year + (month <= c.today.month)
        else:
            year = c.today.year - (month >= c.today.month)
        return Day(year=year, month=month, grain="month")

    @grammar.rule("D", "MONTH of? D", "D of? D", bonus=0.3)
    def of_that_year(_c: Context, _s: Sides, day: int | Day, year: Day) -> Day | None:
        day = Day(month=day, grain="month") if isinstance(day, int) else day
        if year.grain != "year" or year.start is None or day.month is None or day.year is not None:
            return None
        return replace(day, year=year.start.year)

    @grammar.rule("D", "the? year? YEAR")
    def year(_c: Context, s: Sides, year: int) -> Day:
        return Day(year=year, grain="year")

    @grammar.rule("D", "YEAR s", "the YEAR s")
    def decade(_c: Context, s: Sides, year: int) -> Day | None:
        return Day(start=date(year, 1, 1), end=date(year + 10, 1, 1), grain="year") if year % 10 == 0 else None


def _full_year(year: Number) -> int:
    number = int(year.value)
    return number if year.digits == 4 else number + (2000 if number < 70 else 1900)


def _american(first: Number, second: Number, year: Number | None) -> Day | None:
    """Month first where both ways are possible; the other way round where only that is."""
    month, day = int(first.value), int(second.value)
    if month > 12:
        month, day = day, month
    full = _full_year(year) if year else None
    return Day(year=full, month=month, day=day) if month_exists(full or 2024, month, day) else None


def _weekdays(grammar: Grammar) -> None:
    @grammar.rule("D", "TODAY")
    def today(c: Context, _s: Sides, shift: int) -> Day:
        return Day(start=c.today + timedelta(days=shift))

    @grammar.rule("D", "WD", bonus=-0.1)
    def weekday(_c: Context, _s: Sides, weekday: int) -> Day:
        return Day(weekday=weekday)

    @grammar.rule("D", "on WD", bonus=0.4, rescue=True)
    def on_weekday(_c: Context, _s: Sides, weekday: int) -> Day:
        return Day(weekday=weekday)

    @grammar.rule("D", "on D", bonus=0.3)
    def on_day(_c: Context, _s: Sides, day: Day) -> Day | None:
        return day if day.grain == "day" else None

    @grammar.rule("D", "REL WD", bonus=0.4, rescue=True)
    def relative_weekday(c: Context, s: Sides, relative: int, weekday: int) -> Day | None:
        if s.tokens[s.start].text in ("past", "same"):
            return None
        if s.tokens[s.start].text in ("coming", "upcoming") or s.tokens[s.start + 1].text in ("coming", "upcoming"):
            return Day(start=c.today + timedelta(days=(weekday - c.today.weekday() - 1) % 7 + 1))
        return Day(start=week_of(c.today) + timedelta(days=7 * relative + weekday))

    @grammar.rule("D", "WD week", "a week on WD", bonus=0.4, rescue=True)
    def weekday_week(c: Context, _s: Sides, weekday: int) -> Day:
        return Day(start=c.today + timedelta(days=(weekday - c.today.weekday()) % 7 + 7))

    @grammar.rule("D", "on? WD of|in? D", bonus=0.6, rescue=True)
    def weekday_of_week(_c: Context, _s: Sides, weekday: int, week: Day) -> Day | None:
        fits = week.grain == "week" and week.start and week.end and (week.end - week.start).days == 7
        return Day(start=week.start + timedelta(days=weekday)) if fits and week.start else None

    @grammar.rule("D", "D on|,|'s? WD", bonus=0.6, rescue=True)
    def week_weekday(_c: Context, _s: Sides, week: Day, weekday: int) -> Day | None:
        fits = week.grain == "week" and week.start and week.end and (week.end - week.start).days == 7
        return Day(start=week.start + timedelta(days=weekday)) if fits and week.start else None

    @grammar.rule("D", "WD ,|-|the? D", "D ,|-? WD", bonus=0.4, rescue=True)
    def weekday_and_date(_c: Context, s: Sides, one: int | Day, other: Day | int) -> Day | None:
        weekday, day = (one, other) if isinstance(other, Day) else (other, one)
        if isinstance(weekday, Day) or not isinstance(day, Day) or day.grain != "day":
            return None
        if day.start is not None:
            # "Monday two weeks from now" is the Monday of that week.
            near = week_of(day.start) + timedelta(days=weekday)
            return Day(start=near) if s.tokens[s.start].text != "on" else None
        return replace(day, weekday=weekday) if day.day is not None else None

    @grammar.rule("D", "WD the ORD", "WD ORD", bonus=0.5, rescue=True)
    def weekday_nth(_c: Context, _s: Sides, weekday: int, day: int) -> Day | None:
        return Day(weekday=weekday, day=day) if day <= 31 else None

    @grammar.rule("D", "this|next|last D", bonus=0.4, rescue=True)
    def this_full_date(_c: Context, _s: Sides, day: Day) -> Day | None:
        return day if day.weekday is not None and day.day is not None else None

    @grammar.rule("D", "the? ORD WD of|in? D", "the? LAST WD of|in D", bonus=1.0)
    def nth_of(c: Context, _s: Sides, nth: int, weekday: int, stretch: Day) -> Day | None:
        placed = place(stretch, c.today)
        if placed is None or placed.start is None or placed.end is None or placed.grain not in ("month", "year"):
            return None
        found = nth_weekday(placed.start, placed.end, weekday, nth)
        return Day(start=found) if found else None

    @grammar.rule("D", "the? ORD of D", bonus=1.0)
    def nth_day_of(c: Context, _s: Sides, nth: int, stretch: Day) -> Day | None:
        if stretch.grain != "month" or stretch.start is None:
            return None
        start = stretch.start
        return Day(start=start.replace(day=nth)) if month_exists(start.year, start.month, nth) else None


def _stretches(grammar: Grammar) -> None:
    @grammar.rule("D", "REL UNIT", "that UNIT")
    def relative_unit(c: Context, s: Sides, one: int | Unit, other: Unit | None = None) -> Day | None:
        relative, unit = (0, one) if isinstance(one, Unit) else (one, other)
        if unit is None or unit.grain in ("second", "minute", "hour") or s.tokens[s.end - 1].text in ("m", "d", "s"):
            return None
        if s.tokens[s.end - 1].text.endswith("s"):
            return None
        return period(unit, c.today, relative)

    @grammar.rule("D", "the UNIT after next")
    def after_next(c: Context, _s: Sides, unit: Unit) -> Day | None:
        return period(unit, c.today, 2) if unit.grain not in ("second", "minute", "hour") else None

    @grammar.rule("D", "the|my UNIT", bonus=-1.5)
    def the_unit(c: Context, s: Sides, unit: Unit) -> Day | None:
        fits = unit.grain in ("week", "month", "year", "weekend") and not s.tokens[s.end - 1].text.endswith("s")
        return period(unit, c.today, 0) if fits else None

    @grammar.rule("D", "the? NEXT NUMBER UNIT", "the? NUMBER NEXT UNIT", bonus=0.5)
    def next_several(c: Context, _s: Sides, one: int | Number, other: int | Number, unit: Unit) -> Day | None:
        count = one if isinstance(one, Number) else other
        return _several(c, count, unit, 1) if isinstance(count, Number) else None

    @grammar.rule("D", "the? PAST NUMBER UNIT", "the? NUMBER PAST UNIT", bonus=0.5)
    def past_several(c: Context, _s: Sides, one: int | Number, other: int | Number, unit: Unit) -> Day | None:
        count = one if isinstance(one, Number) else other
        return _several(c, count, unit, -1) if isinstance(count, Number) else None

    @grammar.rule("D", "for? the? week of|beginning|starting|commencing on? D", bonus=1.5)
    def week_around(c: Context, _s: Sides, day: Day) -> Day | None:
        placed = place(day, c.today)
        if placed is None or placed.start is None or placed.end is not None:
            return None
        return Day(start=week_of(placed.start), end=week_of(placed.start) + timedelta(days=7), grain="week")

    @grammar.rule("D", "the? ORD week of|in? D", "the? LAST week of|in? D", bonus=1.0)
    def nth_week(c: Context, _s: Sides, nth: int, stretch: Day) -> Day | None:
        return _nth_week(c, nth, stretch)

    @grammar.rule("D", "the? EDGE UNIT", "the? EDGE the UNIT", bonus=0.3)
    def edge_of_present(c: Context, _s: Sides, which: int, unit: Unit) -> Day | None:
        return _edge(c, which, period(unit, c.today, 0)) if unit.grain in ("week", "month", "year") else None

    @grammar.rule("D", "week NUM of|in? D", bonus=0.5)
    def numbered_week_of(_c: Context, _s: Sides, number: Number, year: Day) -> Day | None:
        if year.grain != "year" or not (year.year or year.start) or not 1 <= number.value <= 52:
            return None
        first = year.year or (year.start.year if year.start else 0)
        start = date.fromisocalendar(first, int(number.value), 1)
        return Day(start=start, end=start + timedelta(days=7), grain="week")

    @grammar.rule("D", "week NUM")
    def numbered_week(c: Context, _s: Sides, number: Number) -> Day | None:
        if not 1 <= number.value <= 52:
            return None
        start = date.fromisocalendar(c.today.year, int(number.value), 1)
        return Day(start=start, end=start + timedelta(days=7), grain="week")

    @grammar.rule("D", "the? ORD quarter of|in|, D", "q NUM of|,|-? D", "D -|,? q NUM", bonus=1.0)
    def quarter_of(c: Context, _s: Sides, one: int | Number | Day, other: Day | Number) -> Day | None:
        number, year = (one, other) if isinstance(other, Day) else (other, one)
        nth = int(number.value) if isinstance(number, Number) else number
        if not isinstance(nth, int) or not isinstance(year, Day) or year.grain != "year" or not 1 <= nth <= 4:
            return None
        first = year.year or (year.start.year if year.start else c.today.year)
        start = date(first, 3 * nth - 2, 1)
        return Day(start=start, end=add_months(start, 3), grain="quarter")

    @grammar.rule("D", "later|earlier in? D", "later|earlier in the UNIT", bonus=0.5)
    def rest_of(c: Context, s: Sides, stretch: Day | Unit) -> Day | None:
        found = period(stretch, c.today, 0) if isinstance(stretch, Unit) else stretch
        if found.start is None or found.end is None or not found.start <= c.today < found.end:
            return None
        if s.tokens[s.start].text == "later":
            return replace(found, start=c.today)
        return replace(found, end=c.today) if c.today > found.start else None

    @grammar.rule("LEN", "all|whole UNIT", "the|a whole UNIT", "for the UNIT", "all UNIT long", bonus=0.3)
    def whole(_c: Context, s: Sides, unit: Unit) -> Length | None:
        fits = unit.grain not in ("second", "minute", "weekend") and not s.tokens[s.end - 1].text.endswith("s")
        return times(1, unit) if fits else None

    @grammar.rule("D", "EDGE D", "the? EDGE D", bonus=0.5)
    def edge(c: Context, _s: Sides, which: int, stretch: Day) -> Day | None:
        return _edge(c, which, stretch)


def _several(c: Context, count: Number, unit: Unit, sign: int) -> Day | None:
    """The next three days begin tomorrow; the last three end today."""
    if unit.grain in ("second", "minute", "hour", "weekend"):
        return None
    length = Length(unit.months * count.value, unit.days * count.value, business=unit.business)
    if sign < 0:
        start = add_length(c.now, length, -1).date()
        return Day(start=start, end=c.today, grain=unit.grain)
    start = c.today + timedelta(days=1)
    if unit.business:
        start = add_working_days(c.today, 1)
        return Day(start=start, end=add_working_days(c.today, round(count.value)) + timedelta(days=1), grain="day")
    end = add_months(start, round(length.months)) + timedelta(days=length.days)
    return Day(start=start, end=end, grain=unit.grain)


def _nth_week(c: Context, nth: int, stretch: Day) -> Day | None:
    """Weeks are counted by their Thursdays, as ISO 8601 does."""
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None or placed.grain not in ("month", "year"):
        return None
    thursday = nth_weekday(placed.start, placed.end, 3, nth)
    if thursday is None:
        return None
    return Day(start=week_of(thursday), end=week_of(thursday) + timedelta(days=7), grain="week")


def _edge(c: Context, which: int, stretch: Day) -> Day | None:
    placed = place(stretch, c.today)
    if placed is None or placed.start is None or placed.end is None:
        return None
    start, end = placed.start, placed.end
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
    return Day(start=start, end=end, grain="day")


def _lengths(grammar: Grammar) -> None:
    @grammar.rule("LEN", "NUMBER -? UNIT", bonus=0.3)
    def length(_c: Context, s: Sides, count: Number, unit: Unit) -> Length | None:
        if s.tokens[s.end - 1].text == "s" and count.digits == 4:
            return None  # the 1990s
        if unit.grain in ("weekend",) or (s.tokens[s.end - 1].text in ("m", "s", "d") and not s.tight):
            return None
        return times(count.value, unit)

    @grammar.rule("LEN", "a|an|another|one UNIT")
    def one(_c: Context, s: Sides, unit: Unit) -> Length | None:
        plural = s.tokens[s.end - 1].text.endswith("s")
        return times(1, unit) if unit.grain != "weekend" and not plural else None

    @grammar.rule("LEN", "half an|a UNIT", "half UNIT", "a half UNIT")
    def half(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.5, unit)

    @grammar.rule("LEN", "a quarter of an UNIT", "quarter of an UNIT")
    def quarter(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.25, unit)

    @grammar.rule("LEN", "three quarters of an UNIT")
    def three_quarters(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.75, unit)

    @grammar.rule("LEN", "a|an|one UNIT and a? half", "NUM UNIT and a half", bonus=0.6)
    def and_half(_c: Context, _s: Sides, one: Number | Unit, unit: Unit | None = None) -> Length:
        count = one.value if isinstance(one, Number) else 1
        found = unit or one
        assert isinstance(found, Unit)
        return times(count + 0.5, found)

    @grammar.rule("LEN", "LEN and|,? LEN")
    def together(_c: Context, _s: Sides, big: Length, small: Length) -> Length | None:
        order = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]
        if order.index(big.grain) >= order.index(small.grain):
            return None
        return Length(big.months + small.months, big.days + small.days, big.seconds + small.seconds, small.grain)

    @grammar.rule("D", "in LEN", "LEN from now|today|hence|later", "LEN from now", "LEN later|hence", bonus=1.0)
    def ahead(c: Context, _s: Sides, length: Length) -> Day | None:
        return _counted(c, c.today, length, 1)

    @grammar.rule("D", "LEN ago|back", "LEN before|prior now|today", bonus=1.0)
    def ago(c: Context, _s: Sides, length: Length) -> Day | None:
        return _counted(c, c.today, length, -1)

    @grammar.rule("D", "LEN from|after D", bonus=1.0)
    def after(c: Context, _s: Sides, length: Length, day: Day) -> Day | None:
        placed = place(day, c.today)
        return _counted(c, placed.start, length, 1) if placed and placed.start and not placed.end else None

    @grammar.rule("D", "LEN before D", bonus=1.0)
    def before(c: Context, _s: Sides, length: Length, day: Day) -> Day | None:
        placed = place(day, c.today)
        return _counted(c, placed.start, length, -1) if placed and placed.start and not placed.end else None

    @grammar.rule("T", "in LEN", "LEN from now", "LEN later|hence", "LEN after now", bonus=1.0)
    def time_ahead(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length)) if length.seconds else None

    @grammar.rule("T", "LEN ago|back", "LEN before now", bonus=1.0)
    def time_ago(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length, -1)) if length.seconds else None

    @grammar.rule("T", "NOW")
    def now(c: Context, _s: Sides, _now: int) -> Point:
        return Point(exact=c.now)


def times(count: float, unit: Unit) -> Length:
    months, days = unit.months * count, unit.days * count
    if not float(months).is_integer():
        days, months = days + (months % 1) * 30, months // 1
    seconds = unit.seconds * count
    if unit.grain == "day" and not float(days).is_integer():
        seconds, days = (days % 1) * 86400, days // 1
    return Length(months, days, seconds, unit.grain, unit.business)


def _counted(c: Context, start: date, length: Length, sign: int) -> Day | None:
    if length.seconds:
        return None
    from datetime import datetime

    base = datetime(start.year, start.month, start.day)
    return Day(start=add_length(base, length, sign).date())
