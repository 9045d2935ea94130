"""What a correction says of an event beside its time: its title, its place, who comes, when to be reminded.

"Call it power yoga", "at the sports hall", "with Ann", "remind me ten minutes before". It knows no
calendar and changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from assistant_app.skills.fragments import Fragment
from assistant_app.turn import Route, Utterance

_NOUN = r"(?:it|that|this|them|(?:the|this|that|my) (?:event|meeting|appointment|reminder|alarm|timer|entry|one))"
_TITLE = re.compile(
    rf"^(?:call|name|title|rename|label) (?:{_NOUN} )?(?:to |as )?(?P<new>.+)$"
    r"|^(?:change|set|make|update|add) (?:the |its |a )?(?:title|name|subject) (?:to |as |be |of )?(?P<new2>.+)$"
    r"|^change (?:the |this |that |my )?(?:event|meeting|appointment) to (?P<new6>.+)$"
    r"|^(?:make|have|let) it (?:be )?(?:an?|the) (?P<new7>(?!bit|little|half|recurring|repeating|week|daily|month|all)"
    r".+)$"
    rf"|^(?:the |its )?(?:title|name|subject) (?:is|should be|will be) (?P<new3>.+)$"
    rf"|^(?:it(?:'s| is)|it should be) called (?P<new4>.+)$"
    rf"|^(?:把)?(?:它|名字|标题|名称)?(?:改名为|改名叫|叫做?|改叫|名字改成|标题改成)(?P<new5>.+)$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"^(?:change|set|make|put|update) (?:the|its) (?:location|place|venue) (?:to |as |at |in |be )*(?P<new>.+)$"
    r"|^(?:the |its )?(?:location|place|venue) (?:is|should be|will be) (?:at |in )?(?P<new2>.+)$"
    r"|^(?:把)?(?:地点|位置)(?:是|改成|改为|改到|设为|在)(?P<new3>.+)$",
    re.IGNORECASE,
)
_BARE_PLACE = re.compile(
    rf"^(?:(?:{_NOUN} )?(?:is|will be|should be) |it's |(?:make|have|put|do|hold) {_NOUN} )?"
    r"(?:at|in) (?P<new>(?!all\b).+)$"
    r"|^在(?P<new2>.+)$",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    rf"^(?:add|invite|include|bring) (?P<new>.+?)(?: (?:to|in|on|for) {_NOUN})?$"
    r"|^(?:(?:it's|it is) )?with (?P<new2>.+)$"
    r"|^make sure (?:that )?(?P<new4>.+?) (?:is|are) (?:invited|included|there)$"
    r"|^(?:加上|和)(?P<new3>.+?)(?:一起)?$",
    re.IGNORECASE,
)
_WITH = re.compile(r"(?:it's |it is )?with |make sure ", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:\s*,?\s*\b(?:instead|please|too|as well|also|then|thanks|thank you))+[.!?]*$|[.!?。！？]+$", re.IGNORECASE
)
_BEFORE = re.compile(r"\b(?:before|beforehand|prior|in advance|ahead|earlier)\b|提前|之前", re.IGNORECASE)
_REMINDS = re.compile(r"\b(?:remind|alert|notify|reminder|warning|warn)\b|提醒", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Detail:
    """Something of an event that is no time."""

    what: Literal["title", "location", "people"]
    new: str


def detail_of(utterance: Utterance, route: Route, fragment: Fragment) -> Detail | None:
    """The title, the place or the people that the words give."""
    text = _TAIL.sub("", fragment.text.replace("’", "'")).strip(' ,.!?"“”')
    if (new := _group(_TITLE, text)) and not fragment.times:
        return Detail("title", new)
    if new := _group(_PLACE, text):
        return Detail("location", new)
    if fragment.times or not fragment.content:
        return None
    if new := _group(_BARE_PLACE, text):
        return Detail("location", new)
    said_so = any(slot.name == "person" for slot in route.slots) or bool(_WITH.match(text))
    if (new := _group(_PEOPLE, text)) and (said_so or fragment.points_back):
        return Detail("people", new)
    return None


def alert_before(utterance: Utterance, fragment: Fragment) -> timedelta | None:
    """ "Remind me ten minutes before": how long before; None where it is another request."""
    if not _BEFORE.search(utterance.text) or not _REMINDS.search(utterance.text):
        return None
    named = [word for word in fragment.content if not (_BEFORE.search(word) or _REMINDS.search(word))]
    lengths = [reading.duration for reading in fragment.times if reading.duration is not None]
    return lengths[0] if lengths and not named else None


def _group(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return next((value.strip() for value in found.groups() if value), "") if found else ""


def with_people(title: str, people: str) -> str:
    """ "Lunch" and "Ann" is "Lunch with Ann"."""
    joined = "and" if "with" in title.casefold().split() else "with"
    return f"{title} {joined} {people}"
