"""What can be computed or looked up, and is therefore not left to a model: facts in the box, and clocks and days.

A question that is not understood whole gets no answer here.
"""

from __future__ import annotations

from assistant_app.agenda.when.zones import country_of
from assistant_app.knowledge.facts import FactAnswer
from assistant_app.skills.api import SkillContext
from assistant_app.skills.clocks_and_days import clock_or_days
from assistant_app.turn import SkillReply, Utterance


def exact_answer(utterance: Utterance, context: SkillContext) -> SkillReply | None:
    """The answer to a sum, a conversion, a question for a fact, a far clock or a number of days."""
    told = clock_or_days(utterance, context)
    if told is not None:
        return told
    if context.facts is None:
        return None
    country = country_of(context.zone) or ""
    return _reply(context.facts.answer(utterance.text, utterance.language, country))


def meaning_of_word(utterance: Utterance, context: SkillContext) -> SkillReply | None:
    """What the dictionary says, where there is one and the question asks for a word."""
    return _reply(context.facts.define(utterance.text, utterance.language)) if context.facts else None


def _reply(found: FactAnswer | None) -> SkillReply | None:
    return SkillReply(found.text, speech=found.speech, sources=(found.source,)) if found else None
