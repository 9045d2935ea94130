"""One window a profile: a second start raises the first and ends.

A lock file decides who is first; a local socket carries the words of the second to the first. The
words are those of the command line: `show`, `talk`, `stop`, `mute`.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

WORDS = ("show", "talk", "stop", "mute")
_PATIENCE_SECONDS = 5.0


def socket_name(data_dir: Path) -> str:
    """The socket of a profile: a name on Windows, a path elsewhere (short, as the system limits it)."""
    name = f"desk-assistant-{hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]}"
    return name if sys.platform == "win32" else str(Path(tempfile.gettempdir()) / name)


class SingleInstance(QObject):
    """`first` says whether this process is the one with the window."""

    asked = Signal(str)
    """A word from another process."""

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = socket_name(data_dir)
        self._lock = QLockFile(str(data_dir / "window.lock"))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None
        self._sockets: list[QLocalSocket] = []
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError:
            log.warning("the data folder %s cannot be made: a second start is not noticed", data_dir)
        locked = self._lock.tryLock(0)
        self.first = locked or self._lock.error() != QLockFile.LockError.LockFailedError
        if self.first:
            self._listen()

    def send(self, word: str) -> bool:
        """Say a word to the first process; whether it heard."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(500):
                socket.write(f"{word}\n".encode())
                heard = socket.waitForBytesWritten(1000)
                socket.disconnectFromServer()
                return heard
            time.sleep(0.1)  # it has only just started
        return False

    def close(self) -> None:
        if self._server is not None:
            self._server.newConnection.disconnect(self._connected)
            self._sockets.clear()
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _listen(self) -> None:
        QLocalServer.removeServer(self._name)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        if server.listen(self._name):
            server.newConnection.connect(self._connected)
            self._server = server
        else:
            log.warning("no socket for a second start: %s", server.errorString())

    def _connected(self) -> None:
        assert self._server is not None
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            self._sockets.append(socket)
            socket.readyRead.connect(self._read)
        self._read()

    def _read(self) -> None:
        for socket in self._sockets:
            while socket.canReadLine():
                word = bytes(socket.readLine().data()).decode(errors="replace").strip()
                if word in WORDS:
                    self.asked.emit(word)
        # The others are done; the server, their parent, deletes them.
        self._sockets = [s for s in self._sockets if s.state() == QLocalSocket.LocalSocketState.ConnectedState]
