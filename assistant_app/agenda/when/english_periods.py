"""English rules for weeks, months, quarters and years, their parts, and the next or last few of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
    add_length,
    add_months,
    add_working_days,
    edge_of,
    half_within,
    period,
    place,
    quarter,
    units_within,
    week_of,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import times
from assistant_app.agenda.when.values import Day, Length, Number, Unit


def add_rules(grammar: Grammar) -> None:
    _stretches(grammar)


def _stretches(grammar: Grammar) -> None:
    @grammar.rule("D", "REL POSS")
    def possessive(c: Context, _s: Sides, relative: int, unit: Unit) -> Day | None:
        """next year's"""
        return period(unit, c.today, relative) if not unit.seconds else None

    @grammar.rule("D", "weekend", bonus=-0.4)
    def bare_weekend(c: Context, s: Sides) -> Day | None:
        return period(Unit("weekend", days=7), c.today, 0) if s.before not in ("a", "every", "each", "per") else None

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
        return _present(c, s, unit) if s.before != "of" else None

    @grammar.rule("D", "the|my UNIT", bonus=-2.4)
    def unit_of(c: Context, s: Sides, unit: Unit) -> Day | None:
        """ "partner of the week" alone is no time, "the second day of the week" is."""
        return _present(c, s, unit) if s.before == "of" else None

    @grammar.rule("D", "for|during|throughout the UNIT", bonus=0.8)
    def for_the_unit(c: Context, s: Sides, unit: Unit) -> Day | None:
        if unit.grain == "day" and not unit.business and s.last == "day":
            return Day(start=c.today)
        return _present(c, s, unit)

    @grammar.rule("D", "the? NEXT NUMBER UNIT", "the? NUMBER NEXT UNIT", bonus=0.5)
    def next_several(c: Context, _s: Sides, one: int | Number, other: int | Number, unit: Unit) -> Day | None:
        count = one if isinstance(one, Number) else other
        return _several(c, count, unit, 1) if isinstance(count, Number) else None

    @grammar.rule("D", "the? PAST LEN", bonus=0.6)
    def past_length(c: Context, _s: Sides, _past: int, length: Length) -> Day | None:
        """the last 3 months and 2 days"""
        joined = not length.seconds and not length.business and length.months and length.days
        return Day(start=add_length(c.now, length, -1).date(), end=c.today, grain="day") if joined else None

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
        return units_within(c, nth, 1, Unit("week", days=7), stretch)

    @grammar.rule("D", "the? ORD UNIT of|in D", "the? LAST UNIT of|in D", bonus=1.0)
    def nth_unit(c: Context, s: Sides, nth: int, unit: Unit, stretch: Day) -> Day | None:
        """the 9th month of next year, the last day of March"""
        return units_within(c, nth, 1, unit, stretch) if not s.last.endswith("'s") else None

    @grammar.rule("D", "the? ORD NUMBER UNIT of|in D", "the? LAST NUMBER UNIT of|in D", bonus=1.0)
    def nth_units(c: Context, _s: Sides, nth: int, count: Number, unit: Unit, stretch: Day) -> Day | None:
        """the first two weeks of 2021"""
        fits = nth in (1, -1) and count.whole
        return units_within(c, nth, int(count.value), unit, stretch) if fits else None

    @grammar.rule("D", "the? ORD half of|in D", "the? LAST half of|in D", "D ORD half", bonus=1.0)
    def half_of(c: Context, _s: Sides, one: int | Day, other: int | Day) -> Day | None:
        nth, stretch = (one, other) if isinstance(one, int) else (other, one)
        fits = isinstance(stretch, Day) and nth in (1, 2, -1)
        return half_within(c, nth == 1, stretch) if fits and isinstance(stretch, Day) else None

    @grammar.rule("D", "the? EDGE UNIT", "the? EDGE the UNIT", bonus=0.3)
    def edge_of_present(c: Context, _s: Sides, which: int, unit: Unit) -> Day | None:
        return edge_of(c, which, period(unit, c.today, 0)) if unit.grain in ("week", "month", "year") else None

    @grammar.rule("D", "PARTOF D", "PARTOF the UNIT", bonus=1.7)
    def rest_of(c: Context, _s: Sides, which: int, stretch: Day | Unit) -> Day | None:
        """ "later this year" is its second half, from today on."""
        found = period(stretch, c.today, 0) if isinstance(stretch, Unit) else stretch
        part = half_within(c, which == 0, found) if found.end else None
        if part is None or part.start is None or part.end is None:
            return None
        if which == 2 and part.start <= c.today < part.end:
            return replace(part, start=c.today)
        return replace(part, end=c.today) if which == 0 and part.start < c.today < part.end else part

    @grammar.rule("D", "the? rest of D", "the? rest of the UNIT", bonus=1.0)
    def remainder(c: Context, _s: Sides, stretch: Day | Unit) -> Day | None:
        found = period(stretch, c.today, 0) if isinstance(stretch, Unit) else place(stretch, c.today)
        if found is None or found.start is None or found.end is None:
            return None
        return replace(found, start=max(found.start, c.today), grain="day") if c.today < found.end else None

    @grammar.rule("D", "q NUM", "the? ORD quarter", bonus=0.5)
    def quarter_alone(c: Context, s: Sides, number: Number | int) -> Day | None:
        nth = int(number.value) if isinstance(number, Number) else number
        if not 1 <= nth <= 4 or (isinstance(number, Number) and not s.tight) or s.after == "of":
            return None
        found = quarter(c.today.year, nth)
        return found if found.end and found.end > c.today else quarter(c.today.year + 1, nth)

    @grammar.rule("D", "cy NUM", bonus=1.0)
    def calendar_year(c: Context, s: Sides, number: Number) -> Day | None:
        year = int(number.value) + (2000 if number.digits == 2 else 0)
        return Day(year=year, grain="year") if number.digits in (2, 4) and 1900 <= year < 2200 and s.tight else None

    @grammar.rule("D", "the? week NUM of|in? D", bonus=0.5)
    def numbered_week_of(_c: Context, _s: Sides, number: Number, year: Day) -> Day | None:
        if year.grain != "year" or not (year.year or year.start) or not 1 <= number.value <= 52:
            return None
        first = year.year or (year.start.year if year.start else 0)
        start = date.fromisocalendar(first, int(number.value), 1)
        return Day(start=start, end=start + timedelta(days=7), grain="week")

    @grammar.rule("D", "the? week NUM", bonus=0.3)
    def numbered_week(c: Context, _s: Sides, number: Number) -> Day | None:
        if not 1 <= number.value <= 52:
            return None
        start = date.fromisocalendar(c.today.year, int(number.value), 1)
        return Day(start=start, end=start + timedelta(days=7), grain="week")

    @grammar.rule("D", "the? ORD quarter of|in|, D", "q NUM of|,|-? D", "D -|,? q NUM", "D ORD quarter", bonus=1.0)
    def quarter_of(c: Context, _s: Sides, one: int | Number | Day, other: Day | Number) -> Day | None:
        number, year = (one, other) if isinstance(other, Day) else (other, one)
        nth = int(number.value) if isinstance(number, Number) else number
        if not isinstance(nth, int) or not isinstance(year, Day) or year.grain != "year" or not 1 <= nth <= 4:
            return None
        first = year.year or (year.start.year if year.start else c.today.year)
        return quarter(first, nth)

    @grammar.rule("LEN", "all|whole UNIT", "the|a whole|entire|full UNIT", "all UNIT long", bonus=0.3)
    def whole(_c: Context, s: Sides, unit: Unit) -> Length | None:
        fits = unit.grain not in ("second", "minute", "weekend") and not s.tokens[s.end - 1].text.endswith("s")
        return times(1, unit) if fits else None

    @grammar.rule("D", "EDGE D", "the? EDGE D", bonus=0.5)
    def edge(c: Context, _s: Sides, which: int, stretch: Day) -> Day | None:
        return edge_of(c, which, stretch)


def _present(c: Context, s: Sides, unit: Unit) -> Day | None:
    fits = unit.grain in ("week", "month", "year", "weekend", "quarter") and unit.months <= 12
    return period(unit, c.today, 0) if fits and not s.last.endswith("s") and len(s.last) > 1 else None


def _several(c: Context, count: Number, unit: Unit, sign: int) -> Day | None:
    """The next three days begin tomorrow; the last three end today."""
    if unit.grain in ("second", "minute", "hour", "weekend"):
        return None
    length = Length(unit.months * count.value, unit.days * count.value, business=unit.business)
    if unit.grain == "quarter" and count.whole:
        first = period(unit, c.today, 1 if sign > 0 else -int(count.value)).start
        return Day(start=first, end=add_months(first, round(length.months)), grain="quarter") if first else None
    if sign < 0:
        start = add_length(c.now, length, -1).date()
        return Day(start=start, end=c.today, grain=unit.grain)
    start = c.today + timedelta(days=1)
    if unit.business:
        start = add_working_days(c.today, 1)
        return Day(start=start, end=add_working_days(c.today, round(count.value)) + timedelta(days=1), grain="day")
    end = add_months(start, round(length.months)) + timedelta(days=length.days)
    return Day(start=start, end=end, grain=unit.grain)
