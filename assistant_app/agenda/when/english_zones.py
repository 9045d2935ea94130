"""English rules for time zones: "3 pm London time", "9:30 PST", "noon UTC+2"."""

from __future__ import annotations

from dataclasses import replace

from assistant_app.agenda.when.calendar_steps import Context
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.values import Clock, Number, Part, Point, Range
from assistant_app.agenda.when.zones import SHORT_NAMES, zone_names


def add_words(grammar: Grammar) -> None:
    names = zone_names()
    latin = {name: key for name, key in names.items() if name.isascii()}
    grammar.word("ZONENAME", latin)
    grammar.word("ZONE", {name: key for name, key in latin.items() if name in SHORT_NAMES})


def add_rules(grammar: Grammar) -> None:
    @grammar.rule("ZONE", "ZONENAME time", "ZONENAME timezone", "ZONENAME time zone", "ZONENAME local time")
    def named(_c: Context, _s: Sides, key: str) -> str:
        return key

    @grammar.rule("ZONE", "in ZONENAME time", "( ZONE )", bonus=-0.5)
    def in_place(_c: Context, _s: Sides, key: str) -> str:
        return key

    @grammar.rule("ZONE", "utc|gmt +|-|– NUM h?", "utc|gmt +|-|– NUM : NUM", bonus=1.5)
    def offset(_c: Context, s: Sides, hours: Number, minutes: Number | None = None) -> str | None:
        value = int(hours.value) * 60 + (int(minutes.value) if minutes else 0)
        if hours.digits == 4:
            value = int(hours.value) // 100 * 60 + int(hours.value) % 100
        sign = "+" if s.has("+") else "-"
        return f"{sign}{value // 60:02d}:{value % 60:02d}" if value <= 14 * 60 else None

    @grammar.rule("C", "C ,? ZONE", bonus=0.5)
    def clock_zone(_c: Context, _s: Sides, clock: Clock, zone: str) -> Clock | None:
        return replace(clock, zone=zone) if clock.zone is None else None

    @grammar.rule("C", "H ZONE", "at H ZONE", bonus=0.4, rescue=True)
    def hour_zone(_c: Context, _s: Sides, clock: Clock, zone: str) -> Clock:
        return replace(clock, zone=zone)

    @grammar.rule("P", "P ZONE", bonus=0.5)
    def part_zone(_c: Context, _s: Sides, part: Part, zone: str) -> Part:
        return replace(part, zone=zone)

    @grammar.rule("T", "T ZONE", bonus=0.4)
    def point_zone(_c: Context, _s: Sides, point: Point, zone: str) -> Point | None:
        return point_in(point, zone)

    @grammar.rule("R", "R ZONE", "HH ZONE", bonus=0.4, rescue=True)
    def range_zone(_c: Context, _s: Sides, span: Range, zone: str) -> Range | None:
        start, end = point_in(span.start, zone), point_in(span.end, zone)
        return Range(start, end) if start and end else None


def point_in(point: Point, zone: str) -> Point | None:
    """The point with its hours in that zone; None where it has none, or one already."""
    if point.clock is not None and point.clock.zone is None:
        return replace(point, clock=replace(point.clock, zone=zone))
    if point.part is not None and point.clock is None:
        return replace(point, part=replace(point.part, zone=zone))
    return None
