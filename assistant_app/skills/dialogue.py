"""Conversation: the dialogue decoder's words as they come. It acts on nothing and claims no action."""

from __future__ import annotations

from collections.abc import Sequence

from assistant_app.skills.api import SkillContext
from assistant_app.turn import DIALOGUE, Pending, Route, SkillReply, Utterance

REMEMBERED = 6
"""Earlier exchanges that the decoder reads: more cost time and a small model does not use them."""
SPEECHLESS = "I am not sure what to say to that. Could you put it differently?"


class Dialogue:
    name = DIALOGUE
    title = "Conversation"
    examples: Sequence[str] = ("Good morning!", "I had a rough day at work.")

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        text = ""
        limit = context.settings.model.reply_tokens
        for piece in context.dialogue.reply(history_of(context), utterance.text, max_tokens=limit):
            piece = piece if text else piece.lstrip()
            if piece:
                text += piece
                context.stream(piece)
        return SkillReply(text.strip() or SPEECHLESS)

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        return None


def history_of(context: SkillContext) -> list[tuple[str, str]]:
    """The last exchanges as (user, assistant) pairs, oldest first."""
    return [(exchange.user, exchange.assistant) for exchange in context.history[-REMEMBERED:]]
