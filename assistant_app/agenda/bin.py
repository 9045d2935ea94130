"""What was deleted, kept for thirty days beside the journal. It knows files, not events."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant_app.agenda.files import read_or_none, write_whole
from assistant_app.errors import InputError

KEPT_DAYS = 30
_NAME = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{6}-(.*)\.ics", re.S)


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    calendar: str
    deleted_at: datetime
    data: bytes


class Bin:
    """A folder of files as they were. Times are the system's: a pretended clock must not empty it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._emptied = False

    def keep(self, calendar: str, data: bytes) -> None:
        """Keep a file; what has been here for thirty days goes."""
        now = datetime.now(UTC)
        write_whole(self._folder / f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}-{calendar}.ics", data)
        if not self._emptied:
            self._emptied = True
            self._remove_old(now.timestamp())

    def contents(self) -> Iterator[Kept]:
        """The latest first."""
        try:
            names = sorted((file.name for file in self._folder.iterdir()), reverse=True)
        except OSError:
            return
        for name in names:
            match = _NAME.fullmatch(name)
            data = read_or_none(self._folder / name) if match else None
            if match and data is not None:
                deleted_at = datetime.strptime(match[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
                yield Kept(name, match[2], deleted_at, data)

    def get(self, name: str) -> Kept:
        """By its name; `InputError` where it is not there."""
        for kept in self.contents():
            if kept.name == name:
                return kept
        raise InputError("bin_unknown", f"{name!r} is not in the bin. `assistant calendar bin` lists what is.")

    def _remove_old(self, now_s: float) -> None:
        """By the time stamp of the file: after a clock was set back it lies in the future, and the file stays."""
        with contextlib.suppress(OSError):
            for file in self._folder.iterdir():
                if now_s - file.stat().st_mtime > KEPT_DAYS * 86400:
                    file.unlink()
