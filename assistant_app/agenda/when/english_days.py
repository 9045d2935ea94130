"""English rules for days and longer stretches of the calendar.

"next X" is the X of the next week, month or year and "this X" of the present one, as calendars
count; a bare weekday is the next to come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
    month_exists,
    nth_weekday,
    place,
    week_of,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.values import Day, Number


def add_rules(grammar: Grammar) -> None:
    _dates(grammar)
    _weekdays(grammar)


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

    @grammar.rule("D", "NUM WDS from now|today", bonus=1.0)
    def several_weekdays_on(c: Context, _s: Sides, count: Number, weekday: int) -> Day | None:
        """two Fridays from now"""
        if not count.whole or count.value < 1:
            return None
        first = (weekday - c.today.weekday() - 1) % 7 + 1
        return Day(start=c.today + timedelta(days=first + 7 * (int(count.value) - 1)))

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
