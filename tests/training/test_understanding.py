"""How batches are made, what counts as out of scope, and the comparison of ways to share."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from assistant_app.training.interference import VARIANTS, compare, table
from assistant_app.training.job import Job
from assistant_app.training.tasks import OURS, LabelMap
from assistant_app.training.understanding import Understanding, load_understanding_data
from tests.brain.tiny_trunk import make_trunk
from tests.training.small_data import RECIPE, make_data

RECIPES = Path(__file__).parents[2] / "models" / "recipes"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("understanding")
    return Job(
        data=make_data(folder / "data"),
        recipe=RECIPE,
        labels=LabelMap.load(RECIPES),
        trunk_folder=make_trunk(folder / "trunk"),
        out=folder / "out",
        work=folder / "work",
        command="assistant train",
        workers=1,
        report=lambda _line: None,
    )


def test_alternating_batches_hold_one_set_each_and_lean_to_small_sets_with_temperature(job: Job) -> None:
    data = load_understanding_data(job)
    rows = data.train_rows()
    shares = {}
    for temperature in (1.0, 5.0):
        batches = data.alternating(rows, 4, temperature, random.Random(1))
        sets = [{data.examples[row].data_set for row in batch} for batch in batches]
        assert all(len(one) == 1 for one in sets)
        assert len(batches) == -(-len(rows) // 4)
        shares[temperature] = sum(one == {"personality_chat"} for one in sets) / len(sets)
    assert shares[5.0] > shares[1.0] > 0


def test_texts_of_other_sets_train_a_set_as_out_of_scope(job: Job) -> None:
    recipe = {**RECIPE, "understanding": {**RECIPE["understanding"], "outside": {"hwu64": {"nq_open": ["*"]}}}}
    data = load_understanding_data(replace(job, recipe=recipe))
    of_questions = [e for e in data.examples if e.data_set == "nq_open"]
    assert {e.intents.get("hwu64") for e in of_questions if not e.held_out} == {"oos"}
    assert {e.intents.get("hwu64") for e in of_questions if e.held_out} == {None}


def test_misheard_copies_keep_their_labels(job: Job) -> None:
    recipe = {**RECIPE, "understanding": {**RECIPE["understanding"], "misheard": 0.5}}
    plain, more = load_understanding_data(job), load_understanding_data(replace(job, recipe=recipe))
    copies = more.examples[len(plain.examples) :]
    assert len(plain.train_rows()) * 0.3 < len(copies) < len(plain.train_rows()) * 0.7
    assert all(not copy.held_out and copy.intents[OURS] for copy in copies)


def test_an_adapter_that_is_new_changes_nothing(job: Job) -> None:
    from assistant_app.brain.adapter import LowRankAdapter
    from assistant_app.training.tunable_trunk import TunableTrunk

    data = load_understanding_data(job)
    model = Understanding(data, RECIPE)
    batch = data.batch(data.train_rows()[:5])
    before = model.taps(batch)
    model.trunk = TunableTrunk(job.trunk_folder, last=4, tuned_from=2)
    model.adapter = LowRankAdapter.new(model.trunk.config, range(2, 4), rank=2)
    with torch.no_grad():
        after = model.taps(batch)
    kept = ~batch.padding
    assert torch.allclose(before[kept], after[kept], atol=0.05)


def test_every_way_of_sharing_is_compared_on_the_same_texts(job: Job) -> None:
    results = compare(job)
    assert [one.name for one in results] == ["each task alone", *VARIANTS]
    assert {frozenset(one.figures) for one in results} == {
        frozenset({"intent:assistant", "intent:hwu64", "slot:hwu64"})
    }
    assert results[0].figures["intent:hwu64"] >= 0.9
    assert max(one.mean for one in results[1:]) >= 0.8
    lines = table(results)
    assert len(lines) == len(results) + 2
    assert lines[2].startswith("| each task alone | ")
