"""`assistant bench`: how fast it is here. The numbers in the README come from this command.

Everything runs in a profile of its own that is thrown away; the calendar and documents of the
user are not touched. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json, say
from assistant_app.cli.sound_memory import SoundMemory
from assistant_app.cli.turns import timings_json
from assistant_app.errors import AssistantError, DeviceError
from assistant_app.paths import Paths
from assistant_app.turn import AudioClip, Cancel, Speaking, Timings, TurnEvent

if TYPE_CHECKING:
    from assistant_app.app import LocalAssistant

GROUPS = ("turn", "start", "memory")
TYPED = {
    "scheduling": "Schedule a dentist appointment with Doctor Patel next Thursday at half past three "
    "for forty five minutes",
    "calendar question": "What is on my calendar tomorrow?",
    "conversation": "Good morning, how are you?",
}
SPOKEN = "What is on my calendar tomorrow?"
_STAGES = ("hear", "route", "act", "speak", "total")
_WINDOW_SECONDS = 60

FIRST_FRAME = """
import sys, time
from pathlib import Path
started = float(sys.argv[1])
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
app = QApplication(sys.argv[:1])
class FirstFrame(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWidgetType() and watched.isWindow():
            app.removeEventFilter(self)
            print(f"first frame {time.time() - started:.3f}", flush=True)
            QTimer.singleShot(0, app.quit)
        return False
watcher = FirstFrame()
app.installEventFilter(watcher)
from assistant_app.gui.application import run
from assistant_app.paths import find_paths
from assistant_app.settings import Settings
run(Settings(), find_paths(Path(sys.argv[2])))
"""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("bench", help="measure speed and memory")
    parser.add_argument("group", nargs="*", type=_group, metavar="GROUP", help="turn, start, memory; else all of them")
    parser.add_argument("--repeat", type=_count, default=5, metavar="N", help="runs a figure is the median of")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    invocation = Invocation(args)
    groups = args.group or GROUPS
    results: dict[str, Any] = {"machine": _machine()}
    with tempfile.TemporaryDirectory(prefix="assistant-bench-") as folder:
        place = Path(folder)
        paths = dataclasses.replace(
            invocation.paths, config_dir=place / "config", data_dir=place / "data", cache_dir=place / "cache"
        )
        if "start" in groups:
            results["start"] = _start(place / "window", args.repeat)
        if "turn" in groups or "memory" in groups:
            measured = _turns_and_memory(invocation, paths, args.repeat, turns="turn" in groups)
            results |= {group: measured[group] for group in ("memory", "turn") if group in groups}
    if args.json:
        print_json(results)
    else:
        _print_table(results)
    return DONE


def _turns_and_memory(invocation: Invocation, paths: Paths, repeat: int, *, turns: bool) -> dict[str, Any]:
    from assistant_app.app import build_assistant, build_speaker

    memory = {"bare_mb": _resident_mb()}
    sound = SoundMemory()
    speaker = build_speaker(invocation.settings, output=sound)
    assistant = build_assistant(invocation.settings, paths, speaker=speaker)
    try:
        started = time.monotonic()
        say("Loading the language model")
        assistant.warm_up(hearing=False)
        memory["with_language_model_mb"] = _resident_mb()
        say("Loading speech recognition")
        assistant.ears.load()
        loaded = time.monotonic() - started
        memory["with_speech_recognition_mb"] = _resident_mb()
        say("Loading the voice")
        request = _said(speaker, sound, SPOKEN)
        memory["with_voice_mb"] = _resident_mb()
        results: dict[str, Any] = {"memory": {**memory, "load_seconds": round(loaded, 2)}}
        if turns:
            results["turn"] = {
                "typed_ms": {name: _typed(assistant, name, text, repeat) for name, text in TYPED.items()},
                "spoken": _spoken(assistant, sound, request, repeat),
            }
        return results
    finally:
        speaker.close()
        assistant.calendar.close()


def _typed(assistant: LocalAssistant, name: str, text: str, repeat: int) -> dict[str, float | None]:
    say(f"Typed turn: {name}")
    timings = []
    for _ in range(repeat + 1):
        assistant.new_conversation()
        turn = assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel(), speak=False)
        if turn.outcome == "failed":
            raise AssistantError(turn.error_code or "failed", turn.reply.text if turn.reply else "The turn failed.")
        timings.append(turn.timings)
    return _medians(timings[1:])


def _spoken(assistant: LocalAssistant, sound: SoundMemory, request: AudioClip, repeat: int) -> dict[str, Any]:
    """From the end of the request's sound to the first sound of the reply, the loudspeaker taken as instant."""
    say(f"Spoken turn: {request.seconds:.1f} s of speech")
    timings: list[Timings] = []
    waits: list[float] = []
    for _ in range(repeat + 1):
        assistant.new_conversation()
        first_sound: list[float] = []

        def emit(event: TurnEvent, heard_at: list[float] = first_sound) -> None:
            if isinstance(event, Speaking):
                heard_at.append(time.monotonic())

        started = time.monotonic()
        turn = assistant.run_turn(request, emit=emit, cancel=Cancel(), speak=True)
        sound.clip()
        if turn.outcome != "done" or not first_sound:
            raise AssistantError(turn.error_code or turn.outcome, turn.problem or "The spoken turn gave no sound.")
        timings.append(turn.timings)
        waits.append(first_sound[0] - started)
    return {
        "first_sound_seconds": round(statistics.median(waits[1:]), 3),
        "stages_ms": _medians(timings[1:]),
        "request_seconds": round(request.seconds, 2),
    }


def _said(speaker: Any, sound: SoundMemory, text: str) -> AudioClip:
    speech = speaker.start(lambda _sentence: None, Cancel())
    speech.feed(text)
    speech.finish()
    speech.wait()
    clip = sound.clip()
    if clip is None:
        raise DeviceError("voice_missing", speech.problem or "There is no voice to measure with.")
    return clip


def _start(profile: Path, repeat: int) -> dict[str, Any]:
    """From starting the program to the first frame of its window, painted offscreen."""
    seconds = []
    for number in range(max(repeat, 1)):
        say(f"Window {number + 1} of {repeat}")
        shown = subprocess.run(
            [sys.executable, "-c", FIRST_FRAME, repr(time.time()), str(profile)],
            capture_output=True,
            text=True,
            timeout=_WINDOW_SECONDS,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            check=False,
        )
        found = [line.split()[-1] for line in shown.stdout.splitlines() if line.startswith("first frame")]
        if not found:
            reason = (shown.stderr.strip().splitlines() or ["no frame was painted"])[-1]
            raise DeviceError("window_not_shown", f"The window did not open: {reason}")
        seconds.append(float(found[0]))
    return {"first_frame_seconds": round(statistics.median(seconds), 3), "runs": seconds}


def _medians(timings: Sequence[Timings]) -> dict[str, float | None]:
    medians: dict[str, float | None] = {}
    for stage in _STAGES:
        known = [ms for timing in timings if (ms := getattr(timing, stage)) is not None]
        medians[stage] = statistics.median(known) if known else None
    return timings_json(Timings(**medians))


def _resident_mb() -> int:
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


def _machine() -> dict[str, Any]:
    return {"cpu_count": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def _print_table(results: dict[str, Any]) -> None:
    machine = results["machine"]
    print(f"{machine['cpu_count']} CPU cores, {machine['system']}, Python {machine['python']}")
    if "start" in results:
        print(f"start to first frame        {results['start']['first_frame_seconds']:.2f} s")
    for name, value in results.get("memory", {}).items():
        print(f"{name:<27} {value}")
    turn = results.get("turn", {})
    for name, stages in turn.get("typed_ms", {}).items():
        print(f"typed, {name:<20} {_stages(stages)}")
    if turn:
        spoken = turn["spoken"]
        print(f"spoken                      {_stages(spoken['stages_ms'])}")
        print(f"end of speech to first sound {spoken['first_sound_seconds']:.2f} s")


def _stages(stages: dict[str, float | None]) -> str:
    return "  ".join(f"{name} {ms:.0f} ms" for name, ms in stages.items() if ms is not None)


def _group(text: str) -> str:
    if text not in GROUPS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(GROUPS)}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)
