"""Answers questions with a source: computed or looked up, from the user's documents, from the dictionary; else it
says that it has none."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant_app.skills.api import QuestionAnswerer, Retriever, SkillContext
from assistant_app.skills.claims import without_claims
from assistant_app.skills.dialogue import history_of
from assistant_app.skills.exact_answers import exact_answer, meaning_of_word
from assistant_app.turn import QUESTION_ANSWERING, Pending, Route, SkillReply, Source, Utterance

PASSAGES = 4
"""Passages read for an answer."""
LEAST_SIMILARITY = 0.2
"""A passage below it is about something else. On the starter document, all-MiniLM-L6-v2 gave questions about
it 0.36 to 0.66 and general-knowledge questions at most 0.10."""
LEAST_CONFIDENCE = 0.3
UNSOURCED = "I have no source for this, so check it: "
_LIVE_FACT = "live_fact"
"""The router's intent for what changes by the hour: rates, prices, news."""
NOT_LOOKED_UP = "That changes from day to day, and I look nothing up on the internet, so I do not know it."
DOES_NOT_KNOW = "I do not know, and I found nothing about it in your documents."


@dataclass(frozen=True, slots=True)
class Found:
    """An answer with the sentence it stands in."""

    text: str
    confidence: float
    source: Source
    passage: str = ""
    """What it was found in."""


class QuestionAnswering:
    name = QUESTION_ANSWERING
    title = "Answers"
    examples: Sequence[str] = ("Who wrote Faust?", "What do my notes say about the heating?")

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        exact = exact_answer(utterance, context)
        if exact is not None:
            return exact
        found = find_answer(utterance.text, context.knowledge, context.answerer)
        if found is not None:
            found = _in_a_sentence(utterance.text, found, context.answerer)
            text = f"{found.text[0].upper()}{found.text[1:]}"
            text = text if text.endswith((".", "!", "?", "。")) else f"{text}."
            spoken = f"{text} That is from {found.source.title}."
            return SkillReply(text, speech=spoken, sources=(found.source,))
        meaning = meaning_of_word(utterance, context)
        if meaning is not None:
            return meaning
        if route.intent == _LIVE_FACT:
            return SkillReply(NOT_LOOKED_UP)
        return self._unsourced(utterance, context)

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        return None

    def _unsourced(self, utterance: Utterance, context: SkillContext) -> SkillReply:
        told = ""
        limit = context.settings.model.reply_tokens
        for piece in without_claims(context.dialogue.reply(history_of(context), utterance.text, max_tokens=limit)):
            if not told:
                piece = piece.lstrip()
                if not piece:
                    continue
                context.stream(UNSOURCED)
            told += piece
            context.stream(piece)
        return SkillReply(UNSOURCED + told.strip() if told.strip() else DOES_NOT_KNOW)


def find_answer(question: str, knowledge: Retriever, answerer: QuestionAnswerer) -> Found | None:
    """The best answer in the nearest passages; None where none of them holds one."""
    best: Found | None = None
    for passage in knowledge.search(question, limit=PASSAGES):
        if passage.score < LEAST_SIMILARITY:
            break
        answer = answerer.answer(question, passage.text)
        if answer.text.strip() and answer.confidence >= max(LEAST_CONFIDENCE, best.confidence if best else 0.0):
            quote = sentence_around(passage.text, answer.start, answer.end)
            source = dataclasses.replace(passage.source, quote=quote)
            best = Found(answer.text.strip(), answer.confidence, source, passage.text)
    return best


def _in_a_sentence(question: str, found: Found, answerer: QuestionAnswerer) -> Found:
    """The answer as a sentence where the question asks for more than a few words and the passage supports one."""
    sentence = answerer.explain(question, found.passage)
    return dataclasses.replace(found, text=sentence) if sentence else found


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentences of `text` that hold the characters `start` to `end`."""
    breaks = [0, *(m.end() for m in re.finditer(r"[.!?。！？]+(?:\s+|$)|\n+", text)), len(text)]
    first = max(place for place in breaks if place <= start)
    last = min((place for place in breaks if place >= end), default=len(text))
    return text[first:last].strip()
