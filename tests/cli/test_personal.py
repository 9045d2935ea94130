"""`assistant personal`: what was put right is listed, added and forgotten; the adapter is switched and removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from assistant_app.brain.personal import PersonalAdapter, PersonalFolder, PersonalRecord
from assistant_app.cli import main
from assistant_app.paths import find_paths

TEXT = "add a swim lesson"


class Terminal:
    def __init__(self, profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.profile = profile
        self._capsys = capsys

    def __call__(self, *argv: str, status: int = 0) -> Any:
        done = main([*argv, "--json", "--profile", str(self.profile)])
        out = self._capsys.readouterr().out
        assert done == status, out
        return json.loads(out) if out else None


@pytest.fixture
def assistant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path / "profile", capsys)


@pytest.fixture
def adapter(assistant: Terminal) -> PersonalFolder:
    folder = PersonalFolder(find_paths(assistant.profile).personal_dir)
    folder.save(
        PersonalAdapter(*(torch.zeros(1) for _ in range(6))), PersonalRecord("w", "2026-11-24", 4, {"corrections": 4.0})
    )
    return folder


def test_a_sentence_is_put_right_listed_and_forgotten(assistant: Terminal) -> None:
    added = assistant("personal", "add", TEXT, "--meant", "scheduling/create_event", "--slot", "title=Swim Lesson")
    assert added["slots"] == [{"name": "title", "text": "swim lesson", "start": 6, "end": 17, "value": None}]
    assert assistant("personal", "list")["corrections"] == [added]
    assert assistant("personal", "show") == {"adapter": None, "corrections": 1}
    assert assistant("personal", "forget", "nothing", status=1)["error"]["code"] == "unknown_correction"
    assert assistant("personal", "forget", added["id"]) == {"forgotten": 1}
    assert assistant("personal", "list")["corrections"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--meant", "question"], "bad_label"),
        (["--meant", "scheduling/create_event", "--slot", "title=dentist"], "bad_slot"),
        (["--meant", "scheduling/create_event", "--slot", "title"], "bad_slot"),
    ],
)
def test_what_cannot_be_meant_is_refused(assistant: Terminal, options: list[str], code: str) -> None:
    assert assistant("personal", "add", TEXT, *options, status=1)["error"]["code"] == code
    assert assistant("personal", "list")["corrections"] == []


def test_a_correction_that_says_nothing_is_wrong_usage(assistant: Terminal) -> None:
    for argv in (["personal", "add", TEXT], ["personal", "forget"], ["personal", "forget", "1", "--all"]):
        with pytest.raises(SystemExit, match="2"):
            assistant(*argv)


def test_the_adapter_is_shown_switched_exported_and_deleted(
    assistant: Terminal, adapter: PersonalFolder, tmp_path: Path
) -> None:
    assistant("personal", "add", TEXT, "--was", "dialogue/chat")
    assert assistant("personal", "show")["adapter"]["figures"] == {"corrections": 4.0}
    assert assistant("personal", "off")["adapter"]["on"] is False
    assert assistant("personal", "on")["adapter"]["on"] is True
    files = assistant("personal", "export", str(tmp_path / "copy"))["files"]
    assert {Path(file).name for file in files} == {"adapter.json", "adapter.safetensors", "corrections.jsonl"}
    assert assistant("personal", "delete") == {"deleted": True}
    assert assistant("personal", "delete") == {"deleted": False}
    assert assistant("personal", "on", status=1)["error"]["code"] == "personal_missing"
    assert adapter.record() is None


def test_training_without_corrections_says_how_to_make_some(assistant: Terminal) -> None:
    assert assistant("train", "--personal", status=1)["error"]["code"] == "no_corrections"


def test_training_wants_data_and_recipe_or_personal(assistant: Terminal) -> None:
    with pytest.raises(SystemExit, match="2"):
        assistant("train")
