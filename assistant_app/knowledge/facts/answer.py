"""What an exact answer consists of."""

from __future__ import annotations

from dataclasses import dataclass

from assistant_app.turn import Source


@dataclass(frozen=True, slots=True)
class FactAnswer:
    """An answer that was computed or looked up, never generated."""

    value: str
    """The answer alone: "12", "Paris"."""
    text: str
    """A sentence to read."""
    source: Source
    speech: str | None = None
    """What is spoken, where it differs from the text."""
