"""English rules for days and stretches of the year that have names: holidays, their weekends, seasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context, place, season, season_to_come, week_of
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.holidays import Holiday
from assistant_app.agenda.when.values import Day

SEASONS = {"spring": 0, "springtime": 0, "summer": 1, "summertime": 1, "autumn": 2, "fall": 2, "winter": 3}
"""In the order of the northern year; the first begins in March."""


def add_rules(grammar: Grammar) -> None:
    _holidays(grammar)
    _seasons(grammar)


def _holidays(grammar: Grammar) -> None:
    @grammar.rule("D", "HOLIDAY", bonus=0.2)
    def holiday(_c: Context, _s: Sides, holiday: Holiday) -> Day:
        return Day(holiday=holiday)

    @grammar.rule("HOLIDAY", "HOLIDAY eve", bonus=0.3)
    def eve(_c: Context, _s: Sides, holiday: Holiday) -> Holiday:
        return replace(holiday, offset_days=holiday.offset_days - 1)

    @grammar.rule("HOLIDAY", "the HOLIDAY", "HOLIDAY day", "HOLIDAY holiday", bonus=0.1)
    def the_holiday(_c: Context, _s: Sides, holiday: Holiday) -> Holiday:
        return holiday

    @grammar.rule("D", "HOLIDAY ,|of|in? YEAR", bonus=0.6)
    def in_year(_c: Context, _s: Sides, holiday: Holiday, year: int) -> Day:
        return Day(holiday=holiday, year=year)

    @grammar.rule("D", "HOLIDAY ,|of|in? D", bonus=0.6)
    def in_that_year(_c: Context, _s: Sides, holiday: Holiday, year: Day) -> Day | None:
        fits = year.grain == "year" and year.start is not None
        return Day(holiday=holiday, year=year.start.year) if fits and year.start else None

    @grammar.rule("D", "REL HOLIDAY", bonus=0.6)
    def relative(c: Context, _s: Sides, shift: int, holiday: Holiday) -> Day | None:
        if shift < 0:
            found = holiday.last_before(c.today)
        elif shift > 0:
            found = holiday.next_from(c.today + timedelta(days=1))
        else:
            found = holiday.date_in(c.today.year)
        return Day(start=found) if found else None

    @grammar.rule("D", "at|on|over|for HOLIDAY", bonus=0.4)
    def at_holiday(_c: Context, _s: Sides, holiday: Holiday) -> Day:
        return Day(holiday=holiday)

    @grammar.rule("D", "the? weekend of|after|around D", bonus=1.0)
    @grammar.rule("D", "HOLIDAY weekend", "HOLIDAY YEAR weekend", "HOLIDAY weekend YEAR", bonus=1.0)
    def weekend_of(c: Context, _s: Sides, day: Day | Holiday, year: int | None = None) -> Day | None:
        """The weekend nearest to a day, and the day where it makes it longer."""
        named = Day(holiday=day, year=year) if isinstance(day, Holiday) else day
        placed = place(named, c.today)
        if placed is None or placed.start is None or placed.end is not None:
            return None
        weekday = placed.start.weekday()
        saturday = week_of(placed.start) + timedelta(days=5 if weekday >= 3 else -2)
        start, end = saturday, saturday + timedelta(days=2)
        if -2 <= (placed.start - start).days <= 2:
            start, end = min(start, placed.start), max(end, placed.start + timedelta(days=1))
        return Day(start=start, end=end, grain="weekend")


def _seasons(grammar: Grammar) -> None:
    grammar.word("SEASON", SEASONS, -1.0)

    @grammar.rule("D", "in|during|throughout the? SEASON", "the? SEASON of? YEAR", bonus=0.6, rescue=True)
    def in_season(c: Context, _s: Sides, which: int, year: int | None = None) -> Day:
        return season(year, which, c) if year else season_to_come(which, c)

    @grammar.rule("D", "SEASON of? D", bonus=0.6, rescue=True)
    def season_of(c: Context, _s: Sides, which: int, year: Day) -> Day | None:
        fits = year.grain == "year" and year.start is not None
        return season(year.start.year, which, c) if fits and year.start else None

    @grammar.rule("D", "REL SEASON", bonus=0.6, rescue=True)
    def relative_season(c: Context, _s: Sides, shift: int, which: int) -> Day:
        coming = season_to_come(which, c)
        assert coming.start is not None
        year = coming.start.year
        if shift > 0:
            year += coming.start <= c.today  # the running one is "this summer"
        return season(year + min(shift, 0), which, c)
