"""A piece of the user's documents, as it is found again."""

from __future__ import annotations

from dataclasses import dataclass

from assistant_app.turn import Source


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the user's documents."""

    text: str
    source: Source
    score: float
    """Similarity to the query, higher is nearer."""
