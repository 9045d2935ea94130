"""`assistant bench brain` compares programs that are there and names those that are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant_app import app
from assistant_app.cli import bench_brain, main
from tests.brain.tiny_trunk import make_trunk

OURS = {name: 10.0 for name in bench_brain._TITLES}


class Store:
    def require(self, _name: str) -> Path:
        return Path("trunk")


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, dict[str, Any]] = {
        "ours": dict(OURS),
        "transformers": {"tokens_per_second": 4.0},
        "llama_cpp": {"skipped": "not installed"},
    }
    monkeypatch.setattr(bench_brain, "_child", lambda subject, *_rest: dict(found[subject]))
    monkeypatch.setattr(app, "build_model_store", lambda _paths: Store())


def test_figures_stand_beside_their_targets_and_other_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "brain", "--json", "--profile", str(tmp_path)]) == 0
    brain = json.loads(capsys.readouterr().out)["brain"]
    assert brain["times_as_fast"] == {"transformers": 2.5}
    assert brain["targets"].keys() <= brain["ours"].keys()


def test_the_table_says_why_a_program_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "brain", "--profile", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("llama_cpp" in line and "not installed" in line for line in lines)
    assert any("transformers" in line and "2.5 times as fast" in line for line in lines)


def test_llama_cpp_is_skipped_without_its_package_or_file(tmp_path: Path) -> None:
    folder = make_trunk(tmp_path / "tiny")
    assert "skipped" in bench_brain.measure_llama_cpp(folder, tmp_path, tmp_path, 1)
