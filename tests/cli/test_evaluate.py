"""`assistant evaluate` in process, with a model of a few rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant_app import app
from assistant_app.cli import main
from tests.training.conversation_data import make_five_sided_data
from tests.training.fake_model import FakeModel

Run = Callable[..., int]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(app, "build_brain", lambda *_: SimpleNamespace(load=FakeModel))
    monkeypatch.setattr(app, "build_model_store", lambda _: SimpleNamespace(require=lambda _: tmp_path / "trunk"))
    data = make_five_sided_data(tmp_path / "data")
    return lambda *argv: main(["evaluate", "--data", str(data), *argv, "--profile", str(tmp_path / "profile")])


def test_table_page_and_predictions(evaluate: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions = tmp_path / "predictions.jsonl"
    assert evaluate("--side", "tasks", "resources", "--most", "5", "--predictions", str(predictions)) == 0
    out, err = capsys.readouterr()
    assert "hwu64" in out
    assert "skipped: there is no such folder" in out
    (page,) = (tmp_path / "profile").rglob("report.html")
    assert str(page) in err
    assert "assistant evaluate --data DIR --side tasks resources --most 5" in page.read_text()
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert sum(row.get("set") == "hwu64" for row in rows) == 5


def test_json_is_one_object_with_the_five_sides(
    evaluate: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--task", "hwu64", "--side", "tasks", "--json", "--report", str(tmp_path / "report")) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) >= {"tasks", "carry_over", "experience", "resources", "explainability"}
    assert report == json.loads((tmp_path / "report" / "figures.json").read_text())


@pytest.mark.parametrize(
    ("argv", "code"),
    [(("--task", "no_such_set"), "no_such_set"), (("--predictions", "/no/folder/file.jsonl"), "cannot_write")],
)
def test_what_cannot_be_done_is_said_before_anything_is_measured(
    evaluate: Run, argv: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(*argv, "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_share_of_nothing_is_wrong_usage(evaluate: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--most", "0") == 2
    assert "1 or more" in capsys.readouterr().err
