"""Written text as it is read aloud: without Markdown, links and emoji, with times and dates in words.

Only the marks are changed; numbers in general are left to the voice, which knows its language.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_CODE_BLOCK = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_INLINE_CODE = re.compile(r"`([^`]*)`")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)\s]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*\)")
_URL = re.compile(r"(?:https?://|www\.)([^\s/<>)\]}，。；！？]+)[^\s<>)\]}，。；！？]*", re.IGNORECASE)
_LINE_START = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+|\|\s*)", re.MULTILINE)
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|[\s:|-]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_TIME = r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?![\d:])"
_TIME_RANGE = re.compile(_TIME + r"\s*[–—-]\s*" + _TIME)
_CLOCK = re.compile(_TIME + r"(?!\s*(?:[ap]\.?m\b|o'clock))", re.IGNORECASE)
_ISO_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:[T ](?=\d{2}:\d{2}))?(?![\d-])")
_NUMBER_RANGE = re.compile(r"(?<=\d)\s*[–—]\s*(?=\d)")
_MONTHS = re.findall(r"\S+", "January February March April May June July August September October November December")


def speakable(text: str, language: str = "en") -> str:
    """`text` (a sentence or more) as it should be said; empty if there is nothing to say."""
    text = unicodedata.normalize("NFC", text)
    text = _CODE_BLOCK.sub(" ", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _INLINE_CODE.sub(r"\1", text)
    text = _URL.sub(_host, text)
    text = _TABLE_RULE.sub(" ", text)
    text = _LINE_START.sub("", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = text.replace(" | ", ", ").replace("|", " ")
    text = "".join(character for character in text if not _is_picture(character))
    chinese = language == "zh"
    text = _ISO_DATE.sub(_chinese_date if chinese else _english_date, text)
    text = _TIME_RANGE.sub(_chinese_range if chinese else _english_range, text)
    text = _CLOCK.sub(_chinese_time if chinese else _english_time, text)
    text = _NUMBER_RANGE.sub("到" if chinese else " to ", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.!?;:，。！？；：])", r"\1", text)
    return text if any(character.isalnum() for character in text) else ""


def _host(found: re.Match[str]) -> str:
    host = found.group(1).lower()
    host = host.rsplit("@", 1)[-1].partition(":")[0].partition("?")[0].partition("#")[0]
    ending = "." if found.group(0).endswith(".") else ""
    return host.removeprefix("www.").rstrip(".") + ending


def _is_picture(character: str) -> bool:
    code = ord(character)
    return (
        0x1F000 <= code <= 0x1FAFF
        or 0x2600 <= code <= 0x27BF
        or 0x2B00 <= code <= 0x2BFF
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0000 <= code <= 0xE007F
        or code in (0x200D, 0x20E3, 0xFFFD)
        or (unicodedata.category(character) in ("Cc", "Cf") and character not in "\n\t")
    )


def _english_date(found: re.Match[str]) -> str:
    day = _date_of(found)
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year} " if day else found.group(0)


def _chinese_date(found: re.Match[str]) -> str:
    day = _date_of(found)
    return f"{day.year}年{day.month}月{day.day}日" if day else found.group(0)


def _date_of(found: re.Match[str]) -> date | None:
    try:
        return date(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    except ValueError:
        return None


def _english_clock(hour: int, minute: int, *, half: bool = True) -> str:
    if (hour, minute) == (0, 0):
        return "midnight"
    if (hour, minute) == (12, 0):
        return "noon"
    shown = f"{(hour - 1) % 12 + 1}" + (f":{minute:02d}" if minute else "")
    return f"{shown} {'AM' if hour < 12 else 'PM'}" if half else shown


def _english_time(found: re.Match[str]) -> str:
    return _english_clock(int(found.group(1)), int(found.group(2)))


def _english_range(found: re.Match[str]) -> str:
    hour, minute, until_hour, until_minute = map(int, found.groups())
    same_half = (hour < 12) == (until_hour < 12)
    return f"{_english_clock(hour, minute, half=not same_half)} to {_english_clock(until_hour, until_minute)}"


def _chinese_clock(hour: int, minute: int) -> str:
    for before, name in ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上")):
        if hour < before:
            shown = hour if hour <= 12 else hour - 12
            rest = "" if minute == 0 else "半" if minute == 30 else f"{minute}分"
            return f"{name}{shown}点{rest}"
    raise AssertionError(hour)


def _chinese_time(found: re.Match[str]) -> str:
    return _chinese_clock(int(found.group(1)), int(found.group(2)))


def _chinese_range(found: re.Match[str]) -> str:
    hour, minute, until_hour, until_minute = map(int, found.groups())
    return f"{_chinese_clock(hour, minute)}到{_chinese_clock(until_hour, until_minute)}"
