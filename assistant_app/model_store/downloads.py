"""A file from an address, resumable: what has arrived stays in a `.part` file.

It knows hosts and bytes, not models: whether the bytes are the right ones is for the caller to hash.
"""

from __future__ import annotations

import http.client
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant_app.model_store.disk import megabytes
from assistant_app.turn import Cancel

CONNECT_SECONDS = 4.0
READ_SECONDS = 20.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0
_BLOCK_BYTES = 1 << 18


class SourceFailed(Exception):
    """This source cannot give the file; the next one is tried. The text is the reason, without a full stop."""


class _BrokenOff(Exception):
    """The connection ended before the file did."""


class Downloader:
    """Downloads, remembering for its own lifetime which hosts cannot be reached."""

    def __init__(self) -> None:
        self._unreachable: set[str] = set()

    def known_unreachable(self, url: str) -> bool:
        return _host(url) in self._unreachable

    def download(self, url: str, part: Path, size: int, on_bytes: Callable[[int], None], cancel: Cancel) -> None:
        """Bring `part` to `size` bytes, going on from what it holds.

        Raises:
            SourceFailed: the address does not give the file. What arrived stays in `part`.
            OSError: `part` cannot be written.
            TurnCancelled: the user stopped it. What arrived stays in `part`.
        """
        self._reach(url, cancel)
        reason = ""
        for attempt in range(_ATTEMPTS):
            cancel.check()
            if attempt and cancel.wait(_PAUSE_SECONDS):
                cancel.check()
            try:
                self._transfer(url, part, size, on_bytes, cancel)
            except _BrokenOff as problem:
                reason = str(problem)
            else:
                return
        have = part.stat().st_size if part.exists() else 0
        raise SourceFailed(f"{_host(url)} broke off after {megabytes(have)} of {megabytes(size)} ({reason})")

    def _reach(self, url: str, cancel: Cancel) -> None:
        """Find out within seconds whether the host answers at all."""
        host = _host(url)
        if host in self._unreachable:
            raise SourceFailed(f"{host} cannot be reached")
        scheme = urllib.parse.urlsplit(url).scheme
        if scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
            return  # the proxy resolves and connects for us; its answer comes with the request
        port = urllib.parse.urlsplit(url).port or (443 if scheme == "https" else 80)
        name = urllib.parse.urlsplit(url).hostname or ""
        answers = threading.Event()
        ended = threading.Event()

        def probe() -> None:
            try:
                socket.create_connection((name, port), timeout=CONNECT_SECONDS).close()
                answers.set()
            except OSError:
                pass
            finally:
                ended.set()

        # In a thread, because looking up a name has no timeout of its own.
        threading.Thread(target=probe, name="reach", daemon=True).start()
        waited = 0.0
        while waited < CONNECT_SECONDS and not ended.wait(0.1):
            cancel.check()
            waited += 0.1
        if not answers.is_set():
            self._unreachable.add(host)
            raise SourceFailed(f"{host} cannot be reached")

    def _transfer(self, url: str, part: Path, size: int, on_bytes: Callable[[int], None], cancel: Cancel) -> None:
        have = part.stat().st_size if part.exists() else 0
        if have > size:
            part.unlink()
            have = 0
        if have == size:
            on_bytes(size)
            return
        request = urllib.request.Request(url, headers={"User-Agent": "desk-assistant", "Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        with self._open(request, part) as response:
            if have and not _continues_at(response, have):
                have = 0  # the server sends the whole file again
            on_bytes(have)
            with part.open("ab" if have else "wb") as file:
                while have < size:
                    cancel.check()
                    try:
                        block = response.read1(_BLOCK_BYTES)
                    except (OSError, http.client.HTTPException) as problem:
                        raise _BrokenOff(str(problem) or type(problem).__name__) from problem
                    if not block:
                        raise _BrokenOff("the connection closed early")
                    block = block[: size - have]
                    file.write(block)
                    have += len(block)
                    on_bytes(have)

    def _open(self, request: urllib.request.Request, part: Path) -> Any:
        host = _host(request.full_url)
        try:
            return urllib.request.urlopen(request, timeout=READ_SECONDS)
        except urllib.error.HTTPError as problem:
            with problem:
                if problem.code == 416:  # it does not have what comes after our bytes: they are not of this file
                    part.unlink(missing_ok=True)
                    raise _BrokenOff("the server has no more bytes") from problem
                if problem.code == 429 or problem.code >= 500:
                    raise _BrokenOff(f"the server answered {problem.code}") from problem
                raise SourceFailed(f"{host} answered {problem.code} {problem.reason}") from problem
        except urllib.error.URLError as problem:
            raise _BrokenOff(str(problem.reason)) from problem
        except (OSError, http.client.HTTPException) as problem:
            raise _BrokenOff(str(problem) or type(problem).__name__) from problem


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc


def _continues_at(response: Any, offset: int) -> bool:
    if response.status != 206:
        return False
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return bool(found and int(found.group(1)) == offset)
