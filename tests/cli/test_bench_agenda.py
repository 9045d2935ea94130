"""`assistant bench agenda` measures every size and draws how the figures grow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant_app.cli import bench_agenda, main
from assistant_app.cli.growth_plot import growth_plot


@pytest.fixture(autouse=True)
def no_khal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_agenda, "_khal", lambda _place, _root: None)


def test_the_calendar_is_measured_at_each_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot = tmp_path / "growth.svg"
    arguments = ["bench", "agenda", "--events", "20", "40", "--repeat", "2", "--json", "--plot", str(plot)]
    assert main([*arguments, "--profile", str(tmp_path / "profile")]) == 0
    sizes = json.loads(capsys.readouterr().out)["agenda"]["sizes"]
    assert [size["events"] for size in sizes] == [20, 40]
    assert all(bench_agenda.TARGETS_MS.keys() <= size["median_ms"].keys() for size in sizes)
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_the_same_calendars_are_written_each_time(tmp_path: Path) -> None:
    for place in ("a", "b"):
        bench_agenda.write_calendars(tmp_path / place, 50)
    first, second = (
        {file.relative_to(tmp_path / place): file.read_bytes() for file in (tmp_path / place).rglob("*.ics")}
        for place in ("a", "b")
    )
    assert first == second
    assert len(first) == 50
    assert sum(b"RRULE" in data for data in first.values()) == 5


def test_a_plot_names_every_line_with_its_last_value() -> None:
    drawn = growth_plot("Growth", {"add <it>": [(10, 1.0), (1000, 4.0)], "search": [(10, 2.0), (1000, 3.0)]})
    assert "add &lt;it&gt;: 4.0" in drawn
    assert "search: 3.0" in drawn
    assert "1,000" in drawn
