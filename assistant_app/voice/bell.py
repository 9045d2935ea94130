"""The sound of an alarm: a chime through our own output stream.

Opening a loudspeaker takes a while, and looking for one that is missing longer, so that has a thread
of its own. It knows when to stop and nothing of why it rings. A machine without a loudspeaker keeps
silent; the notice is still shown.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import AssistantError
from assistant_app.voice.audio_file import read_own_rate
from assistant_app.voice.player import SoundOutput

log = logging.getLogger(__name__)


class Chime:
    """A `Bell` for `agenda.ringing`; the file is read at the first sound."""

    def __init__(self, file: Path, output: SoundOutput) -> None:
        self._file = file
        self._output = output
        self._sound: tuple[NDArray[np.float32], int] | None = None
        self._wanted = threading.Event()
        self._ends = False
        self._told_missing = False
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
            self._thread.start()

    def silence(self) -> None:
        self._wanted.clear()
        self._output.stop()

    def close(self, seconds: float = 1.0) -> None:
        self._ends = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(seconds)
        self._output.stop()
        self._output.close()

    def _run(self) -> None:
        while self._wanted.wait() and not self._ends:
            self._wanted.clear()
            self._play()

    def _play(self) -> None:
        try:
            if self._sound is None:
                clip = read_own_rate(self._file)
                self._sound = (clip.samples, clip.sample_rate)
            self._output.play(*self._sound, on_start=lambda _at: None, on_end=lambda _done: None)
            self._told_missing = False
        except AssistantError as error:
            if not self._told_missing:
                log.info("the bell cannot be heard: %s", error.code)
            self._told_missing = True
        except Exception:
            log.exception("the bell cannot be heard")
