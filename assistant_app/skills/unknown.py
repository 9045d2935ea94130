"""The honest answer to a request for which there is no skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant_app.skills.api import Skill, SkillContext
from assistant_app.skills.exact_answers import exact_answer
from assistant_app.turn import UNKNOWN, Pending, Route, SkillReply, Utterance

_NAMELESS = {"", UNKNOWN, "out_of_scope", "oos", "other", "none"}
"""Intents that name no topic."""


class Unknown:
    """Says what it cannot do, and what it can."""

    name = UNKNOWN
    title = "No skill"
    examples: Sequence[str] = ()

    def __init__(self, skills: Mapping[str, Skill]) -> None:
        self._skills = skills

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        exact = exact_answer(utterance, context)
        if exact is not None:  # a question that only seemed to be another request: "the speed of light"
            return exact
        able = [skill.title.lower() for skill in self._skills.values() if skill.examples]
        can = f" What I have: {', '.join(able)}." if able else ""
        if route.intent in _NAMELESS:
            return SkillReply(f"I have no skill for that.{can}")
        return SkillReply(f"That sounds like {route.intent.replace('_', ' ')}, and I have no skill for it.{can}")

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        return None
