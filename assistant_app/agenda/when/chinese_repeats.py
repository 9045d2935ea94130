"""Chinese rules for repetitions: 每周一、三、五, 每隔一周, 每月第一个周五, 除了周日."""

from __future__ import annotations

from dataclasses import replace

from assistant_app.agenda.when.calendar_steps import Context
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import every, nth_weekday_of_months, weekday_codes, without_days
from assistant_app.agenda.when.compose import on_weekdays as weekly_on
from assistant_app.agenda.when.values import Clock, Day, Number, Open, Part, Point, Range, Repeat, Unit


def add_rules(grammar: Grammar) -> None:
    _units(grammar)
    _weekdays(grammar)
    _times(grammar)


def _units(grammar: Grammar) -> None:
    @grammar.rule("SET", "EVERY UNIT", "每 NUM 个? UNIT", "每 隔 NUM 个? UNIT", "隔 UNIT", bonus=0.5)
    def every_unit(_c: Context, s: Sides, *values: int | Number | Unit) -> Repeat | None:
        """每隔一天 is every other day, 每隔一小时 every hour."""
        unit, number = values[-1], values[0]
        if not isinstance(unit, Unit):
            return None
        count = number.value if isinstance(number, Number) else 1
        if s.has("隔") and count == 1 and not unit.seconds:
            count = 2
        return every(int(count), unit) if count >= 1 and float(count).is_integer() else None

    @grammar.rule("SET", "EVERY 工 作 日", "工 作 日", "EVERY 平 日", bonus=0.7)
    def workdays(_c: Context, _s: Sides, *_interval: int) -> Repeat:
        return Repeat("WEEKLY", 1, weekday_codes((0, 1, 2, 3, 4)))

    @grammar.rule("SET", "EVERY 周|週 末", "EVERY PERIOD", bonus=0.7)
    def weekends(_c: Context, s: Sides, _interval: int, unit: Unit | None = None) -> Repeat | None:
        weekend = unit is None or unit.grain == "weekend"
        return Repeat("WEEKLY", 1, ("SA", "SU")) if weekend else every(1, unit) if unit else None

    @grammar.rule("SET", "每 个? 月 的? NUM 日|号|號", "每 个? 月 的? NUM 日|号|號 和|、 NUM 日|号|號", bonus=0.9)
    def monthly(_c: Context, _s: Sides, day: Number, other: Number | None = None) -> Repeat | None:
        days = [int(number.value) for number in (day, other) if number is not None]
        if not all(1 <= number <= 31 for number in days):
            return None
        return Repeat("MONTHLY", month_day=days[0], more_month_days=tuple(days[1:]))

    @grammar.rule("SET", "每 个? 月 的? 最 后|後 一 天", "每 个? 月 底|末", bonus=0.9)
    def last_day(_c: Context, _s: Sides) -> Repeat:
        return Repeat("MONTHLY", month_day=-1)

    @grammar.rule("SET", "每 个? 月 的? 第 NUM 个? WD", "每 个? 月 的? 最 后|後 一 个? WD", bonus=0.9)
    def nth_weekday(_c: Context, _s: Sides, *which: Number | int) -> Repeat | None:
        nth = int(which[0].value) if isinstance(which[0], Number) else -1
        weekday = which[-1]
        fits = isinstance(weekday, int) and (1 <= nth <= 5 or nth == -1)
        return nth_weekday_of_months(1, nth, weekday) if fits and isinstance(weekday, int) else None

    @grammar.rule("SET", "每 年 的? D", bonus=0.9)
    def yearly(_c: Context, _s: Sides, day: Day) -> Repeat | None:
        fits = day.month is not None and day.day is not None and day.year is None
        return Repeat("YEARLY", month=day.month, month_day=day.day) if fits else None


def _weekdays(grammar: Grammar) -> None:
    @grammar.rule("WDL", "WD 、|和|,|， WD", "WD WD")
    def two(_c: Context, _s: Sides, one: int, other: int) -> tuple[int, ...] | None:
        return (one, other) if one != other else None

    @grammar.rule("WDL", "WD 、|和|,|， SHORTDAY", "WD SHORTDAY SHORTDAY", "WD SHORTDAY")
    def short(_c: Context, _s: Sides, *days: int) -> tuple[int, ...] | None:
        """周一三五"""
        return days if len(set(days)) == len(days) else None

    @grammar.rule("WDL", "WDL 、|和|,|， WD", "WDL 、|和|,|， SHORTDAY", "WDL WD")
    def more(_c: Context, _s: Sides, days: tuple[int, ...], other: int) -> tuple[int, ...] | None:
        return (*days, other) if other not in days else None

    @grammar.rule("WDL", "WD 到|至|-|~ WD", "WD 到|至|-|~ SHORTDAY", bonus=0.9)
    def span(_c: Context, _s: Sides, first: int, last: int) -> tuple[int, ...] | None:
        return tuple(range(first, last + 1)) if first < last else None

    @grammar.rule("SHORTDAY", "DIGIT", "日|天")
    def short_day(_c: Context, s: Sides, number: Number | None = None) -> int | None:
        return 6 if number is None else int(number.value) - 1 if 1 <= number.value <= 6 else None

    @grammar.rule("SET", "EVERY WD", "EVERY WDL", "每 逢|到 WD", "每 逢|到 WDL", bonus=0.7)
    def every_weekday(_c: Context, _s: Sides, *values: int | tuple[int, ...]) -> Repeat:
        return Repeat("WEEKLY", 1, weekday_codes(values[-1]))

    @grammar.rule("SET", "SET 的? WD", "SET 的? WDL", bonus=0.8)
    def on_weekdays(_c: Context, _s: Sides, repeat: Repeat, days: int | tuple[int, ...]) -> Repeat | None:
        """每隔一周周一"""
        return weekly_on(repeat, days) if repeat.clock is None and repeat.part is None else None

    @grammar.rule("EXCEPT", "除 了? WD", "除 了? WD 以|之? 外", "除 了? WDL", "除 了? WDL 以|之? 外")
    def exception(_c: Context, _s: Sides, days: int | tuple[int, ...]) -> tuple[int, ...]:
        return (days,) if isinstance(days, int) else days

    @grammar.rule("SET", "SET ,|，? EXCEPT", "EXCEPT 的? SET", bonus=0.8)
    def except_days(_c: Context, _s: Sides, *values: Repeat | int | tuple[int, ...]) -> Repeat | None:
        repeat = next((value for value in values if isinstance(value, Repeat)), None)
        days = next((value for value in values if not isinstance(value, Repeat)), None)
        return without_days(repeat, days) if repeat is not None and isinstance(days, int | tuple) else None


def _times(grammar: Grammar) -> None:
    @grammar.rule("SET", "SET 的? C", bonus=0.4)
    def set_clock(_c: Context, _s: Sides, repeat: Repeat, clock: Clock) -> Repeat | None:
        return replace(repeat, clock=clock) if repeat.clock is None else None

    @grammar.rule("SET", "SET 的? PART", bonus=0.4)
    def set_part(_c: Context, _s: Sides, repeat: Repeat, part: Part) -> Repeat | None:
        return replace(repeat, part=part) if repeat.clock is None and repeat.part is None else None

    @grammar.rule("SET", "SET 的? R", bonus=0.5)
    def set_range(_c: Context, _s: Sides, repeat: Repeat, span: Range) -> Repeat | None:
        fits = repeat.clock is None and span.start.clock and span.end.clock and not span.start.day
        return replace(repeat, clock=span.start.clock, end_clock=span.end.clock) if fits else None

    @grammar.rule("SET", "SET ,|，? 直? 到|至 E 为? 止?", bonus=0.6)
    def set_until(_c: Context, _s: Sides, repeat: Repeat, end: Point) -> Repeat | None:
        fits = end.day is not None and end.clock is None and repeat.until is None and end.day.weekday is None
        return replace(repeat, until=end.day) if fits else None

    @grammar.rule("SET", "O ,|，? SET", bonus=0.6)
    def set_from(_c: Context, _s: Sides, span: Open, repeat: Repeat) -> Repeat | None:
        fits = span.after and span.point.day is not None and repeat.begin is None
        return replace(repeat, begin=span.point.day) if fits else None

    @grammar.rule("SET", "D 起|开 始? ,|，? SET", bonus=0.6)
    def set_begin(_c: Context, _s: Sides, day: Day, repeat: Repeat) -> Repeat | None:
        return replace(repeat, begin=day) if repeat.begin is None else None
