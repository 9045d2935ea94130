"""Chinese words for times and the rules for numbers, days and longer stretches.

The same types as in English (day, clock, part of day, range, ...), so that placing them on the
calendar is shared. 下周五 is the Friday of next week; weeks start on Monday.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
    edge_of,
    half_within,
    month_exists,
    period,
    place,
    quarter,
    units_within,
    week_of,
)
from assistant_app.agenda.when.calendar_steps import nth_weekday as nth_weekday_of
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.values import Day, Number, Part, Unit

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


_ERAS = {"民国": 1911, "康熙": 1661, "雍正": 1722, "乾隆": 1735, "嘉庆": 1795, "道光": 1820, "咸丰": 1850}
_ERAS |= {"同治": 1861, "光绪": 1874, "宣统": 1908}
"""The year before an era's first."""
_FIRST = Number(1)


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
    grammar.word("ERA", _ERAS)
    grammar.word("AMPM", {"am": 0, "a.m.": 0, "pm": 12, "p.m.": 12})


def add_rules(grammar: Grammar) -> None:
    _numbers(grammar)
    _days(grammar)


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

    @grammar.rule("YEAR", "ERA NUM 年", "ERA 元 年", bonus=0.8)
    def era_year(_c: Context, _s: Sides, before: int, number: Number = _FIRST) -> int | None:
        return before + int(number.value) if 1 <= number.value <= 120 else None

    @grammar.rule("YEAR", "NUM 年", "DIGIT DIGIT 年", bonus=0.3)
    def year(_c: Context, s: Sides, number: Number, ones: Number | None = None) -> int | None:
        if s.after == "代":
            return None
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
        year, month, day = (a, b, d) if a.digits == 4 or s.tokens[s.start + 1].text == "-" else (d, b, a)
        if month.value > 12:
            month, day = day, month
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

    @grammar.rule("D", "D 的? 第 NUM 个? WD", "D 的? 最 后|後 一 个? WD", bonus=0.8)
    def nth_weekday(c: Context, s: Sides, stretch: Day, *which: Number | int) -> Day | None:
        """四月的最后一个星期一"""
        weekday = which[-1]
        nth = int(which[0].value) if isinstance(which[0], Number) else -1
        placed = place(stretch, c.today)
        if placed is None or placed.start is None or placed.end is None or not isinstance(weekday, int):
            return None
        found = nth_weekday_of(placed.start, placed.end, weekday, nth) if placed.grain in ("month", "year") else None
        return Day(start=found, weekday=weekday) if found else None

    @grammar.rule("D", "D 的? 第 NUM 个? UNIT", bonus=0.8)
    def nth_unit(c: Context, _s: Sides, stretch: Day, nth: Number, unit: Unit) -> Day | None:
        """明年第九个月"""
        return units_within(c, int(nth.value), 1, unit, stretch) if nth.whole and nth.value >= 1 else None

    @grammar.rule("D", "D 的? 前|头 NUM 个? UNIT", "D 的? 最 后|後 NUM 个? UNIT", bonus=0.8)
    def first_units(c: Context, s: Sides, stretch: Day, count: Number, unit: Unit) -> Day | None:
        """去年的前10天"""
        nth = 1 if s.has("前", "头") else -1
        return units_within(c, nth, int(count.value), unit, stretch) if count.whole else None

    @grammar.rule("D", "第? NUM 季 度", "q NUM", bonus=0.4)
    def quarter_alone(c: Context, _s: Sides, nth: Number) -> Day | None:
        if nth.value not in (1, 2, 3, 4):
            return None
        found = quarter(c.today.year, int(nth.value))
        return found if found.end and found.end > c.today else quarter(c.today.year + 1, int(nth.value))

    @grammar.rule("D", "D 的? 第? NUM 季 度", "D 的? q NUM", bonus=0.8)
    def quarter_of(c: Context, _s: Sides, year: Day, nth: Number) -> Day | None:
        placed = place(year, c.today)
        fits = placed and placed.grain == "year" and placed.start and nth.value in (1, 2, 3, 4)
        return quarter(placed.start.year, int(nth.value)) if fits and placed and placed.start else None

    @grammar.rule("D", "上|前|下|后|後 半 PERIOD", "D 的? 上|前|下|后|後 半 PERIOD", bonus=0.6)
    def half_period(c: Context, s: Sides, *values: Day | Unit) -> Day | None:
        """上半月, 下半周"""
        unit = next((value for value in values if isinstance(value, Unit)), None)
        stretch = next((value for value in values if isinstance(value, Day)), None)
        if unit is None or unit.grain not in ("week", "month"):
            return None
        stretch = stretch or period(unit, c.today, 0)
        return half_within(c, s.tokens[s.end - 3].text in ("上", "前"), stretch)

    @grammar.rule("D", "D 的? 上|中|下 旬", "上|中|下 旬", bonus=0.6)
    def third_of_month(c: Context, s: Sides, month: Day | None = None) -> Day | None:
        placed = place(month, c.today) if month else period(_UNITS["月"], c.today, 0)
        if placed is None or placed.start is None or placed.end is None or placed.grain != "month":
            return None
        which = "上中下".index(s.tokens[s.end - 2].text)
        start = placed.start + timedelta(days=10 * which)
        return Day(start=start, end=placed.end if which == 2 else start + timedelta(days=10), grain="day")

    @grammar.rule("D", "D 的? 初|中|底|末", "月|年 初|中|底|末", bonus=0.5)
    def edge(c: Context, s: Sides, stretch: Day | None = None) -> Day | None:
        """年底, 三月初"""
        stretch = stretch or period(_UNITS[s.first], c.today, 0)
        return edge_of(c, {"初": 0, "中": 1}.get(s.last, 2), stretch) if stretch.grain in ("month", "year") else None

    @grammar.rule("D", "NUM 年 代", "NUM 世 纪|紀 NUM 年 代", "上 个? 世 纪|紀 NUM 年 代", bonus=1.0)
    def decade(c: Context, s: Sides, *numbers: Number) -> Day | None:
        tens = int(numbers[-1].value)
        if numbers[-1].digits == 4:
            century, tens = divmod(tens, 100)
        elif len(numbers) == 2:
            century = int(numbers[0].value) - 1
        else:
            century = c.today.year // 100 - (1 if s.first == "上" or tens > c.today.year % 100 else 0)
        start = century * 100 + tens
        fits = tens % 10 == 0 and tens < 100 and 1000 <= start < 2200
        return Day(start=date(start, 1, 1), end=date(start + 10, 1, 1), grain="year") if fits else None

    @grammar.rule("D", "NUM 世 纪|紀", bonus=0.5)
    def century(_c: Context, _s: Sides, nth: Number) -> Day | None:
        first = 100 * (int(nth.value) - 1)
        return (
            Day(start=date(first, 1, 1), end=date(first + 100, 1, 1), grain="year") if 11 <= nth.value <= 30 else None
        )

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
