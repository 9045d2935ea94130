"""How far a fetch or a verification is: frozen values that terminal and window both show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["connecting", "downloading", "verifying", "converting", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of the work on one model."""

    name: str
    """The model's name in the manifest."""
    stage: Stage
    done_bytes: int = 0
    total_bytes: int = 0
    """0 where the size of the stage is not known."""
    source: str = ""
    """Where the bytes come from: a host, or a package's name and version."""
    note: str = ""
    """One line for the person, where something happened that they may want to know."""


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Where nobody watches."""
