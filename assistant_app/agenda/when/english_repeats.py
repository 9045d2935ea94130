"""English rules for repetitions."""

from __future__ import annotations

from dataclasses import replace

from assistant_app.agenda.when.calendar_steps import (
    Context,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import (
    clock_in_part,
    every,
    weekday_codes,
)
from assistant_app.agenda.when.values import Clock, Day, Number, Open, Part, Range, Repeat, Unit

_WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = _WEEKDAY_CODES[:5]


def add_rules(grammar: Grammar) -> None:
    _repeats(grammar)


def _repeats(grammar: Grammar) -> None:
    @grammar.rule("SET", "OFTEN")
    def often(_c: Context, _s: Sides, freq: str) -> Repeat:
        return {"QUARTERLY": Repeat("MONTHLY", 3), "BIWEEKLY": Repeat("WEEKLY", 2)}.get(freq) or Repeat(freq)

    @grammar.rule("SET", "EVERY UNIT", "once a UNIT", bonus=0.8)
    def every_unit(_c: Context, _s: Sides, interval: int | Unit, unit: Unit | None = None) -> Repeat | None:
        count, found = (1, interval) if isinstance(interval, Unit) else (interval, unit)
        return every(count, found) if found else None

    @grammar.rule("SET", "every|each NUM UNIT", "once every NUM UNIT", bonus=0.8)
    def every_several(_c: Context, _s: Sides, count: Number, unit: Unit) -> Repeat | None:
        return every(int(count.value), unit) if count.value >= 1 and count.whole else None

    @grammar.rule("WDL", "WD ,|and|& WD", "WD , and WD", "WDS ,|and|& WDS")
    def two_weekdays(_c: Context, _s: Sides, one: int, other: int) -> tuple[int, ...] | None:
        return (one, other) if one != other else None

    @grammar.rule("WDL", "WD ,? WDL", "WDS ,? WDL")
    def more_weekdays(_c: Context, _s: Sides, one: int, others: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if one in others else (one, *others)

    @grammar.rule("SET", "EVERY WD", "EVERY WDL", bonus=0.4, rescue=True)
    def every_weekday(_c: Context, _s: Sides, interval: int, days: int | tuple[int, ...]) -> Repeat:
        return Repeat("WEEKLY", interval, weekday_codes(days))

    @grammar.rule("SET", "on? WDS", "on? WDL", bonus=0.6)
    def plural_weekdays(_c: Context, s: Sides, days: int | tuple[int, ...]) -> Repeat | None:
        plural = s.tokens[s.end - 1].text.endswith("days")
        return Repeat("WEEKLY", 1, weekday_codes(days)) if plural else None

    @grammar.rule("SET", "EVERY WORKDAYS", "on? WORKDAYS", "every workday", bonus=0.6)
    def workdays(_c: Context, s: Sides, *_ignored: int) -> Repeat | None:
        text = s.tokens[s.end - 1].text
        return Repeat("WEEKLY", 1, _WORKDAYS) if text != "weekday" or s.end - s.start > 1 else None

    @grammar.rule("SET", "on? weekends", "EVERY weekend", bonus=0.9)
    def weekends(_c: Context, _s: Sides, *_interval: int) -> Repeat:
        return Repeat("WEEKLY", 1, ("SA", "SU"))

    @grammar.rule("SET", "EVERY PART", "in? the? PARTS", "nightly", bonus=0.9)
    def every_part(_c: Context, _s: Sides, *values: int | Part) -> Repeat:
        part = values[-1] if values and isinstance(values[-1], Part) else None
        return Repeat("DAILY", part=part)

    @grammar.rule("SET", "EVERY WD PART", "WDS PART", "WD PARTS", bonus=0.4, rescue=True)
    def weekday_parts(_c: Context, _s: Sides, *values: int | Part) -> Repeat | None:
        part, weekday = values[-1], values[-2]
        return (
            Repeat("WEEKLY", 1, weekday_codes(weekday), part=part)
            if isinstance(part, Part) and isinstance(weekday, int)
            else None
        )

    @grammar.rule("SET", "the? ORD WD of|in? EVERY UNIT", "the? LAST WD of|in? EVERY UNIT", bonus=0.4, rescue=True)
    def nth_weekday(_c: Context, _s: Sides, nth: int, weekday: int, interval: int, unit: Unit) -> Repeat | None:
        fits = unit.grain == "month" and nth <= 5
        return Repeat("MONTHLY", interval, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if fits else None

    @grammar.rule("SET", "every ORD WD", "every LAST WD", bonus=0.4, rescue=True)
    def every_nth_weekday(_c: Context, s: Sides, nth: int, weekday: int) -> Repeat | None:
        fits = nth != 2 and nth <= 5
        return Repeat("MONTHLY", 1, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if fits else None

    @grammar.rule("SET", "the? ORD day? of EVERY UNIT", "EVERY UNIT on the ORD", "OFTEN on the ORD", bonus=1.0)
    def nth_of_month(_c: Context, _s: Sides, *values: int | Unit | str) -> Repeat | None:
        numbers = [value for value in values if isinstance(value, int)]
        unit = next((value for value in values if isinstance(value, Unit)), None)
        monthly = "MONTHLY" in values or (unit is not None and unit.grain == "month")
        day = numbers[0] if unit and isinstance(values[-1], Unit) else numbers[-1]
        return Repeat("MONTHLY", month_day=day) if monthly and 1 <= day <= 31 else None

    @grammar.rule("SET", "EVERY ORD WD of|in the|a month", "EVERY LAST WD of|in the|a month", bonus=1.0, rescue=True)
    def every_nth_of_the_month(_c: Context, _s: Sides, _interval: int, nth: int, weekday: int) -> Repeat | None:
        return Repeat("MONTHLY", 1, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if nth <= 5 else None

    @grammar.rule("SET", "EVERY UNIT on? D", "OFTEN on? D", bonus=0.9)
    def yearly_on(_c: Context, _s: Sides, *values: int | str | Unit | Day) -> Repeat | None:
        unit = next((value for value in values if isinstance(value, Unit)), None)
        day = values[-1]
        yearly = "YEARLY" in values or (unit is not None and unit.months == 12)
        if not yearly or not isinstance(day, Day) or day.month is None or day.day is None or day.year:
            return None
        return Repeat("YEARLY", month=day.month, month_day=day.day)

    @grammar.rule("SET", "EVERY D", "D EVERY UNIT", bonus=0.8)
    def every_date(_c: Context, s: Sides, *values: int | Day | Unit) -> Repeat | None:
        day = next((value for value in values if isinstance(value, Day)), None)
        unit = next((value for value in values if isinstance(value, Unit)), None)
        if day is None or day.month is None or day.day is None or day.year or (unit and unit.grain != "year"):
            return None
        return Repeat("YEARLY", month=day.month, month_day=day.day)

    @grammar.rule("SET", "SET ,|at? C", "SET at H", "C ,|on? SET", bonus=0.6)
    def set_clock(_c: Context, _s: Sides, one: Repeat | Clock, other: Repeat | Clock) -> Repeat | None:
        repeat, clock = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(clock, Clock) or repeat.clock:
            return None
        placed = clock_in_part(clock, repeat.part) if repeat.part else clock
        return replace(repeat, clock=placed) if placed else None

    @grammar.rule("SET", "SET ,? R", "R ,? SET", "SET HH", "HH SET", bonus=0.6)
    def set_range(_c: Context, _s: Sides, one: Repeat | Range, other: Repeat | Range) -> Repeat | None:
        repeat, span = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(span, Range) or repeat.clock or span.start.day:
            return None
        return replace(repeat, clock=span.start.clock, end_clock=span.end.clock) if span.start.clock else None

    @grammar.rule("SET", "SET P", "P SET", "SET in the PART", bonus=0.5)
    def set_part(_c: Context, _s: Sides, one: Repeat | Part, other: Repeat | Part) -> Repeat | None:
        repeat, part = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(part, Part) or repeat.part or repeat.clock:
            return None
        return replace(repeat, part=part)

    @grammar.rule("SET", "SET O", bonus=0.5)
    def set_limits(_c: Context, _s: Sides, repeat: Repeat, span: Open) -> Repeat | None:
        day = span.point.day
        if day is None or span.point.clock or (repeat.begin if span.after else repeat.until):
            return None
        return replace(repeat, begin=day) if span.after else replace(repeat, until=day)
