"""Two clocks: what the wall says, and how much time has passed.

An alarm goes by the wall: at seven it rings at seven, whatever was done to the clock meanwhile. A
timer goes by elapsed time: ten minutes are ten minutes though the clock is set or summer time
begins, and the machine's sleep counts. It knows no alarm and no timer.
"""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clocks(Protocol):
    """What reminders need to know of the time."""

    def wall(self) -> float:
        """Seconds since 1970 (UTC), as the system's clock is set."""

    def elapsed(self) -> float:
        """Seconds that have passed since some moment, sleep included; only differences mean something."""

    @property
    def run(self) -> str:
        """While this is the same, `elapsed` values can be compared, between processes too."""


class SystemClocks:
    """The machine's own.

    Linux: CLOCK_BOOTTIME, which goes on through sleep and is one for all processes until the next
    boot. macOS: CLOCK_MONOTONIC, which there counts sleep. Windows: the performance counter, which
    does as well. On the latter two, other processes' values are not compared: the wall clock tells
    how much time passed between two runs of the program, as it does over a reboot.
    """

    def __init__(self) -> None:
        self._run = f"process {uuid.uuid4()}"
        self._clock: int | None = getattr(time, "CLOCK_MONOTONIC", None) if sys.platform == "darwin" else None
        if sys.platform == "linux":
            self._clock = time.CLOCK_BOOTTIME
            with contextlib.suppress(OSError):  # the process's own name is good for as long as it runs
                self._run = f"boot {_BOOT_ID.read_text().strip()}"

    def wall(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic() if self._clock is None else time.clock_gettime(self._clock)

    @property
    def run(self) -> str:
        return self._run


class WallOnly:
    """Elapsed time by a wall clock that somebody else keeps: `--now` on the command line."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._run = f"given {uuid.uuid4()}"

    def wall(self) -> float:
        return self._now().astimezone(UTC).timestamp()

    def elapsed(self) -> float:
        return self.wall()

    @property
    def run(self) -> str:
        return self._run
