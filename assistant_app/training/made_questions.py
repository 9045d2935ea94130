"""Questions made from passages, for want of written ones.

A question writer, a low-rank adapter like the reader's, learns from the training questions to ask for given words
of a passage. It then asks for names, numbers and other short pieces of passages that have few or no questions; those
that the reader answers with just these words are kept (round-trip consistency: Alberti et al. 2019,
arXiv:1906.05416).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant_app.brain.prompts import copy_passage
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import sink_token_id
from assistant_app.training.answering import CALIBRATION_SHARE, SECTIONS, PassageTask
from assistant_app.training.job import Job, key
from assistant_app.training.splits import whole_held_out
from assistant_app.training.tasks import SpanExample, read_rows, stable_fraction
from assistant_app.training.tunable_trunk import TunableTrunk, written
from assistant_app.training.world import World

ASK = "\n\nAnswer: {answer}<|im_end|>\n<|im_start|>assistant\nQuestion: "
"""Follows a passage; the question comes next."""
MOST_TOKENS = 32
BATCH, DEVICE_BATCH = 8, 384
"""Questions written at once on CPUs and on GPUs."""

_PIECES = (
    # Names and titles: capitalised words, with small words between them.
    re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:of|the|and|de|von|for)\s+(?=[A-Z])|\s+[A-Z][\w’'-]+|\s+[IVX]+\b)*"),
    # Numbers with what they count, dates and years.
    re.compile(r"\b\d[\d,.]*(?:\s?%|\s+(?:million|billion|percent|per cent))?(?:\s+[a-z]{3,12})?\b"),
    re.compile(
        r"\b(?:\d{1,2}\s+)?(?:January|February|March|April|May|June|July|August|September|October|November"
        r"|December)(?:\s+\d{1,2})?(?:,?\s+\d{4})?\b"
    ),
    re.compile(r"\b(?:1[0-9]|20)\d\d\b"),
    # What stands in quotation marks, or after a verb of being or a preposition up to the next mark.
    re.compile(r"[\"“]([^\"“”]{3,40})[\"”]"),
    re.compile(
        r"\b(?:is|are|was|were|called|by|into|from|as|of)\s+((?:an?\s+|the\s+)?[a-z][a-z-]+(?:\s+[a-z][a-z-]+){0,2})"
        r"(?=[,.;])"
    ),
)


def pieces(passage: str) -> list[str]:
    """Short pieces of an English passage that a question may ask for, in its order."""
    found: dict[tuple[int, int], str] = {}
    for pattern in _PIECES:
        for match in pattern.finditer(passage):
            group = 1 if pattern.groups else 0
            text = match.group(group).strip()
            if 1 < len(text) <= 60 and not (match.start() == 0 and " " not in text):
                found[(match.start(group), match.end(group))] = text
    return list(dict.fromkeys(text for _, text in sorted(found.items())))


def some_pieces(passage: str, most: int, seed: int) -> list[str]:
    """At most so many `pieces` of a passage, drawn by `seed`."""
    found = pieces(passage)
    return random.Random(f"{seed} {passage}").sample(found, min(most, len(found)))


def writer_prompt(tokenizer: TextTokenizer, passage: str, answer: str, *, sink: int, longest_passage: int) -> list[int]:
    """Token ids that the writer's question follows."""
    prefix = tokenizer.encode(copy_passage(passage)).ids
    prefix = prefix[1:] if prefix[0] == sink else prefix
    return prefix[:longest_passage] + tokenizer.encode(ASK.format(answer=answer)).ids


def plausible(question: str, answer: str) -> bool:
    """Whether a written question is one question that does not say its own answer."""
    words = question.split()
    return question.endswith("?") and 3 <= len(words) <= 30 and answer.casefold() not in question.casefold()


def make_questions(
    job: Job,
    trunk: TunableTrunk,
    training: Sequence[SpanExample],
    reader: Callable[[Job, Sequence[SpanExample]], PassageTask],
) -> list[SpanExample]:
    """Questions on the passages of `training` and of the passage collection, kept in the work folder once made.

    Articles with held-out questions and passages kept for calibration are left out.
    """
    file = job.work / f"made-questions-{key('made', job.sections(SECTIONS))}.json"

    def prepare() -> None:
        if not file.exists():
            alone = replace(job, world=World(device=job.world.device))
            made = _make(alone, trunk, training, reader)
            job.work.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")

    job.world.first_alone(prepare)
    made = json.loads(file.read_text(encoding="utf-8"))
    job.report(f"answers: {len(made)} questions made from passages")
    return [
        SpanExample(question, passage, (answer,), passage.index(answer), "squad2", False)
        for passage, question, answer in made
    ]


def _make(
    job: Job,
    trunk: TunableTrunk,
    training: Sequence[SpanExample],
    reader: Callable[[Job, Sequence[SpanExample]], PassageTask],
) -> list[tuple[str, str, str]]:
    options = job.recipe["question_answering"]
    seed, english = int(job.recipe["seed"]), [e for e in training if e.data_set == "squad2"]
    first_reader = reader(job, training)
    first_reader.train("answers-before", job.sections(SECTIONS))
    by_passage: dict[str, list[tuple[str, str]]] = {}
    for example in english:
        if example.answers:
            by_passage.setdefault(example.passage, []).append((example.answers[0], example.question))
    writer = PassageTask(job, trunk, list(by_passage.items()), ask=lambda answer: ASK.format(answer=answer))
    writer.train("questions", job.sections(SECTIONS))
    asked = {answer.casefold() for pairs in by_passage.values() for answer, _ in pairs}
    wanted = [
        (passage, piece)
        for passage in dict.fromkeys([*by_passage, *_collection(job)])
        for piece in some_pieces(passage, int(options["made"]["most_a_passage"]), seed)
        if piece.casefold() not in asked or passage not in by_passage
    ]
    written = _write(job, trunk, writer, wanted)
    grouped: dict[str, list[tuple[str, str]]] = {}
    for (passage, piece), question in zip(wanted, written, strict=True):
        if plausible(question, piece):
            grouped.setdefault(passage, []).append((question, piece))
    first_reader.read(list(grouped.items()))
    kept = [
        (passage, question, answer)
        for row, (passage, pairs) in enumerate(grouped.items())
        for (question, answer), agreed in zip(pairs, first_reader.said(row), strict=True)
        if agreed
    ]
    job.report(
        f"answers: {len(wanted)} pieces, {sum(map(len, grouped.values()))} questions, {len(kept)} answered alike"
    )
    return kept


def _write(job: Job, trunk: TunableTrunk, writer: PassageTask, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """A question for each (passage, piece), read in batches of like length."""
    tokenizer, sink = TextTokenizer(job.trunk_folder), sink_token_id(job.trunk_folder)
    longest = int(job.recipe["question_answering"]["longest_passage"])
    prompts = [
        writer_prompt(tokenizer, passage, piece, sink=sink, longest_passage=longest) for passage, piece in wanted
    ]
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    size = BATCH if job.world.device == "cpu" else DEVICE_BATCH
    result = [""] * len(prompts)
    for at in range(0, len(order), size):
        rows = order[at : at + size]
        for row, said in zip(
            rows,
            written(
                trunk,
                [prompts[row] for row in rows],
                end=trunk.config.eos_token_id,
                most_tokens=MOST_TOKENS,
                adapter=writer.adapter,
            ),
            strict=True,
        ):
            result[row] = tokenizer.decode(said).strip()
        job.progress("made questions", at + len(rows), len(order), result[rows[0]][:40])
    return result


def _collection(job: Job) -> list[str]:
    """Passages of articles that no question is held out of."""
    file = job.data / "wiki_passages" / "en.jsonl.gz"
    if not file.exists():
        return []
    rows = read_rows(file)
    return [
        str(row["text"])
        for row in rows
        if not whole_held_out("squad2", {"title": str(row["title"]).replace(" ", "_")})
        and stable_fraction(str(row["text"]), "calibration") >= CALIBRATION_SHARE
    ]
