"""English rules for repetitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context, place
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import (
    clock_in_part,
    every,
    nth_weekday_of_months,
    on_weekdays,
    weekday_codes,
    within_stretch,
    without_days,
)
from assistant_app.agenda.when.holidays import Holiday
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Open, Part, Point, Range, Repeat, Unit

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

    @grammar.rule("SET", "every|each NUM UNIT", "once every|in NUM UNIT", "every FEW UNIT", bonus=0.8)
    def every_several(_c: Context, _s: Sides, count: Number | int, unit: Unit) -> Repeat | None:
        number = count.value if isinstance(count, Number) else count
        return every(int(number), unit) if number >= 1 and float(number).is_integer() else None

    @grammar.rule("SET", "every half an? UNIT", "EVERY half UNIT", bonus=0.9)
    def every_half(_c: Context, _s: Sides, *values: int | Unit) -> Repeat | None:
        unit = values[-1]
        return Repeat("MINUTELY", 30) if isinstance(unit, Unit) and unit.seconds == 3600 else None

    @grammar.rule("SET", "every ORD UNIT", bonus=0.8)
    def every_nth(_c: Context, _s: Sides, nth: int, unit: Unit) -> Repeat | None:
        """every third day"""
        return every(nth, unit)

    @grammar.rule("WDL", "WD ,|and|&|/ WD", "WD , and WD", "WDS ,|and|& WDS", "WDS , and WDS", "WDS and on WDS")
    def two_weekdays(_c: Context, _s: Sides, one: int, other: int) -> tuple[int, ...] | None:
        return (one, other) if one != other else None

    @grammar.rule("WDL", "WD -|to|through|thru WD", "WDS -|to|through|thru WDS", "from WDS to|through WDS", bonus=0.9)
    def weekday_span(_c: Context, _s: Sides, first: int, last: int) -> tuple[int, ...]:
        """Monday to Friday; Saturday to Tuesday"""
        return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))

    @grammar.rule("WDL", "WD ,|/? WDL", "WDS ,? WDL")
    def more_weekdays(_c: Context, _s: Sides, one: int, others: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if one in others else (one, *others)

    @grammar.rule("SET", "EVERY WD", "EVERY WDS", "EVERY WDL", bonus=0.4, rescue=True)
    def every_weekday(_c: Context, _s: Sides, interval: int, days: int | tuple[int, ...]) -> Repeat:
        return Repeat("WEEKLY", interval, weekday_codes(days))

    @grammar.rule("SET", "SET ,? on? WD", "SET ,? on? WDS", "SET ,? on? WDL", bonus=0.9, rescue=True)
    def on_those_days(_c: Context, _s: Sides, repeat: Repeat, days: int | tuple[int, ...]) -> Repeat | None:
        """every two weeks on Friday"""
        return on_weekdays(repeat, days) if repeat.clock is None and repeat.freq == "WEEKLY" else None

    @grammar.rule("EXCEPT", "except|excluding|but|besides WD", "except|but|besides WDS", bonus=0.3, rescue=True)
    @grammar.rule("EXCEPT", "except|excluding|but|besides WDL", "except|but not? for|on WD", bonus=0.3, rescue=True)
    @grammar.rule("EXCEPT", "except|but not? for|on WDS", "apart from WDS", "apart from WD", bonus=0.3, rescue=True)
    def exception(_c: Context, _s: Sides, days: int | tuple[int, ...]) -> tuple[int, ...]:
        return (days,) if isinstance(days, int) else days

    @grammar.rule("EXCEPT", "except|excluding|but for|on? the? weekend", "except|excluding|but for|on? weekends")
    def except_weekend(_c: Context, _s: Sides) -> tuple[int, ...]:
        return (5, 6)

    @grammar.rule("SET", "SET ,? EXCEPT", bonus=0.8)
    def except_days(_c: Context, _s: Sides, repeat: Repeat, days: tuple[int, ...]) -> Repeat | None:
        return without_days(repeat, days)

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
        return nth_weekday_of_months(interval, nth, weekday) if unit.grain == "month" else None

    @grammar.rule("SET", "SET on? the? ORD WD", "SET on? the? LAST WD", bonus=0.8, rescue=True)
    def monthly_on_nth(_c: Context, _s: Sides, repeat: Repeat, nth: int, weekday: int) -> Repeat | None:
        """monthly on the first Monday"""
        plain = repeat.freq == "MONTHLY" and not repeat.weekdays and repeat.month_day is None and not repeat.clock
        return nth_weekday_of_months(repeat.interval, nth, weekday) if plain else None

    @grammar.rule("SET", "the? last day of EVERY UNIT", "EVERY UNIT on the last day", bonus=1.2)
    @grammar.rule("SET", "the? end of EVERY UNIT", "OFTEN on the last day", bonus=1.2)
    def last_of_month(_c: Context, _s: Sides, *values: int | Unit | str) -> Repeat | None:
        unit = next((value for value in values if isinstance(value, Unit)), None)
        monthly = "MONTHLY" in values or (unit is not None and unit.grain == "month")
        return Repeat("MONTHLY", month_day=-1) if monthly else None

    @grammar.rule("SET", "the? ORD and the? ORD day? of EVERY UNIT", "EVERY UNIT on the ORD and the? ORD", bonus=1.2)
    def two_days_of_month(_c: Context, _s: Sides, *values: int | Unit) -> Repeat | None:
        unit = next((value for value in values if isinstance(value, Unit)), None)
        numbers = [value for value in values if isinstance(value, int)]
        one, other = numbers[:2] if isinstance(values[-1], Unit) else numbers[-2:]
        fits = unit is not None and unit.grain == "month" and one <= 31 and other <= 31
        return Repeat("MONTHLY", month_day=one, more_month_days=(other,)) if fits else None

    @grammar.rule("SET", "EVERY MONTH", bonus=0.8, rescue=True)
    def every_month_of_year(_c: Context, _s: Sides, interval: int, month: int) -> Repeat:
        return Repeat("YEARLY", interval, month=month)

    @grammar.rule("SET", "EVERY HOLIDAY", "on? HOLIDAY EVERY UNIT", bonus=1.0)
    def every_holiday(_c: Context, s: Sides, *values: int | Holiday | Unit) -> Repeat | None:
        holiday = next((value for value in values if isinstance(value, Holiday)), None)
        yearly = holiday.yearly if holiday else None
        if yearly is None:
            return None
        if len(yearly) == 2:
            return Repeat("YEARLY", month=yearly[0], month_day=yearly[1])
        return Repeat("YEARLY", 1, (f"{yearly[2]}{_WEEKDAY_CODES[yearly[1]]}",), month=yearly[0])

    @grammar.rule("SET", "every ORD WD", "every LAST WD", bonus=0.4, rescue=True)
    def every_nth_weekday(_c: Context, s: Sides, nth: int, weekday: int) -> Repeat | None:
        return nth_weekday_of_months(1, nth, weekday) if nth != 2 else None

    @grammar.rule("SET", "the? ORD day? of EVERY UNIT", "EVERY UNIT on the ORD", "OFTEN on the ORD", bonus=1.0)
    def nth_of_month(_c: Context, _s: Sides, *values: int | Unit | str) -> Repeat | None:
        numbers = [value for value in values if isinstance(value, int)]
        unit = next((value for value in values if isinstance(value, Unit)), None)
        monthly = "MONTHLY" in values or (unit is not None and unit.grain == "month")
        day = numbers[0] if unit and isinstance(values[-1], Unit) else numbers[-1]
        return Repeat("MONTHLY", month_day=day) if monthly and 1 <= day <= 31 else None

    @grammar.rule("SET", "EVERY ORD WD of|in the|a month", "EVERY LAST WD of|in the|a month", bonus=1.0, rescue=True)
    def every_nth_of_the_month(_c: Context, _s: Sides, _interval: int, nth: int, weekday: int) -> Repeat | None:
        return nth_weekday_of_months(1, nth, weekday)

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

    @grammar.rule("SET", "SET ,? R", "R ,? SET", "SET HH", "HH SET", bonus=0.6, rescue=True)
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

    @grammar.rule("SET", "on SET", bonus=0.1)
    def on_set(_c: Context, _s: Sides, repeat: Repeat) -> Repeat | None:
        """on alternate Thursdays"""
        return repeat if repeat.weekdays or repeat.month_day is not None else None

    @grammar.rule("SET", "WORKDAYS PARTS", "weekend PARTS", "on? WORKDAYS PART", bonus=0.8)
    def workday_parts(_c: Context, s: Sides, *values: int | Part) -> Repeat | None:
        days = ("SA", "SU") if s.first == "weekend" else _WORKDAYS
        part = values[-1]
        return Repeat("WEEKLY", 1, days, part=part) if isinstance(part, Part) else None

    @grammar.rule("SET", "SET ,? for LEN", "SET ,? for the next LEN", bonus=0.8)
    def set_length(_c: Context, _s: Sides, repeat: Repeat, length: Length) -> Repeat | None:
        """every day for two weeks; "every Monday for an hour" says how long each takes."""
        fits = not length.seconds and repeat.until is None and repeat.for_length is None
        return replace(repeat, for_length=length) if fits else None

    @grammar.rule("SET", "SET ,? for? NUM times|occurrences", bonus=0.8)
    def set_count(_c: Context, _s: Sides, repeat: Repeat, count: Number) -> Repeat | None:
        return replace(repeat, count=int(count.value)) if count.whole and 1 <= count.value <= 999 else None

    @grammar.rule("SET", "SET ,? D", "D ,? SET", bonus=0.6)
    def set_stretch(c: Context, _s: Sides, one: Repeat | Day, other: Repeat | Day) -> Repeat | None:
        repeat, day = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(day, Day) or (day.end is None and day.grain == "day"):
            return None
        return within_stretch(repeat, day, c)

    @grammar.rule("SET", "SET ,? R", bonus=0.5)
    def set_days(_c: Context, _s: Sides, repeat: Repeat, span: Range) -> Repeat | None:
        """every Monday from March 1 to June 1"""
        start, end = span.start, span.end
        fits = start.day and end.day and not (start.clock or end.clock or start.part or end.part)
        return replace(repeat, begin=start.day, until=end.day) if fits and not repeat.until else None

    @grammar.rule("SET", "SET ,? through|thru E", bonus=0.6)
    def set_end(c: Context, _s: Sides, repeat: Repeat, end: Point) -> Repeat | None:
        """through December: all of it"""
        if end.day is None or end.clock is not None or end.exact is not None or repeat.until is not None:
            return None
        placed = place(end.day, c.today)
        if placed is None or placed.start is None:
            return None
        return replace(repeat, until=Day(start=placed.end - timedelta(days=1) if placed.end else placed.start))

    @grammar.rule("SET", "SET ,? O", "O ,? SET", bonus=0.5)
    def set_limits(_c: Context, _s: Sides, one: Repeat | Open, other: Repeat | Open) -> Repeat | None:
        repeat, span = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(span, Open):
            return None
        day = span.point.day
        if day is None or span.point.clock or (repeat.begin if span.after else repeat.until):
            return None
        return replace(repeat, begin=day) if span.after else replace(repeat, until=day)
