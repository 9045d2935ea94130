"""What a sync tells while it runs and when it is over. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["listing", "fetching", "sending", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a calendar is."""

    account: str
    calendar: str
    stage: Stage
    done: int = 0
    total: int = 0
    """Objects in this stage; 0 where it is not known."""


Report = Callable[[Progress], None]


@dataclass(slots=True)
class Tally:
    """What a sync of one calendar did."""

    fetched: int = 0
    """New or changed here."""
    removed: int = 0
    """Removed here, because they were there."""
    sent: int = 0
    """New or changed there."""
    deleted: int = 0
    """Deleted there."""
    conflicts: int = 0
    """That wait for the user, older ones too."""
    refused: int = 0
    """That the server does not take."""
