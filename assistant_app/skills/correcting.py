"""“No, that was a question”: what was understood wrongly is put right, kept, and done as it was meant.

Kept means one line in the user's own file (`memory/corrections.py`); learning from it is `assistant train --personal`.
What was done by mistake in the calendar is taken back if the user agrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant_app.memory.conversation import Exchange
from assistant_app.skills.answers import NO, YES, chosen, yes_or_no
from assistant_app.skills.api import Skill, SkillContext
from assistant_app.skills.clarification import CLARIFICATION
from assistant_app.turn import (
    DIALOGUE,
    QUESTION_ANSWERING,
    SCHEDULING,
    UNKNOWN,
    Choice,
    Pending,
    Route,
    SkillReply,
    Slot,
    Utterance,
    gap_after,
)

CORRECTING = "correcting"
WRONG = "wrong"
"""The intent of a correction that does not say what was meant."""
_ANSWER = "answer"
"""The intent of an answer to a pending question: no request of its own."""
_MOST_CHOICES = 7
_LEAST_PROBABILITY = 0.03


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing a request can be, as people call it."""

    label: str
    """Our "skill/intent"."""
    name: str
    english: str
    """Expression for the noun."""
    chinese: str


_KINDS = (
    _Kind(f"{QUESTION_ANSWERING}/ask", "a question", "question", "问题|提问|问你|问个?问题"),
    _Kind(
        f"{SCHEDULING}/create_event",
        "a calendar entry",
        "event|appointment|meeting|(?:calendar )?entry",
        "日程|预约|会议",
    ),
    _Kind(f"{SCHEDULING}/set_reminder", "a reminder", "reminder", "提醒"),
    _Kind(f"{SCHEDULING}/set_alarm", "an alarm", "alarm", "闹钟"),
    _Kind(f"{SCHEDULING}/set_timer", "a timer", "timer|countdown", "计时器?|倒计时"),
    _Kind(f"{SCHEDULING}/add_to_list", "something for a list", "list item|to-?do(?: item)?|task", "待办|清单|任务"),
    _Kind(f"{DIALOGUE}/chat", "just talk", "joke|chat|small talk|just talking|just chatting", "聊天|闲聊|玩笑"),
)

_NO = r"(?:no+|nope|nah|wrong|sorry|not that)[,.! ]+(?:no[,.! ]+)?"
_ONE = r"(?:(?:just|only|actually|really|like) )*(?:an? |the |my |one )?"
_SAID = (
    # what only a correction says
    rf"(?:{_NO})?(?:that|it|this) was (?:meant|supposed) to be {_ONE}(?P<a>.+)",
    rf"(?:{_NO})?(?:that|it|this) should(?: have)? (?:be|been) {_ONE}(?P<b>.+)",
    rf"(?:{_NO})?i meant (?:(?:that|it|this) )?(?:as |to be |for )?{_ONE}(?P<c>.+)",
    rf"(?:that|it|this) was {_ONE}(?P<d>question)",
    # what is one after a no
    rf"{_NO}(?:that|it|this)(?: is|'s| was) {_ONE}(?P<e>.+)",
    rf"{_NO}i (?:want|wanted|need|needed|asked for|was asking for) {_ONE}(?P<f>.+)",
    rf"{_NO}i (?:asked|was asking)(?: you)? {_ONE}(?P<g>question)",
)
_SAID_WRONG = (
    rf"(?:{_NO})?(?:that|this|it)(?: is|'s| was) (?:all )?(?:wrong|incorrect|not (?:right|correct|it))",
    rf"(?:{_NO})?(?:(?:that|this|it)(?: is|'s| was) )?not what i (?:meant|asked|asked for|wanted|said)",
    rf"(?:{_NO})?you(?: have|'ve)? (?:misunderstood|misheard|got (?:that|it|me) wrong)(?: me| that)?",
)
_SAID_CHINESE = (
    r"(?:不对?|不是|错了|不，)?[，,。!！ ]*(?:我|这|那)(?:个|刚才)?(?:是|的意思是)(?:在|想|要|说)?"
    r"(?:设|加|建|问)?(?:一?个)?(?P<a>.+)"
)
_SAID_WRONG_CHINESE = (
    r"(?:不对?|不是)?[，,。!！ ]*(?:你?(?:理解|弄|搞|听)错了|(?:这|那)?不是我(?:的|要的|想要的)?意思|"
    r"我不是这个意思|(?:那|这)?不对|错了)"
)


def correction_in(text: str, *, asked: bool = False) -> Route | None:
    """The route of a correction; None where the text is something else.

    The intent is the "skill/intent" that was meant, or `WRONG`. `asked`: a question is open, so that "that is wrong"
    answers it.
    """
    said = " ".join(text.casefold().replace("’", "'").strip(" .!。！").split())
    for expression in (*_SAID, _SAID_CHINESE):
        if found := re.fullmatch(expression, said):
            words = next(group for group in found.groups() if group)
            for kind in _KINDS:
                if re.fullmatch(rf"(?:{kind.english})(?: to you)?|(?:{kind.chinese})", words):
                    return Route(CORRECTING, kind.label, 1.0)
    if not asked and any(re.fullmatch(one, said) for one in (*_SAID_WRONG, _SAID_WRONG_CHINESE)):
        return Route(CORRECTING, WRONG, 1.0)
    return None


class Correcting:
    name = CORRECTING
    title = "Putting right"
    examples: Sequence[str] = ()

    def __init__(self, skills: Mapping[str, Skill]) -> None:
        """`skills`: what a request can have been meant for."""
        self._skills = skills

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        exchange = _last_request(context)
        if exchange is None or exchange.route is None:
            return SkillReply("There is nothing to put right yet.")
        if route.intent == WRONG:
            return self._ask(exchange, exchange.route)
        return self._put_right(utterance, exchange, route.intent, context)

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        exchange: Exchange = pending.state["exchange"]
        choice = chosen(answer, pending, context)
        if choice is None:
            return None
        if "meant" in pending.state:
            return self._do_again(answer, exchange, pending.state["meant"], context, take_back=choice.value == YES)
        if choice.value == NO:
            _keep(exchange, None, context)
            return SkillReply(
                "I have noted on this computer that I understood you wrongly. Please say it in other words."
            )
        return self._put_right(answer, exchange, choice.value, context)

    def _ask(self, exchange: Exchange, route: Route) -> SkillReply:
        labels = [
            f"{one.skill}/{one.intent}"
            for one in route.why.candidates
            if one.skill in self._skills and one.skill != UNKNOWN and one.probability >= _LEAST_PROBABILITY
        ]
        labels += [kind.label for kind in _KINDS if kind.label.partition("/")[0] in self._skills]
        was = f"{route.skill}/{route.intent}"
        choices = [Choice(self._name(label), label) for label in dict.fromkeys(labels) if label != was]
        question = f"I am sorry. What was “{exchange.user}”?"
        pending = Pending(
            question,
            (*choices[: _MOST_CHOICES - 1], Choice("something else", NO)),
            self.name,
            {"exchange": exchange},
        )
        return SkillReply(question, pending=pending)

    def _put_right(self, said: Utterance, exchange: Exchange, meant: str, context: SkillContext) -> SkillReply:
        if meant.partition("/")[0] not in self._skills:
            return SkillReply("I have no skill for that.")
        _keep(exchange, meant, context)
        done = exchange.reply.actions if exchange.reply else ()
        if any(action.kind.startswith("event_") for action in done):
            question = f"I see: {self._name(meant)}. Shall I take back what I changed in the calendar?"
            pending = Pending(
                question,
                yes_or_no("Take it back", "Leave it"),
                self.name,
                {"exchange": exchange, "meant": meant},
            )
            return SkillReply(question, pending=pending)
        return self._do_again(said, exchange, meant, context, take_back=False)

    def _do_again(
        self, said: Utterance, exchange: Exchange, meant: str, context: SkillContext, *, take_back: bool
    ) -> SkillReply:
        """The request as it was meant, after what was done by mistake is taken back."""
        first = SkillReply(f"I see: {self._name(meant)}.")
        if take_back:
            undo = replace(said, text="undo")
            first = self._skills[SCHEDULING].act(undo, Route(SCHEDULING, "undo", 1.0), context)
        context.stream(first.text + gap_after(first.text))
        request = replace(said, text=exchange.user)
        skill, _, intent = meant.partition("/")
        route = Route(skill, intent, 1.0, _slots(request, exchange, meant, context))
        return first.and_then(self._skills[skill].act(request, route, context))

    def _name(self, label: str) -> str:
        kind = next((kind for kind in _KINDS if kind.label == label), None)
        if kind:
            return kind.name
        skill, _, intent = label.partition("/")
        title = self._skills[skill].title.lower()
        return f"{title}: {intent.replace('_', ' ')}" if intent else title


def _last_request(context: SkillContext) -> Exchange | None:
    """The newest exchange that was a request, not an answer nor a correction."""
    for exchange in reversed(context.history):
        route = exchange.route
        if route and route.intent != _ANSWER and route.skill not in (CORRECTING, CLARIFICATION):
            return exchange
    return None


def _slots(request: Utterance, exchange: Exchange, meant: str, context: SkillContext) -> tuple[Slot, ...]:
    if exchange.route and exchange.route.skill == meant.partition("/")[0]:
        return exchange.route.slots
    return tuple(context.router.slots(request))


def _keep(exchange: Exchange, meant: str | None, context: SkillContext) -> None:
    if context.corrections is not None and exchange.route is not None:
        was = f"{exchange.route.skill}/{exchange.route.intent}"
        context.corrections.add(exchange.user, was=was, meant=meant, at=context.now())
