"""What the user chose when a skill had asked: a button's words, its number, a yes or a no.

Whether something means yes or no is the router's to say; there is no list of phrases here. What only breaks off
("never mind") is told by the kinds of its words (`fragments`), since the router may take it for a request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant_app.skills.api import SkillContext
from assistant_app.skills.fragments import drops, fragment_of
from assistant_app.turn import Choice, Pending, Utterance

YES = "yes"
NO = "no"
AFFIRM = "affirm"
DENY = "deny"
STOP = "stop"
"""The router's intents for agreeing, refusing and breaking off."""
REFUSALS = (DENY, STOP)
_DELETING = frozenset(("cancel", "delete", "remove", "clear", "erase", "drop", "取", "消", "删"))
_KEEPING = frozenset(("no", "not", "don't", "dont", "never", "keep", "leave", "nope", "stop", "wait", "不", "别", "留"))
_NOT_ONE = (YES, NO, "all", "every", "all day")
"""Values of choices beside those that are offered by number."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_HAN_NUMBERS = "一二三四五六"
_ORDINAL = re.compile(
    rf"\b(?:the\s+)?(?P<word>{'|'.join(_ORDINALS)}|last|[1-6](?=st|nd|rd|th))(?:st|nd|rd|th)?\s+"
    r"(?:one|option|choice|time|slot|event|meeting|appointment|alarm)\b"
    rf"|^\W*(?:yes\W+)?(?:the\s+)?(?P<alone>{'|'.join(_ORDINALS)}|last)\b(?=\W*(?:please|thanks|$))"
    r"|第(?P<han>[一二三四五六])个",
    re.IGNORECASE,
)


def yes_or_no(yes: str, no: str) -> tuple[Choice, ...]:
    """The two choices of a confirmation, the safe one last."""
    return (Choice(yes, YES), Choice(no, NO))


def chosen(answer: Utterance, pending: Pending, context: SkillContext) -> Choice | None:
    """The choice that `answer` names; None where it names none of them, or more than one."""
    labelled = by_label(answer.text, pending.choices)
    if labelled is not None:
        return labelled
    values = {choice.value: choice for choice in pending.choices}
    if NO not in values:
        return None
    if YES in values and _agrees_to_drop(answer, values[YES]):
        return values[YES]
    if refuses(answer, context):
        return None if _says_what_instead(answer, context) else values[NO]
    return values.get(YES) if context.router.route(answer).intent == AFFIRM else None


def _agrees_to_drop(answer: Utterance, yes: Choice) -> bool:
    """ "Please cancel that", to a question whether to delete, is a yes."""
    words = set(words_of(answer.text))
    return not _DELETING.isdisjoint(words_of(yes.label)) and not _DELETING.isdisjoint(words) and not words & _KEEPING


def refuses(answer: Utterance, context: SkillContext) -> bool:
    """Whether the answer declines or breaks off: "no", "never mind", "actually cancel that"."""
    if drops(answer.text, context.now(), answer.language):
        return True
    return context.router.route(answer).intent in REFUSALS


def _says_what_instead(answer: Utterance, context: SkillContext) -> bool:
    """ "No, at five": that is for the skill that asked to read."""
    fragment = fragment_of(answer.text, context.now(), answer.language)
    return bool(fragment.times or fragment.number) and not fragment.content


def by_label(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice whose label was said or typed: whole, by its number from 1, or by words only it has."""
    said = words_of(text)
    if not said:
        return None
    for number, choice in enumerate(choices, start=1):
        if said == words_of(choice.label) or said == [str(number)]:
            return choice
    fitting = [choice for choice in choices if set(said) <= set(words_of(choice.label))]
    return fitting[0] if len(fitting) == 1 else _by_place(text, choices)


def _by_place(text: str, choices: Sequence[Choice]) -> Choice | None:
    """ "The second one", "the last option, please": one of several offers, the safe choice not counted."""
    offers = [choice for choice in choices if choice.value not in _NOT_ONE]
    place = ordinal_in(text)
    return offers[place] if len(offers) > 1 and place is not None and -1 <= place < len(offers) else None


def ordinal_in(text: str) -> int | None:
    """ "The second one" is 1, "the last one" -1, counted from 0; None where no number stands for a thing."""
    named = _ORDINAL.search(text)
    if named is None:
        return None
    word = (named["word"] or named["alone"] or "").lower()
    if named["han"]:
        return _HAN_NUMBERS.index(named["han"])
    return -1 if word == "last" else _ORDINALS.index(word) if word in _ORDINALS else int(word) - 1


def words_of(text: str) -> list[str]:
    """The words in lower case; each Chinese character is a word."""
    return re.findall(r"[\u3400-\u9fff]|[^\W_]+(?:'[^\W_]+)?", text.casefold())
