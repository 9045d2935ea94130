"""The computer's own voices (SAPI5, NSSpeechSynthesizer, eSpeak NG) through pyttsx3, as sound files.

pyttsx3 lives in a child process, for good reasons: its run loop can hang, on Linux it plays inside its
own callback and cannot be stopped, it prints to standard output, and on macOS it wants the main thread.
So the child renders to a file, the parent waits with a limit, and a child that does not answer is killed.
It is started by path and not by multiprocessing, which would load the whole program again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from assistant_app.errors import DeviceError
from assistant_app.turn import AudioClip
from assistant_app.voice.audio_file import read_own_rate
from assistant_app.voice.engines import Voice
from assistant_app.voice.sentences import language_of

_CHILD = Path(__file__).with_name("system_voice_child.py")
_START_SECONDS = 15.0
_SECONDS_PER_SENTENCE = 10.0
_SECONDS_PER_CHARACTER = 0.1
_WORDS_PER_MINUTE = 175
_PREFERRED = {"en": ("[en-us]", "[en-gb]", "[en]"), "zh": ("[cmn]", "[zh-cn]", "[zh]")}
_LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}


class SystemVoice:
    """Sentences spoken by a voice of the system, chosen by the sentence's language."""

    def __init__(
        self, voice: str = "", *, speed: float = 1.0, child: Path = _CHILD, patience: float = _SECONDS_PER_SENTENCE
    ) -> None:
        self._wanted = voice
        self._words_per_minute = round(_WORDS_PER_MINUTE * speed)
        self._script = child
        self._patience = patience
        self._process: subprocess.Popen[str] | None = None
        self._answers: SimpleQueue[str] = SimpleQueue()
        self._voices: list[Voice] | None = None

    def speaks(self, language: str) -> bool:
        try:
            return any(voice.language == language for voice in self.voices())
        except DeviceError:
            return False

    def voices(self) -> list[Voice]:
        if self._voices is None:
            self._start()
        return list(self._voices or [])

    def synthesise(self, text: str) -> AudioClip:
        voice = self._voice_for(language_of(text))
        with tempfile.TemporaryDirectory(prefix="assistant-voice-") as folder:
            file = Path(folder) / "sentence.wav"
            request = {
                "text": text,
                "voice": voice,
                "words_per_minute": self._words_per_minute,
                "file": str(file),
            }
            self._ask(request, self._patience + _SECONDS_PER_CHARACTER * len(text))
            if not file.is_file() or file.stat().st_size == 0:
                raise _no_voice("The system's voice made no sound.")
            return read_own_rate(file)

    def warm_up(self) -> None:
        self.voices()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def _voice_for(self, language: str) -> str:
        voices = self.voices()
        fitting = [voice for voice in voices if voice.language == language]
        if not fitting:
            raise _no_voice(f"There is no {_LANGUAGE_NAMES.get(language, language)} voice on this computer.")
        for voice in fitting:
            if self._wanted in (voice.name, voice.title):
                return voice.name
        for tag in _PREFERRED.get(language, ()):
            for voice in fitting:
                if voice.title.endswith(tag):
                    return voice.name
        return fitting[0].name

    def _start(self) -> None:
        self.close()
        try:
            self._process = subprocess.Popen(
                [sys.executable, str(self._script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise _no_voice("The system's voice could not be started.") from error
        assert self._process.stdout is not None
        self._answers = SimpleQueue()
        threading.Thread(
            target=_forward, args=(self._process.stdout, self._answers), name="system-voice", daemon=True
        ).start()
        self._voices = [Voice(*row) for row in self._answer(_START_SECONDS)["voices"]]

    def _ask(self, request: dict[str, Any], seconds: float) -> None:
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            self.close()
            raise _no_voice("The system's voice stopped.") from error
        self._answer(seconds)

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=seconds)
        except Empty:
            self.close()
            raise _no_voice("The system's voice did not answer.") from None
        answer: dict[str, Any] = json.loads(line) if line else {"error": "ended"}
        if "error" in answer:
            self.close()
            raise _no_voice("The system's voice cannot be used.")
        return answer


def _forward(answers: IO[str], queue: SimpleQueue[str]) -> None:
    """Lines from the child into the queue, an empty one when it ends: a pipe cannot be waited on with a limit."""
    with answers:
        for line in answers:
            queue.put(line)
    queue.put("")


def _no_voice(what: str) -> DeviceError:
    advice = (
        "Install one with: sudo apt install espeak-ng"
        if sys.platform.startswith("linux")
        else "Add one in the system's speech settings"
    )
    return DeviceError("voice_missing", f"{what} {advice}; the reply stays on the screen.")
