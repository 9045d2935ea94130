"""Bytes on disk: hashes, free space, whole-or-nothing writes, and one fetch at a time.

It knows no model and no network.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant_app.errors import ModelError, StorageError
from assistant_app.turn import Cancel

BLOCK_BYTES = 1 << 20
_MARGIN_BYTES = 64 << 20
"""Kept free beside what a fetch needs: a full system disk breaks more than us."""


def hash_file(path: Path, on_bytes: Callable[[int], None], cancel: Cancel) -> str:
    """The file's sha256, reading it once; `on_bytes` is told how many bytes are done."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            cancel.check()
            digest.update(block)
            done += len(block)
            on_bytes(done)
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """See that the bytes are on the disk before another name points at them."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def replace_folder(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; the old folder stays until the new one is there."""
    aside = target.with_name(f".{target.name}.old")
    if aside.exists() and not target.exists():
        aside.rename(target)  # an earlier replacement was cut between its two renames
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def require_free_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise `StorageError` before anything is written, where the disk cannot hold it."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + _MARGIN_BYTES:
        raise StorageError(
            "disk_full",
            f"{what} needs {megabytes(needed_bytes + _MARGIN_BYTES)} free in {folder}, and there are "
            f"{megabytes(free)}. Free some space there, or set ASSISTANT_MODELS_DIR to a folder on another disk.",
        )


def storage_error(problem: OSError, folder: Path) -> StorageError:
    """The sentence for an operating system's refusal to write into `folder`."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            "disk_full",
            f"The disk is full: {folder} cannot take more. Free some space, or set ASSISTANT_MODELS_DIR to a folder "
            "on another disk, then repeat the command: it goes on from what has arrived.",
        )
    return StorageError(
        "folder_unwritable",
        f"The models cannot be written into {folder} ({problem.strerror or problem}). Make the folder writable, or set "
        "ASSISTANT_MODELS_DIR to another one.",
    )


def megabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count, 0) / 1e6:.0f} MB"


@contextlib.contextmanager
def one_fetch_at_a_time(lock_file: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets it go even when the program is killed.

    Raises:
        ModelError: `fetch_running`, where another program holds it.
    """
    with lock_file.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError as problem:
            raise ModelError(
                "fetch_running",
                f"Models are being fetched into {lock_file.parent} already, by another window or terminal. "
                "Wait until it is done, or stop it there.",
            ) from problem
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
