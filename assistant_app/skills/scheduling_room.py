"""Room for something that has a name: "find an hour for the gym this week" offers free times and books the one taken.

Whether there is time at all, without a name, is `scheduling_queries`' to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant_app.agenda.spoken import spoken_duration, spoken_time
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.answers import NO
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_create import TIME, Wanted
from assistant_app.skills.scheduling_events import times_in
from assistant_app.skills.scheduling_offers import free_times
from assistant_app.skills.scheduling_words import tidy, title_of
from assistant_app.turn import SCHEDULING, Choice, Pending, Route, SkillReply, Utterance

_TO_FIND = re.compile(
    r"\b(?:find|make|get|fit|squeeze|block|reserve|schedule)\b|\bwhen (?:can|could|should|do) (?:i|we)\b"
    r"|找|安排|抽|腾|挤",
    re.IGNORECASE,
)
_FOR = re.compile(r"\b(?:for|to)\s+(?P<title>[^,.!?]+)", re.IGNORECASE)
_HAN_FOR = re.compile(r"(?:去|来|做|用来|给)(?P<title>[^,，。！？\s]+)")
_NO_TITLE = re.compile(r"^(?:me|us|you|it|that|this|something|time|a|an|the|free|spare|my|for)?$", re.IGNORECASE)


def asked_room_for(utterance: Utterance, route: Route, now: datetime) -> str:
    """The name of what time is to be found for; empty where only the time is asked about."""
    if not _TO_FIND.search(utterance.text):
        return ""
    spans = [span for reading in times_in(utterance, now) for span in reading.spans]
    named = title_of(utterance.text, route.slots, spans)
    if named:
        return tidy(named)
    text = utterance.text
    for start, end in sorted(spans, reverse=True):  # what is a time ends a name
        text = f"{text[:start]},{text[end:]}"
    for pattern in (_FOR, _HAN_FOR):
        for found in pattern.finditer(text):
            title = found["title"].strip()
            if not _NO_TITLE.match(title):
                return tidy(title)
    return ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """In which time room is looked for."""

    start: datetime
    end: datetime
    length: timedelta
    """Of what is to be done."""
    said: str
    """The stretch said back: "tomorrow", "in the coming week"."""
    words: str
    """The words it was read from."""


def offer_room(title: str, stretch: Stretch, context: SkillContext, language: str) -> SkillReply:
    """Free times within the hours of the day; the answer takes one of them or names another."""
    now, length = context.now(), spoken_duration(stretch.length)
    reading = WhenReading(stretch.words, (), stretch.start, stretch.end, "week", duration=stretch.length)
    free = free_times(reading, context)
    if not free:
        return SkillReply(
            f"There is no room for “{title}”, {length}, {stretch.said} within the hours of your day. "
            "Name another time, or a shorter one."
        )
    labels = [spoken_time(start, now) for start in free]
    offers = (
        Choice(label[:1].upper() + label[1:], start.isoformat()) for label, start in zip(labels, free, strict=True)
    )
    question = f"There is room for “{title}”, {length}: {', or '.join(labels)}. Which shall I take?"
    wanted = Wanted(title, time_words=stretch.words, language=language, reading=reading)
    state = {"step": TIME, "wanted": wanted}
    return SkillReply(question, pending=Pending(question, (*offers, Choice("Leave it", NO)), SCHEDULING, state))
