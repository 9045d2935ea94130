"""Is someone speaking? The silero detector (MIT licence) on onnxruntime, without torch.

It takes a path to `silero_vad.onnx`; where the file comes from is not its business. The network
reads blocks of 512 samples at 16 kHz with the last 64 samples of the block before as context, and
carries a recurrent state of shape (2, 1, 128).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import ModelError
from assistant_app.turn import AudioClip

if TYPE_CHECKING:
    import onnxruntime

SAMPLE_RATE = 16_000
BLOCK_SAMPLES = 512
BLOCK_SECONDS = BLOCK_SAMPLES / SAMPLE_RATE
_CONTEXT_SAMPLES = 64

START_PROBABILITY = 0.5
"""A block at or above this is speech."""
STAY_PROBABILITY = 0.35
"""Once speech has begun, blocks at or above this still belong to it."""
_SHORTEST_SPEECH_SECONDS = 0.15
"""Shorter is a click or a knock. "Yes" and "stop" take 0.2 s."""
_JOIN_GAP_SECONDS = 0.3
"""A shorter pause does not part two spans."""


class VoiceActivityDetector(Protocol):
    """Tells speech from other sound."""

    def probability(self, block: NDArray[np.float32]) -> float:
        """That the next 512 samples at 16 kHz hold speech, 0 to 1."""

    def reset(self) -> None:
        """Forget what was heard: a new recording begins."""

    def speech_spans(self, clip: AudioClip) -> list[tuple[float, float]]:
        """Start and end, in seconds, of each stretch of speech in a 16 kHz clip."""


class SileroVad:
    """The silero network. Not for two threads at once: it remembers the sound so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: onnxruntime.InferenceSession | None = None
        self.reset()

    def load(self) -> None:
        """Read the network now; else the first block does. Raises `ModelError`."""
        if self._session is not None:
            return
        import onnxruntime

        if not self._path.is_file():
            raise ModelError(
                "model_missing",
                "The speech detector is not there yet. Fetch it with: assistant models fetch silero-vad",
            )
        options = onnxruntime.SessionOptions()
        # A block takes a tenth of a millisecond: more threads only cost.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(
                "model_damaged",
                "The speech detector's file is damaged. Fetch it again with: assistant models fetch silero-vad",
            ) from error

    def reset(self) -> None:
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probability(self, block: NDArray[np.float32]) -> float:
        if len(block) != BLOCK_SAMPLES:
            raise ValueError(f"a block has {BLOCK_SAMPLES} samples, not {len(block)}")
        self.load()
        assert self._session is not None
        block = np.asarray(block, np.float32)
        given = np.concatenate([self._context, block])[None, :]
        self._context = block[-_CONTEXT_SAMPLES:].copy()
        output, self._state = self._session.run(
            None, {"input": given, "state": self._state, "sr": np.array(SAMPLE_RATE, np.int64)}
        )
        return float(output[0, 0])

    def speech_spans(self, clip: AudioClip) -> list[tuple[float, float]]:
        if clip.sample_rate != SAMPLE_RATE:
            raise ValueError(f"a clip of {SAMPLE_RATE} Hz is needed, not {clip.sample_rate}")
        self.reset()
        spans = spans_of(self.probability(block) for block in blocks_of(clip.samples))
        self.reset()
        return [(start, min(end, clip.seconds)) for start, end in spans]

    def contains_speech(self, clip: AudioClip) -> bool:
        """Whether anyone speaks in a 16 kHz clip."""
        return bool(self.speech_spans(clip))


def blocks_of(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """`samples` in blocks of 512; the last is filled up with silence."""
    rest = -len(samples) % BLOCK_SAMPLES
    padded = np.concatenate([samples, np.zeros(rest, np.float32)]) if rest else samples
    return list(padded.reshape(-1, BLOCK_SAMPLES))


def spans_of(probabilities: Iterable[float]) -> list[tuple[float, float]]:
    """Stretches of speech, in seconds, from the probability of each block in turn.

    Starts at a block >= 0.5 and goes on while blocks are >= 0.35; pauses under 0.3 s are bridged, and
    what is shorter than 0.15 s is dropped.
    """
    spans: list[list[float]] = []
    speaking = False
    for number, probability in enumerate(probabilities):
        start = number * BLOCK_SECONDS
        if probability >= START_PROBABILITY or (speaking and probability >= STAY_PROBABILITY):
            if speaking or (spans and start - spans[-1][1] < _JOIN_GAP_SECONDS):
                spans[-1][1] = start + BLOCK_SECONDS
            else:
                spans.append([start, start + BLOCK_SECONDS])
            speaking = True
        else:
            speaking = False
    return [(start, end) for start, end in spans if end - start >= _SHORTEST_SPEECH_SECONDS]
