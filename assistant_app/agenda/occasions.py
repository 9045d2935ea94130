"""When a series takes place: the occasions of an event and its exceptions as rows of seconds.

Expanding is `recurring_ical_events`' work; this file decides how far it is worth going. A series
that ends soon enough is expanded for its whole life, another one for a window of time, and one that
rings every minute for its first occasions. It knows components, not files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from assistant_app.agenda.events import Moment

_MOST_OCCASIONS = 1500
"""A series of no more occasions is expanded for its whole life."""
_DENSE_OCCASIONS = 1000
"""Of a series with more than one occasion an hour only so many are ever shown."""
_PERIOD_DAYS = {
    "SECONDLY": 1 / 86400,
    "MINUTELY": 1 / 1440,
    "HOURLY": 1 / 24,
    "DAILY": 1.0,
    "WEEKLY": 7.0,
    "MONTHLY": 30.4,
    "YEARLY": 365.2,
}
_FINE = ("SECONDLY", "MINUTELY", "HOURLY")
_SELDOM_YEARS = 15
"""Monthly and yearly series are expanded so far around the window: they cost little."""
_DAY_FILTERS = ("BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ALWAYS_S = 10**12
"""Beyond every moment of a calendar."""
_SECONDS_A_YEAR = 31_557_600
_EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
_LATEST = datetime(9998, 12, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that a view may ask for, in seconds since 1970."""

    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Occasion:
    part: int
    """Position in the group of components: 0 the series itself, else a changed occasion."""
    start_s: int
    end_s: int
    recurrence_s: int
    """The start that the series gives it, see `Occurrence.recurrence_id`."""


@dataclass(frozen=True, slots=True)
class Expansion:
    occasions: tuple[Occasion, ...]
    covered: Window | None
    """Where all occasions are known; None: everywhere."""
    problem: str = ""
    """Why there may be more occasions than these."""


def seconds(moment: Moment) -> int:
    """Seconds since 1970; days and floating times counted as in UTC, so that no zone is baked into the index."""
    if not isinstance(moment, datetime):
        return (moment.toordinal() - 719163) * 86400
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def expand(group: Sequence[Any], spans: Sequence[tuple[Moment, Moment]], window: Window, zone: str = "") -> Expansion:
    """The occasions of an event: its component first, then its changed occasions; `spans` are their times.

    `zone` is the calendar's X-WR-TIMEZONE, in which repeats of times in UTC keep their wall time.
    """
    master = group[0]
    if len(group) == 1 and not any(name in master for name in ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")):
        start_s, end_s = (seconds(moment) for moment in spans[0])
        return Expansion((Occasion(0, start_s, end_s, start_s),), None)
    recurrences = [component["RECURRENCE-ID"].dt if "RECURRENCE-ID" in component else None for component in group]
    reach, covered, limited = _reach(master, group, spans, window)
    problem = ""
    try:
        found = tuple(_occasions(group, spans, recurrences, limited, reach, zone))
    except Exception as error:  # noqa: BLE001  (whatever a stranger's rule provokes, the event itself must be shown)
        problem = f"Its repetition cannot be understood, so it is shown once: {str(error) or type(error).__name__}."
        found, covered = (), None
    if problem:
        found = tuple(
            Occasion(part, seconds(start), seconds(end), seconds(start if rid is None else rid))
            for part, ((start, end), rid) in enumerate(zip(spans, recurrences, strict=True))
        )
    hidden = {part for part, component in enumerate(group) if part and _cancelled(component)}
    return Expansion(tuple(o for o in found if o.part not in hidden), covered, problem)


def _occasions(
    group: Sequence[Any],
    spans: Sequence[tuple[Moment, Moment]],
    recurrences: Sequence[Moment | None],
    master: Any,
    reach: tuple[datetime, datetime],
    zone: str,
) -> Iterator[Occasion]:
    calendar = icalendar.Calendar()
    if zone:
        calendar.add("X-WR-TIMEZONE", zone)
    for component in (master, *group[1:]):
        calendar.add_component(component)
    parts = {_key(rid): part for part, rid in enumerate(recurrences) if rid is not None}
    query = recurring_ical_events.of(calendar, components=["VEVENT"])
    for series in query.series:
        for found in series.between(*reach):
            start_s, end_s = seconds(found.start), seconds(found.end)
            part = parts.get(found.recurrence_ids[0], 0) if found.recurrence_ids else 0
            rid = recurrences[part]
            recurrence_s = start_s
            if rid is not None:
                recurrence_s = seconds(rid)
                if "RANGE" in group[part]["RECURRENCE-ID"].params:  # this and all later ones
                    recurrence_s += start_s - seconds(spans[part][0])
            yield Occasion(part, start_s, end_s, recurrence_s)


def _key(moment: Moment) -> datetime:
    """As `recurring_ical_events` names an occasion."""
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _cancelled(component: Any) -> bool:
    return str(component.get("STATUS", "")).upper() == "CANCELLED"


def _reach(
    master: Any, group: Sequence[Any], spans: Sequence[tuple[Moment, Moment]], window: Window
) -> tuple[tuple[datetime, datetime], Window | None, Any]:
    """Between which moments to expand, the window that covers (None: all of its life), and the component to expand."""
    moments = [*(moment for span in spans for moment in span), *_listed(master, "RDATE")]
    first, last = min(map(seconds, moments)), max(map(seconds, moments))
    rules = master.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if not rules:
        return _span(first, last), None, master
    if any(_never(rule) for rule in rules):
        return _span(first, last), None, _with_rules(master, [])
    if any(_dense(rule) for rule in rules):
        short = [_first_ones(rule, spans[0][0]) for rule in rules if not _too_fine(rule)]
        return (_clamped(first), _LATEST), None, _with_rules(master, short)
    counts = [_estimate(rule, spans[0][0]) for rule in rules]
    if all(count is not None and count <= _MOST_OCCASIONS for count in counts):
        return (_clamped(first), _LATEST), None, master
    seldom = all(_frequency(rule) in ("MONTHLY", "YEARLY") for rule in rules)
    years = _SELDOM_YEARS if seldom else 0
    covered = Window(
        window.start_s - years * _SECONDS_A_YEAR,
        max(window.end_s, seconds(spans[0][0])) + max(years, 1) * _SECONDS_A_YEAR,
    )
    if first >= covered.start_s:
        covered = Window(-ALWAYS_S, covered.end_s)
    # A changed occasion lies where it was put, perhaps far away.
    outer = (min(covered.start_s, first), max(covered.end_s, last)) if len(group) > 1 else ()
    return _span(*(outer or (max(covered.start_s, first), covered.end_s))), covered, master


def _listed(component: Any, name: str) -> list[Moment]:
    """The values of RDATE or EXDATE; of a period its two ends."""
    found: list[Moment] = []
    lines = component.get(name, [])
    for line in lines if isinstance(lines, list) else [lines]:
        for value in getattr(line, "dts", ()):
            if isinstance(value.dt, tuple):
                start, end = value.dt
                found += [start, start + end if isinstance(end, timedelta) else end]
            else:
                found.append(value.dt)
    return found


def extra_dates(component: Any) -> tuple[Moment, ...]:
    """The further starts (RDATE) that are no periods."""
    lines = component.get("RDATE", [])
    values = [v.dt for line in (lines if isinstance(lines, list) else [lines]) for v in getattr(line, "dts", ())]
    return tuple(value for value in values if isinstance(value, date))


def _span(first_s: int, last_s: int) -> tuple[datetime, datetime]:
    return _clamped(first_s), _clamped(last_s, days=2)


def _clamped(moment_s: int, days: int = -2) -> datetime:
    try:
        found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment_s, days=days)
    except OverflowError:
        return _EARLIEST if moment_s < 0 else _LATEST
    return min(max(found, _EARLIEST), _LATEST)


def _frequency(rule: Any) -> str:
    return str((rule.get("FREQ") or [""])[0]).upper()


def _number(rule: Any, name: str, default: int) -> int:
    value = rule.get(name) or [default]
    return int(value[0] if isinstance(value, list) else value)


def _times_a_day(rule: Any) -> int:
    return len(rule.get("BYHOUR") or [0]) * len(rule.get("BYMINUTE") or [0]) * len(rule.get("BYSECOND") or [0])


def _dense(rule: Any) -> bool:
    return _frequency(rule) in _FINE or _times_a_day(rule) > 24


def _too_fine(rule: Any) -> bool:
    """Walking through such a rule would not end in a person's patience."""
    return _frequency(rule) in _FINE and any(name in rule for name in _DAY_FILTERS)


def _never(rule: Any) -> bool:
    """A day that no month has: looking for it would go on until the year 9999."""
    days = [int(day) for day in rule.get("BYMONTHDAY") or []]
    months = [int(str(month).rstrip("L")) for month in rule.get("BYMONTH") or range(1, 13)]
    return bool(days) and all(
        abs(day) > _MONTH_LENGTHS[(month - 1) % 12] or day == 0 for day in days for month in months
    )


def _first_ones(rule: Any, start: Moment) -> Any:
    count = _estimate(rule, start)
    if count is not None and count <= _DENSE_OCCASIONS:
        return rule
    short = icalendar.vRecur(rule)
    short.pop("UNTIL", None)
    short["COUNT"] = [_DENSE_OCCASIONS]
    return short


def _with_rules(master: Any, rules: list[Any]) -> Any:
    component = master.copy()
    component.pop("RRULE", None)
    if rules:
        component["RRULE"] = rules if len(rules) > 1 else rules[0]
    return component


def _estimate(rule: Any, start: Moment) -> float | None:
    """How many occasions a rule has at most; None for a rule without an end."""
    if "COUNT" in rule:
        return _number(rule, "COUNT", 1)
    if "UNTIL" not in rule:
        return None
    until = rule["UNTIL"][0] if isinstance(rule["UNTIL"], list) else rule["UNTIL"]
    days = max((seconds(until) - seconds(start)) / 86400, 0) + 1
    frequency = _frequency(rule)
    per_period = {"WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}.get(frequency, 1)
    if frequency == "WEEKLY":
        per_period = len(rule.get("BYDAY") or [1])
    elif not any(name in rule for name in ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")):
        per_period = len(rule.get("BYMONTH") or [1]) if frequency == "YEARLY" else 1
    periods = days / (_PERIOD_DAYS.get(frequency, 1.0) * max(_number(rule, "INTERVAL", 1), 1)) + 1
    return periods * per_period * _times_a_day(rule)


def occasions_from(master: Any, recurrence_id: Moment) -> int:
    """How many occasions the rule alone gives from a moment on, for a rule that counts them."""
    bare = icalendar.Event()
    for name in ("DTSTART", "DTEND", "DURATION", "RRULE"):
        if name in master:
            bare[name] = master[name]
    calendar = icalendar.Calendar()
    calendar.add_component(bare)
    start = _clamped(seconds(recurrence_id))
    query = recurring_ical_events.of(calendar, components=["VEVENT"])
    starts = {seconds(o.start) for series in query.series for o in series.between(start, _LATEST)}
    return sum(start_s >= seconds(recurrence_id) for start_s in starts)
