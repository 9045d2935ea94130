"""Training the decoders and adapters of the multi-task model from a recipe.

Stage one of the staged plan: the trunk is frozen, so its states are computed once
(`states.py`) and each decoder trains on them alone; no task can disturb another by construction.
Every part is saved as soon as it is trained, so that an interrupted run goes on with the next part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import torch

from assistant_app.brain.checkpoint import Checkpoint, save_checkpoint, trunk_fingerprint
from assistant_app.training.answering import train_answering
from assistant_app.training.dialogue import train_dialogue
from assistant_app.training.job import Job
from assistant_app.training.understanding import train_understanding


def train(job: Job) -> dict[str, float]:
    """Train every part, save the checkpoint to `job.out`; the figures on held-out texts."""
    torch.manual_seed(int(job.recipe["seed"]))
    understanding = _part(job, "understanding", lambda: train_understanding(job))
    answering = _part(job, "question_answering", lambda: train_answering(job))
    dialogue = _part(job, "dialogue", lambda: train_dialogue(job))
    metrics = {**understanding["metrics"], **answering["metrics"], **dialogue["metrics"]}
    recipe = job.recipe
    checkpoint = Checkpoint(
        trunk_name=recipe["trunk"]["name"],
        trunk_fingerprint=trunk_fingerprint(job.trunk_folder),
        utterance_depths=tuple(recipe["trunk"]["utterance_depths"]),
        passage_depths=tuple(recipe["trunk"]["passage_depths"]),
        encoder=recipe["encoder"],
        intent_labels=understanding["intent_labels"],
        slot_labels=understanding["slot_labels"],
        skill_threshold=understanding["skill_threshold"],
        out_of_scope_threshold=understanding["out_of_scope_threshold"],
        answer_threshold=answering["answer_threshold"],
        dialogue_rank=int(recipe["dialogue"]["rank"]),
        dialogue_scale=float(recipe["use"]["dialogue_scale"]),
        command=job.command,
        metrics={name: round(value, 4) for name, value in metrics.items()},
    )
    save_checkpoint(
        job.out,
        checkpoint,
        {
            "router": understanding["router"],
            "slots": understanding["slots"],
            "span": answering["span"],
            "dialogue": dialogue["adapter"],
        },
    )
    return metrics


_SECTIONS = {
    "understanding": ("seed", "trunk", "encoder", "most", "most_held_out", "understanding"),
    "question_answering": ("seed", "trunk", "encoder", "question_answering"),
    "dialogue": ("seed", "trunk", "dialogue"),
}
"""What of the recipe a part depends on."""


def _part(job: Job, name: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of an earlier run with the same recipe, or of this one."""
    sections = {section: job.recipe[section] for section in _SECTIONS[name]}
    key = hashlib.sha256(json.dumps([name, sections], sort_keys=True).encode()).hexdigest()[:12]
    file = job.work / f"{name}-{key}.pt"
    if not file.exists():
        result = run()
        job.work.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        torch.save(result, temporary)
        temporary.replace(file)
    job.report(f"{name}: ready")
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded
