"""Conversation: the dialogue decoder's words as they come. It acts on nothing and claims no action.

What it can do and what it just said it knows better than any decoder, so those two are told from
the skills and from the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant_app.skills.answers import STOP
from assistant_app.skills.api import Skill, SkillContext
from assistant_app.skills.claims import without_claims
from assistant_app.skills.scheduling_reminders import stop_ringing
from assistant_app.turn import DIALOGUE, QUESTION_ANSWERING, Pending, Route, SkillReply, Utterance

REMEMBERED = 6
"""Earlier exchanges that the decoder reads: more cost time and a small model does not use them."""
SPEECHLESS = "I am not sure what to say to that. Could you put it differently?"
_HELP = "help"
_REPEAT = "repeat"
"""The router's intents for the two questions about itself."""


class Dialogue:
    name = DIALOGUE
    title = "Conversation"
    examples: Sequence[str] = ("Good morning!", "I had a rough day at work.")

    def __init__(self, skills: Mapping[str, Skill] | None = None) -> None:
        """`skills`: what there is, to tell it to those who ask."""
        self._skills = skills or {}

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        if route.intent == STOP and (stopped := stop_ringing(context)):
            return stopped
        if route.intent == _HELP and (examples := self._examples()):
            return SkillReply(f"You can say, for example: {examples}")
        if route.intent == _REPEAT and context.history:
            last = context.history[-1]
            return SkillReply(last.assistant, speech=last.reply.speech if last.reply else None)
        text = ""
        limit = context.settings.model.reply_tokens
        for piece in without_claims(context.dialogue.reply(history_of(context), utterance.text, max_tokens=limit)):
            piece = piece if text else piece.lstrip()
            if piece:
                text += piece
                context.stream(piece)
        return SkillReply(text.strip() or SPEECHLESS)

    def _examples(self) -> str:
        return " ".join(f"“{example}”" for skill in self._skills.values() for example in skill.examples[:2])

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        return None


def history_of(context: SkillContext) -> list[tuple[str, str]]:
    """The latest (user, assistant) pairs of talk, for the decoder.

    What skills said of their own work is left out: a model that reads "Done: ..." above goes on to
    say that it has done something itself.
    """
    talk = [
        (exchange.user, exchange.assistant)
        for exchange in context.history
        if exchange.route is None or exchange.route.skill in (DIALOGUE, QUESTION_ANSWERING)
    ]
    return talk[-REMEMBERED:]
