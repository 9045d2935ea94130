"""Chinese words for times and the rules that combine them.

The same types as in English (day, clock, part of day, range, ...), so that placing them on the
calendar is shared. 下周五 is the Friday of next week; weeks start on Monday.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
    add_length,
    add_months,
    month_exists,
    period,
    place,
    week_of,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import as_point, clock_in_part, every, on_day, range_of, times, weekday_codes
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Open, Part, Point, Range, Repeat, Unit

_DIGITS = dict(zip("零〇一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_PARTS = {
    "凌晨": Part(0, 6, "dawn"),
    "清晨": Part(6, 8, "morning"),
    "早上": Part(8, 12, "morning"),
    "早晨": Part(8, 12, "morning"),
    "早间": Part(8, 12, "morning"),
    "上午": Part(8, 12, "morning"),
    "中午": Part(11, 13, "lunch"),
    "下午": Part(12, 16, "afternoon"),
    "午后": Part(12, 16, "afternoon"),
    "傍晚": Part(16, 20, "evening"),
    "晚上": Part(16, 20, "evening"),
    "晚间": Part(16, 20, "evening"),
    "夜里": Part(20, 24, "night"),
    "深夜": Part(20, 24, "night"),
}
_SHORT_PARTS = {"早": _PARTS["早上"], "晚": _PARTS["晚上"], "晨": _PARTS["凌晨"]}
_UNITS = {
    "秒": Unit("second", seconds=1),
    "分": Unit("minute", seconds=60),
    "小时": Unit("hour", seconds=3600),
    "天": Unit("day", days=1),
    "日": Unit("day", days=1),
    "周": Unit("week", days=7),
    "月": Unit("month", months=1),
    "季度": Unit("quarter", months=3),
    "年": Unit("year", months=12),
}
_LENGTH_UNITS = {
    "秒": "秒",
    "秒钟": "秒",
    "分钟": "分",
    "分鐘": "分",
    "小时": "小时",
    "小時": "小时",
    "钟头": "小时",
    "时": "小时",
    "天": "天",
    "日": "天",
    "周": "周",
    "星期": "周",
    "礼拜": "周",
    "月": "月",
    "季度": "季度",
    "年": "年",
}
_WEEK_WORDS = ("周", "週", "星期", "礼拜")


def add_words(grammar: Grammar) -> None:
    """The lexicon."""
    grammar.numeral = ("NUM", lambda digits: Number(int(digits[:12]), len(digits)))
    grammar.word("DIGIT", {word: Number(value) for word, value in _DIGITS.items()})
    grammar.word("PART", _PARTS)
    grammar.word("SPART", _SHORT_PARTS)
    grammar.word("UNIT", {word: _UNITS[name] for word, name in _LENGTH_UNITS.items()})
    for week in _WEEK_WORDS:
        for number, day in enumerate("一二三四五六日"):
            grammar.word("WD", {week + day: number})
        grammar.word("WD", {week + "天": 6})
    days = {"今天": 0, "今日": 0, "明天": 1, "明日": 1, "昨天": -1, "昨日": -1, "后天": 2, "後天": 2, "前天": -2}
    grammar.word("TODAY", {**days, "大后天": 3, "大前天": -3})
    grammar.word("NEAR", {"今": 0, "明": 1, "昨": -1})
    shifts = {"这": 0, "這": 0, "本": 0, "上": -1, "下": 1, "上上": -2, "下下": 2, "这个": 0, "上个": -1, "下个": 1}
    grammar.word("REL", {**shifts, "上上个": -2, "下下个": 2, "当": 0})
    grammar.word("PERIOD", {word: _UNITS["周"] for word in _WEEK_WORDS})
    grammar.word("PERIOD", {"月": _UNITS["月"], "季度": _UNITS["季度"]})
    grammar.word("PERIOD", {"周末": Unit("weekend", days=7), "週末": Unit("weekend", days=7)})
    grammar.word("YEARREL", {"今年": 0, "明年": 1, "去年": -1, "后年": 2, "後年": 2, "前年": -2, "本年": 0})
    grammar.word("NOW", dict.fromkeys(("现在", "現在", "马上", "此刻", "目前"), 0))
    grammar.word("EVERY", dict.fromkeys(("每", "每个", "每個"), 1))
    grammar.word("AMPM", {"am": 0, "a.m.": 0, "pm": 12, "p.m.": 12})


def add_rules(grammar: Grammar) -> None:
    _numbers(grammar)
    _days(grammar)
    _clocks(grammar)
    _lengths(grammar)
    _ranges(grammar)
    _repeats(grammar)


def _numbers(grammar: Grammar) -> None:
    @grammar.rule("NUM", "DIGIT")
    def digit(_c: Context, _s: Sides, digit: Number) -> Number:
        return digit

    @grammar.rule("NUM", "十", "十 DIGIT")
    def ten(_c: Context, _s: Sides, ones: Number | None = None) -> Number:
        return Number(10 + (ones.value if ones else 0))

    @grammar.rule("NUM", "DIGIT 十", "DIGIT 十 DIGIT")
    def tens(_c: Context, _s: Sides, tens: Number, ones: Number | None = None) -> Number:
        return Number(tens.value * 10 + (ones.value if ones else 0))

    @grammar.rule("YEAR", "DIGIT DIGIT DIGIT DIGIT 年", bonus=0.3)
    def spelled_year(_c: Context, _s: Sides, a: Number, b: Number, c: Number, d: Number) -> int:
        return int(a.value * 1000 + b.value * 100 + c.value * 10 + d.value)

    @grammar.rule("YEAR", "NUM 年", "DIGIT DIGIT 年", bonus=0.1)
    def year(_c: Context, _s: Sides, number: Number, ones: Number | None = None) -> int | None:
        if ones is not None:
            return 2000 + int(number.value * 10 + ones.value) if number.value < 3 else None
        if number.digits == 4 and 1500 <= number.value < 2200:
            return int(number.value)
        return int(number.value) + (2000 if number.value < 70 else 1900) if number.digits == 2 else None


def _days(grammar: Grammar) -> None:
    @grammar.rule("D", "NUM 月 NUM 日|号|號", bonus=0.5)
    def month_day(_c: Context, _s: Sides, month: Number, day: Number) -> Day | None:
        fits = month.whole and day.whole and month_exists(2024, int(month.value), int(day.value))
        return Day(month=int(month.value), day=int(day.value)) if fits else None

    @grammar.rule("D", "NUM 日|号|號")
    def day(_c: Context, _s: Sides, day: Number) -> Day | None:
        return Day(day=int(day.value)) if 1 <= day.value <= 31 else None

    @grammar.rule("D", "NUM 月")
    def month(_c: Context, _s: Sides, month: Number) -> Day | None:
        return Day(month=int(month.value), grain="month") if 1 <= month.value <= 12 else None

    @grammar.rule("D", "YEAR")
    def year_alone(_c: Context, _s: Sides, year: int) -> Day:
        return Day(year=year, grain="year")

    @grammar.rule("D", "YEAR 的? D", bonus=0.3)
    def year_and(_c: Context, _s: Sides, year: int, day: Day) -> Day | None:
        return replace(day, year=year) if day.month and day.year is None and day.start is None else None

    @grammar.rule("D", "YEARREL 的? D", bonus=0.3)
    def near_year_and(c: Context, _s: Sides, shift: int, day: Day) -> Day | None:
        return replace(day, year=c.today.year + shift) if day.month and day.year is None and not day.start else None

    @grammar.rule("D", "YEARREL")
    def near_year(c: Context, _s: Sides, shift: int) -> Day:
        return period(_UNITS["年"], c.today, shift)

    @grammar.rule("D", "NUM - NUM - NUM", "NUM / NUM / NUM", bonus=0.5)
    def iso(_c: Context, s: Sides, a: Number, b: Number, d: Number) -> Day | None:
        if not s.tight or not (a.digits and b.digits and d.digits):
            return None
        year, month, day = (a, b, d) if a.digits == 4 or s.tokens[s.start + 1].text == "-" else (d, a, b)
        full = int(year.value) if year.digits == 4 else int(year.value) + 2000
        fits = month_exists(full, int(month.value), int(day.value)) and year.digits in (2, 4)
        return Day(full, int(month.value), int(day.value)) if fits else None

    @grammar.rule("D", "NUM / NUM")
    def slashed(_c: Context, s: Sides, month: Number, day: Number) -> Day | None:
        fits = s.tight and month.digits and month_exists(2024, int(month.value), int(day.value))
        return Day(month=int(month.value), day=int(day.value)) if fits else None

    @grammar.rule("D", "TODAY")
    def today(c: Context, _s: Sides, shift: int) -> Day:
        return Day(start=c.today + timedelta(days=shift))

    @grammar.rule("D", "WD")
    def weekday(_c: Context, _s: Sides, weekday: int) -> Day:
        return Day(weekday=weekday)

    @grammar.rule("D", "REL WD", bonus=0.3)
    def relative_weekday(c: Context, _s: Sides, relative: int, weekday: int) -> Day:
        return Day(start=week_of(c.today) + timedelta(days=7 * relative + weekday))

    @grammar.rule("D", "D ,|，|的? WD", "D （|( WD ）|)", bonus=0.3)
    def date_weekday(_c: Context, _s: Sides, day: Day, weekday: int) -> Day | None:
        return replace(day, weekday=weekday) if day.day and day.start is None else None

    @grammar.rule("D", "REL PERIOD", bonus=0.2)
    def relative_period(c: Context, _s: Sides, relative: int, unit: Unit) -> Day:
        return period(unit, c.today, relative)

    @grammar.rule("D", "周末")
    def weekend(c: Context, _s: Sides) -> Day:
        return period(Unit("weekend", days=7), c.today, 0)

    @grammar.rule("D", "D 的? 第 NUM 周|週", "D 的? 第 NUM 个 星 期", bonus=0.5)
    def nth_week(c: Context, _s: Sides, stretch: Day, nth: Number) -> Day | None:
        placed = place(stretch, c.today)
        if placed is None or placed.start is None or placed.grain not in ("month", "year"):
            return None
        first = placed.start + timedelta(days=(3 - placed.start.weekday()) % 7)
        start = week_of(first) + timedelta(days=7 * (int(nth.value) - 1))
        return Day(start=start, end=start + timedelta(days=7), grain="week")

    @grammar.rule("D", "上|前 半 年", "下|后|後 半 年", "D 的? 上|前 半 年", "D 的? 下|后|後 半 年", bonus=0.5)
    def half_year(c: Context, s: Sides, year: Day | None = None) -> Day | None:
        placed = place(year, c.today) if year else period(_UNITS["年"], c.today, 0)
        if placed is None or placed.start is None or placed.grain != "year":
            return None
        first = s.tokens[s.end - 3].text in ("上", "前")
        middle = date(placed.start.year, 7, 1)
        return replace(placed, end=middle, grain="month") if first else replace(placed, start=middle, grain="month")


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
        counted = any(token.text in ("个", "個") for token in s.tokens[s.start : s.end])
        last = s.tokens[s.end - 1].text
        if (last == "月" and not counted) or last == "日" or (last == "年" and count.digits == 4):
            return None
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

    @grammar.rule("D", "过 去|最 近|前 LEN", "未 来|接 下 来|后 LEN", bonus=0.5)
    def several(c: Context, s: Sides, length: Length) -> Day | None:
        if length.seconds:
            return None
        if s.tokens[s.start].text in ("过", "最", "前"):
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

    @grammar.rule("R", "从|自? NUM - YEAR", bonus=0.5)
    def years(_c: Context, _s: Sides, start: Number, end: int) -> Range | None:
        fits = start.digits == 4 and start.value < end
        return (
            Range(Point(Day(year=int(start.value), grain="year")), Point(Day(year=end, grain="year"))) if fits else None
        )

    @grammar.rule("O", "E 之 前", "E 以 前", "E 前", bonus=0.5)
    def before(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=False)

    @grammar.rule("O", "E 或|及 之 前", "E 或|及 以 前", bonus=0.5)
    def until(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=False, inclusive=True)

    @grammar.rule("O", "E 之 后|後", "E 以 后|後", "E 后|後", bonus=0.5)
    def after(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True)

    @grammar.rule("O", "E 或|及 之 后|後", "E 或|及 以 后|後", "从|自? E 起|开 始|以 来", "自 从 E", bonus=0.6)
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


def _repeats(grammar: Grammar) -> None:
    @grammar.rule("SET", "EVERY UNIT", bonus=0.5)
    def every_unit(_c: Context, _s: Sides, interval: int, unit: Unit) -> Repeat | None:
        return every(interval, unit)

    @grammar.rule("SET", "每 隔? NUM 个? UNIT", bonus=0.5)
    def every_several(_c: Context, _s: Sides, count: Number, unit: Unit) -> Repeat | None:
        return every(int(count.value), unit) if count.value >= 1 and count.whole else None

    @grammar.rule("SET", "EVERY WD", bonus=0.7)
    def every_weekday(_c: Context, _s: Sides, interval: int, weekday: int) -> Repeat:
        return Repeat("WEEKLY", interval, weekday_codes(weekday))

    @grammar.rule("SET", "EVERY 工 作 日", "工 作 日", bonus=0.7)
    def workdays(_c: Context, _s: Sides, *_interval: int) -> Repeat:
        return Repeat("WEEKLY", 1, weekday_codes((0, 1, 2, 3, 4)))

    @grammar.rule("SET", "每 个? 月 NUM 日|号|號", bonus=0.7)
    def monthly(_c: Context, _s: Sides, day: Number) -> Repeat | None:
        return Repeat("MONTHLY", month_day=int(day.value)) if 1 <= day.value <= 31 else None

    @grammar.rule("SET", "SET 的? C", bonus=0.4)
    def set_clock(_c: Context, _s: Sides, repeat: Repeat, clock: Clock) -> Repeat | None:
        return replace(repeat, clock=clock) if repeat.clock is None else None

    @grammar.rule("SET", "SET 的? PART", bonus=0.4)
    def set_part(_c: Context, _s: Sides, repeat: Repeat, part: Part) -> Repeat | None:
        return replace(repeat, part=part) if repeat.clock is None and repeat.part is None else None
