"""A web server on this machine and a folder of wheels, small enough for tests and as awkward as wanted."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Served:
    """One file of the server and how it is served."""

    body: bytes
    status: int = 200
    understands_ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the next connections close; empty: they do not."""
    seconds_per_kilobyte: float = 0.0


class FakeServer:
    """Serves `files` by path and remembers every request's Range header."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.sent: list[int] = []
        """Body bytes of each answer."""
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/{name}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.requests.append((request.path, asked))
        served = self.files.get(request.path.lstrip("/"))
        if served is None or served.status != 200:
            request.send_error(served.status if served else 404)
            return
        body, start = served.body, 0
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        if found and served.understands_ranges:
            start = int(found.group(1))
            if start >= len(body):
                request.send_error(416)
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(200)
        rest = body[start:]
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        if served.break_after:
            rest = rest[: served.break_after.pop(0)]
            request.close_connection = True
        sent = 0
        try:
            for at in range(0, len(rest), 1024):
                request.wfile.write(rest[at : at + 1024])
                sent += len(rest[at : at + 1024])
                time.sleep(served.seconds_per_kilobyte)
        except OSError:
            pass  # the client went away
        self.sent.append(sent)


def make_wheel(folder: Path, name: str, members: dict[str, bytes], version: str = "1.0") -> Path:
    """A wheel that pip accepts and that must never be installed: its code ends the interpreter."""
    stem = name.replace("-", "_")
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    info = f"{stem}-{version}.dist-info"
    files = {
        f"{stem}/__init__.py": b"raise SystemExit('this package must not be imported')\n",
        **{f"{stem}/{member}": body for member, body in members.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, body in files.items():
            archive.writestr(file, body)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
