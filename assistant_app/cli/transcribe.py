"""`assistant transcribe FILE...`: the words of sound files.

A file that cannot be used is named on standard error and the others go on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, add_json, add_profile, print_json, say
from assistant_app.errors import InputError


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("transcribe", help="write down what is said in sound files")
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, OGG or MP3")
    parser.add_argument(
        "--language", choices=("auto", "en", "zh"), help="what is spoken, instead of the settings' choice"
    )
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_transcriber
    from assistant_app.voice.audio_file import read_audio

    invocation = Invocation(args)
    transcriber = build_transcriber(invocation.settings, invocation.paths)
    all_done = True
    for name in args.files:
        try:
            clip = read_audio(Path(name))
        except InputError as error:
            all_done = False
            say(error.message)
            continue
        transcript = transcriber.transcribe(clip, language=args.language)
        if args.json:
            print_json(
                {
                    "path": name,
                    "text": transcript.text,
                    "language": transcript.language,
                    "audio_seconds": round(clip.seconds, 3),
                    "compute_seconds": round(transcript.compute_seconds, 3),
                }
            )
        else:
            print(f"{name}: {transcript.text}" if len(args.files) > 1 else transcript.text, flush=True)
    return DONE if all_done else NOT_DONE
