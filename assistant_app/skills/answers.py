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
    if refuses(answer, context):
        return None if _says_what_instead(answer, context) else values[NO]
    return values.get(YES) if context.router.route(answer).intent == AFFIRM else None


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
    return fitting[0] if len(fitting) == 1 else None


def words_of(text: str) -> list[str]:
    """The words in lower case; each Chinese character is a word."""
    return re.findall(r"[\u3400-\u9fff]|[^\W_]+(?:'[^\W_]+)?", text.casefold())
