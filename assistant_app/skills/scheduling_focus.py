"""What the conversation is about: the event, alarm, timer or to-do that "it", "that" and "the second one" mean.

It looks at the exchanges so far, what they did (`SkillReply.actions`) and what they told of
(`SkillReply.about`). It changes nothing and asks nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from assistant_app.agenda.events import Event, Occurrence
from assistant_app.agenda.ring_state import Timer
from assistant_app.errors import InputError
from assistant_app.skills.answers import ordinal_in
from assistant_app.skills.api import Exchange, SkillContext
from assistant_app.skills.scheduling_words import iso
from assistant_app.turn import DIALOGUE, Action, Mention

PRESENT_KINDS = ("event_added", "event_moved", "event_edited", "undone")
"""Actions after which the event is there."""
DID = "did"
"""In the state of a question about what was done: the actions."""
_TALK_BETWEEN = 2
_NAMES_KIND = re.compile(r"\b(?:timers?|alarms?|countdowns?)\b|闹钟|计时器|定时器", re.IGNORECASE)


def last_exchange(context: SkillContext) -> Exchange | None:
    """The latest one that was not small talk; None where the talk has moved on."""
    recent = context.history[-_TALK_BETWEEN - 1 :]
    return next((e for e in reversed(recent) if e.route is None or e.route.skill != DIALOGUE), None)


def last_actions(exchange: Exchange | None) -> tuple[Action, ...]:
    """What it did, or asks whether it was wrong."""
    if exchange is None or exchange.reply is None:
        return ()
    pending = exchange.reply.pending
    return exchange.reply.actions or (pending.state.get(DID, ()) if pending is not None else ())


def made_just_now(uid: str, context: SkillContext) -> bool:
    """Whether the talk has been of nothing else since the event was made: correcting it is a part of making it."""
    for exchange in reversed(context.history):
        actions = [action for action in (exchange.reply.actions if exchange.reply else ()) if action.uid == uid]
        if any(action.kind == "event_added" for action in actions):
            return True
        talk = exchange.route is not None and exchange.route.skill == DIALOGUE
        asked = exchange.reply is not None and exchange.reply.pending is not None
        if not (actions or talk or asked):
            return False
    return False


def mentions_of(occurrences: Sequence[Occurrence], context: SkillContext) -> tuple[Mention, ...]:
    """For a reply that tells of these."""
    return tuple(Mention(o.event.uid, iso(o.start, context.zone)) for o in occurrences)


def occasion_talked_about(context: SkillContext) -> Occurrence | None:
    """The one event that was changed or told of last, if it is still there; of a series the occasion that was shown,
    or else its next one. None as well where several were told: see `occasions_told`."""
    for mentions in _mentions(context):
        found = [there for mention in mentions if (there := _occasion(mention, context))]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def occasions_told(context: SkillContext) -> list[Occurrence]:
    """What the last reply that told of events told of, in its order."""
    for mentions in _mentions(context):
        found = [there for mention in mentions if (there := _occasion(mention, context))]
        if found:
            return found
    return []


def occasion_by_number(text: str, context: SkillContext) -> Occurrence | None:
    """ "The second one" of those that were told."""
    place = ordinal_in(text)
    told = occasions_told(context) if place is not None else []
    return told[place] if place is not None and told and -1 <= place < len(told) else None


def timer_talked_about(text: str, context: SkillContext, timers: Sequence[Timer]) -> Timer | None:
    """The one of these that the last exchange did something to, where the text says "it" and not "the timer"."""
    if _NAMES_KIND.search(text):
        return None
    for action in reversed(last_actions(last_exchange(context))):
        for timer in timers:
            if action.uid == timer_uid(timer):
                return timer
    return None


def timer_uid(timer: Timer) -> str:
    """As actions name it."""
    return f"timer-{timer.id}"


def alarms_talked_about(
    text: str, context: SkillContext, alarms: Sequence[tuple[Event, datetime]]
) -> list[tuple[Event, datetime]]:
    """Those of these that the last exchange set, moved or told of, where the text says "it" and not "the alarm"."""
    exchange = last_exchange(context)
    if exchange is None or exchange.reply is None or _NAMES_KIND.search(text):
        return []
    uids = {action.uid for action in exchange.reply.actions} | {mention.uid for mention in exchange.reply.about}
    return [alarm for alarm in alarms if alarm[0].uid in uids]


def _mentions(context: SkillContext) -> Iterator[tuple[Mention, ...]]:
    """What the exchanges did to events or told of them, the latest first."""
    for exchange in reversed(context.history):
        if exchange.reply is None:
            continue
        for action in reversed(exchange.reply.actions):
            if action.kind in PRESENT_KINDS:
                yield (Mention(action.uid, action.details.get("start", "")),)
        if exchange.reply.about:
            yield exchange.reply.about


def _occasion(mention: Mention, context: SkillContext) -> Occurrence | None:
    try:
        event = context.calendar.get(mention.uid)
    except InputError:
        return None
    if mention.start:
        start = datetime.fromisoformat(mention.start).replace(tzinfo=context.zone)
        with contextlib.suppress(InputError):
            return context.calendar.occurrence(event.uid, start.date() if event.all_day else start)
    return context.calendar.nearest(event.uid, context.now())
