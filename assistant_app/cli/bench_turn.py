"""`assistant bench turn`: typed and spoken turns from end to end, and their stages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant_app.cli.bench_run import BenchRun
from assistant_app.cli.invocation import say
from assistant_app.cli.sound_memory import SoundMemory
from assistant_app.cli.turns import timings_json
from assistant_app.errors import AssistantError
from assistant_app.turn import AudioClip, Cancel, Speaking, Timings, TurnEvent

if TYPE_CHECKING:
    from assistant_app.app import LocalAssistant

TYPED = {
    "scheduling": "Schedule a dentist appointment with Doctor Patel next Thursday at half past three "
    "for forty five minutes",
    "calendar question": "What is on my calendar tomorrow?",
    "conversation": "Good morning, how are you?",
}
SPOKEN = "What is on my calendar tomorrow?"
_STAGES = ("hear", "route", "act", "speak", "total")


def measure(bench: BenchRun) -> dict[str, Any]:
    assistant = bench.assistant
    say("Loading the voice")
    request = bench.spoken(SPOKEN)
    return {
        "typed_ms": {name: _typed(assistant, name, text, bench.repeat) for name, text in TYPED.items()},
        "spoken": _spoken(assistant, bench.sound, request, bench.repeat),
    }


def print_table(results: dict[str, Any]) -> None:
    for name, stages in results["typed_ms"].items():
        print(f"typed, {name:<20} {_stages(stages)}")
    spoken = results["spoken"]
    print(f"spoken                      {_stages(spoken['stages_ms'])}")
    print(f"end of speech to first sound {spoken['first_sound_seconds']:.2f} s")


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


def _medians(timings: Sequence[Timings]) -> dict[str, float | None]:
    medians: dict[str, float | None] = {}
    for stage in _STAGES:
        known = [ms for timing in timings if (ms := getattr(timing, stage)) is not None]
        medians[stage] = statistics.median(known) if known else None
    return timings_json(Timings(**medians))


def _stages(stages: dict[str, float | None]) -> str:
    return "  ".join(f"{name} {ms:.0f} ms" for name, ms in stages.items() if ms is not None)
