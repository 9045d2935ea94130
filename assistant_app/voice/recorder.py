"""One utterance from the microphone: opens it, listens, stops at the end of speech, closes it.

It tells what the microphone really does (`listening` comes with the first block, never before) and
returns sound only if the detector found speech in it. It knows no text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import DeviceError
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.endpointer import Endpointer
from assistant_app.voice.microphone import Microphone
from assistant_app.voice.vad import BLOCK_SECONDS, SAMPLE_RATE, VoiceActivityDetector

RecorderState = Literal["opening", "listening", "hearing"]
Mode = Literal["tap", "hold"]

_BEFORE_SPEECH_SECONDS = 0.3
"""Kept before detected speech, so that no first syllable is lost."""
_AFTER_SPEECH_SECONDS = 0.3
_LOOK_SECONDS = 0.05
_QUIETEST_DECIBEL = -60.0


class MicrophoneLost(DeviceError):
    """The microphone failed while someone spoke; `clip` holds what was said so far, None if nothing was."""

    def __init__(self, error: DeviceError, clip: AudioClip | None) -> None:
        super().__init__(error.code, error.message)
        self.clip = clip


class Recorder:
    """Records utterances. Settings as in `Endpointer`; `ignore_seconds` of sound at the start are not judged

    (a start sound that comes back through the microphone), though they are recorded.
    """

    def __init__(
        self,
        microphone: Microphone,
        vad: VoiceActivityDetector,
        *,
        silence_seconds: float = 0.9,
        limit_seconds: float = 60.0,
        no_speech_seconds: float = 6.0,
        ignore_seconds: float = 0.0,
    ) -> None:
        self._microphone = microphone
        self._vad = vad
        self._silence_seconds = silence_seconds
        self._limit_seconds = limit_seconds
        self._no_speech_seconds = no_speech_seconds
        self._ignore_seconds = ignore_seconds

    def record(
        self,
        *,
        mode: Mode,
        on_state: Callable[[RecorderState], None],
        on_level: Callable[[float], None],
        finish: threading.Event,
        cancel: Cancel,
    ) -> AudioClip | None:
        """One utterance, or None if nobody spoke.

        `finish` ends it now and keeps the words (release of the key, second tap); `cancel` throws them
        away by raising `TurnCancelled`. `on_level` gets 0 to 1 about 30 times a second. Raises
        `MicrophoneLost` with the words so far, `DeviceError` if there is no microphone.
        """
        endpointer = Endpointer(
            silence_seconds=self._silence_seconds,
            limit_seconds=self._limit_seconds,
            no_speech_seconds=self._no_speech_seconds,
            hold=mode == "hold",
        )
        blocks: list[NDArray[np.float32]] = []
        self._vad.reset()
        on_state("opening")
        self._microphone.open()
        try:
            self._listen(endpointer, blocks, on_state, on_level, finish, cancel)
        except DeviceError as error:
            raise MicrophoneLost(error, _utterance(blocks, endpointer, mode)) from error
        finally:
            self._microphone.close()
            on_level(0.0)
        return _utterance(blocks, endpointer, mode)

    def _listen(
        self,
        endpointer: Endpointer,
        blocks: list[NDArray[np.float32]],
        on_state: Callable[[RecorderState], None],
        on_level: Callable[[float], None],
        finish: threading.Event,
        cancel: Cancel,
    ) -> None:
        hearing = False
        while not finish.is_set():
            cancel.check()
            block = self._microphone.read(_LOOK_SECONDS)
            if block is None:
                continue
            if not blocks:
                on_state("listening")
            blocks.append(block)
            on_level(level_of(block))
            judged = len(blocks) * BLOCK_SECONDS > self._ignore_seconds
            probability = self._vad.probability(block)
            verdict = endpointer.feed(probability if judged else 0.0, BLOCK_SECONDS)
            if verdict in ("ended", "nothing", "limit"):
                return
            if verdict == "speech" and not hearing:
                hearing = True
                on_state("hearing")
        cancel.check()


def _utterance(blocks: list[NDArray[np.float32]], endpointer: Endpointer, mode: Mode) -> AudioClip | None:
    started = endpointer.speech_started_at
    if started is None or not blocks:
        return None
    begin = max(0, int((started - _BEFORE_SPEECH_SECONDS) * SAMPLE_RATE))
    # In hold mode the user said where it ends; a soft last word is not for the detector to cut.
    end = None if mode == "hold" else int((endpointer.speech_ended_at + _AFTER_SPEECH_SECONDS) * SAMPLE_RATE)
    return AudioClip(np.concatenate(blocks)[begin:end], SAMPLE_RATE)


def level_of(block: NDArray[np.float32]) -> float:
    """Loudness for a meter: 0 at -60 dB and below, 1 at full scale."""
    power = float(np.mean(np.square(block))) if len(block) else 0.0
    decibel = 10.0 * np.log10(power) if power > 0.0 else _QUIETEST_DECIBEL
    return float(np.clip(1.0 - decibel / _QUIETEST_DECIBEL, 0.0, 1.0))
