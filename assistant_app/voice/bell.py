"""The sound of an alarm: a chime through our own output stream.

It knows when to stop and nothing of why it rings. A machine without a loudspeaker keeps silent; the
notice is still shown.
"""

from __future__ import annotations

import logging
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
        self._silent = False
        """There was no loudspeaker; said once."""

    def ring(self) -> None:
        try:
            if self._sound is None:
                clip = read_own_rate(self._file)
                self._sound = (clip.samples, clip.sample_rate)
            samples, rate = self._sound
            self._output.play(samples, rate, on_start=lambda _at: None, on_end=lambda _done: None)
            self._silent = False
        except AssistantError as error:
            if not self._silent:
                log.info("the bell cannot be heard: %s", error.code)
            self._silent = True

    def silence(self) -> None:
        self._output.stop()

    def close(self) -> None:
        self._output.stop()
        self._output.close()
