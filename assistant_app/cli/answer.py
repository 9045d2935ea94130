"""`assistant answer`: a question answered from a given passage, or from what is in the box and the user's documents."""

from __future__ import annotations

import argparse
from typing import Any

from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json
from assistant_app.cli.lines import Line, add_jsonl, answer_lines, text_of
from assistant_app.cli.turns import source_json
from assistant_app.errors import InputError
from assistant_app.skills.question_answering import DOES_NOT_KNOW, find_answer, sentence_around
from assistant_app.turn import Source


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("answer", help="a question answered from text")
    parser.add_argument("question", nargs="?", help="one question, instead of --jsonl")
    parser.add_argument("--context", metavar="TEXT", help="answer from this passage alone")
    add_jsonl(parser)
    add_json(parser)
    add_profile(parser)
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from assistant_app.agenda.when.zones import country_of
    from assistant_app.app import build_brain, build_facts, build_knowledge
    from assistant_app.assistant import language_of

    if args.jsonl == (args.question is not None):
        args.usage_error("give a QUESTION or --jsonl")
    invocation = Invocation(args)
    brain = build_brain(invocation.settings, invocation.paths)
    knowledge = build_knowledge(invocation.paths)
    facts = build_facts(invocation.paths)
    country = country_of(invocation.settings.zone()) or ""

    def answer(line: Line) -> dict[str, Any]:
        question = text_of(line, "question")
        passage = line.get("context")
        if passage is None:
            language = language_of(question)
            exact = facts.answer(question, language, country)
            found = None if exact else find_answer(question, knowledge, brain)
            exact = exact or (None if found else facts.define(question, language))
            if exact is not None:
                return {"answer": exact.value, "confidence": 1.0, "sources": [source_json(exact.source)]}
            if found is None:
                return {"answer": "", "confidence": 0.0, "sources": []}
            return {
                "answer": found.text,
                "confidence": round(found.confidence, 4),
                "sources": [source_json(found.source)],
            }
        if not isinstance(passage, str):
            raise InputError("bad_line", 'The "context" must be a text.')
        span = brain.answer(question, passage)
        sources = []
        if span.text:
            quote = sentence_around(passage, span.start, span.end)
            sources = [source_json(Source("context", f"characters {span.start} to {span.end}", quote))]
        return {"answer": span.text, "confidence": round(span.confidence, 4), "sources": sources}

    if args.jsonl:
        return answer_lines(answer)
    result = answer({"question": args.question, "context": args.context})
    if args.json:
        print_json(result)
    else:
        print(result["answer"] or DOES_NOT_KNOW)
        for source in result["sources"]:
            print(f"  — {source['title']} ({source['where']})")
    return DONE
