"""An assistant, a microphone and a calendar for the window's tests: they keep the promises, nothing more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import AssistantError, DeviceError
from assistant_app.gui.bridge import RecordingMode
from assistant_app.turn import (
    AudioClip,
    Cancel,
    Emit,
    Failed,
    Finished,
    Heard,
    Pending,
    Replied,
    Route,
    Routed,
    SkillReply,
    Speaking,
    Timings,
    Token,
    Turn,
    Utterance,
)

BERLIN = ZoneInfo("Europe/Berlin")

Answering = Callable[[str], tuple[Route, SkillReply]]


def calendar_store(folder: Path) -> CalendarStore:
    """A real calendar in a temporary folder."""
    for name in ("calendars", "cache"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return CalendarStore(
        folder / "calendars",
        index_file=folder / "cache" / "index.sqlite3",
        journal_file=folder / "cache" / "journal.sqlite3",
        zone=BERLIN,
        clock=lambda: datetime.now(UTC),
    )


class FakeAssistant:
    """Answers from a function, in pieces; `gate` holds a turn until it is opened or cancelled."""

    def __init__(
        self,
        answer: Answering,
        *,
        spoken: str = "hello",
        gate: threading.Event | None = None,
        error: AssistantError | None = None,
    ) -> None:
        self._answer = answer
        self._spoken = spoken
        self.gate = gate
        self.error = error
        self.asked: list[str] = []
        self.pending: Pending | None = None

    def run_turn(self, said: AudioClip | str, *, emit: Emit, cancel: Cancel, speak: bool | None = None) -> Turn:
        number = f"turn-{len(self.asked)}"
        typed = isinstance(said, str)
        text = said if isinstance(said, str) else self._spoken
        self.asked.append(text)
        utterance = Utterance(text, "typed" if typed else "spoken", "en")
        emit(Heard(number, utterance))
        if self.error is not None:
            emit(Failed(number, self.error.code, self.error.message))
            return Turn(number, utterance, None, SkillReply(self.error.message), Timings(), "failed", self.error.code)
        route, reply = self._answer(text)
        emit(Routed(number, route))
        streamed = ""
        for word in reply.text.split(" "):
            if cancel.requested:
                return self._stopped(number, utterance, route, streamed, emit)
            piece = word if not streamed else f" {word}"
            streamed += piece
            emit(Token(number, piece))
        while self.gate is not None and not self.gate.wait(0.01):
            if cancel.requested:
                return self._stopped(number, utterance, route, streamed, emit)
        emit(Replied(number, reply))
        if not typed:
            emit(Speaking(number, reply.speech or reply.text))
        turn = Turn(number, utterance, route, reply, Timings(None if typed else 310.0, 42.0, 18.0, None, 62.0))
        emit(Finished(number, turn))
        return turn

    def _stopped(self, number: str, utterance: Utterance, route: Route, streamed: str, emit: Emit) -> Turn:
        turn = Turn(number, utterance, route, SkillReply(streamed), Timings(), "cancelled")
        emit(Finished(number, turn))
        return turn


class FakeRecorder:
    """Goes through the states and hands over a clip, or fails as told."""

    def __init__(
        self,
        *,
        error: DeviceError | None = None,
        silent: bool = False,
        levels: Sequence[float] = (0.2, 0.6),
        gate: threading.Event | None = None,
    ) -> None:
        self.error = error
        self.silent = silent
        self.levels = levels
        self.gate = gate
        self.modes: list[RecordingMode] = []

    def record(
        self,
        *,
        mode: RecordingMode,
        on_state: Callable[[str], None],
        on_level: Callable[[float], None],
        finish: threading.Event,
        cancel: Cancel,
    ) -> AudioClip | None:
        self.modes.append(mode)
        on_state("opening")
        if self.error is not None:
            raise self.error
        on_state("listening")
        on_state("hearing")
        for level in self.levels:
            on_level(level)
        while self.gate is not None and not self.gate.is_set() and not finish.wait(0.01):
            cancel.check()
        return None if self.silent else AudioClip(np.zeros(1600, np.float32), 16000)
