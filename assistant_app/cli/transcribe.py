"""`assistant transcribe FILE...`: the words of sound files.

A file that cannot be used is named on standard error and the others go on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from assistant_app.errors import InputError, ModelError
from assistant_app.paths import find_paths
from assistant_app.settings import load_settings
from assistant_app.voice.audio_file import read_audio


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("transcribe", help="write down what is said in sound files")
    parser.set_defaults(run=run)
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, OGG or MP3")
    parser.add_argument(
        "--language", choices=("auto", "en", "zh"), help="what is spoken (default: the settings' choice)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")


def run(args: argparse.Namespace) -> int:
    from assistant_app import app

    paths = find_paths(args.profile)
    settings = load_settings(paths.settings_file).settings
    transcriber = app.build_transcriber(settings, paths)
    failed = 0
    for name in args.files:
        try:
            clip = read_audio(Path(name))
            transcript = transcriber.transcribe(clip, language=args.language or settings.hearing.language)
        except InputError as error:
            failed += 1
            print(f"{name}: {error.message}", file=sys.stderr)
            continue
        except ModelError as error:
            # Without the model no other file can be done either.
            print(error.message, file=sys.stderr)
            if args.json:
                print(json.dumps({"error": {"code": error.code, "message": error.message}}))
            return 1
        if args.json:
            row = {
                "path": name,
                "text": transcript.text,
                "language": transcript.language,
                "audio_seconds": round(clip.seconds, 3),
                "compute_seconds": round(transcript.compute_seconds, 3),
            }
            print(json.dumps(row, ensure_ascii=False), flush=True)
        elif len(args.files) > 1:
            print(f"{name}: {transcript.text}", flush=True)
        else:
            print(transcript.text, flush=True)
    return 1 if failed else 0
