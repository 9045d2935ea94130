"""Questions about what was just told or made: "when does it end", "where is it", "what's after that?"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from assistant_app.agenda.events import Occurrence, as_datetime
from assistant_app.agenda.spoken import spoken_clock, spoken_day, spoken_duration, spoken_recurrence, spoken_time
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_focus import mentions_of, occasion_by_number, occasions_told
from assistant_app.skills.scheduling_words import at_midnight, described, said, title_and
from assistant_app.turn import Route, SkillReply, Utterance

_IT = r"(?:it|that|this|the (?:event|meeting|appointment|second|first|third|last)(?: one)?)"
_AROUND = frozenset(
    [
        "what",
        "what's",
        "whats",
        "is",
        "are",
        "comes",
        "come",
        "happens",
        "do",
        "does",
        "i",
        "i've",
        "have",
        "got",
        "anything",
        "something",
        "else",
        "there",
        "going",
        "on",
        "planned",
        "scheduled",
        "right",
        "directly",
        "straight",
        "immediately",
        "and",
        "so",
        "then",
        "ok",
        "okay",
        "my",
        "the",
        "events",
        "event",
        "meetings",
        "meeting",
        "appointments",
        "appointment",
        "coming",
        "up",
        "in",
        "calendar",
    ]
)
"""All the words of "what do I have after that?" but the two that count."""
_IT_WORDS = frozenset(("that", "it", "this", "them", "those", "one"))
_HAN_AROUND = re.compile(
    r"^(?:那|那么)?(?:它|这个|那个)?(?:之|以)?(?P<way>后|前)(?:面)?(?:呢|(?:我)?还?有(?:什么|别的)?(?:安排|日程|会议|会)?|是什么)?$"
)
_DETAILS = {
    "end": re.compile(
        rf"\bwhen (?:does|do|will|is) {_IT} (?:end|finish|over|done)|\bwhat time (?:does|will) {_IT} (?:end|finish)"
        rf"|\bhow long does {_IT} go until|(?:它|这个|那个)?(?:什么时候|几点)结束",
        re.IGNORECASE,
    ),
    "length": re.compile(
        rf"\bhow long (?:is|will|does|should) {_IT}(?: be| last| take)?\b|(?:它|这个|那个)?(?:要?多长时间|持续多久)",
        re.IGNORECASE,
    ),
    "place": re.compile(rf"\bwhere(?:'s| is| will) {_IT}|\bwhat(?:'s| is) the (?:location|place)|在哪(?:里|儿)?", re.I),
    "start": re.compile(
        rf"\bwhen (?:does|do|will|is) {_IT}(?: start| begin| be)?\W*$"
        rf"|\bwhat (?:time|day) (?:does|will) {_IT} (?:start|begin|be)"
        rf"|\bwhen's {_IT}|\bwhat day is {_IT}|(?:它|这个|那个)(?:是)?(?:什么时候|几点)",
        re.IGNORECASE,
    ),
    "repeats": re.compile(rf"\b(?:does {_IT} repeat|is {_IT} (?:recurring|every \w+)|how often is {_IT})", re.I),
}


def asks_around(text: str) -> bool:
    """ "What's after that?", "and before that?", "anything afterwards?"."""
    return _around(text) is not None


def asks_detail(text: str) -> bool:
    """ "Where is it?", "when does it end?"."""
    return _detail(text) is not None


def around(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """The neighbour, on the same day first, of what was told."""
    told = occasions_told(context)
    after = _around(utterance.text) != "before"
    if not told:
        return SkillReply("After what? Name an event or a time.")
    which = told[-1] if after else told[0]
    now, zone = context.now(), context.zone
    edge = as_datetime(which.end if after else which.start, zone)
    midnight = at_midnight(as_datetime(which.start, zone).date(), zone)
    span = (edge, midnight + timedelta(days=1)) if after else (midnight, edge)
    near = [o for o in context.calendar.between(*span) if _lies(o, edge, after, context) and not _same(o, which)]
    if near:
        found = near[0] if after else near[-1]
        return _one(found, context)
    day, side = spoken_day(midnight.date(), now.date()), "after" if after else "before"
    text = f"Nothing {day} {side} {title_and(which)}."
    following = context.calendar.next_after(max(edge, midnight + timedelta(days=1))) if after else None
    if following is None:
        return SkillReply(text)
    return SkillReply(
        f"{text} The next is {described(following, now)}.",
        speech=f"{text} The next is {said(following, now)}.",
        about=mentions_of([following], context),
    )


def detail(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """What was asked of the one event that was talked about."""
    numbered = occasion_by_number(utterance.text, context)
    told = [numbered] if numbered else occasions_told(context)
    if not told:
        return SkillReply("Which event do you mean? Name it by its title or its time.")
    about = mentions_of(told, context)
    if len(told) > 1:
        now = context.now()
        return SkillReply(" ".join(f"{_answer(utterance.text, which, now)}" for which in told), about=about)
    return SkillReply(_answer(utterance.text, told[0], context.now()), about=about)


def _answer(text: str, which: Occurrence, now: datetime) -> str:
    asked, name = _detail(text) or "start", title_and(which)
    start, end = which.start, which.end
    timed = isinstance(start, datetime) and isinstance(end, datetime)
    if asked == "place":
        return f"{name} is at {which.event.location}." if which.event.location else f"No place is noted for {name}."
    if asked == "repeats":
        rule = which.event.recurrence
        return f"{name} takes place {spoken_recurrence(rule)}." if rule else f"{name} does not repeat."
    if asked == "start":
        return f"{said(which, now)}."
    if not timed or not isinstance(end, datetime) or not isinstance(start, datetime):
        return f"{said(which, now)}, all day."
    if asked == "length":
        return f"{name} takes {spoken_duration(end - start)}."
    last = end.astimezone(now.tzinfo)
    same_day = last.date() == start.astimezone(now.tzinfo).date()
    return f"{name} ends {f'at {spoken_clock(last)}' if same_day else spoken_time(last, now)}."


def _one(which: Occurrence, context: SkillContext) -> SkillReply:
    now = context.now()
    return SkillReply(f"{described(which, now)}.", speech=f"{said(which, now)}.", about=mentions_of([which], context))


def _around(text: str) -> str | None:
    plain = text.strip().rstrip("?.!？。！ ").replace("’", "'")
    if found := _HAN_AROUND.match(plain):
        return "before" if found["way"] == "前" else "after"
    words = set(re.findall(r"[a-z']+", plain.lower()))
    afterwards = bool(words & {"afterwards", "afterward"})
    ways = words & {"after", "before"} or ({"after"} if afterwards else set())
    pointed = bool(words & _IT_WORDS) or afterwards
    rest = words - _AROUND - _IT_WORDS - {"after", "before", "afterwards", "afterward"}
    return ways.pop() if len(ways) == 1 and pointed and not rest else None


def _detail(text: str) -> str | None:
    plain = text.replace("’", "'")
    return next((name for name, asked in _DETAILS.items() if asked.search(plain)), None)


def _lies(which: Occurrence, edge: datetime, after: bool, context: SkillContext) -> bool:
    if which.all_day:
        return False
    start, end = as_datetime(which.start, context.zone), as_datetime(which.end, context.zone)
    return start >= edge if after else end <= edge


def _same(one: Occurrence, other: Occurrence) -> bool:
    return one.event.uid == other.event.uid and one.start == other.start
