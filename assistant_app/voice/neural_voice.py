"""The neural voice: hibari (Apache-2.0), English, 24 kHz, on onnxruntime.

Only voices that lie in the package: hibari would download any other, so no other name is passed on.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from assistant_app.errors import DeviceError
from assistant_app.turn import AudioClip
from assistant_app.voice.engines import Voice

if TYPE_CHECKING:
    from hibari import Hibari


class HibariVoice:
    """A bundled hibari voice; an unknown name means the default one."""

    def __init__(self, voice: str = "", *, speed: float = 1.0) -> None:
        self._wanted = voice
        self._speed = speed
        self._hibari: Hibari | None = None
        self._loading = threading.Lock()

    def speaks(self, language: str) -> bool:
        return language == "en"

    def synthesise(self, text: str) -> AudioClip:
        hibari = self._loaded()
        samples = hibari(text, speed=self._speed)
        return AudioClip(np.clip(np.asarray(samples, np.float32), -1.0, 1.0), int(hibari.sample_rate))

    def voices(self) -> list[Voice]:
        return [
            Voice(name, f"{name.capitalize()} ({details['accent']}, {details['gender']})", "en")
            for name, details in _bundled().items()
        ]

    def warm_up(self) -> None:
        # The first run also builds onnxruntime's plan and reads the lexicon.
        self.synthesise("Ready.")

    def close(self) -> None:
        self._hibari = None

    def _loaded(self) -> Hibari:
        with self._loading:
            if self._hibari is None:
                bundled = _bundled()
                from hibari import Hibari

                name = self._wanted if self._wanted in bundled else next(iter(bundled))
                self._hibari = Hibari(voice=name, threads=1)
            return self._hibari


def _bundled() -> dict[str, dict[str, str]]:
    try:
        from hibari.voices import VOICES
    except ImportError as error:
        raise DeviceError(
            "neural_voice_missing",
            "The neural voice is not installed. Install it with: pip install hibari-tts, "
            "or choose the system voice in Settings > Speaking.",
        ) from error
    return {name: details for name, details in VOICES.items() if details.get("bundled")}
