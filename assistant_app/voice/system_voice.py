"""The computer's own voices (SAPI5, NSSpeechSynthesizer, eSpeak NG) through pyttsx3, as sound files.

pyttsx3 lives in a child process, for good reasons: its run loop can hang, on Linux it plays inside its
own callback and cannot be stopped, it prints to standard output, and on macOS it wants the main thread.
So the child renders to a file, the parent waits with a limit, and a child that does not answer is killed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from assistant_app.errors import DeviceError
from assistant_app.turn import AudioClip
from assistant_app.voice.engines import Voice
from assistant_app.voice.sentences import language_of

_START_SECONDS = 15.0
_SECONDS_PER_SENTENCE = 10.0
_SECONDS_PER_CHARACTER = 0.1
_WORDS_PER_MINUTE = 175
_PREFERRED = {"en": ("en-us", "en_us", "en-gb", "en"), "zh": ("cmn", "zh-cn", "zh_cn", "zh")}


@dataclass(frozen=True, slots=True)
class _Request:
    text: str
    voice: str | None
    words_per_minute: int
    file: str


class SystemVoice:
    """Sentences spoken by a voice of the system, chosen by the sentence's language."""

    def __init__(self, voice: str = "", *, speed: float = 1.0) -> None:
        self._wanted = voice
        self._words_per_minute = round(_WORDS_PER_MINUTE * speed)
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._voices: list[Voice] | None = None

    def speaks(self, language: str) -> bool:
        try:
            return any(voice.language == language for voice in self.voices())
        except DeviceError:
            return False

    def voices(self) -> list[Voice]:
        if self._voices is None:
            self._start()
        assert self._voices is not None
        return list(self._voices)

    def synthesise(self, text: str) -> AudioClip:
        from assistant_app.voice.audio_file import read_own_rate

        voice = self._voice_for(language_of(text))
        with tempfile.TemporaryDirectory(prefix="assistant-voice-") as folder:
            file = Path(folder) / "sentence.wav"
            limit = _SECONDS_PER_SENTENCE + _SECONDS_PER_CHARACTER * len(text)
            self._ask(_Request(text, voice, self._words_per_minute, str(file)), limit)
            if not file.is_file() or file.stat().st_size == 0:
                raise _no_voice("The system's voice made no sound.")
            return read_own_rate(file)

    def warm_up(self) -> None:
        self.voices()

    def close(self) -> None:
        child, pipe = self._child, self._pipe
        self._child = self._pipe = None
        if pipe is not None:
            pipe.close()
        if child is not None:
            child.kill()
            child.join(5)

    def _voice_for(self, language: str) -> str | None:
        voices = self.voices()
        by_name = {voice.name: voice for voice in voices}
        if self._wanted in by_name and by_name[self._wanted].language == language:
            return self._wanted
        fitting = [voice for voice in voices if voice.language == language]
        if not fitting:
            names = {"zh": "Chinese", "en": "English"}
            raise _no_voice(f"There is no {names.get(language, language)} voice on this computer.")
        for tag in _PREFERRED.get(language, ()):
            for voice in fitting:
                if tag in voice.title.lower().split(" ") or voice.name.lower().endswith(tag):
                    return voice.name
        return fitting[0].name

    def _start(self) -> None:
        # spawn: a forked child would inherit torch's and the audio's threads half alive.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(theirs,), name="system-voice", daemon=True)
        self._child.start()
        theirs.close()
        answer = self._answer(_START_SECONDS)
        self._voices = [Voice(*row) for row in answer]
        if not self._voices:
            self.close()
            raise _no_voice("There is no system voice on this computer.")

    def _ask(self, request: _Request, seconds: float) -> None:
        if self._child is None or not self._child.is_alive():
            self.close()
            self._start()
        assert self._pipe is not None
        try:
            self._pipe.send(request)
        except OSError as error:
            self.close()
            raise _no_voice("The system's voice stopped.") from error
        self._answer(seconds)

    def _answer(self, seconds: float) -> Any:
        assert self._pipe is not None
        try:
            if not self._pipe.poll(seconds):
                raise _no_voice("The system's voice did not answer.")
            kind, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise _no_voice("The system's voice stopped.") from error
        except DeviceError:
            self.close()
            raise
        if kind == "error":
            self.close()
            raise _no_voice("The system's voice cannot be used.")
        return answer


def _no_voice(what: str) -> DeviceError:
    advice = (
        "Install one with: sudo apt install espeak-ng"
        if sys.platform.startswith("linux")
        else "Add one in the system's speech settings"
    )
    return DeviceError("voice_missing", f"{what} {advice}; the reply stays on the screen.")


def _serve(pipe: Connection) -> None:
    """The child: one pyttsx3 engine, one request after another, until the pipe closes."""
    # Whatever pyttsx3 or its driver prints must not reach the parent's output.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        import pyttsx3

        engine = pyttsx3.init()
        rows = [_row(voice) for voice in engine.getProperty("voices")]
    except Exception as error:  # noqa: BLE001 - whatever a driver raises means: no voice
        pipe.send(("error", repr(error)))
        return
    pipe.send(("voices", [row for row in rows if row is not None]))
    while True:
        try:
            request = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if request.voice is not None:
                engine.setProperty("voice", request.voice)
            engine.setProperty("rate", request.words_per_minute)
            engine.save_to_file(request.text, request.file)
            engine.runAndWait()
            answer = ("done", "")
        except Exception as error:  # noqa: BLE001 - told to the parent, which knows what to say
            answer = ("error", repr(error))
        with contextlib.suppress(OSError):
            pipe.send(answer)


def _row(voice: Any) -> tuple[str, str, str] | None:
    """Name, title and language of a pyttsx3 voice; None without a usable one."""
    identifier = str(voice.id)
    languages = [tag.decode("utf-8", "ignore") if isinstance(tag, bytes) else str(tag) for tag in voice.languages or []]
    tag = (languages[0] if languages else identifier.rsplit("/", 1)[-1]).strip("\x05\x02 ").lower().replace("_", "-")
    if not languages and "\\" in identifier:  # SAPI5: ...\TTS_MS_EN-US_ZIRA_11.0
        parts = identifier.upper().split("_")
        tag = next((part.lower() for part in parts if len(part) == 5 and part[2:3] == "-"), "")
    if "pinyin" in tag:
        return None
    language = "zh" if tag.startswith(("cmn", "zh")) else tag.partition("-")[0]
    return (identifier, f"{voice.name} {tag}", language) if language else None
