"""A turn on paper: as text for people and as the JSON object of the contract."""

from __future__ import annotations

import dataclasses
from typing import Any

from assistant_app.turn import Pending, Route, SkillReply, Slot, Source, Timings, Token, Turn, TurnEvent


def turn_json(turn: Turn) -> dict[str, Any]:
    """The object that `ask` and `listen` print."""
    reply = turn.reply or SkillReply("")
    utterance = turn.utterance
    return {
        "utterance": utterance and {"text": utterance.text, "language": utterance.language, "source": utterance.source},
        "route": turn.route and route_json(turn.route),
        "reply": {
            "text": reply.text,
            "speech": reply.speech or reply.text,
            "sources": [source_json(source) for source in reply.sources],
            "pending": reply.pending and pending_json(reply.pending),
        },
        "actions": [{"kind": action.kind, "uid": action.uid, **action.details} for action in reply.actions],
        "timings_ms": timings_json(turn.timings),
    }


def route_json(route: Route) -> dict[str, Any]:
    return {
        "skill": route.skill,
        "intent": route.intent,
        "confidence": round(route.confidence, 4),
        "slots": [slot_json(slot) for slot in route.slots],
    }


def why_json(route: Route) -> dict[str, Any]:
    """The evidence behind a route."""
    why = route.why
    return {
        "candidates": [
            {"skill": one.skill, "intent": one.intent, "probability": round(one.probability, 4)}
            for one in why.candidates
        ],
        "words": [{"text": word, "weight": round(weight, 4)} for word, weight in why.words],
        "examples": [
            {"text": one.text, "skill": one.skill, "intent": one.intent, "similarity": round(one.similarity, 4)}
            for one in why.examples
        ],
    }


def why_lines(route: Route) -> list[str]:
    """The evidence behind a route, a line each."""
    why = route.why
    lines = [
        f"Understood: {route.skill} / {route.intent} ({route.confidence:.0%}{', not sure' if route.unsure else ''})"
    ]
    chosen = (route.skill, route.intent)
    others = [one for one in why.candidates if (one.skill, one.intent) != chosen]
    if others:
        words = ", ".join(f"{one.skill} / {one.intent} ({one.probability:.1%})" for one in others)
        lines.append(f"Other readings: {words}")
    if why.words:
        lines.append(f"Words that decided: {', '.join(f'{word} ({weight:.0%})' for word, weight in why.words)}")
    lines += [f"Like: “{one.text}” ({one.skill} / {one.intent}, {one.similarity:.2f})" for one in why.examples]
    lines += [f"{slot.name}: {slot.text}{f' = {slot.value}' if slot.value else ''}" for slot in route.slots]
    return lines


def slot_json(slot: Slot) -> dict[str, Any]:
    return {"name": slot.name, "text": slot.text, "start": slot.start, "end": slot.end, "value": slot.value}


def source_json(source: Source) -> dict[str, str]:
    return {"title": source.title, "where": source.where, "quote": source.quote}


def pending_json(pending: Pending) -> dict[str, Any]:
    return {
        "question": pending.question,
        "choices": [{"label": choice.label, "value": choice.value} for choice in pending.choices],
    }


def timings_json(timings: Timings) -> dict[str, float | None]:
    return {name: None if ms is None else round(ms, 1) for name, ms in dataclasses.asdict(timings).items()}


def added(first: Timings, second: Timings) -> Timings:
    """The time of two turns, stage by stage."""
    sums: dict[str, float | None] = {}
    for stage in ("hear", "route", "act", "speak", "total"):
        known = [ms for ms in (getattr(first, stage), getattr(second, stage)) if ms is not None]
        sums[stage] = sum(known) if known else None
    return Timings(**sums)


class StreamingPrinter:
    """Prints a reply while it is written, then what is left of it."""

    def __init__(self) -> None:
        self._printed = ""

    def emit(self, event: TurnEvent) -> None:
        if isinstance(event, Token):
            print(event.text, end="", flush=True)
            self._printed += event.text

    def finish(self, turn: Turn) -> None:
        reply = turn.reply
        if reply is None:
            print(flush=True)
            return
        if self._printed and reply.text.startswith(self._printed.strip()):
            rest = reply.text.removeprefix(self._printed.strip())
            print(rest, flush=True)
        else:
            print(f"{chr(10) if self._printed else ''}{reply.text}", flush=True)
        for source in reply.sources:
            print(f"  — {source.title} ({source.where})", flush=True)
        if reply.pending:
            for number, choice in enumerate(reply.pending.choices, start=1):
                print(f"  [{number}] {choice.label}", flush=True)
