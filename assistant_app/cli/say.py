"""`assistant say TEXT`: text read aloud, or written to a sound file."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import AssistantError, InputError
from assistant_app.paths import find_paths
from assistant_app.settings import load_settings
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.audio_file import write_wav
from assistant_app.voice.player import OnEnd, OnStart
from assistant_app.voice.resampling import resample

_FILE_RATE = 24_000


class _ToFile:
    """Takes the voice's sounds instead of a loudspeaker."""

    def __init__(self) -> None:
        self._sounds: list[NDArray[np.float32]] = []

    @property
    def clip(self) -> AudioClip:
        return AudioClip(np.concatenate([np.zeros(0, np.float32), *self._sounds]), _FILE_RATE)

    def play(self, samples: NDArray[np.float32], rate: int, *, on_start: OnStart, on_end: OnEnd) -> None:
        on_start(0.0)
        self._sounds.append(resample(samples, rate, _FILE_RATE))
        on_end(True)

    def stop(self) -> None:
        return

    def check(self) -> None:
        return

    def close(self) -> None:
        return


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("say", help="read a text aloud")
    parser.set_defaults(run=run)
    parser.add_argument("text", metavar="TEXT", help="what to say; - reads standard input")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a WAV file instead of playing it")
    parser.add_argument("--voice", metavar="V", help="a voice's name; 'system' is the computer's own")


def run(args: argparse.Namespace) -> int:
    from assistant_app import app

    paths = find_paths(args.profile)
    settings = load_settings(paths.settings_file).settings
    if args.voice == "system":
        settings = dataclasses.replace(settings, voice=dataclasses.replace(settings.voice, engine="system", voice=""))
    elif args.voice:
        settings = dataclasses.replace(settings, voice=dataclasses.replace(settings.voice, voice=args.voice))
    text = sys.stdin.read() if args.text == "-" else args.text
    output = _ToFile() if args.out is not None else None
    speaker = app.build_speaker(settings, output=output)
    cancel = Cancel()
    try:
        speech = speaker.start(lambda _sentence: None, cancel)
        speech.feed(text)
        speech.finish()
        _wait(speech.done, cancel)
        if speech.problem:
            print(speech.problem, file=sys.stderr)
            return 1
        if output is not None and args.out is not None:
            if not len(output.clip.samples):
                raise InputError("nothing_to_say", "There is nothing to say in this text. Give some words.")
            write_wav(args.out, output.clip)
        return 0
    except AssistantError as error:
        print(error.message, file=sys.stderr)
        return 1
    finally:
        speaker.close()


def _wait(done: threading.Event, cancel: Cancel) -> None:
    try:
        done.wait()
    except KeyboardInterrupt:
        cancel.set()
        raise
