"""`assistant say TEXT`: text read aloud, or written to a sound file."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, add_profile, say
from assistant_app.errors import InputError
from assistant_app.turn import Cancel

if TYPE_CHECKING:
    from assistant_app.settings import Settings

_SYSTEM = "system"


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("say", help="read a text aloud")
    parser.add_argument("text", help="what to say; - reads standard input")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a WAV file instead of playing it")
    parser.add_argument("--voice", metavar="V", help=f"a voice's name; {_SYSTEM!r} for the computer's own voice")
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_speaker
    from assistant_app.voice.audio_file import write_wav
    from assistant_app.voice.file_output import FileOutput

    settings = _with_voice(Invocation(args).settings, args.voice)
    text = sys.stdin.read() if args.text == "-" else args.text
    output = FileOutput() if args.out is not None else None
    speaker = build_speaker(settings, output=output)
    try:
        speech = speaker.start(lambda _sentence: None, Cancel())
        speech.feed(text)
        speech.finish()
        speech.wait()
    finally:
        speaker.close()
    if speech.problem:
        say(speech.problem)
        return NOT_DONE
    if output is not None:
        clip = output.clip()
        if not len(clip.samples):
            raise InputError("nothing_to_say", "There is nothing to say in this text. Give some words.")
        write_wav(args.out, clip)
    return DONE


def _with_voice(settings: Settings, name: str | None) -> Settings:
    if not name:
        return settings
    chosen = (
        dataclasses.replace(settings.voice, engine="system", voice="")
        if name == _SYSTEM
        else dataclasses.replace(settings.voice, voice=name)
    )
    return dataclasses.replace(settings, voice=chosen)
