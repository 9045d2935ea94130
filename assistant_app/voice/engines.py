"""The voices' common door: text of one language in, sound out.

An engine never plays anything and never downloads anything. Each belongs to one thread, the speaker's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assistant_app.turn import AudioClip


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice one can choose."""

    name: str
    """What the settings hold."""
    title: str
    """What people read."""
    language: str
    """ISO 639-1."""


class VoiceEngine(Protocol):
    """Turns text into sound."""

    def speaks(self, language: str) -> bool:
        """Whether it has a voice for the language (ISO 639-1)."""

    def synthesise(self, text: str) -> AudioClip:
        """The sound of `text`, a sentence in a language it speaks. Raises `DeviceError` if it cannot."""

    def voices(self) -> list[Voice]:
        """What can be chosen here, now, without a network."""

    def warm_up(self) -> None:
        """Load what the first sentence would wait for."""

    def close(self) -> None:
        """Let go of processes and memory."""
