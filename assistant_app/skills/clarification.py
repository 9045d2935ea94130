"""Asks which of several readings was meant, then lets the chosen skill act on the original request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant_app.skills.answers import NO, chosen
from assistant_app.skills.api import FollowsUp, Skill, SkillContext
from assistant_app.skills.exact_answers import exact_answer, meaning_of_word
from assistant_app.turn import (
    QUESTION_ANSWERING,
    UNKNOWN,
    Candidate,
    Choice,
    Pending,
    Route,
    SkillReply,
    Utterance,
    Why,
)

CLARIFICATION = "clarification"
_MOST_CHOICES = 3
_LEAST_PROBABILITY = 0.03
"""A reading below it is noise, not a choice."""


class Clarification:
    """The skill of asking back. It receives the routes that are unsure."""

    name = CLARIFICATION
    title = "Asking back"
    examples: Sequence[str] = ()

    def __init__(self, skills: Mapping[str, Skill]) -> None:
        self._skills = skills

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        candidates = self._candidates(route)
        known = exact_answer(utterance, context)
        if known is None and {candidate.skill for candidate in candidates} == {QUESTION_ANSWERING}:
            known = meaning_of_word(utterance, context)
        if known is not None:  # a question that was understood whole is no reason to ask
            return known
        if not candidates:
            return self._skills[UNKNOWN].act(utterance, route, context)
        labels = [self._label(candidate) for candidate in candidates]
        named = [Choice(label, str(number)) for number, label in enumerate(labels)]
        said = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"
        question = f"I am not sure what you meant. {said[0].upper()}{said[1:]}?"
        routes = tuple(
            Route(c.skill, c.intent, c.probability, route.slots, why=Why(route.why.candidates)) for c in candidates
        )
        pending = Pending(
            question, (*named, Choice("Something else", NO)), self.name, {"utterance": utterance, "routes": routes}
        )
        return SkillReply(question, pending=pending)

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        choice = chosen(answer, pending, context)
        if choice is None:
            return None
        if choice.value == NO:
            return SkillReply("All right. Please say it in other words.")
        routes: tuple[Route, ...] = pending.state["routes"]
        route, request = routes[int(choice.value)], pending.state["utterance"]
        if context.corrections is not None and route is not routes[0]:
            was, meant = (f"{one.skill}/{one.intent}" for one in (routes[0], route))
            context.corrections.add(request.text, was=was, meant=meant, at=context.now())
        return self._skills[route.skill].act(request, route, context)

    def in_context(self, utterance: Utterance, route: Route, context: SkillContext) -> Route | None:
        """After an answer that let another skill act, what is said of it is for that skill to understand."""
        for name, skill in self._skills.items():
            if name != self.name and isinstance(skill, FollowsUp):
                understood = skill.in_context(utterance, route, context)
                if understood is not None:
                    return understood
        return None

    def _candidates(self, route: Route) -> list[Candidate]:
        likely = [
            c for c in route.why.candidates if c.skill in self._skills and c.skill not in (UNKNOWN, CLARIFICATION)
        ]
        likely = [c for c in likely if c.probability >= _LEAST_PROBABILITY] or likely[:1]
        different: dict[str, Candidate] = {}
        for candidate in likely:
            different.setdefault(self._label(candidate), candidate)
        return list(different.values())[:_MOST_CHOICES]

    def _label(self, candidate: Candidate) -> str:
        title = self._skills[candidate.skill].title.lower()
        intent = candidate.intent.replace("_", " ")
        return title if intent in ("", title) else f"{title}: {intent}"
