"""Sound to text with openai-whisper, on arrays. It takes a path to a checkpoint and fetches nothing.

    WhisperTranscriber(checkpoint, vad=...).transcribe(clip, language="auto") -> Transcript

Two decisions beside plain `whisper.transcribe`:
  - Sound in which the detector finds no speech never reaches Whisper, which invents thanks and
    subtitles on silence. Longer clips are cut at the pauses the detector found, so that an hour
    needs no more memory than half a minute and a stop is seen after every token.
  - The encoder sees the sound's real length plus a few seconds, not 30 (`whisper_decoding`). Where
    the result looks bad the full window decides, as in openai-whisper.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from assistant_app.errors import InputError, ModelError
from assistant_app.turn import AudioClip, Cancel, Utterance
from assistant_app.voice.audio_file import SAMPLE_RATE
from assistant_app.voice.resampling import resample

if TYPE_CHECKING:
    from assistant_app.voice.whisper_decoding import Decoded, WindowDecoder

log = logging.getLogger(__name__)

WINDOW_SECONDS = 28.0
"""Longest piece decoded at once: Whisper's window is 30 s."""
_EDGE_SECONDS = 0.4
"""Sound kept before and after detected speech, so that no first or last sound is lost."""
_SHORTEST_SECONDS = 0.1
_PROMPT_TAIL_CHARACTERS = 200
"""How much of the piece before goes along as context."""
_SPEECH_LANGUAGES = ("auto", "en", "zh")


class SpeechFinder(Protocol):
    """Where in a clip someone speaks."""

    def speech_spans(self, clip: AudioClip) -> list[tuple[float, float]]:
        """Start and end of each stretch of speech, in seconds."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a clip."""

    text: str
    """Empty: nothing was said, or nothing that could be understood."""
    language: str
    """ISO 639-1."""
    no_speech_probability: float
    """Whisper's own, the highest of the pieces, 0 to 1; 1.0 where it was not asked."""
    average_log_probability: float
    """Of the tokens, natural logarithm; the lowest of the pieces. 0.0 where nothing was decoded."""
    compute_seconds: float


class WhisperTranscriber:
    """Whisper with its checkpoint, loaded at the first use. One decode at a time, from any thread."""

    def __init__(
        self,
        checkpoint: Path,
        *,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        vad: SpeechFinder | None = None,
        names: Sequence[str] = (),
        language: str = "auto",
    ) -> None:
        self._checkpoint = checkpoint
        self._device = device
        self._vad = vad
        self._names = tuple(names)
        self._language = language
        self._decoder: WindowDecoder | None = None
        # Whisper hangs its key-value cache on the shared model: two decodes would mix their words.
        self._one_at_a_time = threading.Lock()

    def use_names(self, names: Sequence[str]) -> None:
        """Words to expect (people, places), most important first: they steer the spelling."""
        self._names = tuple(names)

    def load(self) -> None:
        """Read the checkpoint now; else the first clip does. Raises `ModelError`."""
        with self._one_at_a_time:
            self._loaded()

    def hear(self, clip: AudioClip, on_partial: Callable[[str], None], cancel: Cancel) -> Utterance | None:
        """The clip as something said in a turn; None where nobody spoke."""
        transcript = self.transcribe(clip, language=self._language, on_partial=on_partial, cancel=cancel)
        return Utterance(transcript.text, "spoken", transcript.language) if transcript.text else None

    def transcribe(
        self,
        clip: AudioClip,
        *,
        language: str = "auto",
        on_partial: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Transcript:
        """The clip's words. `on_partial` gets the text so far after each piece of a long clip.

        Raises `TurnCancelled` soon after `cancel` is set, `ModelError` if the checkpoint is missing.
        """
        if language not in _SPEECH_LANGUAGES:
            raise InputError(
                "language_unknown", f"{language!r} is no language we listen for. Use {', '.join(_SPEECH_LANGUAGES)}."
            )
        cancel = cancel or Cancel()
        started = time.perf_counter()
        clip = AudioClip(resample(clip.samples, clip.sample_rate, SAMPLE_RATE), SAMPLE_RATE)
        nothing_in = "en" if language == "auto" else language
        with self._one_at_a_time:
            cancel.check()
            pieces = self._pieces(clip)
            if not pieces:
                return Transcript("", nothing_in, 1.0, 0.0, time.perf_counter() - started)
            decoder = self._loaded()
            decoded: list[Decoded] = []
            text = ""
            for start, end in pieces:
                cancel.check()
                samples = clip.samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
                context = text[-_PROMPT_TAIL_CHARACTERS:] if decoded and decoded[-1].trustworthy else ""
                part = decoder.decode(
                    samples,
                    language=decoded[0].language if decoded else (None if language == "auto" else language),
                    names=self._names,
                    context=context,
                    cancel=cancel,
                )
                decoded.append(part)
                text = _joined(text, part.text, part.language)
                if on_partial is not None and part.text:
                    on_partial(text)
        return Transcript(
            text=text,
            language=decoded[0].language,
            no_speech_probability=max(part.no_speech_probability for part in decoded),
            average_log_probability=min(part.average_log_probability for part in decoded),
            compute_seconds=time.perf_counter() - started,
        )

    def _pieces(self, clip: AudioClip) -> list[tuple[float, float]]:
        if clip.seconds < _SHORTEST_SECONDS or not np.any(clip.samples):
            return []
        if self._vad is None:
            return quiet_cuts(clip)
        return packed(self._vad.speech_spans(clip), clip.seconds)

    def _loaded(self) -> WindowDecoder:
        if self._decoder is None:
            from assistant_app.voice.whisper_decoding import WindowDecoder

            if not self._checkpoint.is_file():
                raise ModelError(
                    "model_missing",
                    "The speech model is not there yet. Fetch it with: assistant models fetch whisper-base",
                )
            started = time.perf_counter()
            try:
                self._decoder = WindowDecoder(self._checkpoint, self._device)
            except ModelError:
                raise
            except Exception as error:
                raise ModelError(
                    "model_damaged",
                    "The speech model's file is damaged. Fetch it again with: assistant models fetch whisper-base",
                ) from error
            log.info("speech model loaded in %.1f s", time.perf_counter() - started)
        return self._decoder


def packed(
    spans: Sequence[tuple[float, float]], clip_seconds: float, window_seconds: float = WINDOW_SECONDS
) -> list[tuple[float, float]]:
    """Pieces of at most `window_seconds` that hold all speech, cut at pauses where there are any.

    Neighbouring spans share a piece while they fit; longer silence than a window is left out.
    """
    pieces: list[tuple[float, float]] = []
    spoken_until = 0.0
    for speech_start, speech_end in spans:
        start, end = max(0.0, speech_start - _EDGE_SECONDS), min(clip_seconds, speech_end + _EDGE_SECONDS)
        pause_middle = (spoken_until + speech_start) / 2
        spoken_until = speech_end
        if pieces and end - pieces[-1][0] <= window_seconds:
            pieces[-1] = (pieces[-1][0], end)
            continue
        if pieces and pieces[-1][1] > start:
            pieces[-1], start = (pieces[-1][0], pause_middle), pause_middle
        while end - start > window_seconds:  # someone who never pauses
            pieces.append((start, start + window_seconds))
            start += window_seconds
        if end > start:
            pieces.append((start, end))
    return pieces


def quiet_cuts(clip: AudioClip, window_seconds: float = WINDOW_SECONDS) -> list[tuple[float, float]]:
    """Pieces of at most `window_seconds` covering the clip, cut where it is quietest. For want of a detector."""
    frame = clip.sample_rate // 10
    pieces: list[tuple[float, float]] = []
    start = 0
    total = len(clip.samples)
    window = int(window_seconds * clip.sample_rate)
    while total - start > window:
        frames = clip.samples[start : start + window][-(window // 3) :]
        frames = frames[: len(frames) // frame * frame].reshape(-1, frame)
        quietest = int(np.square(frames).mean(axis=1).argmin())
        end = start + window - window // 3 + quietest * frame + frame // 2
        pieces.append((start / clip.sample_rate, end / clip.sample_rate))
        start = end
    pieces.append((start / clip.sample_rate, total / clip.sample_rate))
    return pieces


def _joined(before: str, after: str, language: str) -> str:
    if not before or not after:
        return before or after
    return before + after if language in ("zh", "ja") else f"{before} {after}"
