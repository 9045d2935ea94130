"""What is in the calendar, when there is time, and what day it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import FreeSlot, Occurrence, as_datetime
from assistant_app.agenda.spoken import spoken_clock, spoken_day, spoken_duration, written_range
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.word_search import GENERAL, PASSING, fold
from assistant_app.skills.api import SkillContext
from assistant_app.skills.clocks_and_days import clock_or_days
from assistant_app.skills.scheduling_events import (
    REMINDER,
    distinct,
    is_clock_time,
    time_looked_at,
    times_in,
)
from assistant_app.skills.scheduling_focus import mentions_of
from assistant_app.skills.scheduling_room import Stretch, asked_room_for, offer_room
from assistant_app.skills.scheduling_words import described, interval_of, said, search_words
from assistant_app.turn import Route, SkillReply, Utterance

_SHOWN = 6
_SPOKEN = 3
_LOOK_AHEAD = timedelta(days=7)
_SEARCH_LIMIT = 200
_FAR_AHEAD = timedelta(days=366)
_HOW_LONG = re.compile(
    r"\bhow (?:long|much time|many (?:minutes|hours|days))\b.*\b(?:until|till|til|to|before|left)\b"
    r"|多久|还有多长时间|还有几(?:个小时|分钟|天)",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"\b(?:am i|are we)\b.*\bfree\b|\b(?:do|will) (?:i|we) have (?:any |some )?(?:free )?time\b|有空|有时间", re.I
)
_NEXT = re.compile(r"\b(?:next|upcoming)\b(?! (?:week|month|year|weekend|\w+day))|下一个|接下来", re.IGNORECASE)


def query(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    if _FREE.search(utterance.text):  # "am I free on Friday" is a question about the calendar as well
        return find_free_time(utterance, route, context)
    days = clock_or_days(utterance, context)
    if days is not None:
        return days
    return _query(utterance, route, context, category="")


def query_reminders(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _query(utterance, route, context, category=REMINDER)


def _query(utterance: Utterance, route: Route, context: SkillContext, *, category: str) -> SkillReply:
    now = context.now()
    words = search_words(utterance.text, route.slots)
    reading = _asked_time(utterance, route, now)
    interval = _until(reading, now) or time_looked_at(reading) if reading else None
    if interval is None:
        return _coming(utterance, words, context, category)
    inside = _of(category, context.calendar.between(*interval))
    if words:
        named = {o.event.uid for o in context.calendar.search(words, limit=_SEARCH_LIMIT)}
        inside = [o for o in inside if o.event.uid in named] or ([] if named else inside)
    return _told(inside, when_said(reading, interval, now), context)


def _coming(utterance: Utterance, words: str, context: SkillContext, category: str) -> SkillReply:
    """Without a time: the next one of that name, or all of the coming week."""
    now = context.now()
    if asks_for_next(utterance.text) and set(fold(words)) <= GENERAL | PASSING:
        following = _next_timed(context, category)
        if following is not None:
            text = time_until(following, now) if asks_how_long(utterance.text) else f"{described(following, now)}."
            speech = None if asks_how_long(utterance.text) else f"{said(following, now)}."
            return SkillReply(text, speech=speech, about=mentions_of([following], context))
    if words:
        found = _of(category, context.calendar.search(words, after=now))
        if found:
            first = found[0]
            more = (
                f" There are {len(found) - 1} more." if len(found) > 2 else " There is one more." if found[1:] else ""
            )
            about = mentions_of(found[:1], context)
            if asks_how_long(utterance.text):
                return SkillReply(f"{time_until(first, now)}{more}", about=about)
            return SkillReply(f"{described(first, now)}.{more}", speech=f"{said(first, now)}.{more}", about=about)
        past = distinct(context.calendar.search(words))
        if past:
            text = f"Nothing of that name is coming. The last was {described(past[0], now)}."
            return SkillReply(text, about=mentions_of(past[:1], context))
        return SkillReply(f"I found nothing called “{words}” in the calendar.")
    coming = [
        o for o in context.calendar.between(now, now + _LOOK_AHEAD) if not category or category in o.event.categories
    ]
    if coming:
        return _told(coming, "in the coming week", context)
    following = context.calendar.next_after(now)
    if following is None or category:
        return SkillReply("Nothing is coming up in the calendar.")
    text = f"Nothing in the coming week. The next is {described(following, now)}."
    return SkillReply(text, about=mentions_of([following], context))


def asks_how_long(text: str) -> bool:
    """ "How long until lunch", "how much time do I have before the review"."""
    return bool(_HOW_LONG.search(text))


def asks_for_next(text: str) -> bool:
    """ "When is my next meeting", "what is coming up next": one answer is wanted, not a week's."""
    return bool(_NEXT.search(text)) or asks_how_long(text)


def time_until(which: Occurrence, now: datetime) -> str:
    """ "In an hour and twenty minutes: Lunch, today at noon."; what is under way says so."""
    start = as_datetime(which.start, _zone(now))
    told = f"{said(which, now)}."
    if start <= now:
        return f"That is now: {told}"
    away = timedelta(minutes=-(-(start - now) // timedelta(minutes=1)))
    return f"In {spoken_duration(away)}: {told}"


def _next_timed(context: SkillContext, category: str) -> Occurrence | None:
    """The next thing that begins at an hour, however far away; else the next one at all."""
    now = context.now()
    if category:
        coming = _of(category, context.calendar.between(now, now + _FAR_AHEAD))
        return next(iter(coming), None)
    coming = [o for o in context.calendar.between(now, now + _LOOK_AHEAD) if not o.all_day and _starts(o, now) > now]
    return coming[0] if coming else context.calendar.next_after(now)


def _starts(which: Occurrence, now: datetime) -> datetime:
    return as_datetime(which.start, _zone(now))


def _zone(now: datetime) -> ZoneInfo:
    assert isinstance(now.tzinfo, ZoneInfo)
    return now.tzinfo


def _of(category: str, found: Sequence[Occurrence]) -> list[Occurrence]:
    return [occurrence for occurrence in found if not category or category in occurrence.event.categories]


def _told(found: Sequence[Occurrence], when: str, context: SkillContext) -> SkillReply:
    now, about = context.now(), mentions_of(found[:_SHOWN], context)
    if not found:
        return SkillReply(f"Nothing is in the calendar {when}.")
    if len(found) == 1:
        return SkillReply(f"{described(found[0], now)}.", speech=f"{said(found[0], now)}.", about=about)
    head = f"{len(found)} events {when}"
    lines = [f"- {described(occurrence, now)}" for occurrence in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"- and {len(found) - _SHOWN} more")
    spoken = "; ".join(said(occurrence, now) for occurrence in found[:_SPOKEN])
    rest = f"; and {len(found) - _SPOKEN} more" if len(found) > _SPOKEN else ""
    return SkillReply("\n".join((f"{head}:", *lines)), speech=f"{head}: {spoken}{rest}.", about=about)


def find_free_time(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    now = context.now()
    hours = context.settings.calendar
    reading = _asked_time(utterance, route, now)
    length = (reading.duration if reading else None) or timedelta(minutes=hours.event_minutes)
    interval = _until(reading, now) or interval_of(reading, length) if reading else None
    if interval is None:
        start, end = now, now + _LOOK_AHEAD
    elif reading and is_clock_time(reading):
        return _free_at(interval, context)
    else:
        start, end = max(interval[0], now), interval[1]
    if end <= start:
        return SkillReply("That time is over already.")
    when = when_said(reading, interval, now) if interval else "in the coming week"
    title = asked_room_for(utterance, route, now)
    if title:
        words = reading.text if reading else ""
        return offer_room(title, Stretch(start, end, length, when, words), context, utterance.language)
    taken = context.calendar.conflicts(start, end)
    if interval and not taken and interval[1] - interval[0] <= timedelta(days=1):
        return SkillReply(f"Yes, you are free {when}.")
    free = context.calendar.free_slots(
        length, start, end, day_starts_hour=hours.day_starts_hour, day_ends_hour=hours.day_ends_hour
    )
    if not free:
        busy = f" There is {described(taken[0], now)}." if taken else ""
        text = f"No, there is no room for {spoken_duration(length)} {when}.{busy}"
        return SkillReply(text, about=mentions_of(taken[:1], context))
    shown = [written_range(slot.start, slot.end, now) for slot in free[:_SPOKEN]]
    return SkillReply(
        f"Free {when}: {'; '.join(shown)}.",
        speech=f"You are free {'; '.join(_slot_said(slot, now) for slot in free[:_SPOKEN])}.",
    )


def _free_at(interval: tuple[datetime, datetime], context: SkillContext) -> SkillReply:
    now = context.now()
    taken = context.calendar.conflicts(*interval)
    when = written_range(*interval, now)
    if not taken:
        return SkillReply(f"Yes, you are free: {when}.", speech="Yes, you are free then.")
    return SkillReply(
        f"No, there is {described(taken[0], now)}.",
        speech=f"No, there is {said(taken[0], now)}.",
        about=mentions_of(taken[:1], context),
    )


def date_and_time(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    """From the clock, here or elsewhere, or the day that the question names."""
    elsewhere = clock_or_days(utterance, context)
    if elsewhere is not None:
        return elsewhere
    now = context.now()
    reading = parse_when(utterance.text, now=now, language=utterance.language)
    if reading is not None and reading.start is not None and reading.start.date() != now.date():
        day = reading.start.date()
        near = spoken_day(day, now.date())
        full = f"{day:%A} {day.day} {day:%B %Y}"
        return SkillReply(f"{near[0].upper()}{near[1:]} is {full}." if near not in full else f"That is {full}.")
    text = f"It is {now:%H:%M} on {now:%A} {now.day} {now:%B %Y}."
    return SkillReply(text, speech=f"It is {spoken_clock(now)} on {now:%A} the {now.day} of {now:%B}.")


def _asked_time(utterance: Utterance, route: Route, now: datetime) -> WhenReading | None:
    for slot in route.slots:
        if slot.name == "datetime" and slot.start == slot.end:  # of the question before: "and in the morning?"
            carried = parse_when(slot.text, now=now, language=utterance.language)
            if carried is not None:
                return carried
    whole = parse_when(utterance.text, now=now, language=utterance.language)
    if whole is not None:
        return whole
    return next(iter(times_in(utterance, now)), None)


def _until(reading: WhenReading, now: datetime) -> tuple[datetime, datetime] | None:
    """ "Before noon on Friday" is that day up to noon, "until Friday" all of the time from now."""
    if reading.start is not None or reading.end is None or reading.end <= now:
        return None
    last = reading.end + timedelta(days=1) if reading.includes_end_day else reading.end
    midnight = datetime.combine(reading.end.date(), time(), tzinfo=now.tzinfo)
    return (now if reading.all_day else max(now, midnight)), last


def when_said(reading: WhenReading | None, interval: tuple[datetime, datetime], now: datetime) -> str:
    """The stretch of time that was asked about, said back: "tomorrow", "from Monday ... to Sunday ..."."""
    start, end = interval
    if end - start == timedelta(minutes=1):
        return f"{spoken_day(start.date(), now.date())} at {start:%H:%M}"
    if reading is not None and reading.grain in ("day", None) and end - start <= timedelta(days=1, hours=1):
        return spoken_day(start.date(), now.date())
    if reading is not None and reading.grain in ("week", "weekend", "month", "quarter", "season", "year"):
        last = end - timedelta(seconds=1)
        return f"from {spoken_day(start.date(), now.date())} to {spoken_day(last.date(), now.date())}"
    return written_range(start, end, now)


def _slot_said(slot: FreeSlot, now: datetime) -> str:
    return f"{spoken_day(slot.start.date(), now.date())} from {spoken_clock(slot.start)} to {spoken_clock(slot.end)}"
