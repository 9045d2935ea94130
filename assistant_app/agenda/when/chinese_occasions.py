"""Chinese rules for holidays, seasons and time zones: 明年春节, 夏天, 伦敦时间下午三点."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context, place, season, season_to_come
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.english_zones import point_in
from assistant_app.agenda.when.holidays import Holiday
from assistant_app.agenda.when.values import Clock, Day, Part, Point, Range
from assistant_app.agenda.when.zones import zone_names

_SEASONS = {sign + ending: which for which, sign in enumerate("春夏秋冬") for ending in ("天", "季")}


def add_rules(grammar: Grammar) -> None:
    _holidays(grammar)
    _seasons(grammar)
    _zones(grammar)


def _holidays(grammar: Grammar) -> None:
    @grammar.rule("D", "HOLIDAY", "HOLIDAY 当|那 天", "在 HOLIDAY", bonus=0.4)
    def holiday(_c: Context, _s: Sides, holiday: Holiday) -> Day:
        return Day(holiday=holiday)

    @grammar.rule("D", "YEAR 的? HOLIDAY", "YEARREL 的? HOLIDAY", bonus=0.6)
    def in_year(c: Context, _s: Sides, year: int, holiday: Holiday) -> Day:
        return Day(holiday=holiday, year=year if year > 100 else c.today.year + year)

    @grammar.rule("D", "REL HOLIDAY", bonus=0.6)
    def relative(c: Context, _s: Sides, shift: int, holiday: Holiday) -> Day | None:
        if shift < 0:
            found = holiday.last_before(c.today)
        elif shift > 0:
            found = holiday.next_from(c.today + timedelta(days=1))
        else:
            found = holiday.date_in(c.today.year)
        return Day(start=found) if found else None


def _seasons(grammar: Grammar) -> None:
    grammar.word("SEASON", _SEASONS)

    @grammar.rule("D", "SEASON", bonus=0.2)
    def to_come(c: Context, _s: Sides, which: int) -> Day:
        return season_to_come(which, c)

    @grammar.rule("D", "D 的? SEASON", bonus=0.6)
    def of_year(c: Context, _s: Sides, year: Day, which: int) -> Day | None:
        placed = place(year, c.today)
        fits = placed is not None and placed.grain == "year" and placed.start is not None
        return season(placed.start.year, which, c) if fits and placed and placed.start else None


def _zones(grammar: Grammar) -> None:
    grammar.word("ZONENAME", {name: key for name, key in zone_names().items() if not name.isascii()})

    @grammar.rule("ZONE", "ZONENAME 当? 地? 时|時 间|間 的?", bonus=0.5)
    def zone(_c: Context, _s: Sides, key: str) -> str:
        return key

    @grammar.rule("C", "ZONE C", "C ZONE", bonus=0.5)
    def clock_zone(_c: Context, _s: Sides, one: str | Clock, other: str | Clock) -> Clock | None:
        clock, zone = (one, other) if isinstance(one, Clock) else (other, one)
        fits = isinstance(clock, Clock) and isinstance(zone, str) and clock.zone is None
        return replace(clock, zone=zone) if fits and isinstance(clock, Clock) and isinstance(zone, str) else None

    @grammar.rule("T", "ZONE T", "ZONE 的? D PART", bonus=0.5)
    def point_zone(_c: Context, _s: Sides, zone: str, point: Point | Day, part: Part | None = None) -> Point | None:
        return point_in(Point(point, part=part) if isinstance(point, Day) else point, zone)

    @grammar.rule("R", "ZONE R", bonus=0.5)
    def range_zone(_c: Context, _s: Sides, zone: str, span: Range) -> Range | None:
        start, end = point_in(span.start, zone), point_in(span.end, zone)
        return Range(start, end) if start and end else None
