"""`assistant calendar` on one occurrence of a series, it and all following, or all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant_app.cli import main

NOW = ("--now", "2026-11-24T09:30", "--tz", "Europe/Berlin")
MONDAYS = ["2026-11-30T09:00", "2026-12-07T09:00", "2026-12-14T09:00", "2026-12-21T09:00"]


class Calendar:
    """The command in a profile of its own, with a series of four Mondays."""

    def __init__(self, profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._profile, self._capsys = profile, capsys
        rule = "FREQ=WEEKLY;COUNT=4"
        self.uid = self("add", "Yoga", "--start", MONDAYS[0], "--repeat", rule)["event"]["uid"]

    def __call__(self, *argv: str, status: int = 0) -> Any:
        given = main(["calendar", *argv, "--json", *NOW, "--profile", str(self._profile)])
        out = self._capsys.readouterr().out
        assert given == status, out
        return json.loads(out)

    def occasions(self) -> list[str]:
        return [event["start"] for event in self("list", "--from", "2026-11-01", "--to", "2027-03-01")["events"]]


@pytest.fixture
def calendar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Calendar:
    return Calendar(tmp_path / "profile", capsys)


def test_each_listed_occasion_says_by_what_it_is_named(calendar: Calendar) -> None:
    calendar("add", "Once", "--start", "2026-11-25T10:00")
    named = [event["occurrence"] for event in calendar("list", "--from", "2026-11-24", "--to", "2026-12-10")["events"]]
    assert named == [None, MONDAYS[0], MONDAYS[1]]


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ((), [MONDAYS[0], *MONDAYS[2:]]),
        (("--scope", "one"), [MONDAYS[0], *MONDAYS[2:]]),
        (("--scope", "following"), MONDAYS[:1]),
        (("--scope", "all"), []),
    ],
)
def test_as_much_of_a_series_is_deleted_as_was_said(
    calendar: Calendar, scope: tuple[str, ...], left: list[str]
) -> None:
    calendar("delete", calendar.uid, "--occurrence", "2026-12-07", *scope, "--yes")
    assert calendar.occasions() == left
    calendar("undo")
    assert calendar.occasions() == MONDAYS


def test_one_occurrence_is_moved_and_edited(calendar: Calendar) -> None:
    calendar("move", calendar.uid, "2026-12-08T11:00", "--occurrence", "2026-12-07")
    assert calendar.occasions() == [MONDAYS[0], "2026-12-08T11:00", *MONDAYS[2:]]
    calendar("edit", calendar.uid, "--occurrence", MONDAYS[2], "--scope", "following", "--title", "Pilates")
    titles = [event["title"] for event in calendar("list", "--from", "2026-11-24", "--to", "2027-01-01")["events"]]
    assert titles == ["Yoga", "Yoga", "Pilates", "Pilates"]
    longer = calendar("edit", calendar.uid, "--occurrence", "2026-11-30", "--minutes", "90")["event"]
    assert (longer["start"], longer["end"]) == (MONDAYS[0], "2026-11-30T10:30")


def test_a_part_without_an_occurrence_and_a_day_without_one_are_refused_in_words(calendar: Calendar) -> None:
    error = calendar("delete", calendar.uid, "--scope", "one", "--yes", status=1)["error"]
    assert error["code"] == "occurrence_missing"
    error = calendar("delete", calendar.uid, "--occurrence", "2026-12-08", "--yes", status=1)["error"]
    assert error["code"] == "occurrence_unknown"
    assert calendar.occasions() == MONDAYS


def test_before_deleting_it_is_said_how_much_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = Calendar(tmp_path / "profile", capsys)
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question="": asked.append(question) or "n")
    for more in ((), ("--occurrence", "2026-12-07"), ("--occurrence", "2026-12-07", "--scope", "following")):
        main(["calendar", "delete", calendar.uid, *more, *NOW, "--profile", str(tmp_path / "profile")])
        asked.append(capsys.readouterr().err)
    said = " ".join(asked)
    assert "Yoga and all its repeats?" in said
    assert "09:00" in said
    assert "and all following?" in said


def test_a_series_is_added_with_what_any_of_its_occasions_overlaps(calendar: Calendar) -> None:
    added = calendar("add", "Dentist", "--start", "2026-11-23T09:30", "--repeat", "FREQ=WEEKLY;COUNT=3")
    assert [conflict["start"] for conflict in added["conflicts"]] == MONDAYS[:2]
