"""The second side: what the model carries over to skills it has not.

New skills are domains of which the model has no skill and the router knows at most that it has none: SGD's
unannotated conversations by service (their texts teach the router nothing), coffee orders (Taskmaster-4) and
BANKING77. All are added at once, each by k sentences drawn at random, and further sentences of theirs are
routed among them and the built-in skills: `new_skill` is the share that goes to its own. The same for requests
to the built-in skills, before and after: `built_in`, and `built_in_before`. Mean and standard deviation over
draws of the sentences given. (Leaving a domain out of training and adding it again is the stricter measure; it
needs a training run.)
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, ours
from assistant_app.training.tasks import READERS
from assistant_app.turn import DIALOGUE, QUESTION_ANSWERING, SCHEDULING, Utterance

if TYPE_CHECKING:
    from torch import Tensor

    from assistant_app.brain.model import MultiTaskModel

GIVEN = (1, 2, 5, 10, 20)
DRAWS = 3
ASKED_OF_EACH = 10
"""Sentences of each new skill that are routed."""
ASKED_OF_BUILT_INS = 120
FEWEST = 4
"""A domain with fewer sentences is no skill to measure."""
_BUILT_IN = (SCHEDULING, QUESTION_ANSWERING, DIALOGUE)
_LONGEST_CHARACTERS = 160
_SEED = 20260102

Choose = Callable[[str], str]
"""The skill that a text goes to."""
AddSkills = Callable[[Mapping[str, Sequence[str]]], Choose]
"""Skill -> its sentences, to a choice among these and the built-in skills."""


def measure(
    model: MultiTaskModel,
    samples: Samples,
    predictions: Predictions,
    on_progress: OnProgress,
    *,
    add_skills: AddSkills | None = None,
) -> dict[str, Any]:
    """The few-shot curve; empty where the data hold fewer than two new skills."""
    domains = {name: texts for name, texts in new_domains(samples).items() if len(texts) >= FEWEST}
    built_in = _built_in_texts(samples)
    if len(domains) < 2:
        return {}
    add = add_skills or by_states(model, samples)
    before = [model.route(_utterance(text)).skill == skill for text, skill in built_in]
    asked = {name: texts[: min(ASKED_OF_EACH, len(texts) // 2)] for name, texts in domains.items()}
    pool = {name: texts[len(asked[name]) :] for name, texts in domains.items()}
    given = [count for count in GIVEN if all(count <= len(texts) for texts in pool.values())] or [1]
    in_all = len(given) * DRAWS * (sum(map(len, asked.values())) + len(built_in))
    done = 0
    draw = random.Random(_SEED)
    curve = []
    for count in given:
        new, kept = [], []
        for _ in range(DRAWS):
            choose = add({name: draw.sample(texts, count) for name, texts in pool.items()})
            verdicts: dict[bool, list[bool]] = {True: [], False: []}
            for text, skill in [*((text, name) for name, texts in asked.items() for text in texts), *built_in]:
                found = choose(text)
                verdicts[skill in domains].append(found == skill)
                predictions.write(
                    "carry_over", {"text": text, "skill": found, "wanted_skill": skill, "examples": count}
                )
                done += 1
                on_progress("new skills", done, in_all)
            new.append(statistics.fmean(verdicts[True]))
            kept.append(statistics.fmean(verdicts[False]) if verdicts[False] else 1.0)
        curve.append(
            {
                "examples": count,
                "new_skill": statistics.fmean(new),
                "new_skill_deviation": statistics.pstdev(new),
                "built_in": statistics.fmean(kept),
                "built_in_deviation": statistics.pstdev(kept),
            }
        )
    return {
        "skills": sorted(domains),
        "texts": sum(map(len, asked.values())),
        "built_in_texts": len(built_in),
        "built_in_before": statistics.fmean(before) if before else None,
        "built_in_change": curve[-1]["built_in"] - statistics.fmean(before) if before else None,
        "draws": DRAWS,
        "curve": curve,
        "how": f"{len(domains)} new skills added together: {', '.join(sorted(domains))}. "
        f"{sum(map(len, asked.values()))} of their sentences and {len(built_in)} requests to built-in skills.",
    }


def new_domains(samples: Samples) -> dict[str, list[str]]:
    """Sentences by domain, in an order that depends on each text alone."""
    domains: dict[str, dict[str, None]] = {}

    def add(domain: str, text: object) -> None:
        if isinstance(text, str) and 3 <= len(text.strip()) <= _LONGEST_CHARACTERS:
            domains.setdefault(domain, {})[text.strip()] = None

    for name in ("sgd", "taskmaster4", "banking77"):
        if name not in samples.sets():
            continue
        for _, row in samples.rows(name):
            if name == "banking77":
                add("banking", row.get("text"))
                continue
            turns, services = row.get("turns") or [], row.get("services") or []
            if name == "taskmaster4":
                first = turns[0] if turns else None
                if isinstance(first, dict):
                    first = first.get("t", first.get("text"))
                add("coffee", first)
            elif turns and isinstance(turns[0], str) and services:
                add(str(services[0]).partition("_")[0].lower(), turns[0])
    most = ASKED_OF_EACH + GIVEN[-1] * 3
    return {
        name: [text for text in samples.at_most(list(texts), lambda text: text, most)]
        for name, texts in domains.items()
    }


def _built_in_texts(samples: Samples) -> list[tuple[str, str]]:
    """Requests to the built-in skills with their skill, as many of each."""
    by_skill: dict[str, dict[str, None]] = {skill: {} for skill in _BUILT_IN}
    for name in samples.sets():
        if name not in READERS:
            continue
        for example in samples.texts(name):
            skill = (ours(example) or "").partition("/")[0]
            if skill in by_skill and len(example.text) <= _LONGEST_CHARACTERS:
                by_skill[skill][example.text] = None
    share = ASKED_OF_BUILT_INS // len(_BUILT_IN)
    return [
        (text, skill)
        for skill, texts in by_skill.items()
        for text in samples.at_most(list(texts), lambda text: text, share)
    ]


def by_states(model: MultiTaskModel, samples: Samples) -> AddSkills:
    """Nearest sentence on the trunk's states: the plainest way to add a skill, with no training at all.

    A text's vector (L x D,) is the mean of its tokens' states at each tapped depth, less the mean over our
    own sentences, of length one. Where the nearest sentence of a new skill is nearer than the nearest of
    our own ones, the text goes to the new skill; else where the router says.
    """
    import torch

    vectors: dict[str, Tensor] = {}

    def raw(text: str) -> Tensor:
        taps = model.read_utterance(model.tokenizer.encode(text))
        return taps[0].float().mean(0).flatten()

    sentences = [sentence for table in _own_tables(samples) for sentence in table]
    own = samples.at_most(sorted(set(sentences)), lambda text: text, 300)
    references = torch.stack([raw(text) for text in own])
    centre = references.mean(0)
    references = torch.nn.functional.normalize(references - centre, dim=-1)

    def vector(text: str) -> Tensor:
        if text not in vectors:
            vectors[text] = torch.nn.functional.normalize(raw(text) - centre, dim=-1)
        return vectors[text]

    def add(skills: Mapping[str, Sequence[str]]) -> Choose:
        names = [name for name, texts in skills.items() for _ in texts]
        examples = torch.stack([vector(text) for texts in skills.values() for text in texts])

        def choose(text: str) -> str:
            found = vector(text)
            likeness = examples @ found
            best = int(likeness.argmax())
            if float(likeness[best]) > float((references @ found).max()):
                return names[best]
            return model.route(_utterance(text)).skill

        return choose

    return add


def _own_tables(samples: Samples) -> list[Sequence[str]]:
    import re

    marks = re.compile(r"\[\w+ : ([^\]]*)\]")
    return [[marks.sub(r"\1", sentence) for sentence in own.sentences] for own in samples.labels.own]


def _utterance(text: str) -> Utterance:
    return Utterance(text, "typed", "en" if text.isascii() else "zh")
