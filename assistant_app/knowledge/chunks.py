"""A text cut into passages small enough to answer from, each with the place it came from.

It knows plain text and Markdown headings; no file and no index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

WORDS = 120
"""Words of a passage: about a paragraph, and within what the sentence encoder reads."""


@dataclass(frozen=True, slots=True)
class Chunk:
    text: str
    where: str
    """The headings above it, "Garden > Roses"; without headings the line it begins at, "line 12"."""


def chunks_of(text: str) -> list[Chunk]:
    """Passages of about `WORDS` words in reading order; none spans two headings."""
    chunks: list[Chunk] = []
    for headings, line, paragraphs in _sections(text):
        where = " > ".join(headings)
        gathered: list[str] = []
        begins = line
        for paragraph_line, paragraph in paragraphs:
            for piece in _short_pieces(paragraph):
                if gathered and _words(" ".join(gathered)) + _words(piece) > WORDS:
                    chunks.append(Chunk("\n".join(gathered), where or f"line {begins}"))
                    gathered = []
                if not gathered:
                    begins = paragraph_line
                gathered.append(piece)
        if gathered:
            chunks.append(Chunk("\n".join(gathered), where or f"line {begins}"))
    return chunks


def _sections(text: str) -> Iterator[tuple[list[str], int, list[tuple[int, str]]]]:
    headings: list[tuple[int, str]] = []
    paragraphs: list[tuple[int, str]] = []
    lines: list[str] = []
    begins = section = 1
    fenced = False

    def close_paragraph() -> None:
        if lines:
            paragraphs.append((begins, " ".join(lines)))
            lines.clear()

    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"(#{1,6})\s+(.+?)\s*#*$", line)
        if heading:
            close_paragraph()
            yield [title for _, title in headings], section, paragraphs
            level = len(heading[1])
            headings = [(depth, title) for depth, title in headings if depth < level] + [(level, heading[2])]
            paragraphs, section = [], number
        elif line:
            if not lines:
                begins = number
            lines.append(line)
        else:
            close_paragraph()
    close_paragraph()
    yield [title for _, title in headings], section, paragraphs


def _short_pieces(paragraph: str) -> Iterator[str]:
    if _words(paragraph) <= WORDS:
        yield paragraph
        return
    gathered = ""
    for sentence in re.split(r"(?<=[.!?。！？])\s*", paragraph):
        for piece in _cut_by_words(sentence):
            if gathered and _words(gathered) + _words(piece) > WORDS:
                yield gathered
                gathered = ""
            gathered = f"{gathered} {piece}".strip()
    if gathered:
        yield gathered


def _cut_by_words(sentence: str) -> Iterator[str]:
    """Where someone writes without a full stop."""
    if _words(sentence) <= WORDS:
        yield sentence
        return
    tokens = re.findall(r"\s*(?:[\u3400-\u9fff]|[^\s\u3400-\u9fff]+)", sentence)
    for first in range(0, len(tokens), WORDS):
        yield "".join(tokens[first : first + WORDS]).strip()


def _words(text: str) -> int:
    return len(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", text))
