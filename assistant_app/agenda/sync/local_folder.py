"""A calendar's folder as one side of a sync: what is in it, and changes that never overwrite an edit just made.

It knows files and their digests, not what stands in them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from assistant_app.agenda.files import read_or_none, write_whole
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync.compare import digest
from assistant_app.agenda.sync.state import Item
from assistant_app.errors import StorageError

_RACY_NS = 3_000_000_000
"""A file may change again within its file system's time step (2 s on FAT) and keep its stamp."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    name: str
    digest: str
    mtime_ns: int
    """0 where the time stamp is too young to be trusted."""
    size: int


class LocalFolder:
    """One calendar of the store."""

    def __init__(self, store: CalendarStore, folder: str) -> None:
        self._store = store
        self.folder = folder
        self.path = store.root / folder

    def exists(self) -> bool:
        return self.path.is_dir()

    def scan(self, known: Mapping[str, Item]) -> dict[str, LocalFile]:
        """Every `.ics` file; only those are read whose size or time stamp is not as it was known."""
        found: dict[str, LocalFile] = {}
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if not entry.name.endswith(".ics") or entry.name.startswith(".") or not entry.is_file():
                        continue
                    status = entry.stat()
                    item = known.get(entry.name)
                    if item and item.mtime_ns == status.st_mtime_ns and item.size == status.st_size:
                        found[entry.name] = LocalFile(entry.name, item.digest, status.st_mtime_ns, status.st_size)
                    elif (data := read_or_none(self.path / entry.name)) is not None:
                        found[entry.name] = _stamped(entry.name, data, status)
        except FileNotFoundError:
            return found
        except OSError as error:
            raise StorageError(
                "calendar_unreadable", f"The folder {self.path} cannot be read ({error.strerror}), so nothing was sent."
            ) from error
        return found

    def read(self, name: str) -> bytes | None:
        return read_or_none(self.path / name)

    def locked(self) -> AbstractContextManager[None]:
        """Keep everybody else from writing; `write` and `remove` need it."""
        return self._store.files_locked()

    def write(self, name: str, data: bytes, *, expected: str | None) -> LocalFile | None:
        """Put `data` in place of the file with the digest `expected` (None: of no file).

        None where the file is not as expected: the user was quicker.
        """
        before = self.read(name)
        if (None if before is None else digest(before)) != expected:
            return None
        if before != data:
            write_whole(self.path / name, data)
        return _stamped(name, data, os.stat(self.path / name))

    def remove(self, name: str, *, expected: str, keep: bool = True) -> bool:
        """Remove the file with the digest `expected`, into the bin if it is to be kept; False where it is another."""
        before = self.read(name)
        if before is None:
            return True
        if digest(before) != expected:
            return False
        if keep:
            self._store.discard(f"{self.folder}/{name}", before)
        else:
            Path(self.path / name).unlink(missing_ok=True)
        return True


def _stamped(name: str, data: bytes, status: os.stat_result) -> LocalFile:
    young = time.time_ns() - status.st_mtime_ns < _RACY_NS
    return LocalFile(name, digest(data), 0 if young else status.st_mtime_ns, status.st_size)
