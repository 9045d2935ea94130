"""SMCalFlow's programs (Lispress) read as far as a calendar needs them: the act, the title, the day, the hour.

A small evaluator of the date and time functions that name one day or one hour; whatever names a stretch
("this week", "in the morning") or refers back in the conversation has no value here, and is then not judged.
Independent of `agenda.when`: it reads programs, not words. Source of the language: Andreas et al. 2020
(arXiv:2009.11423) and the library that published the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

Tree = Any
"""A nested list of strings; the first is the function."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()^]|[^\s()^]+')
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_NOT_A_START = ("Event.end_?", "Event.duration_?", "Event.attendees_?", "TimeAfterDateTime", "refer")
"""Below these lies no time at which the event begins."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a program says of an event; None where it says nothing that can be read."""

    subject: str | None = None
    day: date | None = None
    clock: time | None = None

    @property
    def empty(self) -> bool:
        return self.subject is None and self.day is None and self.clock is None


@dataclass(frozen=True, slots=True)
class Program:
    """One turn's program."""

    act: str | None
    """`create`, `cancel`, `move`, `query`, `revise`, `accept`, `refuse`, `remind`, `small_talk`, `elsewhere`
    (weather, places, people), `nothing` (what the agent there refused); None: several acts or none of these."""
    new: Described = Described()
    """The event as it shall be."""
    target: Described = Described()
    """The event that is meant, as it is."""


def read_program(text: str, now: datetime) -> Program:
    """A program as published."""
    try:
        tree = _parse(text)
    except ValueError:
        return Program(None)
    names: dict[str, Tree] = {}
    tree = _bound(tree, names)
    act = _act(tree, text)
    evaluate = _Times(now, names)
    if act in ("cancel", "query"):
        return Program(act, target=evaluate.described(tree))
    if act == "move":
        update: Tree = next(_find(tree, "UpdatePreflightEventWrapper"), [])
        target = evaluate.described(update[1]) if len(update) > 1 else Described()
        return Program(act, evaluate.described(update[2:]), target)
    return Program(act, evaluate.described(tree) if act in ("create", "revise", "remind") else Described())


def _parse(text: str) -> Tree:
    stack: list[list[Tree]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) < 2:
                raise ValueError(text)
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1 or not stack[0]:
        raise ValueError(text)
    return stack[0][0]


def _bound(tree: Tree, names: dict[str, Tree]) -> Tree:
    """The body of `let`, with what it binds."""
    while isinstance(tree, list) and len(tree) == 3 and tree[0] == "let":
        pairs = tree[1]
        names |= dict(zip(pairs[::2], pairs[1::2], strict=False))
        tree = tree[2]
    return tree


def _act(tree: Tree, text: str) -> str | None:
    if not isinstance(tree, list) or not tree:
        return None
    if tree[0] == "do":  # the last of several is what the turn ends in
        return _act(_bound(tree[-1], {}), text)
    head = tree[0] if isinstance(tree[0], str) else ""
    if head.startswith(("Pleasantry", "GenericPleasantry", "UserPause")):
        return "small_talk"
    if head == "DoNotConfirm":
        return "refuse"
    if head.startswith("Fence"):
        return {"FenceReminder": "remind", "FenceMultiAction": None}.get(head, "nothing")
    inside = text if head != "Yield" else " ".join(_words(tree))
    for part, act in _ACTS:
        if part in inside:
            return act
    return None


_ACTS = (
    # The first that the program holds decides; what changes the calendar before what only looks.
    ("ChooseCreateEvent", "accept"),
    ("ChooseUpdateEvent", "accept"),
    ("ConfirmAndReturnAction", "accept"),
    ("ReviseConstraint", "revise"),
    ("NewClobber", "revise"),
    ("ConfirmUpdateAndReturnAction", "revise"),
    ("DeleteCommitEventWrapper", "cancel"),
    ("UpdateCommitEventWrapper", "move"),
    ("CreateCommitEventWrapper", "create"),
    ("Weather", "elsewhere"),
    ("Place", "elsewhere"),
    ("FindEventWrapperWithDefaults", "query"),
    ("FindNumNextEvent", "query"),
    ("FindLastEvent", "query"),
    ("Event.", "query"),
    ("Person", "elsewhere"),
    ("FindManager", "elsewhere"),
)


def _words(tree: Tree) -> Iterator[str]:
    if isinstance(tree, list):
        for part in tree:
            yield from _words(part)
    else:
        yield str(tree)


def _find(tree: Tree, name: str) -> Iterator[Tree]:
    if isinstance(tree, list):
        if tree and tree[0] == name:
            yield tree
        for part in tree:
            yield from _find(part, name)


class _Times:
    """Values of the functions that name one day or one hour."""

    def __init__(self, now: datetime, names: Mapping[str, Tree]) -> None:
        self._now = now
        self._names = names

    def described(self, tree: Tree) -> Described:
        subject = None
        for node in _find(tree, "Event.subject_?"):
            texts = [word for word in _words(node) if word.startswith('"')]
            subject = subject or (texts[0].strip('"').strip() if texts else None)
        day, clock = None, None
        for value in self._values(tree):
            if isinstance(value, datetime):
                day, clock = day or value.date(), clock or value.time()
            elif isinstance(value, time):
                clock = clock or value
            else:
                day = day or value
        return Described(subject, day, clock)

    def _values(self, tree: Tree) -> Iterator[datetime | date | time]:
        """Of the topmost expressions that have one, from left to right."""
        value = self.value(tree)
        if isinstance(value, date | time):
            yield value
        elif isinstance(tree, list) and not (tree and tree[0] in _NOT_A_START):
            for part in tree:
                yield from self._values(part)

    def value(self, tree: Tree) -> datetime | date | time | None:
        if isinstance(tree, str):
            return self.value(self._names[tree]) if tree in self._names else None
        if not tree or not isinstance(tree[0], str):
            return None
        try:
            return self._call(tree[0], tree[1:])
        except (ValueError, IndexError, OverflowError):  # the 31st of a short month, an argument missing
            return None

    def _call(self, name: str, arguments: Sequence[Tree]) -> datetime | date | time | None:
        today = self._now.date()
        if name in ("Today", "Tomorrow", "Yesterday"):
            return today + timedelta(days=("Yesterday", "Today", "Tomorrow").index(name) - 1)
        if name in ("Noon", "Midnight"):
            return time(12 if name == "Noon" else 0)
        if name.startswith(("Number", "HourM")):
            return _clock(name, [_number(part) for part in arguments])
        if name in ("NextDOW", "nextDayOfWeek", "ClosestDayOfWeek", "previousDayOfWeek"):
            start = today if name == "NextDOW" else self._day(arguments[0])
            weekday = _DAYS.index(arguments[-1][0])
            return _weekday(name, start, weekday) if start else None
        if name in ("MD", "MDY"):
            number, month = _number(arguments[0]), _MONTHS.index(arguments[1][0]) + 1
            if name == "MDY":
                return date(_number(arguments[2][1]), month, number)
            this_year = date(today.year, month, number)
            return this_year if this_year >= today else date(today.year + 1, month, number)
        if name == "nextDayOfMonth":
            start = self._day(arguments[0])
            return _next_day_of_month(start, _number(arguments[1])) if start else None
        if name == "adjustByPeriod":
            start = self._day(arguments[0])
            unit = {"toDays": 1, "toWeeks": 7}.get(arguments[1][0])
            return start + timedelta(days=unit * _number(arguments[1][1])) if start and unit else None
        if name == "DateAtTimeWithDefaults":
            day, clock = self._day(arguments[0]), self.value(arguments[1])
            if day and isinstance(clock, time):
                return datetime.combine(day, clock)
        return None

    def _day(self, tree: Tree) -> date | None:
        value = self.value(tree)
        if isinstance(value, datetime):
            return value.date()
        return value if isinstance(value, date) else None


def _number(word: Tree) -> int:
    if not isinstance(word, str):
        raise ValueError(word)
    return int(word.rstrip("L"))


def _clock(name: str, numbers: Sequence[int]) -> time:
    hour = numbers[0]
    if name.lower().endswith("pm"):
        hour = hour % 12 + 12
    elif name.lower().endswith("am"):
        hour %= 12
    return time(hour, numbers[1] if len(numbers) > 1 else 0)


def _weekday(name: str, start: date, weekday: int) -> date:
    ahead = (weekday - start.weekday()) % 7
    if name == "previousDayOfWeek":
        return start - timedelta(days=(start.weekday() - weekday) % 7 or 7)
    if name == "ClosestDayOfWeek":
        return start + timedelta(days=ahead if ahead <= 3 else ahead - 7)
    return start + timedelta(days=ahead or 7)


def _next_day_of_month(start: date, number: int) -> date:
    if number >= start.day:
        return start.replace(day=number)
    following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following.replace(day=number)
