"""The user's documents, with a sentence encoder of bags of words and, where it is there, the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant_app.app import ENCODER, build_model_store
from assistant_app.errors import AssistantError, InputError, ModelError, StorageError
from assistant_app.knowledge.base import KnowledgeBase, text_files
from assistant_app.knowledge.chunks import WORDS, chunks_of
from assistant_app.knowledge.encoder import MiniLmEncoder
from assistant_app.paths import find_paths
from tests.fakes import FakeEncoder

GARDEN = """# Garden

## Roses
Prune the roses in March, just above a bud.

## Heating
The boiler hides behind the cellar door. Its pressure should be 1.5 bar.
"""


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    file = tmp_path / "garden.md"
    file.write_text(GARDEN, encoding="utf-8")
    return file


def test_passage_is_found_with_its_place(tmp_path: Path, garden: Path) -> None:
    base = KnowledgeBase(tmp_path / "base", FakeEncoder())
    added = base.add(garden)
    assert (added.title, added.passages) == ("Garden", 2)
    best = base.search("when to prune roses")[0]
    assert "March" in best.text
    assert best.source.title == "Garden"
    assert best.source.where == f"{garden}, Garden > Roses"


def test_empty_base_answers_without_loading_the_encoder(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    assert KnowledgeBase(tmp_path / "none", encoder).search("anything") == []
    assert encoder.encoded == []


def test_document_added_again_is_read_again(tmp_path: Path, garden: Path) -> None:
    base = KnowledgeBase(tmp_path / "base", FakeEncoder())
    base.add(garden)
    garden.write_text("# Garden\nOnly tulips now.\n", encoding="utf-8")
    base.add(garden)
    assert [document.passages for document in base.documents()] == [1]
    assert all("roses" not in passage.text for passage in base.search("roses"))


def test_another_program_sees_what_was_added(tmp_path: Path, garden: Path) -> None:
    ours, theirs = KnowledgeBase(tmp_path, FakeEncoder()), KnowledgeBase(tmp_path, FakeEncoder())
    ours.add(garden)
    assert theirs.search("boiler pressure")
    theirs.remove("garden.md")
    assert ours.search("boiler pressure") == []


def test_document_is_forgotten_and_its_file_stays(tmp_path: Path, garden: Path) -> None:
    base = KnowledgeBase(tmp_path / "base", FakeEncoder())
    base.add(garden)
    base.remove("Garden")
    assert base.documents() == []
    assert base.search("roses") == []
    assert garden.exists()
    with pytest.raises(InputError, match="No document"):
        base.remove("Garden")


@pytest.mark.parametrize(
    ("content", "code"), [(b"\xff\xfe\x00\x01\x80", "document_not_text"), (b"  \n\n", "document_empty")]
)
def test_file_that_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    file = tmp_path / "odd.txt"
    file.write_bytes(content)
    with pytest.raises(AssistantError, match=r"odd\.txt") as refused:
        KnowledgeBase(tmp_path / "base", FakeEncoder()).add(file)
    assert refused.value.code == code


def test_damaged_index_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "knowledge.sqlite3").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StorageError, match="move it away"):
        KnowledgeBase(tmp_path, FakeEncoder()).documents()


def test_folder_gives_its_text_files_and_no_hidden_ones(tmp_path: Path, garden: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "notes.txt").write_text("hidden")
    (tmp_path / "photo.jpg").write_bytes(b"x")
    assert text_files(tmp_path) == [garden]


def test_long_text_is_cut_into_passages_that_lose_nothing() -> None:
    text = " ".join(f"word{number}." for number in range(1000))
    chunks = chunks_of(text)
    assert all(len(chunk.text.split()) <= WORDS for chunk in chunks)
    assert " ".join(chunk.text for chunk in chunks).split() == text.split()


def test_text_without_a_full_stop_and_chinese_are_cut_as_well() -> None:
    assert len(chunks_of("word " * 500)) >= 4
    assert len(chunks_of("今天天气很好" * 100)) >= 4


def test_heading_marks_in_code_are_no_headings() -> None:
    (chunk,) = chunks_of("# Title\n```\n# a comment\n```\n")
    assert chunk.where == "Title"


def test_missing_encoder_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="assistant models fetch all-minilm"):
        MiniLmEncoder(tmp_path / "nowhere").encode(["hello"])


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_damaged_encoder_names_the_command_that_fetches_it(tmp_path: Path, name: str) -> None:
    for other in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / other).write_text("{}")
    (tmp_path / name).write_bytes(b"\x00damaged")
    with pytest.raises(ModelError, match="assistant models fetch all-minilm"):
        MiniLmEncoder(tmp_path).load()


@pytest.mark.weights
def test_real_encoder_finds_by_meaning(tmp_path: Path, garden: Path) -> None:
    status = build_model_store(find_paths()).status(ENCODER)
    if status.path is None:
        pytest.skip(status.problem)
    base = KnowledgeBase(tmp_path / "base", MiniLmEncoder(status.path))
    base.add(garden)
    best, second = base.search("In which month do I cut the flowers?")
    assert "roses" in best.text
    assert best.score > second.score
