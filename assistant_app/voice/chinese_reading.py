"""A Chinese text with its numbers, times, amounts and signs in words, as people say them in Mandarin."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache

from assistant_app.number_words import chinese_digits, chinese_words
from assistant_app.voice.quantities import NUMBER, unit_pattern, unit_words
from assistant_app.voice.reading_words import any_of, reading_words
from assistant_app.voice.traced_text import TracedText

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]

_MINUS = r"(?<![\dA-Za-z)\]%.,-])[-−](?=[\d.$€£¥￥])"
_TO = r"\s?[-–—~～至]\s?"
_COUNTED = "千万亿个點点小天分周年次位杯只張张本件条篇种倍块份台家口岁人名秒米公"
_TIME = r"(?<!\d)(?<!\d[:：])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])"
_RANGE = re.compile(rf"{_TIME}{_TO}{_TIME}")
_CLOCK = re.compile(rf"{_TIME}(?:\s?([AaPp])\.?[Mm]\b\.?)?")
_ISO = re.compile(r"(?<![\d-])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d/-])(?:[T ](?=\d{2}:\d{2}))?")
_YEAR = re.compile(r"(?<!\d)(\d{4}|\d{2})(?=\s?年(?![级龄纪薪假]))")
_YEARS = re.compile(rf"(?<!\d)(\d{{4}}){_TO}(\d{{4}})(?=\s?年)")
_PHONE = re.compile(
    r"(?<![\w.$€£¥/-])(?:\+\d{1,3}(?:[ -]?\d{2,5}){2,5}|1[3-9]\d{9}|1[3-9]\d[ -]\d{4}[ -]\d{4}|0\d{2,3}[ -]\d{7,8}"
    r"|400[ -]\d{3}[ -]\d{4}|\d{3}-\d{4}-\d{4})(?![\d/-])", re.ASCII
)  # fmt: skip
_DIALLED = re.compile(r"(?<=[打拨])\s?(\d{3,5})(?!\d)")
_VERSION = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d.])")
_FRACTION = re.compile(r"(?<![\d/.])(?:(\d+) )?(\d{1,3})[/⁄](\d{1,4})(?![\d/.])")
_SIMPLE = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_SIMPLE_FRACTION = re.compile(rf"(?:(\d+)\s?)?([{''.join(_SIMPLE)}])")
_RATIO = re.compile(r"(?<!\d)(?<!\d[:：.])(\d{1,4})\s?[:：]\s?(\d{1,4})(?![\d:：.])")
_NUMBER_RANGE = re.compile(rf"(?<![\d.-])({NUMBER}){_TO}({NUMBER})(?![\d.-])")
_CALCULATION = re.compile(r"(?<=[\d)])\s*[-−]\s*(?=[\d(])")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_CHAPTER = re.compile(r"第\s?([IVXL]+)(?=\s?[章节部卷篇册幕场课届回期])")
_SIGNS = {
    "&": "和", "=": "等于", "≠": "不等于", "≈": "约等于", "<": "小于", ">": "大于", "≤": "小于等于", "≥": "大于等于",
    "±": "正负", "×": "乘以", "÷": "除以", "√": "根号", "→": "到", "+": "加", "@": "艾特", "°": "度", "%": "百分比",
}  # fmt: skip
_COMBINED = {"!=": "≠", "==": "=", "<=": "≤", ">=": "≥", "->": "→", "=>": "→"}
_LATIN_DASH = re.compile(r"(?<=[A-Za-z])-(?=\d)")
_MEASURED_RANGE = re.compile(
    r"(?<=[元块天年月日号点分秒度米克升岁页%％])\s?[-–—~～]\s?(?=[\d$€£¥￥])|[~～—–-](?=周|星期|礼拜)"
)
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_CODE = re.compile(r"(?<=[A-Z])(?!(?:19|20)\d\d(?!\d))\d{3,}(?!\d|[.,]\d)")
_TIMER = re.compile(r"(?<!\d)(?<!\d[:：])00:([0-5]\d):([0-5]\d)(?![\d:])")
_EACH = re.compile(r"(?<=[元块次个])/(?=[天月年人个次小晚周])")
_NUMBER_SIGN = re.compile(r"\b[Nn]o\.?\s?(?=\d)|#(?=\d)", re.ASCII)
_SHARP = re.compile(r"\b([A-G])#(?!\w)", re.ASCII)
_NUMBER_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_SIGN = re.compile(rf"\s*([{''.join(map(re.escape, _SIGNS))}])\s*")
_ABOUT = re.compile(r"(?<!\w)[~～]\s?(?=\d)")
_POWER = re.compile(r"(?<=\w)(?:\^([-−]?\d{1,4})|([²³]))")
_NUMBER = re.compile(rf"({_MINUS})?({NUMBER})")


def read_chinese(text: TracedText) -> None:
    """Put everything in words that is not."""
    for pattern, said in _rules():
        text.sub(pattern, said)


@cache
def _rules() -> tuple[Rule, ...]:
    money = any_of(reading_words().currencies)
    sign, upto = rf"(?P<sign>{_MINUS})?", rf"(?:{_TO}(?P<b>{NUMBER}))?"
    per = rf"(?:/(?P<per>{any_of(reading_words().units_after_per)})(?![A-Za-z/]))?"
    scale = r"\s?(?P<scale>[万亿千百]*)"
    return (
        (re.compile(any_of(_COMBINED)), lambda found: _COMBINED[found[0]]),
        (_CODE, lambda found: chinese_digits(found[0])),
        (_LATIN_DASH, lambda _: " "),
        (_MEASURED_RANGE, lambda _: "到"),
        (_PHONE, _phone),
        (_DIALLED, lambda found: chinese_digits(found[1]).replace("一", "幺")),
        (_ISO, _iso_date),
        (_TIMER, _timer),
        (_RANGE, lambda found: f"{_time(found)}到{clock_words(int(found[4]), int(found[5]))}"),
        (_CLOCK, _time),
        (_YEARS, lambda found: f"{chinese_digits(found[1])}到{chinese_digits(found[2])}"),
        (_YEAR, _year),
        (
            re.compile(
                rf"(?<![A-Za-z\d])(?P<sign>[-−])?(?P<unit>{money})\s?(?P<a>{NUMBER}){upto}{scale}(?:元|块)?{per}"
            ),
            _money,
        ),
        (re.compile(rf"{sign}(?P<a>{NUMBER}){upto}{scale}\s?(?P<unit>{money})(?![A-Za-z\d$]){per}"), _money),
        (re.compile(rf"{sign}(?P<a>{NUMBER}){upto}\s?[%％]"), _percent),
        (re.compile(rf"{sign}(?<![A-Za-z\d.,])(?P<a>{NUMBER}){upto}\s?(?P<unit>{unit_pattern()})"), _quantity),
        (_ADDRESS, lambda found: "点".join(chinese_digits(part) for part in found[0].split("."))),
        (_VERSION, lambda found: "点".join(_spoken(part) for part in found[0].split("."))),
        (_SIMPLE_FRACTION, lambda found: f"{f'{found[1]} ' if found[1] else ''}{_SIMPLE[found[2]]}"),
        (_FRACTION, _fraction),
        (_CHAPTER, lambda found: f"第{chinese_words(_roman(found[1]))}"),
        (_NUMBER_SIGN, lambda _: "第"),
        (_EACH, lambda _: "每"),
        (
            re.compile(rf"(?<=[元块])/({any_of(reading_words().units_after_per)})(?![A-Za-z/])"),
            lambda found: f"每{unit_words(found[1], one=True, chinese=True)}",
        ),
        (_SHARP, lambda found: f"{found[1]} sharp"),
        (_NUMBER_SLASH, lambda _: "斜杠"),
        (_RATIO, lambda found: f"{_spoken(found[1])}比{_spoken(found[2])}"),
        (_CALCULATION, lambda found: "减" if "=" in found.string else None),
        (_NUMBER_RANGE, lambda found: f"{_spoken(found[1])}到{_counted(found, found[2])}"),
        (_POWER, _raised),
        (_ABOUT, lambda _: "大约"),
        (_NUMBER, lambda found: ("负" if found[1] else "") + _counted(found, found[2])),
        (re.compile("[©®™]"), lambda _: ""),
        (_SIGN, lambda found: _SIGNS[found[1]]),
    )


def _spoken(number: str) -> str:
    whole, dot, part = number.replace(",", "").partition(".")
    one_by_one = (whole.startswith("0") and len(whole) > 1) or len(whole) > 15
    said = chinese_digits(whole) if one_by_one else chinese_words(int(whole or 0))
    if said[:1] == "二" and said[1:2] in ("千", "万", "亿"):
        said = f"两{said[1:]}"
    return f"{said}点{chinese_digits(part)}" if dot else said


def _counted(found: re.Match[str], number: str) -> str:
    """Two of something is 两; a number of a row (第2, 2号, 12) is not."""
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
    month = after.startswith(("月", "号", "日", "分之"))
    if number == "2" and after[:1] in _COUNTED and after and not month and not before.endswith("第"):
        return "两"
    return _spoken(number)


def _year(found: re.Match[str]) -> str | None:
    """2026年 is read by its digits; 12年, a length as often as a year, as a number, and 08年 only by digits."""
    return chinese_digits(found[1]) if len(found[1]) == 4 or found[1].startswith(("0", "9")) else None


def _phone(found: re.Match[str]) -> str:
    groups = re.findall(r"\d+", found[0])
    if len(groups) == 1 and len(groups[0]) == 11:
        groups = [groups[0][:3], groups[0][3:7], groups[0][7:]]
    said = "，".join(chinese_digits(group).replace("一", "幺") for group in groups)
    return f"加{said}" if found[0].startswith("+") else said


def _iso_date(found: re.Match[str]) -> str | None:
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return f"{chinese_digits(found[1])}年{chinese_words(day.month)}月{chinese_words(day.day)}日"


def clock_words(hour: int, minute: int) -> str:
    """An hour of the day from 0 to 24: "下午三点半", "晚上八点零五分"."""
    if hour == 24:
        return "午夜十二点"
    part = next(
        name for before, name in ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上")) if hour < before
    )
    shown = hour if hour <= 12 else hour - 12
    rest = "" if minute == 0 else "半" if minute == 30 else f"{'零' if minute < 10 else ''}{chinese_words(minute)}分"
    return f"{part}{'两' if shown == 2 else chinese_words(shown)}点{rest}"


def _time(found: re.Match[str]) -> str | None:
    hour, minute = int(found[1]), int(found[2])
    if hour == 24 and minute:
        return None
    if found.re is _CLOCK and found[4] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if found[4] in "pP" else 0)
    said = clock_words(hour, minute)
    half_unknown = len(found[1]) == 1 and hour and not (found.re is _CLOCK and found[4])
    if half_unknown or re.search(r"(?:凌晨|早上|上午|中午|下午|晚上|傍晚|夜里)\s?$", found.string[: found.start()]):
        said = said[2:]
    seconds = int(found[3] or 0)
    if not seconds:
        return said
    if said.endswith("半"):
        said = f"{said[:-1]}三十分"
    return f"{said}{chinese_words(seconds)}秒"


def _timer(found: re.Match[str]) -> str:
    minutes, seconds = int(found[1]), int(found[2])
    said = f"{chinese_words(minutes)}分钟" if minutes else ""
    return said + (f"{chinese_words(seconds)}秒" if seconds or not minutes else "")


def _money(found: re.Match[str]) -> str:
    name = reading_words().currencies[found["unit"]][2]
    upto = f"到{_spoken(found['b'])}" if found["b"] else ""
    amount = found["a"] if "." not in found["a"] else found["a"].rstrip("0").rstrip(".") or "0"
    amount = "两" if amount == "2" and not upto and not found["scale"] else _spoken(amount)
    per = f"每{unit_words(found['per'], one=True, chinese=True)}" if found["per"] else ""
    return f"{'负' if found['sign'] else ''}{amount}{upto}{found['scale']}{name}{per}"


def _percent(found: re.Match[str]) -> str:
    upto = f"到百分之{_spoken(found['b'])}" if found["b"] else ""
    return f"{'负' if found['sign'] else ''}百分之{_spoken(found['a'])}{upto}"


def _quantity(found: re.Match[str]) -> str:
    unit = unit_words(found["unit"], one=True, chinese=True)
    upto = f"到{_spoken(found['b'])}" if found["b"] else ""
    if unit in ("摄氏度", "华氏度", "度") and found["sign"]:
        return f"零下{_spoken(found['a'])}{upto}{unit}"
    number = "两" if found["a"] == "2" and not upto else _spoken(found["a"])
    return f"{'负' if found['sign'] else ''}{number}{upto}{unit}"


def _fraction(found: re.Match[str]) -> str | None:
    above, below = int(found[2]), int(found[3])
    if not 0 < above < below or below > 100:
        return None
    return f"{f'{_spoken(found[1])}又' if found[1] else ''}{chinese_words(below)}分之{chinese_words(above)}"


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    total = sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))
    return max(total, 0)


def _raised(found: re.Match[str]) -> str:
    exponent = {"²": "2", "³": "3"}.get(found[2] or "", found[1] or "").replace("−", "-")
    value = int(exponent)
    return (
        "的平方"
        if value == 2
        else "的立方"
        if value == 3
        else f"的{'负' if value < 0 else ''}{chinese_words(abs(value))}次方"
    )
