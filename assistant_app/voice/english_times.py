"""Dates and clock times of an English text, as people say them."""

from __future__ import annotations

import re
from datetime import date

from assistant_app.number_words import english_ordinal, english_words, english_year
from assistant_app.voice.traced_text import TracedText

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_SHORT_MONTH = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_MONTH = rf"(?:{'|'.join(_MONTHS)}|{_SHORT_MONTH})\b"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TO = r"\s?[-–—]\s?"
_ENDING = r"(?:st|nd|rd|th)?"
_WEEKDAY = re.compile(rf"(?<!\w)({'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})(?!\w)(?:\.(?=\s*\S))?")
_SURE_WEEKDAY = re.compile(
    r"\b(?:Tues?|Thu(?:rs?)?|Fri)\b|\b(?:Mon|Wed|Sat|Sun)\b\.?(?:,?\s+(?:\d|" + _MONTH + r")|\s?[–/&-])"
)
_WEEKDAY_RANGE = re.compile(r"(?<=day)\s?[–-]\s?(?=(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)")
_ISO = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])(?:[T ](?=\d{2}:\d{2}))?")
_DAY_FIRST = re.compile(
    rf"(?<![\d/.:-])({_DAY}){_ENDING}(?:{_TO}({_DAY}){_ENDING})?\s+(?:of\s+)?({_MONTH})(?:\.?,?\s+(\d{{4}})(?![\d:]))?"
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\.?\s+({_DAY}){_ENDING}(?:{_TO}({_DAY}){_ENDING})?(?![\w:/]|[.,]\d)(?:,?\s+(\d{{4}})(?![\d:]))?"
)
_MONTH_ALONE = re.compile(rf"\b({_SHORT_MONTH})(?:\.(?=\s+\S)|\.?(?=\s+\d{{4}}\b))")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?![\d/-]|\.\d)")
_TIME = r"(?<!\d)(?<!\d[:.,])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?(?![\d:]|\.\d)"
_HALF = r"(?:\s?([ap])(?:\.\s?m\.|m\b))"
_RANGE = re.compile(rf"{_TIME}{_TO}{_TIME}(?!\s?[ap]\.?m)", re.IGNORECASE)
_CLOCK = re.compile(rf"{_TIME}(?:{_HALF}|(?=\s+o'clock))?(?:\s?(Z|UTC|GMT)?([+-]\d\d):?(\d\d)|(Z))?", re.IGNORECASE)
_TIMER = re.compile(r"(?<!\d)(?<!\d[:.,])00:([0-5]\d):([0-5]\d)(?![\d:Z]|[.+-]\d)")
_HALF_RANGE = re.compile(r"(?<=[AP]M)\s?[–-]\s?(?=[a-z])")
_HOUR_RANGE = re.compile(
    rf"(?<![\d:.,])(1[0-2]|[1-9])(?::([0-5]\d))?{_TO}(1[0-2]|[1-9])(?::([0-5]\d))?{_HALF}", re.IGNORECASE
)
_HOUR = re.compile(rf"(?<![\d:.,])(1[0-2]|0?[1-9]){_HALF}", re.IGNORECASE)


def say_times(text: TracedText) -> None:
    """Put dates and clock times into words."""
    if _SURE_WEEKDAY.search(text.text):
        text.sub(_WEEKDAY, _weekday)
        text.sub(_WEEKDAY_RANGE, " to ")
    text.sub(_ISO, _iso_date)
    text.sub(_NUMERIC, _numeric_date)
    text.sub(_DAY_FIRST, _day_first)
    text.sub(_MONTH_FIRST, _month_first)
    text.sub(_MONTH_ALONE, lambda found: _month(found[1]))
    text.sub(_HOUR_RANGE, _hour_range)
    text.sub(_TIMER, _timer)
    text.sub(_RANGE, _range)
    text.sub(_CLOCK, _clock)
    text.sub(_HOUR, lambda found: f"{english_words(int(found[1]))} {found[2].upper()}M{_full_stop(found)}")
    text.sub(_HALF_RANGE, " to ")


def _weekday(found: re.Match[str]) -> str | None:
    """The whole name; "sat", "sun" and "wed" are words, too, also after a day: "Tue: gym. Sun is out."."""
    rest = found.string[found.end() :]
    word = found[1] in ("Mon", "Wed", "Sat", "Sun") and re.match(r"\s+(?!and\b|or\b|to\b|at\b|from\b)[a-z]", rest)
    return None if word else _WEEKDAYS[found[1]]


def _timer(found: re.Match[str]) -> str:
    """What a clock of hours, minutes and seconds shows with no hours is a length."""
    counts = ((int(found[1]), "minute"), (int(found[2]), "second"))
    said = [f"{english_words(count)} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return " and ".join(said) or "zero seconds"


def _month(name: str) -> str:
    return next(month for month in _MONTHS if month.startswith(name[:3]))


def _iso_date(found: re.Match[str]) -> str | None:
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    gap = " at " if found[0][-1] in "T " else ""
    return f"{_MONTHS[day.month - 1]} {english_ordinal(day.day)}, {english_year(day.year)}{gap}"


def _numeric_date(found: re.Match[str]) -> str | None:
    """26/11/2026 and 11/26/2026 are clear, and with dots the day is first; else it is said as it is written."""
    first, second, year = int(found[1]), int(found[3]), english_year(int(found[4]))
    if found[2] == "." or first > 12:
        first, second = second, first
    elif second <= 12 and first != second:
        return f"{english_words(first)} slash {english_words(second)} slash {year}"
    if not (1 <= first <= 12 and 1 <= second <= 31):
        return None
    return f"{_MONTHS[first - 1]} {english_ordinal(second)}, {year}"


def _day_first(found: re.Match[str]) -> str:
    until = f" to the {english_ordinal(int(found[2]))}" if found[2] else ""
    year = f", {english_year(int(found[4]))}" if found[4] else ""
    the = "" if re.search(r"\bthe\s+$", found.string[: found.start()], re.IGNORECASE) else "the "
    return f"{the}{english_ordinal(int(found[1]))}{until} of {_month(found[3])}{year}"


def _month_first(found: re.Match[str]) -> str:
    until = f" to {english_ordinal(int(found[3]))}" if found[3] else ""
    year = f", {english_year(int(found[4]))}" if found[4] else ""
    return f"{_month(found[1])} {english_ordinal(int(found[2]))}{until}{year}"


def _full_stop(found: re.Match[str]) -> str:
    """The dot of "p.m." that also ends the sentence."""
    return "." if found[0].endswith(".") and not found.string[found.end() :].strip() else ""


def _said(hour: int, minute: int, half: str = "") -> str:
    words = english_words(hour)
    if minute:
        words += f" oh {english_words(minute)}" if minute < 10 else f" {english_words(minute)}"
    return f"{words} {half}".rstrip()


def clock_words(hour: int, minute: int, *, half: bool = True) -> str:
    """An hour of the day from 0 to 24: "three thirty PM", "nine AM", "noon"."""
    if minute == 0 and hour % 12 == 0:
        return "noon" if hour == 12 else "midnight"
    return _said((hour - 1) % 12 + 1, minute, ("AM" if hour % 24 < 12 else "PM") if half else "")


def _clock(found: re.Match[str]) -> str | None:
    hour, minute = int(found[1]), int(found[2])
    if hour == 24 and minute:
        return None
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        said = _said(hour, minute, f"{found[4].upper()}M")
    elif 1 <= hour <= 9 and len(found[1]) == 1:  # which half of the day is not said
        said = _said(hour, minute) + ("" if minute or _oclock_follows(found) else " o'clock")
    else:
        said = _said((hour - 1) % 12 + 1, minute) if _oclock_follows(found) else clock_words(hour, minute)
    if found[3] and int(found[3]):
        seconds = int(found[3])
        said += f" and {english_words(seconds)} second{'' if seconds == 1 else 's'}"
    return said + _zone(found) + _full_stop(found)


def _oclock_follows(found: re.Match[str]) -> bool:
    return re.match(r"\s+o'clock", found.string[found.end() :], re.IGNORECASE) is not None


def _zone(found: re.Match[str]) -> str:
    if found[8]:
        return " UTC"
    if not found[6]:
        return ""
    hours, minutes = int(found[6][1:]), int(found[7])
    if not hours and not minutes:
        return " UTC"
    offset = english_words(hours) + (f" {english_words(minutes)}" if minutes else "")
    return f" UTC {'plus' if found[6][0] == '+' else 'minus'} {offset}"


def _range(found: re.Match[str]) -> str:
    hour, minute, until_hour, until_minute = (int(found[at]) for at in (1, 2, 4, 5))
    if all(len(found[at]) == 1 and found[at] != "0" for at in (1, 4)):
        return f"{_said(hour, minute)} to {_said(until_hour, until_minute)}"
    same_half = (hour < 12) == (until_hour < 12)
    return f"{clock_words(hour, minute, half=not same_half)} to {clock_words(until_hour, until_minute)}"


def _hour_range(found: re.Match[str]) -> str:
    first, second = _said(int(found[1]), int(found[2] or 0)), _said(int(found[3]), int(found[4] or 0))
    return f"{first} to {second} {found[5].upper()}M{_full_stop(found)}"
