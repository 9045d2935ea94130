"""The user's documents: added, listed, removed, searched by meaning.

A document stays where it is; its passages and their vectors lie in one SQLite file, so that a
search needs no other file. It knows no question and no answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import InputError, StorageError
from assistant_app.knowledge.chunks import chunks_of
from assistant_app.knowledge.encoder import SentenceEncoder
from assistant_app.knowledge.passage import Passage
from assistant_app.turn import Source

TEXT_SUFFIXES = (".txt", ".md", ".markdown", ".text", ".rst")
_LARGEST_BYTES = 20_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, title TEXT NOT NULL,
    sha256 TEXT NOT NULL, added TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    place TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A text the assistant may answer from."""

    path: Path
    title: str
    passages: int
    added: str
    """ISO time, UTC."""


class KnowledgeBase:
    """Passages of the user's documents with their vectors. Safe to call from several threads."""

    def __init__(self, folder: Path, encoder: SentenceEncoder) -> None:
        self._file = folder / "knowledge.sqlite3"
        self._encoder = encoder
        self._lock = threading.Lock()
        self._vectors: NDArray[np.float32] | None = None
        self._rows: list[int] = []
        self._seen = (0, 0)

    def add(self, file: Path) -> Document:
        """Read a text or Markdown file; a document added before is read again. Raises `InputError`."""
        file = file.expanduser().resolve()
        text, digest = _read(file)
        chunks = chunks_of(text)
        if not chunks:
            raise InputError("document_empty", f"{file.name} holds no text.")
        vectors = self._encoder.encode([f"{chunk.where}\n{chunk.text}" for chunk in chunks])
        title = _title(text, file)
        added = datetime.now(UTC).isoformat(timespec="seconds")
        with self._changing() as database:
            database.execute("DELETE FROM documents WHERE path = ?", (str(file),))
            cursor = database.execute(
                "INSERT INTO documents (path, title, sha256, added) VALUES (?, ?, ?, ?)",
                (str(file), title, digest, added),
            )
            database.executemany(
                "INSERT INTO passages (document, place, text, vector) VALUES (?, ?, ?, ?)",
                [
                    (cursor.lastrowid, chunk.where, chunk.text, vector.tobytes())
                    for chunk, vector in zip(chunks, vectors, strict=True)
                ],
            )
        return Document(file, title, len(chunks), added)

    def documents(self) -> list[Document]:
        """Every document, by path."""
        if not self._file.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT path, title, added, (SELECT COUNT(*) FROM passages WHERE document = documents.id) "
                "FROM documents ORDER BY path"
            ).fetchall()
        return [Document(Path(path), title, count, added) for path, title, added, count in rows]

    def remove(self, name: str) -> Document:
        """Forget the document with this path, file name or title; the file itself stays. Raises `InputError`."""
        wanted = str(Path(name).expanduser().resolve())
        fitting = [d for d in self.documents() if str(d.path) == wanted]
        fitting = fitting or [d for d in self.documents() if name in (d.path.name, d.title)]
        if len(fitting) != 1:
            few = "Several documents are" if fitting else "No document is"
            raise InputError("document_unknown", f"{few} called {name}. See: assistant knowledge list")
        with self._changing() as database:
            database.execute("DELETE FROM documents WHERE path = ?", (str(fitting[0].path),))
        return fitting[0]

    def search(self, query: str, *, limit: int = 5) -> Sequence[Passage]:
        """The nearest passages by meaning, best first. Without documents the encoder is not even loaded."""
        if not query.strip() or not self._file.exists():
            return []
        with self._lock, self._open() as database:
            rows, vectors = self._current(database)
            if not rows:
                return []
            scores = vectors @ self._encoder.encode([query])[0]
            best = np.argsort(-scores)[:limit]
            found = []
            for place in best:
                path, title, where, text = database.execute(
                    "SELECT path, title, place, text FROM passages JOIN documents ON documents.id = document "
                    "WHERE passages.id = ?",
                    (rows[int(place)],),
                ).fetchone()
                found.append(Passage(text, Source(title, f"{path}, {where}", text), float(scores[place])))
        return found

    def _current(self, database: sqlite3.Connection) -> tuple[list[int], NDArray[np.float32]]:
        """Every vector, read again only after the file has changed, by this program or another."""
        status = self._file.stat()
        seen = (status.st_mtime_ns, status.st_size)
        if self._vectors is None or seen != self._seen:
            rows = database.execute("SELECT id, vector FROM passages ORDER BY id").fetchall()
            self._rows = [row for row, _ in rows]
            vectors = [np.frombuffer(vector, dtype=np.float32) for _, vector in rows]
            self._vectors = np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
            self._seen = seen
        return self._rows, self._vectors

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as database:
                database.execute("PRAGMA foreign_keys = ON")
                yield database
        except sqlite3.Error as error:
            raise StorageError(
                "knowledge_unreadable",
                f"The index of your documents, {self._file}, cannot be used ({error}). Check the folder's permissions "
                "and free space; if the file is damaged, move it away and add your documents again.",
            ) from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                "knowledge_not_saved",
                f"The folder {self._file.parent} cannot be written ({error.strerror}). Change its permissions.",
            ) from error
        with self._lock, self._open() as database, database:
            database.executescript(_SCHEMA)
            yield database


def text_files(path: Path) -> list[Path]:
    """The file itself, or the text files of a folder and the folders in it, hidden ones left out."""
    path = path.expanduser()
    if not path.is_dir():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in TEXT_SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def _read(file: Path) -> tuple[str, str]:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise InputError("document_too_large", f"{file.name} is larger than 20 MB. Split it into smaller files.")
        data = file.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise InputError("document_unreadable", f"{file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InputError(
            "document_not_text",
            f"{file.name} is not a text file in UTF-8. Text and Markdown can be added; save other documents as text.",
        ) from error


def _title(text: str, file: Path) -> str:
    for line in text.splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return file.stem
