"""Whether anything is trained on that is also scored on.

Texts count as the same when they are said the same (`spoken_form`): case, punctuation, digits or number words and
short forms make no difference, and a text made from another counts as that other too. A passage counts by its words.
Utterances and questions are one: tasks share layers, so a question that one is scored on must not be trained on by
another. Turns to reply to are compared among themselves: what "hello" is called says nothing of a reply to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant_app.errors import InputError
from assistant_app.training.examples import DialogueExample, SpanExample, TextExample
from assistant_app.training.spoken_numbers import spoken_form


def leaks(examples: Iterable[TextExample]) -> set[str]:
    """Texts, as they are said, that are both trained on and held out."""
    held_out: set[str] = set()
    trained: set[str] = set()
    for example in examples:
        (held_out if example.held_out else trained).update(text_keys(example))
    return trained & held_out


def text_keys(example: TextExample) -> set[str]:
    """What an utterance counts as: itself, and the one it was made from."""
    return {spoken_form(text) for text in (example.text, example.source) if text}


def scored_texts(examples: Iterable[TextExample], spans: Iterable[SpanExample]) -> set[str]:
    """Every utterance and question that is held out, as it is said."""
    scored = {key for example in examples if example.held_out for key in text_keys(example)}
    return scored | {spoken_form(example.question) for example in spans if example.held_out}


def without_leaks(
    examples: Sequence[TextExample], spans: Sequence[SpanExample], dialogues: Sequence[DialogueExample]
) -> tuple[list[TextExample], list[SpanExample], list[DialogueExample]]:
    """The same without what may not be trained on; everything held out stays."""
    scored, passages = scored_texts(examples, spans), _passages(spans)
    return (
        [example for example in examples if example.held_out or not text_keys(example) & scored],
        [
            example
            for example in spans
            if example.held_out
            or (spoken_form(example.question) not in scored and spoken_form(example.passage) not in passages)
        ],
        unleaked_dialogues(dialogues),
    )


def unleaked_dialogues(dialogues: Sequence[DialogueExample]) -> list[DialogueExample]:
    """Without replies to learn to what is held out in another set."""
    scored = {exchange_key(example) for example in dialogues if example.held_out}
    return [example for example in dialogues if example.held_out or exchange_key(example) not in scored]


def check_leaks(
    examples: Sequence[TextExample],
    spans: Sequence[SpanExample] = (),
    dialogues: Sequence[DialogueExample] = (),
) -> None:
    """Raises `InputError` naming texts that are trained on by one task and scored on by this or another."""
    scored, passages = scored_texts(examples, spans), _passages(spans)
    exchanges = {exchange_key(example) for example in dialogues if example.held_out}
    found: dict[str, str] = {}
    for utterance in examples:
        if not utterance.held_out and text_keys(utterance) & scored:
            found.setdefault(utterance.text, utterance.data_set)
    for span in spans:
        if span.held_out:
            continue
        if spoken_form(span.question) in scored:
            found.setdefault(span.question, span.data_set)
        if spoken_form(span.passage) in passages:
            found.setdefault(f"passage: {span.passage[:60]}", span.data_set)
    for dialogue in dialogues:
        if not dialogue.held_out and exchange_key(dialogue) in exchanges:
            found.setdefault(dialogue.text, dialogue.data_set)
    if found:
        shown = "; ".join(f'"{text}" ({data_set})' for text, data_set in list(found.items())[:5])
        raise InputError(
            "training_leak",
            f"{len(found)} texts to train on are also texts to score on: {shown}. "
            "Take them out of the training part, or no figure of this run means anything.",
        )


def _passages(spans: Iterable[SpanExample]) -> set[str]:
    return {spoken_form(example.passage) for example in spans if example.held_out}


def exchange_key(example: DialogueExample) -> str:
    """A turn within a conversation counts with what went before: "yes" is said in many."""
    return "\n".join(spoken_form(turn) for turn in (*(t for pair in example.history for t in pair), example.text))
