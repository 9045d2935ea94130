"""When has the speaker finished? A state machine on speech probabilities; it knows no sound and no clock."""

from __future__ import annotations

from typing import Literal

from assistant_app.voice.vad import START_PROBABILITY, STAY_PROBABILITY

Verdict = Literal["waiting", "speech", "ended", "nothing", "limit"]
"""waiting: no speech yet; speech: in it, or in a pause of it; ended, nothing, limit: stop recording."""

_START_SECONDS = 0.09
"""Speech heard within the start window before it counts: three blocks, so that "yes" is enough."""
_START_WINDOW_SECONDS = 0.3


class Endpointer:
    """Feed it each block's speech probability; it says when to stop.

    `hold` is for push-to-talk: only the release or the limit ends it, and silence is patience.
    """

    def __init__(
        self, *, silence_seconds: float, limit_seconds: float, no_speech_seconds: float = 6.0, hold: bool = False
    ) -> None:
        self._silence_seconds = silence_seconds
        self._limit_seconds = limit_seconds
        self._no_speech_seconds = no_speech_seconds
        self._hold = hold
        self._now = 0.0
        self._candidates: list[tuple[float, float]] = []
        self._started_at: float | None = None
        self._ended_at = 0.0

    @property
    def speech_started_at(self) -> float | None:
        """Seconds of sound before the first speech; None while there was none."""
        return self._started_at

    @property
    def speech_ended_at(self) -> float:
        """Seconds of sound up to the end of the last speech so far."""
        return self._ended_at

    def feed(self, probability: float, seconds: float) -> Verdict:
        """One more block of `seconds` with this probability of speech."""
        begin, self._now = self._now, self._now + seconds
        if self._started_at is None:
            self._wait_for_speech(probability, begin, seconds)
        elif probability >= STAY_PROBABILITY:
            self._ended_at = self._now
        return self._verdict()

    def _wait_for_speech(self, probability: float, begin: float, seconds: float) -> None:
        if probability >= START_PROBABILITY:
            self._candidates.append((begin, seconds))
        oldest = self._now - _START_WINDOW_SECONDS
        self._candidates = [(start, length) for start, length in self._candidates if start >= oldest]
        if sum(length for _, length in self._candidates) >= _START_SECONDS:
            self._started_at = self._candidates[0][0]
            self._ended_at = self._now

    def _verdict(self) -> Verdict:
        if self._started_at is None:
            if self._hold:
                return "limit" if self._now >= self._limit_seconds else "waiting"
            return "nothing" if self._now >= self._no_speech_seconds else "waiting"
        if self._now - (0.0 if self._hold else self._started_at) >= self._limit_seconds:
            return "limit"
        # Sums of block lengths do not meet a round number exactly.
        if not self._hold and self._now - self._ended_at >= self._silence_seconds - 1e-6:
            return "ended"
        return "speech"
