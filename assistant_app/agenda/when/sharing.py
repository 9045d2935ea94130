"""Words that share context: "the 22nd, 23rd or 31st of March", "Monday or Tuesday next week", "at 3 or 4 pm".

In a list, what one member names and the others leave open holds for them all: the month of the last,
the week of the first, the hours behind. It knows no language beyond the signs and words of a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from assistant_app.agenda.when.calendar_steps import week_of
from assistant_app.agenda.when.tokens import Token
from assistant_app.agenda.when.values import Clock, Day, Open, Point, Range, Stretch

_JOINTS = frozenset((",", "or", "and", "/", "&", "or on", "、", "或", "和", "，", "或者", "还", "是"))
_LEADING = frozenset(("next", "this", "last", "the", "past", "coming", "下", "上", "这", "本"))
"""What names the week of one day only: "Monday or next Tuesday"."""


class Piece(NamedTuple):
    """A meaning and its tokens."""

    start: int
    end: int
    """Exclusive."""
    value: object


def share_context(pieces: Sequence[Piece], tokens: Sequence[Token]) -> list[Piece]:
    """The pieces, each list's members completed by one another."""
    shared = list(pieces)
    for here in range(1, len(shared)):
        if _joined(shared[here - 1], shared[here], tokens):
            value = _from_before(shared[here - 1].value, shared[here].value)
            shared[here] = shared[here]._replace(value=value)
    for here in range(len(shared) - 1, 0, -1):
        if _joined(shared[here - 1], shared[here], tokens):
            behind = shared[here]
            of_week = tokens[behind.start].text not in _LEADING
            value = _from_behind(shared[here - 1].value, behind.value, of_week)
            shared[here - 1] = shared[here - 1]._replace(value=value)
    return shared


def _joined(one: Piece, other: Piece, tokens: Sequence[Token]) -> bool:
    between = tokens[one.end : other.start]
    if not between:
        return _bare_weekday(one.value) is not None or _bare_weekday(other.value) is not None
    return len(between) <= 2 and all(token.text in _JOINTS for token in between)


def _bare_weekday(value: object) -> int | None:
    """The weekday of a day of which nothing else was named."""
    bare = isinstance(value, Day) and value.start is None and value.day is None and value.nth is None
    return value.weekday if bare and isinstance(value, Day) else None


def _bare_day_of_month(value: object) -> int | None:
    bare = isinstance(value, Day) and value.start is None and value.month is None and value.weekday is None
    return value.day if bare and isinstance(value, Day) else None


def _day_of(value: object) -> Day | None:
    if isinstance(value, Range | Stretch):
        return value.start.day
    if isinstance(value, Open):
        return value.point.day
    if isinstance(value, Point):
        return value.day
    return value if isinstance(value, Day) else None


def _with_day(value: object, day: Day) -> object:
    """The same hours on another day."""
    if isinstance(value, Range | Stretch):
        return replace(value, start=replace(value.start, day=day))
    if isinstance(value, Open):
        return replace(value, point=replace(value.point, day=day))
    if isinstance(value, Point):
        return replace(value, day=day)
    return day


def _in_week_of(other: Day | None, weekday: int) -> Day | None:
    if other is None or other.start is None or other.weekday is None:
        return None
    return Day(start=week_of(other.start) + timedelta(days=weekday), weekday=weekday)


def _from_before(before: object, value: object) -> object:
    day, earlier = _day_of(value), _day_of(before)
    weekday, number = _bare_weekday(day), _bare_day_of_month(day)
    if weekday is not None:
        found = _in_week_of(earlier, weekday)
        return _with_day(value, found) if found else value
    if number is not None and earlier is not None and earlier.month is not None and earlier.day is not None:
        return _with_day(value, replace(earlier, day=number, weekday=None))
    clock = value if isinstance(value, Clock) else None
    if clock is not None and earlier is not None and isinstance(before, Point) and before.clock:
        return Point(earlier, clock)
    weeks = isinstance(value, Day) and value.grain == "week" and value.start is not None
    if weeks and isinstance(value, Day) and value.start and isinstance(before, Day) and before.weekday is not None:
        return Day(start=value.start + timedelta(days=before.weekday), weekday=before.weekday)
    return value


def _from_behind(value: object, behind: object, of_week: bool) -> object:
    if isinstance(value, Clock) and isinstance(behind, Clock) and behind.sure and not value.sure:
        half = behind.hour // 12 * 12
        same = value.hour % 12 + half
        return replace(value, hour=same, sure=True) if same <= behind.hour else value
    if not isinstance(value, Day):
        return value
    later = _day_of(behind)
    if later is None:
        return value
    weekday, number = _bare_weekday(value), _bare_day_of_month(value)
    day = value
    if weekday is not None and of_week:
        day = _in_week_of(later, weekday) or value
    elif number is not None and later.month is not None and later.day is not None:
        day = replace(later, day=number, weekday=None)
    fits = value.grain == "day" and value.end is None and not isinstance(behind, Day)
    return _with_day(behind, day) if fits else day
