"""What is said right after the calendar's reply: is it said of that, and as what?

"No, Thursday", "make it an hour", "actually cancel that", "and on Friday?", "what's after that?" mean
nothing by themselves, and the router sees one sentence at a time. Here the sentence gets the route
that it has after the last exchange; what it then does is `scheduling_corrections` and the rest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.word_search import PASSING, fold
from assistant_app.skills import scheduling_corrections as corrections
from assistant_app.skills import scheduling_details as details
from assistant_app.skills.answers import REFUSALS
from assistant_app.skills.api import Exchange, SkillContext
from assistant_app.skills.fragments import CHANGING, CORRECTING, DROPPING, Fragment, drops, fragment_of, tokens_of
from assistant_app.skills.scheduling_create import names_no_day
from assistant_app.skills.scheduling_events import is_clock_time
from assistant_app.skills.scheduling_fields import alert_before, detail_of
from assistant_app.skills.scheduling_focus import last_actions, last_exchange, made_just_now, occasions_told
from assistant_app.turn import DIALOGUE, SCHEDULING, Route, Slot, Utterance

CHANGE_LAST = "change_last"
DISCARD_LAST = "discard_last"
REJECT_LAST = "reject_last"
QUERY_AROUND = "query_around"
QUERY_DETAIL = "query_detail"
"""Intents that only the conversation gives, never the router."""

_QUERIES = ("query_events", "find_free_time", "query_reminders", "query_alarms")
_TIMER_WORDS = {
    "pause": "pause_timer",
    "hold": "pause_timer",
    "resume": "resume_timer",
    "continue": "resume_timer",
    "unpause": "resume_timer",
    "stop": "cancel_timer",
    "left": "query_timer",
    "remaining": "query_timer",
    "add": "lengthen_timer",
    "暂停": "pause_timer",
    "继续": "resume_timer",
}
_WEEKDAY = re.compile(
    r"^(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day$|^(?:周|星期|礼拜)[一二三四五六日天]$", re.IGNORECASE
)
_AND_MORE = re.compile(
    r"^\W*(?:(?:and|also|plus|oh and)\s+|还有|再加)(?:also\s+|some\s+)?(?P<item>.+?)(?:\s+too)?\W*$", re.I
)
_SURE = 0.8
_STILL_ITS = 4
"""So many exchanges after an event was told, "where is it" is still said of it."""
_TIMER_GLUE = frozenset(("much", "many", "minutes", "seconds", "there", "still", "remains", "plus"))


def in_context(utterance: Utterance, route: Route, context: SkillContext) -> Route | None:
    """The route of an utterance that is said of the last exchange; None for one that stands by itself."""
    exchange = last_exchange(context)
    if exchange is None or exchange.reply is None:
        return None
    fragment = fragment_of(utterance.text, context.now(), utterance.language)
    intent = _about_events(utterance, route, fragment, exchange, context)
    if intent is None:
        intent = _about_a_timer(fragment, exchange)
    if intent is not None:
        return Route(SCHEDULING, intent, 1.0, route.slots, why=route.why)
    if (more := _for_the_list(utterance, route, fragment, exchange)) is not None:
        return more
    return _asked_again(utterance, fragment, exchange, context)


def _about_events(
    utterance: Utterance, route: Route, fragment: Fragment, exchange: Exchange, context: SkillContext
) -> str | None:
    did = last_actions(exchange)
    if did and alert_before(utterance, fragment) is not None and did[-1].kind.startswith("event_"):
        return CHANGE_LAST
    if fragment.whole or fragment.many:
        return None
    if drops(utterance.text, context.now(), utterance.language):
        return _dropped(utterance, exchange, context)
    if did and _rejects(fragment, route):
        return REJECT_LAST
    lately = replace(context, history=context.history[-_STILL_ITS:])
    if details.asks_around(utterance.text) and occasions_told(lately):
        return QUERY_AROUND
    if details.asks_detail(utterance.text) and occasions_told(lately):
        return QUERY_DETAIL
    told = occasions_told(context) if did or (exchange.reply and exchange.reply.about) else []
    if fragment.asks or fragment.has(DROPPING):
        return None
    if did and corrections.can_change(did[-1]):
        return CHANGE_LAST if _changes(utterance, route, fragment, context) else None
    pointed = fragment.points_back and fragment.has(CHANGING, CORRECTING)
    return CHANGE_LAST if pointed and len(told) == 1 and _changes(utterance, route, fragment, context) else None


def _dropped(utterance: Utterance, exchange: Exchange, context: SkillContext) -> str | None:
    """ "Cancel that" after something was done takes it back; after an event was told, it is about the event."""
    did = last_actions(exchange)
    deleting = not {"cancel", "delete", "remove", "取消", "删除", "删掉"}.isdisjoint(tokens_of(utterance.text))
    if did:
        changed = did[-1].kind in ("event_moved", "event_edited") and not made_just_now(did[-1].uid, context)
        if deleting and changed and "it" in tokens_of(utterance.text):  # the event; "that" is the change
            return "cancel_event"
        gone = did[-1].kind in ("event_deleted", "task_deleted", "timer_cancelled")
        return None if gone and deleting else DISCARD_LAST
    return "cancel_event" if deleting and exchange.reply and exchange.reply.about else None


def _rejects(fragment: Fragment, route: Route) -> bool:
    """ "No", "not that": it says that something is wrong, and not what."""
    if fragment.times or fragment.number or fragment.content or fragment.asks or fragment.words & {"thanks", "thank"}:
        return False
    refused = route.skill == DIALOGUE and route.intent in REFUSALS
    return (refused and fragment.corrects) or bool(fragment.words & {"wrong", "错了", "不对"})


def _changes(utterance: Utterance, route: Route, fragment: Fragment, context: SkillContext) -> bool:
    """Whether the words change something of what was done last."""
    if detail_of(utterance, route, fragment) is not None:
        return True
    if fragment.content and not _of_last_title(fragment, context):
        return False
    anchored = fragment.points_back or fragment.corrects or bool(fragment.content)
    if fragment.times or fragment.number:
        return anchored or not fragment.words & _OBJECTS or fragment.has(frozenset(("make", "change")))
    return anchored and corrections.is_vague_shift(fragment)


_OBJECTS = frozenset(("set", "put", "schedule", "have", "take", "do", "bring"))
"""Verbs that begin a request of its own where nothing points back: "put Friday at five"."""


def _of_last_title(fragment: Fragment, context: SkillContext) -> bool:
    """Whether all that is named is what was talked about: "make the budget meeting an hour"."""
    told = occasions_told(context)
    if len(told) != 1:
        return False
    title = set(fold(told[0].event.title)) | PASSING
    return all(word in title for word in fold(" ".join(fragment.content)))


def _about_a_timer(fragment: Fragment, exchange: Exchange) -> str | None:
    did = last_actions(exchange)
    if not did or not did[-1].kind.startswith("timer_") or fragment.whole:
        return None
    named = [word for word in fragment.content if word not in _TIMER_GLUE]
    intents = {_TIMER_WORDS.get(word) for word in named}
    if len(intents) != 1:
        return None
    intent = intents.pop()
    return intent if intent != "lengthen_timer" or fragment.times else None


def _for_the_list(utterance: Utterance, route: Route, fragment: Fragment, exchange: Exchange) -> Route | None:
    """ "And bread", after milk was put on a list."""
    did = last_actions(exchange)
    found = _AND_MORE.match(utterance.text)
    sure = not route.unsure and route.confidence >= _SURE and route.intent != "add_to_list"
    if found is None or not did or did[-1].kind != "task_added" or fragment.times or fragment.asks or sure:
        return None
    item = Slot("list_item", found["item"], *found.span("item"))
    slots = tuple(slot for slot in route.slots if slot.name in ("list_item", "list_name")) or (item,)
    return Route(SCHEDULING, "add_to_list", 1.0, slots, why=route.why)


def _asked_again(utterance: Utterance, fragment: Fragment, exchange: Exchange, context: SkillContext) -> Route | None:
    """The question before, of another time: "and on Friday?" after "am I free on Thursday"."""
    before = exchange.route
    if before is None or before.skill != SCHEDULING or before.intent not in _QUERIES:
        return None
    alone = not fragment.content and not fragment.asks and not fragment.has(DROPPING) and not fragment.whole
    if not fragment.times or not alone or (fragment.has(CHANGING) and not fragment.corrects):
        return None
    slots = [Slot("datetime", utterance.text[a:b], a, b) for reading in fragment.times for a, b in reading.spans]
    slots += [replace(s, start=0, end=0) for s in before.slots if s.name in ("title", "person", "location")]
    if day := _carried_day(exchange, fragment.times[-1], utterance, context.now()):
        slots.append(Slot("datetime", day, 0, 0))
    return Route(SCHEDULING, before.intent, 1.0, tuple(slots))


def _carried_day(exchange: Exchange, reading: WhenReading, utterance: Utterance, now: datetime) -> str:
    """ "In the morning", asked after a question about Friday, is Friday morning."""
    if _WEEKDAY.match(reading.text):
        return _following_day(exchange, reading, utterance, now)
    if not is_clock_time(reading) and reading.grain != "part_of_day":
        return ""
    if not names_no_day(Utterance(reading.text, utterance.source, utterance.language), now):
        return ""
    before = _time_before(exchange, utterance, now)
    if before is None or before.start is None or before.start.date() == now.date():
        return ""
    return f"{reading.text} on {before.start.day} {before.start:%B %Y}"


def _following_day(exchange: Exchange, reading: WhenReading, utterance: Utterance, now: datetime) -> str:
    """ "And on Tuesday?", after Monday was asked about, is the day after that Monday."""
    before = _time_before(exchange, utterance, now)
    if before is None or before.start is None or reading.start is None or not reading.all_day:
        return ""
    away = before.start.date() - reading.start.date()
    if not timedelta() < away < timedelta(days=7):
        return ""
    day = reading.start + timedelta(days=7)
    return f"{day.day} {day:%B %Y}"


def _time_before(exchange: Exchange, utterance: Utterance, now: datetime) -> WhenReading | None:
    """The time that the question before was about."""
    slots = exchange.route.slots if exchange.route else ()
    carried = [slot.text for slot in slots if slot.name == "datetime" and slot.start == slot.end]
    return parse_when(carried[0] if carried else exchange.user, now=now, language=utterance.language)
