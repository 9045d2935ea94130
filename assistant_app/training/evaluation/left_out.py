"""The strict measure of carry-over: one domain left out of training, then added by a few sentences.

For each domain a router is trained anew on the frozen trunk's states, on a sample of the recipe's texts with every
text of that domain taken away, whatever data set it is from; the trunk itself never saw a label, and the adapter of
the released checkpoint, which did, is not used. Then the domain is added as a skill by ten sentences
(`brain/prototypes.py`) and texts of it that are kept from training are routed:

    before           the share that the router without the domain takes for nothing it knows
    found            the share that goes to the domain once it is added; mean over draws of the ten sentences
    trained          the share that goes to it where nothing was left out: what training on it would give
    built_in_before  the share of requests to other built-in skills that go where they should, without the domain
    built_in         the same once it is added

The router is smaller trained than the released one (`TEXTS` texts), so its figures are lower; what counts is how
they compare. It takes some minutes.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.prototypes import Reference, Sentence, own_sentences
from assistant_app.brain.tokens import Tokens
from assistant_app.brain.understanding import UtteranceReader
from assistant_app.training.evaluation.samples import OnProgress, Predictions
from assistant_app.training.job import Job
from assistant_app.training.states import TextStates, compute_states
from assistant_app.training.tasks import OURS, TextExample, select, stable_fraction, text_examples, without_leaks
from assistant_app.training.understanding import Understanding, UnderstandingData, run_stage
from assistant_app.turn import DIALOGUE, QUESTION_ANSWERING, SCHEDULING, UNKNOWN, Route, Utterance

DOMAINS: Mapping[str, tuple[str, ...]] = {
    "alarms": ("scheduling/set_alarm", "scheduling/query_alarms", "scheduling/cancel_alarm", "scheduling/change_alarm"),
    "lists": (
        "scheduling/add_to_list",
        "scheduling/query_list",
        "scheduling/remove_from_list",
        "scheduling/complete_item",
    ),
    "weather": ("unknown/weather",),
    "music": ("unknown/music",),
    "lights": ("unknown/smart_home",),
    "messages": ("unknown/messages",),
    "travel": ("unknown/travel",),
    "food": ("unknown/food",),
}
"""Name -> our labels of it."""
GIVEN = 10
DRAWS = 3
TEXTS = 2400
"""Texts trained on, of all sets together."""
OPTIONS: Mapping[str, int] = {"epochs": 4, "batch": 48}
"""Instead of the recipe's: fewer texts need smaller batches for as many steps."""
ASKED = 40
"""Texts of a domain that are routed."""
ASKED_OF_A_BUILT_IN = 40
_BUILT_IN = (SCHEDULING, QUESTION_ANSWERING, DIALOGUE)
_SEED = 20260103


class StoredStates(UtteranceReader):
    """A reader for whom the trunk's states lie ready: only router and slots are computed."""

    def __init__(self, model: MultiTaskModel, trained: Understanding, stored: Mapping[tuple[int, ...], Tensor]) -> None:
        data = trained.data
        checkpoint = replace(
            model.checkpoint,
            intent_labels={name: tuple(labels) for name, labels in data.intent_labels.items()},
            slot_labels={name: tuple(tags) for name, tags in data.slot_labels.items()},
            understanding_rank=0,
        )
        trained.eval().requires_grad_(False)
        super().__init__(model.trunk, model.tokenizer, checkpoint, trained.router, trained.slots)
        self._stored = stored

    def read(self, tokens: Tokens) -> Tensor:
        return self._stored[tuple(tokens.ids)][None].float()


def measure(
    job: Job,
    model: MultiTaskModel,
    predictions: Predictions,
    on_progress: OnProgress,
    *,
    sentences_from: Path,
    domains: Mapping[str, Sequence[str]] = DOMAINS,
    options: Mapping[str, int] = OPTIONS,
) -> dict[str, Any]:
    """Figures by domain, and their means; empty where there are too few texts of every domain.

    `sentences_from` is the folder of the program's own sentences; `domains` are labels by name; `options` come
    before the recipe's `[understanding]`.
    """
    job = replace(job, recipe=_shortened(job.recipe, options))
    texts_of_all = [example for example in text_examples(job.data, job.labels) if OURS in example.intents]
    everything, _, _ = without_leaks(texts_of_all, [], [])
    trained_on = _share(everything, job.recipe["most"])
    given, asked = _texts_of_domains(everything, domains)
    built_in = _built_in_texts(everything)
    sentences = own_sentences(sentences_from)
    others = [
        TextExample(text, "asked", True)
        for text in dict.fromkeys(
            [
                *(text for pool in (*given.values(), *asked.values()) for text in pool),
                *(text for text, _ in built_in),
                *(sentence.text for sentence in sentences),
            ]
        )
    ]
    examples = [*trained_on, *others]
    states = compute_states(
        [example.text for example in examples],
        job.trunk_folder,
        job.recipe["trunk"]["utterance_depths"],
        job.work / "states",
        workers=job.workers,
        device=job.world.device,
        on_progress=lambda done, total: on_progress("states of texts", done, total),
    )
    stored = _by_tokens(examples, states, model)
    results: dict[str, dict[str, float]] = {}
    whole = _trained(job, examples, states, "", (), on_progress)
    for name, labels in domains.items():
        if len(given[name]) < GIVEN or not asked[name]:
            continue
        reader = StoredStates(model, _trained(job, examples, states, name, labels, on_progress), stored)
        _know(reader, [sentence for sentence in sentences if sentence.label not in labels])
        results[name] = _figures(reader, name, labels, given[name], asked[name], built_in, predictions)
        results[name]["trained"] = _share_routed(StoredStates(model, whole, stored), asked[name], _goes_to(labels))
    if not results:
        return {}
    keys = next(iter(results.values()))
    mean = {key: statistics.fmean(figures[key] for figures in results.values()) for key in keys}
    return {
        "domains": results,
        "mean": mean,
        "given": GIVEN,
        "draws": DRAWS,
        "texts_trained_on": len(trained_on),
        "how": "A router trained anew on the frozen trunk without each domain, which is then added by "
        f"{GIVEN} sentences; {DRAWS} draws of them.",
    }


def _shortened(recipe: Mapping[str, Any], options: Mapping[str, int]) -> dict[str, Any]:
    """One stage, on the frozen trunk."""
    kept = {key: value for key, value in recipe["understanding"].items() if key not in ("joint", "outside")}
    return {**recipe, "understanding": {**kept, "repeat_own": 0, **options}}


def _share(examples: Sequence[TextExample], most: Mapping[str, int]) -> list[TextExample]:
    """The recipe's mixture, made smaller; only our own labels and slots, since no other head is used."""
    wanted = sum(most.values())
    fewer = {name: max(20, round(count * TEXTS / wanted)) if count else 0 for name, count in most.items()}
    own_heads = [
        replace(
            example,
            intents={OURS: example.intents[OURS]},
            slots={OURS: example.slots[OURS]} if OURS in example.slots else {},
        )
        for example in examples
    ]
    return [example for example in select(own_heads, fewer, {"default": 0}) if not example.held_out]


def _texts_of_domains(
    examples: Sequence[TextExample], domains: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Sentences that may be given, and those that are asked: the latter are kept from every training."""

    def some(labels: Sequence[str], held_out: bool, most: int) -> list[str]:
        found = {
            example.text: None
            for example in examples
            if example.held_out == held_out and example.intents[OURS] in labels
        }
        return sorted(found, key=lambda text: stable_fraction(text, "left out"))[:most]

    given = {name: some(labels, False, GIVEN * DRAWS) for name, labels in domains.items()}
    return given, {name: some(labels, True, ASKED) for name, labels in domains.items()}


def _built_in_texts(examples: Sequence[TextExample]) -> list[tuple[str, str]]:
    """Held-out requests to built-in skills with our label, as many of each skill."""
    chosen: list[tuple[str, str]] = []
    for skill in _BUILT_IN:
        found = {
            example.text: example.intents[OURS]
            for example in examples
            if example.held_out and example.intents[OURS].startswith(f"{skill}/")
        }
        ordered = sorted(found, key=lambda text: stable_fraction(text, "built in"))[:ASKED_OF_A_BUILT_IN]
        chosen += [(text, found[text]) for text in ordered]
    return chosen


def _by_tokens(
    examples: Sequence[TextExample], states: TextStates, model: MultiTaskModel
) -> dict[tuple[int, ...], Tensor]:
    """Token ids -> (T, L, D)."""
    starts = states.starts.tolist()
    return {
        tuple(model.tokenizer.encode(example.text).ids): states.taps[starts[row] : starts[row + 1]]
        for row, example in enumerate(examples)
    }


def _trained(
    job: Job,
    examples: Sequence[TextExample],
    states: TextStates,
    name: str,
    labels: Sequence[str],
    on_progress: OnProgress,
) -> Understanding:
    """Router and slots from texts with none of `labels`."""
    kept = [
        replace(example, intents={}, slots={}) if example.intents.get(OURS) in labels else example
        for example in examples
    ]
    trained = Understanding(UnderstandingData(kept, states), job.recipe)
    shown = f"without {name}" if name else "with everything"

    def progress(name: str, done: int, total: int, note: str) -> None:
        del name, note  # it is one stage, and the loss is of no interest here
        on_progress(shown, done, total)

    with tempfile.TemporaryDirectory(prefix="assistant-left-out-") as folder:
        run_stage(replace(job, work=Path(folder), progress=progress), trained, "decoders", job.recipe["understanding"])
    return trained


def _know(reader: UtteranceReader, sentences: Sequence[Sentence]) -> None:
    vectors = reader.vectors([sentence.text for sentence in sentences])
    reader.reference = Reference(sentences, vectors, reader.router.pool.score.in_features)


def _figures(
    reader: UtteranceReader,
    name: str,
    labels: Sequence[str],
    given: Sequence[str],
    asked: Sequence[str],
    built_in: Sequence[tuple[str, str]],
    predictions: Predictions,
) -> dict[str, float]:
    others = [(text, label.partition("/")[0]) for text, label in built_in if label not in labels]
    figures = {
        "before": _share_routed(reader, asked, lambda route: route.skill == UNKNOWN or route.unsure),
        "built_in_before": statistics.fmean(_skill(reader, text) == skill for text, skill in others),
    }
    draw = random.Random(_SEED)
    found, kept = [], []
    for number in range(DRAWS):
        reader.learn({f"{name}/request": draw.sample(list(given), GIVEN)})
        chosen = {text: _skill(reader, text) for text in asked}
        found.append(statistics.fmean(skill == name for skill in chosen.values()))
        kept.append(statistics.fmean(_skill(reader, text) == skill for text, skill in others))
        for text, skill in chosen.items():
            predictions.write("carry_over", {"left_out": name, "draw": number, "text": text, "skill": skill})
    reader.learn({})
    return figures | {
        "found": statistics.fmean(found),
        "found_deviation": statistics.pstdev(found),
        "built_in": statistics.fmean(kept),
    }


def _skill(reader: UtteranceReader, text: str) -> str:
    return reader.route(_utterance(text)).skill


def _share_routed(reader: UtteranceReader, texts: Sequence[str], right: Callable[[Route], bool]) -> float:
    return statistics.fmean(right(reader.route(_utterance(text))) for text in texts)


def _goes_to(labels: Sequence[str]) -> Callable[[Route], bool]:
    return lambda route: f"{route.skill}/{route.intent}" in labels


def _utterance(text: str) -> Utterance:
    return Utterance(text, "typed", "en" if text.isascii() else "zh")
