"""Writes a file so that it is there whole or not at all, and says plainly why it could not be.

It knows no calendar.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from assistant_app.errors import StorageError

_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def write_whole(file: Path, data: bytes) -> None:
    """Put `data` in `file` by a temporary file in the same folder, flushed to disk and renamed.

    The name of the temporary file starts with a dot, which other vdir programs leave alone.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
        flush_folder(file.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise storage_error(error, file) from error


def remove(file: Path) -> None:
    """Delete `file` and make that durable."""
    try:
        os.unlink(file)
        flush_folder(file.parent)
    except OSError as error:
        raise storage_error(error, file) from error


def read_or_none(file: Path) -> bytes | None:
    """What is in `file`; None where there is no such file."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            "storage_unreadable", f"{file} cannot be read ({error.strerror}). Check the permissions of the file."
        ) from error


def flush_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut (POSIX only; elsewhere renames need no such step)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(error: OSError, file: Path) -> StorageError:
    """The reason in words a person can act on."""
    if error.errno in _READ_ONLY:
        return StorageError(
            "storage_read_only",
            f"The folder {file.parent} cannot be written, so nothing was changed. "
            "Allow writing to it, or choose another calendar folder in the settings.",
        )
    if error.errno in _FULL:
        return StorageError(
            "storage_full",
            f"The disk that holds {file.parent} is full, so nothing was changed. Free some space and try again.",
        )
    return StorageError(
        "storage_failed", f"{file} could not be written ({error.strerror or error}), so nothing was changed."
    )
