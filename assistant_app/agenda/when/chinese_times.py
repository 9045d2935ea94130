"""Chinese rules for clock times, parts of the day, lengths and ranges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context, add_length, add_months
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import as_point, clock_in_part, on_day, range_of, times
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Open, Part, Point, Range, Stretch, Unit


def add_rules(grammar: Grammar) -> None:
    _clocks(grammar)
    _lengths(grammar)
    _ranges(grammar)


def _clocks(grammar: Grammar) -> None:
    def clock_of(hour: Number, minute: float = 0, second: float = 0) -> Clock | None:
        fits = hour.whole and 0 <= hour.value <= 24 and 0 <= minute < 60 and 0 <= second < 60
        sure = hour.value > 12 or hour.value == 0
        return Clock(int(hour.value) % 24, int(minute), int(second), sure, "minute") if fits else None

    @grammar.rule("C", "NUM 点|點|时|時 钟|整?", bonus=0.2)
    def hour(_c: Context, _s: Sides, hour: Number) -> Clock | None:
        found = clock_of(hour)
        return replace(found, grain="hour") if found else None

    @grammar.rule("C", "NUM 点|點|时 半", bonus=0.3)
    def half(_c: Context, _s: Sides, hour: Number) -> Clock | None:
        return clock_of(hour, 30)

    @grammar.rule("C", "NUM 点|點|时 NUM 刻", bonus=0.3)
    def quarters(_c: Context, _s: Sides, hour: Number, quarters: Number) -> Clock | None:
        return clock_of(hour, 15 * quarters.value)

    @grammar.rule("C", "NUM 点|點|时 NUM 分?", "NUM 点|點|时 NUM 分 NUM 秒", bonus=0.3)
    def minutes(_c: Context, _s: Sides, hour: Number, minute: Number, second: Number | None = None) -> Clock | None:
        return clock_of(hour, minute.value, second.value if second else 0)

    @grammar.rule("C", "NUM :|： NUM", "NUM : NUM : NUM", bonus=0.2)
    def digital(_c: Context, s: Sides, hour: Number, minute: Number, second: Number | None = None) -> Clock | None:
        fits = s.tight and minute.digits == 2
        return clock_of(hour, minute.value, second.value if second else 0) if fits else None

    @grammar.rule("C", "C AMPM", bonus=0.3)
    def meridiem(_c: Context, _s: Sides, clock: Clock, shift: int) -> Clock | None:
        return replace(clock, hour=clock.hour % 12 + shift, sure=True) if clock.hour <= 12 else clock

    @grammar.rule("C", "PART 的? C", "SPART C", bonus=0.3)
    def part_clock(_c: Context, _s: Sides, part: Part, clock: Clock) -> Clock | None:
        return _in_part(clock, part)

    @grammar.rule("C", "大 约|概 C", "约|在 C")
    def about(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("P", "PART")
    def part(_c: Context, _s: Sides, part: Part) -> Part:
        return part

    @grammar.rule("T", "D 的? C", bonus=0.4)
    def day_clock(_c: Context, _s: Sides, day: Day, clock: Clock) -> Point | None:
        return Point(day, clock) if day.grain == "day" else None

    @grammar.rule("T", "D 的? PART", "D SPART", bonus=0.4)
    def day_part(_c: Context, _s: Sides, day: Day, part: Part) -> Point | None:
        return Point(day, part=part) if day.grain == "day" else None

    @grammar.rule("T", "NEAR SPART", "NEAR PART", bonus=0.4)
    def near_part(c: Context, _s: Sides, shift: int, part: Part) -> Point:
        return Point(Day(start=c.today + timedelta(days=shift)), part=part)

    @grammar.rule("T", "T 的? C", bonus=0.4)
    def part_then_clock(_c: Context, _s: Sides, point: Point, clock: Clock) -> Point | None:
        if point.part is None or point.clock is not None:
            return None
        placed = _in_part(clock, point.part)
        return Point(point.day, placed) if placed else None

    @grammar.rule("T", "NOW")
    def now(c: Context, _s: Sides, _now: int) -> Point:
        return Point(exact=c.now)


def _in_part(clock: Clock, part: Part) -> Clock | None:
    if part.name == "dawn" and not clock.sure:
        return replace(clock, hour=clock.hour % 12, sure=True)
    return clock_in_part(clock, part)


def _lengths(grammar: Grammar) -> None:
    @grammar.rule("LEN", "NUM 个|個? UNIT", bonus=0.1)
    def length(_c: Context, s: Sides, count: Number, unit: Unit) -> Length | None:
        last = s.last
        if (last == "月" and not s.has("个", "個")) or last == "日" or (last == "年" and count.digits == 4):
            return None
        if s.after in ("岁", "歲", "代") or s.before == "第":
            return None  # 18周岁, 九十年代, 第九个月
        return times(count.value, unit)

    @grammar.rule("LEN", "半 个|個? UNIT", "NUM 个|個 半 UNIT", "NUM UNIT 半", bonus=0.5)
    def half(_c: Context, s: Sides, *values: Number | Unit) -> Length | None:
        unit = next((value for value in values if isinstance(value, Unit)), None)
        count = next((value.value for value in values if isinstance(value, Number)), 0)
        return times(count + 0.5, unit) if unit else None

    @grammar.rule("LEN", "LEN 又|零|多|余? LEN", bonus=0.1)
    def together(_c: Context, _s: Sides, one: Length, other: Length) -> Length:
        order = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
        finer = min(one.grain, other.grain, key=lambda grain: order.index(grain) if grain in order else 0)
        return Length(one.months + other.months, one.days + other.days, one.seconds + other.seconds, finer)

    @grammar.rule("T", "LEN 后|後", "LEN 之|以 后|後", bonus=0.5)
    def ahead(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length)) if length.seconds else None

    @grammar.rule("T", "LEN 前", "LEN 之|以 前", bonus=0.5)
    def ago(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length, -1)) if length.seconds else None

    @grammar.rule("D", "LEN 后|後", "LEN 之|以 后|後", "LEN 前", "LEN 之|以 前", bonus=0.5)
    def days_away(c: Context, s: Sides, length: Length) -> Day | None:
        sign = -1 if s.tokens[s.end - 1].text == "前" else 1
        return Day(start=add_length(c.now, length, sign).date()) if not length.seconds else None

    @grammar.rule("S", "过 去 LEN", "最 近 LEN", "前|上 LEN", bonus=0.5)
    def past_hours(c: Context, _s: Sides, length: Length) -> Stretch | None:
        return Stretch(Point(exact=add_length(c.now, length, -1)), length) if length.seconds else None

    @grammar.rule(
        "S", "未 来 LEN", "接 下 来 LEN", "后|後 LEN", "之|以 后|後 LEN", "还 剩 下? LEN", "剩 下 LEN", bonus=0.5
    )
    def next_hours(c: Context, _s: Sides, length: Length) -> Stretch | None:
        return Stretch(Point(exact=c.now), length) if length.seconds else None

    @grammar.rule("S", "REL UNIT", bonus=0.5)
    def near_hour(c: Context, _s: Sides, relative: int, unit: Unit) -> Stretch | None:
        """上个小时"""
        if not unit.seconds or relative not in (-1, 1):
            return None
        length = times(1, unit)
        return Stretch(Point(exact=c.now if relative > 0 else add_length(c.now, length, -1)), length)

    @grammar.rule("D", "过 去 LEN", "最 近 LEN", "前 LEN", bonus=0.5)
    @grammar.rule("D", "未 来 LEN", "接 下 来 LEN", "今? 后|後 LEN", "之|以 后|後 LEN", "还 剩 下? LEN", bonus=0.5)
    def several(c: Context, s: Sides, length: Length) -> Day | None:
        if length.seconds:
            return None
        if s.first in ("过", "最", "前"):
            return Day(start=add_length(c.now, length, -1).date(), end=c.today, grain=length.grain)
        start = c.today + timedelta(days=1)
        end = add_months(start, round(length.months)) + timedelta(days=length.days)
        return Day(start=start, end=end, grain=length.grain)


def _ranges(grammar: Grammar) -> None:
    for kind in ("D", "C", "T"):
        _endpoint(grammar, kind)

    @grammar.rule("R", "从|自|由? E 到|至|-|~|–|—|－ E", "E 和|与 E 之 间", bonus=0.6)
    def from_to(_c: Context, _s: Sides, start: Point, end: Point) -> Range | None:
        start, end = _shared_part(start, end)
        return range_of(start, end, cue=True)

    @grammar.rule("R", "D 的? R", bonus=0.4)
    def day_range(_c: Context, _s: Sides, day: Day, span: Range) -> Range | None:
        return on_day(span, day)

    @grammar.rule("R", "从|自? NUM -|~|–|—|－|到|至 YEAR", bonus=0.5)
    def years(_c: Context, _s: Sides, start: Number, end: int) -> Range | None:
        fits = start.digits == 4 and start.value < end
        return (
            Range(Point(Day(year=int(start.value), grain="year")), Point(Day(year=end, grain="year"))) if fits else None
        )

    @grammar.rule("D", "= D", bonus=0.1)
    def equal(_c: Context, _s: Sides, day: Day) -> Day:
        return day

    @grammar.rule("D", "= NUM", bonus=0.1)
    def equal_year(_c: Context, _s: Sides, number: Number) -> Day | None:
        return Day(year=int(number.value), grain="year") if number.digits == 4 and 1500 <= number.value < 2200 else None

    @grammar.rule("O", "E 之 前", "E 以 前", "E 前", bonus=0.5)
    def before(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=False)

    @grammar.rule("O", "E 或|及 之 前", "E 或|及 以 前", bonus=0.5)
    def until(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=False, inclusive=True)

    @grammar.rule("O", "E 之 后|後", "E 以 后|後", "E 后|後", bonus=0.5)
    def after(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True)

    @grammar.rule("O", "E 或|及 之 后|後", "E 或|及 以 后|後", "从|自? E 起", "自 从 E", bonus=0.6)
    def since(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True, inclusive=True)

    @grammar.rule("O", "从|自? E 开 始", "从|自? E 以 来", bonus=0.6)
    def starting(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True, inclusive=True)


def _shared_part(start: Point, end: Point) -> tuple[Point, Point]:
    """下午三点到五点: the part of day holds for both."""
    if start.clock and end.clock and start.clock.sure and not end.clock.sure and end.day is None:
        hour = end.clock.hour % 12 + (12 if start.clock.hour >= 12 else 0)
        if hour > start.clock.hour:
            return start, replace(end, clock=replace(end.clock, hour=hour, sure=True))
    return start, end


def _endpoint(grammar: Grammar, kind: str) -> None:
    @grammar.rule("E", kind)
    def endpoint(_c: Context, _s: Sides, value: Day | Clock | Point) -> Point:
        return as_point(value)
