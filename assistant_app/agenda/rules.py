"""Changes the text of a recurrence rule and of the dates beside it: shifted, cut off, counted anew.

Which days a rule means is `recurring_ical_events`' to say; here it is text in and text out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from assistant_app.agenda.events import Moment

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TIME_VALUE = re.compile(rb"\b(\d{8})(?:T(\d{6}))?(Z?)\b")


def rule_with(line: bytes, values: Mapping[bytes, bytes | None]) -> bytes:
    """An RRULE line with other values for some of its parts; None leaves a part out, the other parts stay."""
    head, _, rule = line.partition(b":")
    parts = [part for part in rule.split(b";") if part.partition(b"=")[0].strip().upper() not in values]
    return head + b":" + b";".join(parts + [name + b"=" + value for name, value in values.items() if value is not None])


def rule_moved(line: bytes, old: Moment, new: Moment) -> bytes:
    """An RRULE line after its series' start moved: on the new weekday or day of the month, its end moved along.

    A rule that names other days than the start's is left as it is.
    """
    head, _, rule = line.partition(b":")
    parts = dict(part.split("=", 1) for part in rule.decode("utf-8", "replace").split(";") if "=" in part)
    names = {name.upper(): name for name in parts}
    frequency = parts.get(names.get("FREQ", ""), "").upper()
    changed: dict[str, str] = {}
    if (name := names.get("BYDAY")) and frequency == "WEEKLY":
        changed[name] = _weekdays_moved(parts[name], old, new)
    elif name and frequency in ("MONTHLY", "YEARLY") and _is_nth(parts[name], old):
        changed[name] = _nth(new, from_end=parts[name].startswith("-"))
    if (name := names.get("BYMONTHDAY")) and parts[name] == str(old.day):
        changed[name] = str(new.day)
    if (name := names.get("BYMONTH")) and frequency == "YEARLY" and parts[name] == str(old.month):
        changed[name] = str(new.month)
    if name := names.get("UNTIL"):
        changed[name] = times_shifted(parts[name].encode(), old, new).decode()
    texts = []
    for part in rule.decode("utf-8", "replace").split(";"):
        name = part.partition("=")[0]
        texts.append(f"{name}={changed[name]}" if name in changed else part)
    return head + b":" + ";".join(texts).encode()


def _weekdays_moved(days: str, old: date, new: date) -> str:
    codes = [day.strip().upper() for day in days.split(",")]
    shift = (new.toordinal() - old.toordinal()) % 7
    if any(code not in _DAYS for code in codes) or _DAYS[old.weekday()] not in codes:
        return days
    moved = sorted((_DAYS.index(code) + shift) % 7 for code in codes)
    return ",".join(_DAYS[day] for day in moved) if shift else days


def _is_nth(days: str, moment: date) -> bool:
    return days.strip().upper() in (_nth(moment, from_end=False), _nth(moment, from_end=True))


def _nth(moment: date, *, from_end: bool) -> str:
    """ "2TU": the second Tuesday; "-1FR": the last Friday."""
    last = (date(moment.year + moment.month // 12, moment.month % 12 + 1, 1) - timedelta(days=1)).day
    number = -((last - moment.day) // 7 + 1) if from_end else (moment.day - 1) // 7 + 1
    return f"{number}{_DAYS[moment.weekday()]}"


def times_shifted(value: bytes, old: Moment, new: Moment) -> bytes:
    """The times in a property's value, moved as far on the clock as a series moved from `old` to `new`."""
    days = timedelta(days=new.toordinal() - old.toordinal())
    clock = _wall(new) - _wall(old)

    def moved(match: re.Match[bytes]) -> bytes:
        day, time, utc = match.groups()
        at = datetime.strptime((day + (time or b"000000")).decode(), "%Y%m%d%H%M%S")
        at += clock if time else days
        text = f"{at.year:04}{at.month:02}{at.day:02}"
        return (text + (f"T{at:%H%M%S}" if time else "")).encode() + utc

    return _TIME_VALUE.sub(moved, value)


def _wall(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime(moment.year, moment.month, moment.day)
