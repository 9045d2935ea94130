"""The second side: what the model carries over to skills it has not.

New skills are domains of which the model has no skill and the router knows at most that it has none: SGD's
unannotated conversations by service (their texts teach the router nothing), coffee orders (Taskmaster-4) and
BANKING77. All are added at once as the program adds a skill (`brain/prototypes.py`), each by k sentences drawn
at random, and further sentences of theirs are routed among them and the built-in skills: `new_skill` is the
share that goes to its own. The same for requests to the built-in skills, before and after: `built_in`, and
`built_in_before`. Mean and standard deviation over draws of the sentences given. Leaving a domain out of
training and adding it again is the stricter measure (`left_out.py`); it trains anew, and so is asked for.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant_app.brain.acquired import REFERENCE_FILE
from assistant_app.brain.prototypes import Reference, own_sentences
from assistant_app.paths import shipped_models_dir
from assistant_app.training.evaluation.samples import OnProgress, Predictions, Samples, ours
from assistant_app.training.tasks import READERS, TextExample, held_out
from assistant_app.turn import DIALOGUE, QUESTION_ANSWERING, SCHEDULING, Utterance

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel

SETS = ("sgd", "taskmaster4", "banking77")
"""Where the new skills come from."""
GIVEN = (1, 2, 5, 10, 20)
DRAWS = 3
ASKED_OF_EACH = 10
"""Sentences of each new skill that are routed."""
ASKED_OF_BUILT_INS = 120
FEWEST = 4
"""A domain with fewer sentences is no skill to measure."""
_BUILT_IN = (SCHEDULING, QUESTION_ANSWERING, DIALOGUE)
_INTENT = "request"
_LONGEST_CHARACTERS = 160
_SEED = 20260102


def measure(
    model: MultiTaskModel, samples: Samples, predictions: Predictions, on_progress: OnProgress
) -> dict[str, Any]:
    """The few-shot curve; empty where the data hold fewer than two new skills."""
    domains = {name: texts for name, texts in new_domains(samples).items() if len(texts) >= FEWEST}
    built_in = built_in_texts(samples)
    if len(domains) < 2:
        return {}
    if model.understanding.reference is None:
        sentences = own_sentences(shipped_models_dir() / "recipes")
        shipped = shipped_models_dir() / "released" / REFERENCE_FILE
        model.know(
            Reference.load(shipped, sentences, model.weights_name)
            or model.read_reference(sentences, lambda done, total: on_progress("own sentences", done, total))
        )
    try:
        return _curve(model, domains, built_in, predictions, on_progress)
    finally:
        model.learn({})


def _curve(
    model: MultiTaskModel,
    domains: Mapping[str, Sequence[str]],
    built_in: Sequence[tuple[str, str]],
    predictions: Predictions,
    on_progress: OnProgress,
) -> dict[str, Any]:
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
            model.learn({f"{name}/{_INTENT}": draw.sample(texts, count) for name, texts in pool.items()})
            verdicts: dict[bool, list[bool]] = {True: [], False: []}
            for text, skill in [*((text, name) for name, texts in asked.items() for text in texts), *built_in]:
                found = model.route(_utterance(text)).skill
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

    for name in SETS:
        if name not in samples.sets():
            continue
        for split, row in samples.rows(name):
            if samples.held_out_only and name != "sgd" and not _held_out(name, split, row):
                continue
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


def built_in_texts(samples: Samples) -> list[tuple[str, str]]:
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


def _held_out(name: str, split: str, row: Mapping[str, Any]) -> bool:
    try:
        return held_out(TextExample(str(row.get("text", "")), name, False), split, row)
    except KeyError:
        return False


def _utterance(text: str) -> Utterance:
    return Utterance(text, "typed", "en" if text.isascii() else "zh")
