"""What the groups of `assistant bench` share: a profile that is thrown away, and one loaded assistant.

It measures nothing but memory while loading.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant_app.cli.invocation import say
from assistant_app.cli.sound_memory import SoundMemory
from assistant_app.paths import Paths
from assistant_app.settings import Settings

if TYPE_CHECKING:
    from assistant_app.app import LocalAssistant
    from assistant_app.turn import AudioClip

EVENTS = (1_000, 10_000, 100_000)


@dataclass
class BenchRun:
    """One run of the command."""

    settings: Settings
    user_paths: Paths
    """The user's own; only the models are read there."""
    paths: Paths
    """Where everything is written; thrown away."""
    place: Path
    """A folder for whatever else is needed; thrown away."""
    repeat: int
    """Runs a figure is the median of."""
    events: tuple[int, ...] = EVENTS
    """Sizes of the calendars that are measured."""
    plot: Path | None = None
    """Where to draw how the calendar's figures grow."""
    sound: SoundMemory = field(default_factory=SoundMemory)
    memory: dict[str, float] = field(default_factory=dict)
    """Filled while `assistant` loads."""

    @cached_property
    def assistant(self) -> LocalAssistant:
        """An assistant with everything loaded, whose loudspeaker is `sound`."""
        from assistant_app.app import build_assistant, build_speaker

        self.memory["bare_mb"] = resident_mb()
        assistant = build_assistant(self.settings, self.paths, speaker=build_speaker(self.settings, output=self.sound))
        started = time.monotonic()
        say("Loading the language model")
        assistant.warm_up(hearing=False)
        self.memory["with_language_model_mb"] = resident_mb()
        say("Loading speech recognition")
        assistant.ears.load()
        self.memory["load_seconds"] = round(time.monotonic() - started, 2)
        self.memory["with_speech_recognition_mb"] = resident_mb()
        return assistant

    def spoken(self, text: str) -> AudioClip:
        """The words in the assistant's own voice."""
        from assistant_app.errors import DeviceError
        from assistant_app.turn import Cancel

        speech = self.assistant.speaker.start(lambda _sentence: None, Cancel())
        speech.feed(text)
        speech.finish()
        speech.wait()
        clip = self.sound.clip()
        if clip is None:
            raise DeviceError("voice_missing", speech.problem or "There is no voice to measure with.")
        return clip

    def close(self) -> None:
        """Give back what was opened."""
        if "assistant" in self.__dict__:
            self.assistant.speaker.close()
            self.assistant.calendar.close()


def resident_mb() -> int:
    """Memory this process holds now; its peak where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return round(int(line.split()[1]) / 1024)
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))
