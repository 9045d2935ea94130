"""Times in words, for replies: "Thursday 26 November at half past three", "15:30 to 16:15".

English and Chinese; it says what it is given and reads nothing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from assistant_app.agenda.events import Moment
from assistant_app.agenda.when.english_words import NUMBER_WORDS

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ZH_DAYS = "一二三四五六日"
_ZH_DIGITS = "零一二三四五六七八九"


def spoken_time(moment: Moment, now: datetime, language: str = "en") -> str:
    """A day, or a day and a clock time, as one would say it: "tomorrow at quarter to nine"."""
    day = spoken_day(_day(moment), now.date(), language)
    if not isinstance(moment, datetime):
        return day
    clock = spoken_clock(moment, language)
    return f"{day}{clock}" if language == "zh" else f"{day} at {clock}"


def spoken_day(day: date, today: date, language: str = "en") -> str:
    """ "today", "tomorrow", "yesterday", else weekday and date, with the year where it is another."""
    zh = language == "zh"
    near = {0: ("today", "今天"), 1: ("tomorrow", "明天"), -1: ("yesterday", "昨天")}.get((day - today).days)
    if near:
        return near[zh]
    if zh:
        year = "" if day.year == today.year else f"{day.year}年"
        return f"{year}{day.month}月{day.day}日星期{_ZH_DAYS[day.weekday()]}"
    year = "" if day.year == today.year else f" {day.year}"
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}{year}"


def spoken_clock(moment: datetime, language: str = "en") -> str:
    """ "half past three", "noon", "eight in the evening"; early and late hours say their part of the day."""
    hour, minute = moment.hour, moment.minute
    if language == "zh":
        return _chinese_clock(hour, minute)
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    if hour < 7:
        part = " in the morning"
    elif hour >= 18:
        part = " in the evening"
    else:
        part = ""
    this, following = spoken_number((hour - 1) % 12 + 1), spoken_number(hour % 12 + 1)
    if minute == 0:
        words = this if part else f"{this} o'clock"
    elif minute == 15:
        words = f"quarter past {this}"
    elif minute == 30:
        words = f"half past {this}"
    elif minute == 45:
        words = f"quarter to {following}"
    elif minute % 5 == 0 and minute < 30:
        words = f"{spoken_number(minute)} past {this}"
    elif minute % 5 == 0:
        words = f"{spoken_number(60 - minute)} to {following}"
    else:
        words = f"{this} {'oh ' if minute < 10 else ''}{spoken_number(minute)}"
    return words + part


def spoken_duration(length: timedelta, language: str = "en") -> str:
    """ "forty five minutes", "an hour and a half", "two days"."""
    minutes = round(length.total_seconds() / 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if language == "zh":
        parts = [f"{n}{unit}" for n, unit in ((days, "天"), (hours, "小时"), (minutes, "分钟")) if n]
        return "".join(parts) or "0分钟"
    if not days and minutes == 30 and hours:
        return "an hour and a half" if hours == 1 else f"{spoken_number(hours)} and a half hours"
    if not days and not hours and minutes == 30:
        return "half an hour"
    if not days and hours == 1 and not minutes:
        return "an hour"
    parts = [
        f"{spoken_number(n)} {unit}{'' if n == 1 else 's'}"
        for n, unit in ((days, "day"), (hours, "hour"), (minutes, "minute"))
        if n
    ]
    return " and ".join(parts) or "no time"


def spoken_recurrence(rule: str, language: str = "en") -> str:
    """An RRULE value in words: "every Monday and Thursday", "every two weeks until 1 March 2027"."""
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    freq, interval = parts.get("FREQ", ""), int(parts.get("INTERVAL", "1"))
    units = {
        "SECONDLY": ("second", "秒"),
        "MINUTELY": ("minute", "分钟"),
        "HOURLY": ("hour", "小时"),
        "DAILY": ("day", "天"),
        "WEEKLY": ("week", "周"),
        "MONTHLY": ("month", "月"),
        "YEARLY": ("year", "年"),
    }
    unit, chinese_unit = units.get(freq, (freq.lower(), freq))
    codes = [code for code in parts.get("BYDAY", "").split(",") if code]
    if language == "zh":
        return _chinese_recurrence(parts, codes, interval, chinese_unit)
    named = _named_days(codes)
    if named and freq == "WEEKLY":
        words = f"every {'other ' if interval == 2 else ''}{named}"
        words += f", every {spoken_number(interval)} weeks" if interval > 2 else ""
    else:
        words = f"every {unit}" if interval == 1 else f"every {spoken_number(interval)} {unit}s"
        if month := parts.get("BYMONTH", "").split(",")[0]:
            words = f"every {_MONTHS[int(month) - 1]}"
        words = f"the {named} of {words}" if named else words
    if day := parts.get("BYMONTHDAY"):
        days = [_day_of_month(number) for number in day.split(",")]
        plain = days[0].isdecimal() and len(days) == 1
        if "BYMONTH" in parts and plain:
            words = f"every year on {day} {_MONTHS[int(parts['BYMONTH']) - 1]}"
        else:
            words += f" on day {day}" if plain else f" on {_listed([f'day {d}' if d.isdecimal() else d for d in days])}"
    if until := parts.get("UNTIL"):
        words += f" until {int(until[6:8])} {_MONTHS[int(until[4:6]) - 1]} {until[:4]}"
    if count := parts.get("COUNT"):
        words += f", {count} times"
    return words


def _named_days(codes: list[str]) -> str:
    """ "Monday and Thursday", "weekday", "weekday except Wednesday", "day except Sunday" """
    left_out = [code for code in _CODES if code not in codes]
    workdays = list(_CODES[:5])
    if codes == workdays:
        return "weekday"
    if len(codes) == 4 and set(codes) < set(workdays):
        return f"weekday except {_spoken_day_code(next(code for code in workdays if code in left_out))}"
    if len(codes) == 6 and len(left_out) == 1:
        return f"day except {_spoken_day_code(left_out[0])}"
    return _listed([_spoken_day_code(code) for code in codes])


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _day_of_month(number: str) -> str:
    return "the last day" if number == "-1" else number


def _chinese_recurrence(parts: dict[str, str], codes: list[str], interval: int, unit: str) -> str:
    nth = codes[0][:-2] if codes else ""
    days = "、".join(_ZH_DAYS[_CODES.index(code[-2:])] for code in codes)
    words = f"每{interval if interval > 1 else ''}{'个' if unit == '月' and interval > 1 else ''}{unit}"
    if codes == list(_CODES[:5]):
        words = "每个工作日"
    elif nth:
        words += f"{'最后一' if nth == '-1' else '第' + _chinese_hour(int(nth))}个周{days}"
    else:
        words += days if unit == "周" else f"周{days}" if days else ""
    if month := parts.get("BYMONTH"):
        words += f"{month}月"
    if day := parts.get("BYMONTHDAY"):
        words += "、".join("最后一天" if number == "-1" else f"{number}日" for number in day.split(","))
    if until := parts.get("UNTIL"):
        words += f"，到{until[:4]}年{int(until[4:6])}月{int(until[6:8])}日为止"
    return words + (f"，共{parts['COUNT']}次" if "COUNT" in parts else "")


def _spoken_day_code(code: str) -> str:
    nth = {"1": "first ", "2": "second ", "3": "third ", "4": "fourth ", "5": "fifth ", "-1": "last "}
    return nth.get(code[:-2], "") + _DAYS[_CODES.index(code[-2:])]


def spoken_number(number: int) -> str:
    """A number below sixty in words; a larger one in digits."""
    if number < 20:
        return NUMBER_WORDS[number]
    if number < 60:
        return _TENS[number // 10] + (f" {NUMBER_WORDS[number % 10]}" if number % 10 else "")
    return str(number)


def written_range(start: Moment, end: Moment, now: datetime, language: str = "en") -> str:
    """For the eye: "tomorrow, 15:30 to 16:15"; several days: "Monday 30 November to Friday 4 December"."""
    to = "至" if language == "zh" else " to "
    first = spoken_day(_day(start), now.date(), language)
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        last = _day(end) - timedelta(days=1)
        return first if last <= _day(start) else f"{first}{to}{spoken_day(last, now.date(), language)}"
    comma = "" if language == "zh" else ", "
    if start.date() == end.date():
        return f"{first}{comma}{start:%H:%M}{to}{end:%H:%M}"
    return f"{first}{comma}{start:%H:%M}{to}{spoken_day(end.date(), now.date(), language)}{comma}{end:%H:%M}"


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _chinese_clock(hour: int, minute: int) -> str:
    parts = ((5, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for limit, name in parts if hour < limit)
    clock = f"{part}{_chinese_hour((hour - 1) % 12 + 1)}点"
    if minute == 30:
        return clock + "半"
    return clock + (f"{minute}分" if minute else "")


def _chinese_hour(hour: int) -> str:
    if hour == 2:
        return "两"
    return _ZH_DIGITS[hour] if hour < 10 else "十" + (_ZH_DIGITS[hour - 10] if hour > 10 else "")
