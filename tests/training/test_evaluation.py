"""The five sides of the evaluation, on a few rows of our own and a model of a few rules."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.store import CalendarStore
from assistant_app.assistant import Assistant
from assistant_app.brain.model import MultiTaskModel
from assistant_app.cli import evaluate as command
from assistant_app.skills.dialogue import Dialogue
from assistant_app.skills.question_answering import QuestionAnswering
from assistant_app.skills.scheduling import Scheduling
from assistant_app.training.evaluation import SIDES, Weights, evaluate, left_out, table, write_report
from assistant_app.training.evaluation.conversations import same_title
from assistant_app.training.evaluation.each_task import calibration
from assistant_app.training.evaluation.explainability import without
from assistant_app.training.evaluation.heard import aligned
from assistant_app.training.evaluation.lispress import Described, read_program
from assistant_app.training.evaluation.resources import rapl_counters
from assistant_app.training.evaluation.samples import Samples
from assistant_app.training.evaluation.sgd_state import day_and_clock, joint_goal
from assistant_app.training.tasks import LabelMap
from tests.fakes import FakeClock, make_assistant, make_context
from tests.training.conversation_data import make_five_sided_data
from tests.training.fake_model import FakeModel
from tests.training.small_data import write_rows

UTC = ZoneInfo("UTC")
NOW = datetime(2019, 3, 1, 8, tzinfo=UTC)
LABELS = LabelMap.load(Path(__file__).parents[2] / "models" / "recipes")
OUR_LABELS = set(chain.from_iterable(table.values() for table in LABELS.intents.values()))
OUR_LABELS |= {own.label for own in LABELS.own}


def new_assistant(folder: Path, now: datetime) -> Assistant:
    model = FakeModel()
    store = CalendarStore(
        folder / "calendars",
        index_file=folder / "index.sqlite3",
        journal_file=folder / "journal.sqlite3",
        zone=UTC,
        clock=FakeClock(now),
    )
    context = make_context(calendar=store, router=model, answerer=model, dialogue=model, zone=UTC, now=FakeClock(now))
    skills: dict[str, Any] = {}
    return make_assistant(Scheduling(), QuestionAnswering(), Dialogue(skills), context=context)


def run(data: Path, **options: Any) -> dict[str, Any]:
    model = cast(MultiTaskModel, FakeModel())
    return evaluate(model, data, LABELS, now=NOW, new_assistant=new_assistant, **options)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_five_sided_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def measured(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    file = tmp_path_factory.mktemp("predictions") / "all.jsonl"
    with file.open("w") as out:
        report = run(data, limit=30, predictions=out)
    return report, [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def report(measured: tuple[dict[str, Any], list[dict[str, Any]]]) -> dict[str, Any]:
    return measured[0]


def test_each_task_has_the_figures_of_its_own_head(report: dict[str, Any]) -> None:
    hwu = report["tasks"]["hwu64"]
    assert hwu["texts"] == 30
    assert hwu["intent_accuracy"] > 0.4
    assert 0 < hwu["skill_accuracy"] <= 1
    assert report["tasks"]["banking77"]["out_of_scope_recall"] == 1.0
    assert report["tasks"]["squad2"]["f1_answerable"] == pytest.approx(0.5)
    assert report["tasks"]["squad2"]["no_answer_accuracy"] == 1.0


def test_confusion_counts_every_text_with_a_known_skill(report: dict[str, Any]) -> None:
    confusion = report["over_all"]["confusion"]
    assert sum(map(sum, confusion["counts"])) == sum(
        point["texts"] for point in report["over_all"]["calibration"]["bins"]
    )
    assert set(confusion["wanted"]) <= set(confusion["found"])


def test_new_skills_are_found_by_their_sentences_and_built_ins_kept(report: dict[str, Any]) -> None:
    carry_over = report["carry_over"]
    assert carry_over["skills"] == ["banking", "hotels"]
    assert [point["examples"] for point in carry_over["curve"]] == [1, 2]
    assert carry_over["curve"][-1]["new_skill"] == 1.0
    assert carry_over["curve"][-1]["built_in"] > 0.5
    change = carry_over["curve"][-1]["built_in"] - carry_over["built_in_before"]
    assert carry_over["built_in_change"] == pytest.approx(change)


def test_conversations_end_in_what_was_wanted(report: dict[str, Any]) -> None:
    flow = report["experience"]["smcalflow"]
    assert {act: figures["right"] for act, figures in flow["by_act"].items()} == {
        "accept": 1.0,
        "cancel": 1.0,
        "create": 1.0,
        "elsewhere": 1.0,
        "small_talk": 1.0,
    }
    assert (flow["judged_turns"], flow["left_out_turns"]) == (5, 1)
    assert flow["clarification_rate"] > 0
    sgd = report["experience"]["sgd"]
    assert {method: figures["done"] for method, figures in sgd["by_method"].items()} == {
        "GetEvents": 1.0,
        "AddEvent": 1.0,
    }
    assert sgd["task_completion"] == 1.0
    assert sgd["joint_goal_accuracy"] == pytest.approx(1.0)
    assert report["tasks"]["sgd"]["joint_goal_accuracy"] == sgd["joint_goal_accuracy"]
    assert sgd["turn_ms"]["p50"] <= sgd["turn_ms"]["p95"]


def test_words_that_decide_change_the_decision_more_often_than_random_ones(report: dict[str, Any]) -> None:
    first = report["explainability"]["curve"][0]
    assert first["removed"] == 1
    assert first["shown_words"] > first["random_words"]


def test_resources_are_counted_and_missing_energy_is_said(report: dict[str, Any], tmp_path: Path) -> None:
    resources = report["resources"]
    assert resources["reply"]["tokens"] > 0
    assert resources["memory_mb"]["resident"] > 10
    assert rapl_counters(tmp_path) == []
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    counter.write_text("123")
    (tmp_path / "intel-rapl:0:0").mkdir()
    (tmp_path / "intel-rapl:0:0" / "energy_uj").write_text("5")
    assert rapl_counters(tmp_path) == [counter]


def test_memory_can_be_measured_before_anything_loads_torch() -> None:
    code = "import sys, assistant_app.cli.evaluate, assistant_app.training.evaluation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_side_writes_its_predictions(measured: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    _, predictions = measured
    assert {row["side"] for row in predictions} == set(SIDES) - {"resources"}
    flow = [row for row in predictions if row["side"] == "experience" and row["set"] == "smcalflow"]
    assert [row["wanted_act"] for row in flow] == ["create", "cancel", "accept", "elsewhere", "small_talk", None]


def test_report_is_one_well_formed_page_with_its_plots(report: dict[str, Any], tmp_path: Path) -> None:
    page, figures = write_report(report, tmp_path / "report", title="A <small> run", about=[("command", "a & b")])
    assert json.loads(figures.read_text()) == json.loads(json.dumps(report))
    text = page.read_text()
    tree = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    titles = {
        title.text
        for svg in tree.iter("{http://www.w3.org/2000/svg}svg")
        for title in svg.findall("{http://www.w3.org/2000/svg}title")
    }
    assert titles >= {
        "Reliability diagram",
        "Confusion of skills",
        "Few-shot curve",
        "Latency of a turn",
        "Deletion test",
    }
    assert f"{report['tasks']['hwu64']['skill_accuracy']:.3f}" in text
    assert "token sort ratio" in text  # how the joint goal is judged
    assert "src=" not in text
    assert text.count("http") == text.count("http://www.w3.org")


def test_table_has_a_line_for_every_part(report: dict[str, Any]) -> None:
    lines = list(table(report))
    for name in ("hwu64", "new skill, 2 sentences", "conversations: sgd", "reply", "energy", "1 words taken out"):
        assert any(line.startswith(name) for line in lines)


def test_what_has_no_figures_is_named_with_the_reason(tmp_path: Path) -> None:
    write_rows(tmp_path / "hwu64" / "mine.jsonl.gz", [{"text": "schedule lunch", "intent": "calendar_set"}])
    (tmp_path / "snips").mkdir()
    (tmp_path / "xsid").mkdir()
    (tmp_path / "xsid" / "mine.jsonl.gz").write_bytes(b"no gzip")
    write_rows(tmp_path / "banking77" / "mine.jsonl.gz", [{"no": "text"}])
    (tmp_path / "recipes_for_soup").mkdir()
    report = run(tmp_path)
    assert set(report["tasks"]) == {"hwu64"}
    skipped = report["skipped"]
    assert skipped["clinc150"] == "there is no such folder"
    assert skipped["snips"] == "its folder holds no *.jsonl.gz"
    assert skipped["xsid"].startswith("mine.jsonl.gz cannot be read")
    assert skipped["banking77"] == "no row of it can be scored here"
    assert skipped["recipes_for_soup"] == "no figures are defined for it"
    assert {"carry_over", "experience"} <= set(skipped)
    assert any("skipped: there is no such folder" in line for line in table(report))


def test_only_the_sides_and_sets_that_were_named_are_measured(data: Path) -> None:
    report = run(data, sides=["tasks"], tasks=["hwu64", "snips"], limit=3)
    assert set(report["tasks"]) == {"hwu64"}
    assert report["skipped"] == {"snips": "there is no such folder"}
    assert [report[side] for side in SIDES[1:]] == [{}, {}, {}, {}]


def test_command_offers_the_sides_and_domains_that_can_be_measured() -> None:
    assert command.SIDES == SIDES
    assert tuple(left_out.DOMAINS) == command.DOMAINS
    assert set(chain.from_iterable(left_out.DOMAINS.values())) <= OUR_LABELS


def test_report_of_an_empty_folder_says_that_nothing_was_measured(tmp_path: Path) -> None:
    report = run(tmp_path, sides=["tasks", "carry_over", "experience", "explainability"])
    assert report["tasks"] == {}
    page, _ = write_report(report, tmp_path / "report", title="Nothing")
    assert page.read_text().count("Not measured in this run") == 5
    assert "there is no such folder" in page.read_text()


def test_rows_without_optional_fields_are_read_and_unreadable_ones_counted(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "hwu64" / "mine.jsonl.gz",
        [
            {"text": "schedule the dentist on friday", "intent": "calendar_set"},
            {"annotation": "cancel [event_name : the dentist]", "intent": "calendar_remove"},
            {"intent": "calendar_set"},
        ],
    )
    write_rows(tmp_path / "clinc150" / "mine.jsonl.gz", [{"text": "who are you", "intent": "who_made_you"}])
    write_rows(tmp_path / "snips" / "mine.jsonl.gz", [{"text": "play a song", "intent": "PlayMusic"}])
    write_rows(
        tmp_path / "slurp" / "mine.jsonl.gz",
        [
            {
                "text": "add lunch on friday",
                "scenario": "calendar",
                "action": "set",
                "entities": [{"type": "date", "span": [3]}],
            }
        ],
    )
    samples = Samples(tmp_path, LABELS)
    without_slots, with_slots = samples.texts("hwu64")
    assert without_slots.slots == {}
    assert with_slots.slots["hwu64"] == ((7, 18, "event_name"),)
    assert samples.unreadable == {"hwu64": 1}
    assert samples.texts("clinc150")[0].intents["clinc150"] == "who_made_you"
    assert samples.texts("snips")[0].slots == {}
    assert samples.texts("slurp")[0].slots == {"hwu64": ((13, 19, "date"),)}


def test_questions_without_answers_count_as_unanswerable(tmp_path: Path) -> None:
    row = {"question": "what does it cost", "context": "The book was written by Anna Berg."}
    write_rows(tmp_path / "squad2" / "mine.jsonl.gz", [row])
    assert run(tmp_path, sides=["tasks"])["tasks"]["squad2"]["f1"] == 1.0


PROGRAMS = [
    (
        '(Yield (CreateCommitEventWrapper (CreatePreflightEventWrapper (& (Event.subject_? (?= "yoga")) '
        "(Event.start_? (?= (DateAtTimeWithDefaults (NextDOW (Tuesday)) (HourMinutePm 5L 30L))))))))",
        "create",
        Described("yoga", date(2019, 3, 5), time(17, 30)),
    ),
    (
        "(let (x0 (DateAtTimeWithDefaults (MD 4L (February)) (NumberAM 12L))) (Yield (CreateCommitEventWrapper "
        "(CreatePreflightEventWrapper (& (Event.start_? (?= x0)) (Event.end_? (?= (TimeAfterDateTime x0 "
        "(NumberPM 3L)))))))))",
        "create",
        Described(None, date(2020, 2, 4), time(0)),
    ),
    ("(DoNotConfirm)", "refuse", Described()),
    ("(FenceWeather)", "nothing", Described()),
    ("(FenceMultiAction)", None, Described()),
    (
        "(Yield (Execute (ReviseConstraint (Event.start_? (DateTime.time_? (?= (Noon)))))))",
        "revise",
        Described(clock=time(12)),
    ),
    ("(Yield (no closing", None, Described()),
]


@pytest.mark.parametrize(("text", "act", "new"), PROGRAMS)
def test_program_gives_act_title_day_and_hour(text: str, act: str | None, new: Described) -> None:
    program = read_program(text, NOW)
    assert (program.act, program.new) == (act, new)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("on Monday next week", {"day": "Monday next week"}),
        ("at half past 4 in the afternoon", {"clock": "half past 4 in the afternoon"}),
        ("4 pm on March 3rd", {"clock": "4 pm", "day": "March 3rd"}),
        ("tomorrow at 9 am", {"day": "tomorrow", "clock": "9 am"}),
        ("between 9:30 pm and midnight", {}),
        ("the blue one", {}),
    ],
)
def test_day_and_hour_of_an_expression_are_told_apart(words: str, parts: dict[str, str]) -> None:
    assert day_and_clock(words, NOW) == parts


def test_joint_goal_is_the_product_over_all_slots() -> None:
    theirs = {"day": ["tomorrow", "March 2nd"], "name": ["swim class"]}
    assert joint_goal(theirs, {"day": "tomorrow", "name": "class swim"}, ("day", "name", "place")) == 1.0
    assert joint_goal(theirs, {"day": "tomorrow"}, ("day", "name", "place")) == 0.0
    assert (
        joint_goal(theirs, {"day": "tomorrow", "name": "swim class", "place": "rome"}, ("day", "name", "place")) == 0.0
    )
    assert 0 < joint_goal(theirs, {"day": "tomorrow", "name": "swim"}, ("day", "name")) < 1


def test_titles_are_the_same_if_one_is_in_the_other() -> None:
    assert same_title("Lunch with Anna", "lunch")
    assert not same_title("Lunch", "Dinner")
    assert not same_title("", "Dinner")


def test_slots_are_carried_over_to_what_was_heard() -> None:
    told = "Move the dentist, to Friday at 7 p.m."
    alignment = aligned("move the dentist to friday at seven pm", told)
    assert alignment.errors == 2
    start, end, name = alignment.moved((20, 38, "datetime"))
    assert (told[start:end], name) == ("Friday at 7 p.m", "datetime")
    assert aligned("call anna", "Call.").moved((5, 9, "person"))[2] != "person"
    assert aligned("call anna", "").errors == 2


def test_slots_of_heard_sentences_are_scored_beside_those_of_read_ones(data: Path) -> None:
    def hear(text: str) -> str:
        return text.replace("dentist", "then test").capitalize() + "."

    heard = run(data, sides=["tasks"], tasks=["hwu64", "sgd"], hear=hear, sentences_heard=30)["over_all"]["heard"]
    ours = heard["heads"]["assistant"]
    assert ours["slot_f1"] == pytest.approx(ours["slot_f1_heard"] + ours["lost"])
    assert heard["word_error_rate"] > 0
    assert heard["skill_accuracy"] == heard["skill_accuracy_heard"]


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    assert calibration([0.9, 0.9], [True, False])["error"] == pytest.approx(0.4)
    assert calibration([1.0], [True])["error"] == 0.0
    assert math.isclose(sum(point["texts"] for point in calibration([0.1, 0.5, 0.5], [True] * 3)["bins"]), 3)


def test_words_are_taken_out_and_the_gap_closed() -> None:
    assert without("add the dentist on friday", [(4, 7), (16, 18)]) == "add dentist friday"


@pytest.fixture
def real_model() -> Iterator[MultiTaskModel]:
    from assistant_app.paths import find_paths, shipped_models_dir

    trunk = "qwen2.5-coder-0.5b-instruct"
    for folder in find_paths().weights_search_path():
        if (folder / trunk / "model.safetensors").is_file():
            yield MultiTaskModel.load(folder / trunk, shipped_models_dir() / "released")
            return
    pytest.skip(f"{trunk} is not fetched (assistant models fetch)")


@pytest.mark.weights
def test_released_model_is_measured_on_every_side(real_model: MultiTaskModel, data: Path, tmp_path: Path) -> None:
    from assistant_app.paths import shipped_models_dir

    report = evaluate(
        real_model,
        data,
        LABELS,
        now=NOW,
        weights=Weights(None, shipped_models_dir() / "released"),
        tasks=["hwu64", "sgd", "banking77"],
        limit=6,
    )
    assert report["tasks"]["hwu64"]["skill_accuracy"] >= 0.6
    assert report["carry_over"]["curve"]
    assert report["experience"]["sgd"]["judged_frames"] == 2
    assert report["resources"]["parameters"]["total"] > 1e6
    assert report["resources"]["route"]["ms"]["p50"] > 0
    assert write_report(report, tmp_path, title="Released")[0].is_file()
