"""`assistant listen [FILE...]`: a spoken turn a file, or one from the microphone."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant_app.cli.ask import show
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, say
from assistant_app.cli.sound_memory import SoundMemory
from assistant_app.cli.turns import StreamingPrinter
from assistant_app.errors import AssistantError, InputError
from assistant_app.turn import AudioClip, Cancel, Heard, TurnEvent


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("listen", help="a request in speech")
    parser.add_argument("file", nargs="*", type=Path, help="sound files, one request each; else the microphone")
    parser.add_argument("--say", type=Path, metavar="OUT.wav", help="write the spoken reply here instead of playing it")
    parser.add_argument("--mute", action="store_true", help="answer in writing only")
    add_json(parser)
    add_clock(parser)
    add_profile(parser)
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_assistant, build_speaker

    if args.say and len(args.file) > 1:
        args.usage_error("--say takes the reply to one file only")
    invocation = Invocation(args)
    memory = SoundMemory() if args.say else None
    speaker = build_speaker(invocation.settings, output=memory)
    assistant = build_assistant(invocation.settings, invocation.paths, now=invocation.clock, speaker=speaker)
    # A file is a test or a batch: it is answered aloud only where that was asked for.
    aloud = bool(args.say) or (not args.file and not args.mute and invocation.settings.voice.speak_replies)
    status = DONE
    try:
        for clip in _clips(args.file, invocation):
            printer = StreamingPrinter()

            def emit(event: TurnEvent, printer: StreamingPrinter = printer) -> None:
                if isinstance(event, Heard):
                    say(f"“{event.utterance.text}”")
                if not args.json:
                    printer.emit(event)

            turn = assistant.run_turn(clip, emit=emit, cancel=Cancel(), speak=aloud)
            status = max(status, show(turn, printer, as_json=args.json))
            if memory is not None and status == DONE:
                _write(args.say, memory)
    finally:
        speaker.close()
    return status


def _clips(files: list[Path], invocation: Invocation) -> Iterator[AudioClip]:
    from assistant_app.voice.audio_file import read_audio

    for file in files:
        yield read_audio(file)
    if not files:
        yield _recorded(invocation)


def _recorded(invocation: Invocation) -> AudioClip:
    from assistant_app.app import build_recorder
    from assistant_app.voice.recorder import MicrophoneLost

    recorder = build_recorder(invocation.settings, invocation.paths)
    say("Listening. Speak now.")
    try:
        clip = recorder.record(
            mode="tap",
            on_state=lambda _state: None,
            on_level=lambda _level: None,
            finish=threading.Event(),
            cancel=Cancel(),
        )
    except MicrophoneLost as lost:
        if lost.clip is None:
            raise
        say(f"{lost.message} What was said so far is used.")
        clip = lost.clip
    if clip is None:
        raise InputError("heard_nothing", "Nothing was heard. Check the microphone with: assistant doctor")
    return clip


def _write(file: Path, memory: SoundMemory) -> None:
    from assistant_app.voice.audio_file import write_wav

    clip = memory.clip()
    if clip is None:
        raise AssistantError("nothing_spoken", "The reply could not be spoken, so no sound file was written.")
    write_wav(file, clip)
