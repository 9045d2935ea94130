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
from assistant_app.agenda.when.english_words import FUNCTION_WORDS, LIST_JOINTS, TIME_WORDS, WEEKDAYS
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
    def of_short_year(c: Context, s: Sides, day: Day, year: Number) -> Day | None:
        fits = day.month and day.start is None and day.year is None and year.digits == 2 and not s.has("/")
        return replace(day, year=_full_year(year, c)) if fits else None

    @grammar.rule("D", "YEAR -|/ NUM", "NUM -|/ YEAR", bonus=0.3)
    def number_of_month(_c: Context, s: Sides, one: int | Number, other: int | Number) -> Day | None:
        year, month = (one, other) if isinstance(one, int) else (other, one)
        fits = s.tight and isinstance(year, int) and isinstance(month, Number) and 1 <= month.digits <= 2
        if not fits or not isinstance(year, int) or not isinstance(month, Number) or not 1 <= month.value <= 12:
            return None
        return Day(year=year, month=int(month.value), grain="month")

    @grammar.rule("D", "D -|/|, NUM", bonus=0.2)
    def with_short_year(c: Context, s: Sides, day: Day, year: Number) -> Day | None:
        fits = day.month and day.day and day.year is None and year.digits == 2 and s.tight
        return replace(day, year=_full_year(year, c)) if fits else None

    @grammar.rule("D", "YEAR -|/|,|.? D", bonus=0.5)
    def year_first(_c: Context, _s: Sides, year: int, day: Day) -> Day | None:
        return replace(day, year=year) if day.month and day.year is None and day.start is None else None

    @grammar.rule("D", "NUM -|/ YEAR -|/ MONTH", bonus=0.5)
    def year_inside(_c: Context, s: Sides, day: Number, year: int, month: int) -> Day | None:
        return day_of(month, int(day.value), year) if s.tight else None

    @grammar.rule("D", "MONTH -|/ YEAR -|/ NUM", bonus=0.5)
    def year_between(_c: Context, s: Sides, month: int, year: int, day: Number) -> Day | None:
        return day_of(month, int(day.value), year) if s.tight and day.whole else None

    @grammar.rule("D", "NUM / NUM")
    def slashed(c: Context, s: Sides, first: Number, second: Number) -> Day | None:
        fits = s.tight and 1 <= first.digits <= 2 and 1 <= second.digits <= 2 and s.after != "of"  # 3/4 of 18
        return _written(first, second, None, c) if fits else None

    @grammar.rule("D", "on NUM . NUM", "on NUM - NUM", bonus=0.5)
    def dotted(c: Context, s: Sides, first: Number, second: Number) -> Day | None:
        """on 5.12"""
        tight = not any(token.after_space for token in s.tokens[s.start + 2 : s.end])
        fits = tight and 1 <= first.digits <= 2 and 1 <= second.digits <= 2
        return _written(first, second, None, c) if fits else None

    @grammar.rule("D", "on? WD ,? NUM -|. NUM", bonus=2.0, rescue=True)
    def weekday_and_numbers(c: Context, s: Sides, weekday: int, first: Number, second: Number) -> Day | None:
        """ "Friday 7-6" is 6 July where that is a Friday, else hours."""
        tight = not any(token.after_space for token in s.tokens[s.end - 2 : s.end])
        if not tight or not 1 <= first.digits <= 2 or not 1 <= second.digits <= 2:
            return None
        day = _written(first, second, None, c)
        placed = place(replace(day, near=True), c.today) if day else None
        fits = day and placed and placed.start and placed.start.weekday() == weekday
        if fits and placed and placed.start and abs((placed.start - c.today).days) > 60:
            return None
        return replace(day, weekday=weekday, near=True) if fits and day else None

    @grammar.rule("D", "NUM / NUM / NUM", "NUM - NUM - NUM", "NUM . NUM . NUM", bonus=1.0)
    def slashed_with_year(c: Context, s: Sides, one: Number, two: Number, three: Number) -> Day | None:
        if not s.tight or not one.digits:
            return None
        if one.digits == 4:
            return day_of(int(two.value), int(three.value), int(one.value)) if two.value <= 12 else None
        return _written(one, two, three, c) if three.digits in (2, 4) else None

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
    def the_nth(_c: Context, s: Sides, day: int) -> Day | None:
        return Day(day=day) if day <= 31 and not _is_adjective(s) else None

    @grammar.rule("D", "NUM st|nd|rd|th", bonus=-0.2)
    def nth(_c: Context, s: Sides, day: Number) -> Day | None:
        if _is_adjective(s):
            return None
        return Day(day=int(day.value)) if s.tight and day.digits and 1 <= day.value <= 31 else None

    @grammar.rule("D", "on the? ORD", "on the NUM", bonus=0.1)
    def on_the_nth(_c: Context, s: Sides, day: int | Number) -> Day | None:
        if _is_adjective(s):
            return None
        number = int(day.value) if isinstance(day, Number) else day
        return Day(day=number) if 1 <= number <= 31 else None

    @grammar.rule("D", "MONTH")
    def month(_c: Context, _s: Sides, month: int) -> Day:
        return Day(month=month, grain="month")

    @grammar.rule("D", "in|during|throughout|for D", "of D", "from D", bonus=0.1)
    def in_month(_c: Context, s: Sides, day: Day) -> Day | None:
        if s.first == "of" and s.end - s.start == 3 and s.tokens[s.start + 1].text in ("the", "my"):
            return None  # "partner of the week"
        stretch = day.grain != "day" or day.end is not None
        return day if stretch or (s.first == "for" and day.start is not None and day.base is None) else None

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
        if s.last == "may" and s.first == "this" and not _is_month(s):
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

    @grammar.rule("D", "the? year? YEAR", "the year of YEAR")
    def year(_c: Context, s: Sides, year: int) -> Day:
        return Day(year=year, grain="year")

    @grammar.rule("D", "the? YEAR s", "the? YEAR ' s", bonus=0.3)
    def decade(_c: Context, s: Sides, year: int) -> Day | None:
        return Day(start=date(year, 1, 1), end=date(year + 10, 1, 1), grain="year") if year % 10 == 0 else None

    @grammar.rule("D", "the|in NUM s", "in? the NUM s", "in? the DECADE", "in DECADE", "' NUM s", bonus=0.5)
    def short_decade(c: Context, s: Sides, number: Number) -> Day | None:
        """the 90s: the last such decade that has begun."""
        if number.value % 10 or not 10 <= number.value <= 90 or (s.last == "s" and s.tokens[s.end - 1].after_space):
            return None
        start = c.today.year // 100 * 100 + int(number.value)
        start -= 100 if start > c.today.year else 0
        return Day(start=date(start, 1, 1), end=date(start + 10, 1, 1), grain="year")

    @grammar.rule("D", "the? ORD -? century", bonus=1.0)
    def century(_c: Context, _s: Sides, nth: int) -> Day | None:
        if not 11 <= nth <= 30:
            return None
        return Day(start=date(100 * (nth - 1), 1, 1), end=date(100 * nth, 1, 1), grain="year")


def _is_adjective(s: Sides) -> bool:
    """An ordinal that counts what follows: "the first week", "my 30th birthday", "the twentieth-century"."""
    behind = s.after
    if behind == "-" and s.end + 1 < len(s.tokens):
        behind = s.tokens[s.end + 1].text if not s.tokens[s.end + 1].after_space else ""
    return behind.isalpha() and behind.isascii() and behind not in FUNCTION_WORDS and behind not in TIME_WORDS


def _is_month(s: Sides) -> bool:
    """ "this may" is a month beside another time word, not before a verb."""
    return s.before in ("from", "in", "until", "till", "by", "since", "of", "before", "after", "during") or (
        not s.after.isalpha() or s.after in ("to", "through", "until", "till", "and", "or")
    )


def _full_year(year: Number, c: Context) -> int:
    """Two digits: at most twenty years ahead."""
    number = int(year.value)
    if year.digits == 4:
        return number
    full = c.today.year // 100 * 100 + number
    return full - 100 if full > c.today.year + 20 else full


def _written(first: Number, second: Number, year: Number | None, c: Context) -> Day | None:
    """A date in digits, in the order of the country; the other way round where only that is possible."""
    month, day = int(first.value), int(second.value)
    if month > 12 or (c.day_first and day <= 12):
        month, day = day, month
    full = _full_year(year, c) if year else None
    return Day(year=full, month=month, day=day) if month_exists(full or 2024, month, day) else None


def _weekdays(grammar: Grammar) -> None:
    @grammar.rule("D", "TODAY")
    def today(c: Context, _s: Sides, shift: int) -> Day:
        return Day(start=c.today + timedelta(days=shift))

    @grammar.rule("D", "my day", bonus=-0.5)
    def my_day(c: Context, s: Sides) -> Day | None:
        return Day(start=c.today) if s.after != "off" else None

    @grammar.rule("D", "WD", rescue=True)
    def weekday_in_list(_c: Context, s: Sides, weekday: int) -> Day | None:
        """ "Mon, Wed or Fri" """
        before = s.tokens[s.start - 2].text if s.start > 1 and s.before in LIST_JOINTS else ""
        after = s.tokens[s.end + 1].text if s.end + 1 < len(s.tokens) and s.after in LIST_JOINTS else ""
        return Day(weekday=weekday) if before in WEEKDAYS or after in WEEKDAYS else None

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
        if s.first == "same":
            return None
        if s.first == "past" or s.tokens[s.start + 1].text == "past":
            return Day(start=c.today - timedelta(days=(c.today.weekday() - weekday - 1) % 7 + 1), weekday=weekday)
        if s.tokens[s.start].text in ("coming", "upcoming") or s.tokens[s.start + 1].text in ("coming", "upcoming"):
            return Day(start=c.today + timedelta(days=(weekday - c.today.weekday() - 1) % 7 + 1), weekday=weekday)
        return Day(start=week_of(c.today) + timedelta(days=7 * relative + weekday), weekday=weekday)

    @grammar.rule("D", "WD week", "a week on WD", bonus=0.4, rescue=True)
    def weekday_week(c: Context, _s: Sides, weekday: int) -> Day:
        return Day(start=c.today + timedelta(days=(weekday - c.today.weekday()) % 7 + 7))

    @grammar.rule("D", "on? WD of|in? D", bonus=0.6, rescue=True)
    def weekday_of_week(_c: Context, _s: Sides, weekday: int, week: Day) -> Day | None:
        fits = week.grain == "week" and week.start and week.end and (week.end - week.start).days == 7
        return Day(start=week.start + timedelta(days=weekday), weekday=weekday) if fits and week.start else None

    @grammar.rule("D", "D on|,|-|'s? WD", bonus=0.6, rescue=True)
    def week_weekday(_c: Context, _s: Sides, week: Day, weekday: int) -> Day | None:
        fits = week.grain == "week" and week.start and week.end and (week.end - week.start).days == 7
        return Day(start=week.start + timedelta(days=weekday), weekday=weekday) if fits and week.start else None

    @grammar.rule("D", "WD ,|-|the? D", "D ,|-|on? WD", "WD ( D )", "D ( WD )", bonus=0.4, rescue=True)
    def weekday_and_date(_c: Context, s: Sides, one: int | Day, other: Day | int) -> Day | None:
        weekday, day = (one, other) if isinstance(other, Day) else (other, one)
        if isinstance(weekday, Day) or not isinstance(day, Day) or day.grain != "day":
            return None
        if day.start is not None:
            # "Monday two weeks from now" is the Monday of that week.
            near = week_of(day.start) + timedelta(days=weekday)
            return Day(start=near, weekday=weekday) if day.base is not None else None
        return replace(day, weekday=weekday) if day.day is not None else None

    @grammar.rule("D", "WD the ORD", "WD ORD", bonus=0.5, rescue=True)
    def weekday_nth(_c: Context, _s: Sides, weekday: int, day: int) -> Day | None:
        return Day(weekday=weekday, day=day) if day <= 31 else None

    @grammar.rule("D", "REL D", bonus=0.8, rescue=True)
    def this_full_date(_c: Context, _s: Sides, _relative: int, day: Day) -> Day | None:
        """ "this Friday, 5/12" is near, past or to come."""
        return replace(day, near=True) if day.weekday is not None and day.day is not None else None

    @grammar.rule("D", "the? ORD WD", "the? LAST WD", bonus=0.6, rescue=True)
    def nth_to_come(_c: Context, s: Sides, nth: int, weekday: int) -> Day | None:
        """the second Tuesday"""
        return Day(weekday=weekday, nth=nth) if nth <= 5 and (s.first == "the" or nth > 0) else None

    @grammar.rule("D", "the? ORD WD of|in? D", "the? LAST WD of|in D", bonus=1.0)
    def nth_of(c: Context, _s: Sides, nth: int, weekday: int, stretch: Day) -> Day | None:
        placed = place(stretch, c.today)
        if placed is None or placed.start is None or placed.end is None or placed.grain not in ("month", "year"):
            return None
        found = nth_weekday(placed.start, placed.end, weekday, nth)
        return Day(start=found, weekday=weekday) if found else None

    @grammar.rule("D", "the? ORD of D", bonus=1.0)
    def nth_day_of(c: Context, _s: Sides, nth: int, stretch: Day) -> Day | None:
        if stretch.grain != "month" or stretch.start is None:
            return None
        start = stretch.start
        return Day(start=start.replace(day=nth)) if month_exists(start.year, start.month, nth) else None
