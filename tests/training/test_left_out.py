"""A domain left out of training and added by its sentences, on a random trunk of a few thousand weights."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from assistant_app.brain.checkpoint import Checkpoint
from assistant_app.brain.model import MultiTaskModel
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from assistant_app.training.evaluation import left_out
from assistant_app.training.evaluation.samples import Predictions
from assistant_app.training.job import Job
from assistant_app.training.tasks import LabelMap
from assistant_app.training.understanding import Understanding, run_stage
from tests.brain.tiny_trunk import make_trunk
from tests.training.small_data import DAYS, EVENTS, RECIPE, make_data, write_rows

SENTENCES = {
    "scheduling/create_event": ["schedule lunch", "schedule the meeting on monday", "schedule a call", "schedule tea"],
    "scheduling/cancel_event": ["cancel lunch", "cancel the meeting on monday", "cancel my call", "cancel tea"],
    "question_answering/ask": ["who wrote it", "where is the town", "who built the bridge", "where is my house"],
}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = make_data(tmp_path / "data")
    jokes = [f"tell me a joke about {event} {day}" for event in EVENTS for day in DAYS]
    rows = [{"intent": "general_joke", "annotation": text, "in_slurp_devel": False} for text in jokes]
    write_rows(data / "hwu64" / "jokes.jsonl.gz", rows)
    (tmp_path / "reference_examples.toml").write_text(
        "\n".join(f"{json.dumps(label)} = {json.dumps(texts)}" for label, texts in SENTENCES.items())
    )
    return Job(
        data=data,
        recipe=RECIPE,
        labels=LabelMap.load(Path(__file__).parents[2] / "models" / "recipes"),
        trunk_folder=make_trunk(tmp_path / "trunk"),
        out=tmp_path / "out",
        work=tmp_path / "work",
        command="",
        workers=1,
        report=lambda _line: None,
    )


@pytest.fixture
def model(job: Job) -> MultiTaskModel:
    checkpoint = Checkpoint("tiny", "", (0, 2, 4), RECIPE["encoder"], {}, {}, 0.5, 0.5, 0, 1.0, 0.0, 0.5, 0, 1.0, "")
    trunk = Trunk.load(job.trunk_folder, device="cpu", precision="float32")
    tokenizer = TextTokenizer(job.trunk_folder)
    return cast(MultiTaskModel, SimpleNamespace(trunk=trunk, tokenizer=tokenizer, checkpoint=checkpoint))


def test_router_is_trained_without_the_domain_which_is_then_added(
    job: Job, model: MultiTaskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[set[str]] = []

    def watched(job: Job, trained: Understanding, name: str, options: Mapping[str, Any]) -> None:
        known.append(set(trained.data.intent_labels["assistant"]))
        run_stage(job, trained, name, options)

    monkeypatch.setattr(left_out, "run_stage", watched)
    predictions = io.StringIO()
    figures = left_out.measure(
        job,
        model,
        Predictions(predictions),
        lambda *_: None,
        sentences_from=tmp_path,
        domains={"jokes": ("dialogue/joke",), "nothing of it": ("scheduling/undo",)},
        options={"epochs": 8, "batch": 16},
    )
    everything, without = known
    assert everything - without == {"dialogue/joke"}
    assert set(figures["domains"]) == {"jokes"}  # the data hold nothing of the other
    jokes = figures["domains"]["jokes"]
    assert jokes["trained"] >= 0.8
    assert jokes["built_in_before"] >= 0.6
    assert figures["mean"] == pytest.approx(jokes)
    rows = [json.loads(line) for line in predictions.getvalue().splitlines()]
    asked = {row["text"] for row in rows}
    assert len(rows) == left_out.DRAWS * len(asked)
    assert sum(row["skill"] == "jokes" for row in rows) == pytest.approx(jokes["found"] * len(rows))
    assert all("joke" in text or "laugh" in text for text in asked)
