"""Clocks that stand until a test moves them: time that passes, and a wall clock that is set."""

from __future__ import annotations

from datetime import datetime, timedelta


class FakeClocks:
    """`Clocks` of one boot of a machine."""

    def __init__(self, now: datetime) -> None:
        self._wall = now.timestamp()
        self._elapsed = 1000.0
        self.run = "boot 1"

    def wall(self) -> float:
        return self._wall

    def elapsed(self) -> float:
        return self._elapsed

    def pass_(self, **length: float) -> None:
        """Time goes by, on both clocks; sleep is the same."""
        seconds = timedelta(**length).total_seconds()
        self._wall += seconds
        self._elapsed += seconds

    def set_wall(self, **by: float) -> None:
        """Somebody sets the clock; no time goes by."""
        self._wall += timedelta(**by).total_seconds()

    def boot(self) -> None:
        """Another run: elapsed time begins anew."""
        self._elapsed = 3.0
        self.run += "1"
