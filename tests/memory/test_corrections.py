"""What the user put right is kept in a file of theirs, and forgotten when they want it."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant_app.errors import StorageError
from assistant_app.memory.corrections import Corrections, edited_slots
from assistant_app.turn import Slot

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TEXT = "dinner with 李雷 on friday"
SLOTS = (Slot("title", "dinner with 李雷", 0, 14), Slot("datetime", "friday", 18, 24))


@pytest.fixture
def corrections(tmp_path: Path) -> Corrections:
    return Corrections(tmp_path / "memory" / "corrections.jsonl")


def add(corrections: Corrections, text: str, meant: str | None = "question_answering/ask") -> str:
    return corrections.add(text, was="dialogue/chat", meant=meant, at=NOW).id


def test_a_correction_is_read_as_it_was_written(corrections: Corrections) -> None:
    added = corrections.add(TEXT, was="dialogue/chat", meant="scheduling/create_event", at=NOW, slots=SLOTS)
    assert Corrections(corrections.file).all() == (added,)


def test_nobody_else_may_read_the_file(corrections: Corrections) -> None:
    add(corrections, "who was that")
    first = corrections.delete([add(corrections, "another")])
    assert first == 1
    assert stat.S_IMODE(corrections.file.stat().st_mode) == 0o600


def test_corrections_are_forgotten_one_by_one_or_all(corrections: Corrections) -> None:
    ids = [add(corrections, text) for text in ("a", "b", "c")]
    assert corrections.delete([ids[1], "unheard of"]) == 1
    assert [one.text for one in corrections.all()] == ["a", "c"]
    assert corrections.clear() == 2
    assert corrections.all() == ()


def test_of_one_text_the_last_word_counts_and_its_slots_are_kept(corrections: Corrections) -> None:
    meant = "scheduling/create_event"
    corrections.add(TEXT, was="dialogue/chat", meant="question_answering/ask", at=NOW)
    corrections.add(TEXT, was="scheduling/create_event", meant=meant, at=NOW, slots=SLOTS)
    corrections.add(TEXT.upper(), was="dialogue/chat", meant=meant, at=NOW)
    (newest,) = corrections.newest()
    assert (newest.meant, newest.slots) == (meant, SLOTS)


def test_a_damaged_line_is_passed_over_and_not_lost(corrections: Corrections, expected_warnings: list[str]) -> None:
    first = add(corrections, "a")
    with corrections.file.open("a") as out:
        out.write('{"text": "half a li\n')
    expected_warnings.append("line 2 of")
    add(corrections, "b")
    assert [one.text for one in corrections.all()] == ["a", "b"]
    corrections.delete([first])
    assert "half a li" in corrections.file.read_text()


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "memory"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be written"):
        add(Corrections(blocked / "corrections.jsonl"), "a")


def test_an_edited_title_is_found_among_the_words_that_were_said() -> None:
    text = "Book swim lesson for Tom on friday"
    slots = (Slot("title", "swim lesson for Tom", 5, 24), Slot("datetime", "friday", 28, 34))
    assert edited_slots(text, slots, {"title": "Swim lesson"}) == (Slot("title", "swim lesson", 5, 16), slots[1])
    assert edited_slots(text, slots, {"title": "Swim lesson for Tom", "location": ""}) is None
    assert edited_slots(text, slots, {"title": "Diving"}) is None
    assert edited_slots(text, (), {"location": "friday"}) == (Slot("location", "friday", 28, 34),)
