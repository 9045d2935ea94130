"""A whole training run on a small trunk and a small data folder, and the model it makes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant_app.brain.model import MultiTaskModel
from assistant_app.errors import InputError, ModelError
from assistant_app.training.evaluation import evaluate
from assistant_app.training.job import Job, load_recipe
from assistant_app.training.tasks import OURS, LabelMap, leaks, select, text_examples
from assistant_app.training.train import train
from assistant_app.turn import Utterance
from tests.brain.tiny_trunk import make_trunk
from tests.training.small_data import RECIPE, make_data

RECIPES = Path(__file__).parents[2] / "models" / "recipes"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("training")
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


@pytest.fixture(scope="module")
def metrics(job: Job) -> dict[str, float]:
    return train(job)


@pytest.fixture(scope="module")
def model(job: Job, metrics: dict[str, float]) -> MultiTaskModel:
    assert metrics
    return MultiTaskModel.load(job.trunk_folder, job.out, "cpu", precision="float32")


def test_trained_router_knows_the_skills_of_held_out_texts(metrics: dict[str, float]) -> None:
    assert metrics["skill"] >= 0.9


def test_trained_decoder_fills_slots_of_a_new_sentence(model: MultiTaskModel) -> None:
    text = "schedule the dentist on sunday"
    route = model.route(Utterance(text, "typed", "en"))
    assert (route.skill, route.intent) == ("scheduling", "create_event")
    assert {(slot.name, slot.text) for slot in route.slots} == {("title", "the dentist"), ("datetime", "on sunday")}
    assert all(text[slot.start : slot.end] == slot.text for slot in route.slots)
    assert route.why.candidates[0].skill == "scheduling"
    assert route.why.words


def test_answer_is_a_span_of_the_passage_or_nothing(model: MultiTaskModel) -> None:
    passage = "The book about the river was written by Anna Berg."
    found = model.answer("who wrote the book", passage)
    assert found.text == passage[found.start : found.end]
    assert 0.0 <= found.confidence <= 1.0
    assert model.answer("", passage).text == ""
    assert model.answer("who", "").text == ""


def test_reply_is_streamed_and_ends(model: MultiTaskModel) -> None:
    pieces = list(model.reply([("hello", "Hi.")], "do you like lunch", max_tokens=12))
    assert "".join(pieces)
    assert list(model.reply([("hello", "Hi.")], "do you like lunch", max_tokens=12)) == pieces


def test_dialogue_adapter_lowers_the_loss_on_held_out_replies(metrics: dict[str, float]) -> None:
    assert metrics["dialogue loss per token"] < metrics["dialogue loss per token before"]


def test_second_run_reuses_finished_parts_and_gives_the_same_weights(job: Job, metrics: dict[str, float]) -> None:
    lines: list[str] = []
    before = (job.out / "router.safetensors").read_bytes()
    assert train(replace(job, report=lines.append)) == metrics
    assert lines == ["understanding: ready", "question_answering: ready", "dialogue: ready"]
    assert (job.out / "router.safetensors").read_bytes() == before


def test_decoders_refuse_another_trunk(job: Job, metrics: dict[str, float], tmp_path: Path) -> None:
    assert metrics
    other = make_trunk(tmp_path / "other", hidden_size=64)
    with pytest.raises(ModelError, match="trained on tiny"):
        MultiTaskModel.load(other, job.out, "cpu", precision="float32")


def test_damaged_decoders_are_a_clear_error(job: Job, metrics: dict[str, float], tmp_path: Path) -> None:
    assert metrics
    for file in job.out.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "answers.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="missing or damaged"):
        MultiTaskModel.load(job.trunk_folder, tmp_path, "cpu", precision="float32")


def test_evaluation_reads_any_split_name_and_writes_predictions(
    model: MultiTaskModel, job: Job, tmp_path: Path
) -> None:
    (tmp_path / "hwu64").mkdir()
    (tmp_path / "hwu64" / "a_split.jsonl.gz").write_bytes((job.data / "hwu64" / "all.jsonl.gz").read_bytes())
    with (tmp_path / "predictions.jsonl").open("w") as out:
        report = evaluate(
            model,
            tmp_path,
            job.labels,
            now=datetime(2019, 3, 1, 8, tzinfo=UTC),
            sides=["tasks"],
            limit=12,
            predictions=out,
        )
    assert set(report["tasks"]) == {"hwu64"}
    assert report["tasks"]["hwu64"]["texts"] == 12
    assert report["tasks"]["hwu64"]["skill_accuracy"] >= 0.9
    assert len([json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]) == 12


def test_no_text_is_trained_on_that_is_held_out(job: Job) -> None:
    chosen = select(list(text_examples(job.data, job.labels)), RECIPE["most"], RECIPE["most_held_out"])
    assert any(example.held_out for example in chosen)
    assert leaks(chosen) == set()


def test_every_label_of_the_map_is_a_skill_and_an_intent(job: Job) -> None:
    labels = {label for table in job.labels.intents.values() for label in table.values()}
    labels |= {table.label for table in job.labels.own}
    by_words = [rules for table in job.labels.by_words.values() for rules in table.values()]
    labels |= {label for rules in by_words for _, label in rules}
    assert all(label.count("/") == 1 for label in labels)
    assert {label.partition("/")[0] for label in labels} == {"scheduling", "question_answering", "dialogue", "unknown"}


def test_slots_of_a_bracketed_annotation_point_at_their_words(job: Job) -> None:
    for example in text_examples(job.data, job.labels):
        for start, end, name in example.slots.get(OURS, ()):
            assert example.text[start:end].strip()
            assert name in {"title", "datetime", "person", "location", "list_name", "list_item"}


def test_recipe_with_a_mistake_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("seed = = 3")
    with pytest.raises(InputError, match=r"bad\.toml"):
        load_recipe(tmp_path / "bad.toml")
