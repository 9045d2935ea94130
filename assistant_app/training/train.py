"""Training the multi-task model's decoders and adapters from a recipe.

Staged: decoders on the frozen trunk's cached states first, then decoders and a low-rank adapter jointly
(`understanding.py`); question answering and dialogue each behind an adapter of their own
(`answering.py`, `dialogue.py`). Finished parts are kept, so that an interrupted run goes on where it
was; unfinished ones go on from their last written step (`loop.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from assistant_app.brain.checkpoint import Checkpoint, save_checkpoint, trunk_fingerprint
from assistant_app.training import answering, dialogue, understanding
from assistant_app.training.curves import draw_curves
from assistant_app.training.job import Job, key
from assistant_app.training.tasks import check_leaks, dialogue_examples, select, span_examples, text_examples


def train(job: Job) -> dict[str, float]:
    """Train every part, save the checkpoint to `job.out`; the figures on held-out texts.

    Of several processes the first measures and saves; the others give no figures.
    Raises `InputError` (`training_leak`) if anything would be trained on that is also scored on.
    """
    if not job.world.rank:
        recipe = job.recipe
        chosen = select(list(text_examples(job.data, job.labels)), recipe["most"], recipe["most_held_out"])
        check_leaks(chosen, list(span_examples(job.data)), list(dialogue_examples(job.data)))
    understood = _part(job, "understanding", understanding.SECTIONS, understanding.train_understanding)
    answered = _part(job, "question_answering", answering.SECTIONS, answering.train_answering)
    replied = _part(job, "dialogue", dialogue.SECTIONS, dialogue.train_dialogue)
    if job.world.rank:
        return {}
    metrics = {**understood["metrics"], **answered["metrics"], **replied["metrics"]}
    _save(job, understood, answered, replied, metrics)
    draw_curves(job.work / "runs", job.report)
    return metrics


def _save(
    job: Job,
    understood: dict[str, Any],
    answered: dict[str, Any],
    replied: dict[str, Any],
    metrics: dict[str, float],
) -> None:
    recipe = job.recipe
    checkpoint = Checkpoint(
        trunk_name=recipe["trunk"]["name"],
        trunk_fingerprint=trunk_fingerprint(job.trunk_folder),
        utterance_depths=tuple(recipe["trunk"]["utterance_depths"]),
        encoder=recipe["encoder"],
        sharing=recipe["understanding"].get("sharing", "separate"),
        shared_depth=understood["shared_depth"],
        understanding_rank=understood["understanding_rank"],
        intent_labels=understood["intent_labels"],
        slot_labels=understood["slot_labels"],
        skill_threshold=understood["skill_threshold"],
        out_of_scope_threshold=understood["out_of_scope_threshold"],
        answer_rank=int(recipe["question_answering"]["rank"]),
        answer_slope=answered["answer_slope"],
        answer_offset=answered["answer_offset"],
        answer_threshold=answered["answer_threshold"],
        dialogue_rank=int(recipe["dialogue"]["rank"]),
        dialogue_scale=float(recipe["use"]["dialogue_scale"]),
        command=job.command,
        metrics={name: round(value, 4) for name, value in metrics.items()},
    )
    parts = {
        "router": understood["router"],
        "slots": understood["slots"],
        "answers": answered["answers"],
        "dialogue": replied["adapter"],
    }
    if understood["understanding_rank"]:
        parts["understanding"] = understood["understanding"]
    save_checkpoint(job.out, checkpoint, parts)


def _part(job: Job, name: str, sections: tuple[str, ...], run: Callable[[Job], dict[str, Any]]) -> dict[str, Any]:
    """The result of an earlier run with the same recipe, or of this one."""
    file = job.work / f"{name}-{key(name, job.sections(sections))}.pt"
    if not file.exists():
        result = run(job)
        if job.world.rank == 0:
            job.work.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".new")
            torch.save(result, temporary)
            temporary.replace(file)
        return result
    job.report(f"{name}: ready")
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded
