"""The one crossing between threads and widgets.

Lanes, one thread each: the assistant's (hearing, understanding, acting), the calendar's files, the
microphone's, and two for what else would block. Widgets put work on a lane and get Qt signals back,
in the window's thread. Nothing else in `gui` starts a thread, and nothing on a lane touches a widget.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from assistant_app.errors import AssistantError, TurnCancelled
from assistant_app.turn import AudioClip, Cancel, Emit, Speaking, Turn, TurnEvent

log = logging.getLogger(__name__)

T = TypeVar("T")

MicrophoneState = Literal[
    "closed", "opening", "listening", "hearing", "thinking", "speaking", "muted", "no_device", "error"
]
RecordingMode = Literal["tap", "hold"]
"""`tap` ends by itself after silence, `hold` when the key is let go."""


NO_DEVICE_CODES = ("microphone_missing", "portaudio_missing")


class RunsTurns(Protocol):
    """What the window needs of the assistant."""

    def run_turn(self, said: AudioClip | str, *, emit: Emit, cancel: Cancel, speak: bool | None = None) -> Turn:
        """One exchange; see `assistant_app.assistant`."""


class Records(Protocol):
    """What the window needs of the microphone."""

    def record(
        self,
        *,
        mode: RecordingMode,
        on_state: Callable[[str], None],
        on_level: Callable[[float], None],
        finish: threading.Event,
        cancel: Cancel,
    ) -> AudioClip | None:
        """One utterance; None where nobody spoke. Blocks until it is over.

        Raises `DeviceError`; one that has a `clip` holds what was said before the device failed.
        """


ReportLoading = Callable[[str], None]
"""Says what is being loaded, in words for the user."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the bridge gets the heavy parts from; each is called on the lane that will own it."""

    assistant: Callable[[ReportLoading], RunsTurns]
    """Builds and loads it, telling what it is at; may take many seconds."""
    recorder: Callable[[], Records]
    """Cheap; called before each recording, so that changed settings count. Raises `AssistantError`."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something the user asked for, from the moment it was asked."""

    number: int
    """Counts up; names the request in every signal."""
    said: AudioClip | str
    cancel: Cancel

    @property
    def spoken(self) -> bool:
        return not isinstance(self.said, str)


class Lane:
    """One daemon thread that does its jobs in order."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        """Do `job` after those already waiting."""
        self._jobs.put(job)

    def close(self) -> None:
        """Take no more; what waits is still done."""
        self._jobs.put(None)

    def join(self, seconds: float) -> bool:
        """Whether the thread ended within `seconds`."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                log.exception("a job failed in lane %s", threading.current_thread().name)


class Bridge(QObject):
    """Starts turns and recordings, and tells the widgets what becomes of them."""

    loading = Signal(str)
    """What is being loaded now."""
    ready = Signal()
    """The assistant answers from now on."""
    not_ready = Signal(object)
    """AssistantError: the assistant could not be built. `prepare` tries again."""
    queued = Signal(object)
    """Request: waits until the assistant is ready."""
    started = Signal(object)
    """Request: its turn begins."""
    turn_event = Signal(int, object)
    """(request number, TurnEvent), in order."""
    ended = Signal(int, object)
    """(request number, Turn): always the last of a request, also of a cancelled one."""
    microphone = Signal(str, str)
    """(MicrophoneState, the words for it where they are not the usual ones)."""
    level = Signal(float)
    """Loudness while the microphone is open, 0 to 1."""
    nothing_heard = Signal()
    _finished = Signal(object)

    def __init__(self, engines: Engines, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engines = engines
        self._assistant: RunsTurns | None = None
        self._preparing = False
        self._failed = False
        self._numbers = itertools.count(1)
        self._waiting: list[Request] = []
        self._current: Request | None = None
        self._finish_recording: threading.Event | None = None
        self._cancel_recording: Cancel | None = None
        self._closed = False
        self._turns = Lane("turns")
        self._disk = Lane("calendar")
        self._ears = Lane("microphone")
        self._background = Lane("background")
        self._long = Lane("long work")
        self._muted = False
        self._finished.connect(self._call, Qt.ConnectionType.QueuedConnection)

    # Work that answers into the window's thread

    def on_disk(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[AssistantError], None]
    ) -> None:
        """Do `work` on the calendar's lane, then `then` or `failed` in the window's thread."""
        self._on_lane(self._disk, work, then, failed)

    def in_background(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[AssistantError], None]
    ) -> None:
        """The same for short questions to the system, such as which microphones there are."""
        self._on_lane(self._background, work, then, failed)

    def at_length(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[AssistantError], None]
    ) -> None:
        """The same for work that takes minutes, such as fetching a model."""
        self._on_lane(self._long, work, then, failed)

    def tell(self, call: Callable[[], None]) -> None:
        """From any thread: do `call` in the window's thread."""
        if not self._closed:
            self._finished.emit(call)

    # The assistant

    @property
    def is_ready(self) -> bool:
        return self._assistant is not None

    @property
    def busy(self) -> bool:
        """A turn runs or a recording is under way."""
        return self._current is not None or self._cancel_recording is not None

    @property
    def recording(self) -> bool:
        return self._cancel_recording is not None

    def prepare(self) -> None:
        """Build the assistant in the background; requests may come in meanwhile."""
        if self._preparing or self._assistant:
            return
        self._preparing = True
        self._failed = False

        def build() -> RunsTurns:
            return self._engines.assistant(lambda words: self.tell(lambda: self.loading.emit(words)))

        self._on_lane(self._turns, build, self._prepared, self._not_prepared)

    def rebuild(self) -> None:
        """Build the assistant anew, after settings that it was built with have changed."""
        self.stop()
        self._assistant = None
        self.prepare()

    def adjust(self, work: Callable[[RunsTurns], None], failed: Callable[[AssistantError], None]) -> None:
        """Change the assistant between two turns, after settings that it was built with have changed."""
        assistant = self._assistant
        if assistant is not None:
            self._on_lane(self._turns, lambda: work(assistant), lambda _nothing: None, failed)

    def submit(self, said: AudioClip | str) -> Request:
        """Ask for something. What runs is stopped: the newest request counts."""
        request = Request(next(self._numbers), said, Cancel())
        if self._assistant is None:
            self._waiting.append(request)
            self.queued.emit(request)
            if self._failed:
                self.prepare()
        else:
            self._stop_turn()
            self._run(request)
        return request

    def stop(self) -> None:
        """Stop what runs: voice, turn and recording. Requests that wait for the models stay."""
        self.discard_recording()
        self._stop_turn()

    # The microphone

    @property
    def muted(self) -> bool:
        return self._muted

    def set_muted(self, muted: bool) -> None:
        """Muted, the microphone stays closed whatever is pressed."""
        self._muted = muted
        if muted:
            self.discard_recording()
        self.microphone.emit(self._at_rest(), "")

    def talk(self, mode: RecordingMode) -> None:
        """Open the microphone; what is said becomes a request. A running turn is stopped first."""
        if self._cancel_recording is not None or self._muted:
            return
        self._stop_turn()
        finish, cancel = threading.Event(), Cancel()
        self._finish_recording, self._cancel_recording = finish, cancel
        self.microphone.emit("opening", "")

        def record() -> AudioClip | None:
            recorder = self._engines.recorder()
            return recorder.record(
                mode=mode,
                on_state=lambda state: self.tell(lambda: self._recorder_state(cancel, state)),
                on_level=lambda level: self.tell(lambda: self.level.emit(level)),
                finish=finish,
                cancel=cancel,
            )

        self._on_lane(
            self._ears,
            record,
            lambda clip: self._recorded(cancel, clip),
            lambda error: self._recording_failed(cancel, error),
        )

    def finish_recording(self) -> None:
        """Enough said: go on with what was heard so far."""
        if self._finish_recording is not None:
            self._finish_recording.set()

    def discard_recording(self) -> None:
        """Forget what was said and close the microphone."""
        if self._cancel_recording is not None:
            self._cancel_recording.set()
            self._finish_recording = self._cancel_recording = None
            self.microphone.emit(self._at_rest(), "")

    # The end

    def close(self, seconds: float = 1.5) -> bool:
        """Stop everything; whether all threads ended within `seconds`."""
        self._closed = True
        self._waiting.clear()
        if self._cancel_recording is not None:
            self._cancel_recording.set()
        if self._current is not None:
            self._current.cancel.set()
        lanes = (self._turns, self._disk, self._ears, self._background, self._long)
        for lane in lanes:
            lane.close()
        end = time.monotonic() + seconds
        return all([lane.join(end - time.monotonic()) for lane in lanes])

    # In the window's thread

    def _prepared(self, assistant: RunsTurns) -> None:
        self._preparing = False
        self._assistant = assistant
        self.ready.emit()
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._run(request)

    def _not_prepared(self, error: AssistantError) -> None:
        self._preparing = False
        self._failed = True
        self.not_ready.emit(error)

    def _run(self, request: Request) -> None:
        assistant = self._assistant
        assert assistant is not None

        def emit(event: TurnEvent) -> None:
            self.tell(lambda: self._pass_on(request, event))

        def turn() -> Turn:
            self.tell(lambda: self._begin(request))
            return assistant.run_turn(request.said, emit=emit, cancel=request.cancel)

        self._on_lane(self._turns, turn, lambda done: self._end(request, done), lambda error: self._end(request, error))
        if self._current is None:
            self._current = request

    def _begin(self, request: Request) -> None:
        self._current = request
        self.started.emit(request)
        if not request.cancel.requested and not self.recording:
            self.microphone.emit("thinking", "")

    def _pass_on(self, request: Request, event: TurnEvent) -> None:
        if isinstance(event, Speaking) and not self.recording and not request.cancel.requested:
            self.microphone.emit("speaking", event.text)
        self.turn_event.emit(request.number, event)

    def _end(self, request: Request, turn: Turn | AssistantError) -> None:
        if self._current is request:
            self._current = None
            if not self.recording:
                self.microphone.emit(self._at_rest(), "")
        self.ended.emit(request.number, turn)

    def _stop_turn(self) -> None:
        if self._current is not None:
            self._current.cancel.set()

    def _at_rest(self) -> MicrophoneState:
        return "muted" if self._muted else "closed"

    def _recorder_state(self, recording: Cancel, state: str) -> None:
        if self._cancel_recording is recording and state in ("opening", "listening", "hearing"):
            self.microphone.emit(state, "")

    def _recorded(self, recording: Cancel, clip: AudioClip | None) -> None:
        if self._cancel_recording is not recording:
            return
        self._finish_recording = self._cancel_recording = None
        if clip is None:
            self.microphone.emit(self._at_rest(), "")
            self.nothing_heard.emit()
        else:
            self.microphone.emit("thinking", "")
            self.submit(clip)

    def _recording_failed(self, recording: Cancel, error: AssistantError) -> None:
        if self._cancel_recording is not recording:
            return
        self._finish_recording = self._cancel_recording = None
        if error.code == "cancelled":
            self.microphone.emit(self._at_rest(), "")
            return
        clip = getattr(error, "clip", None)
        if isinstance(clip, AudioClip):
            self.submit(clip)  # the device went away; what was said before still counts
        self.microphone.emit("no_device" if error.code in NO_DEVICE_CODES else "error", error.message)

    def _on_lane(
        self,
        lane: Lane,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[AssistantError], None],
    ) -> None:
        def job() -> None:
            if self._closed and lane is not self._disk:
                return  # what changes the calendar is still done, so that nothing is lost
            try:
                result = work()
            except TurnCancelled:
                problem = AssistantError("cancelled", "")
                self.tell(lambda: failed(problem))
            except AssistantError as error:
                told = error
                self.tell(lambda: failed(told))
            except Exception:
                log.exception("work in the background failed")
                unknown = AssistantError(
                    "internal",
                    self.tr("Something went wrong inside the program. Try again; the log has the details."),
                )
                self.tell(lambda: failed(unknown))
            else:
                self.tell(lambda: then(result))

        lane.put(job)

    def _call(self, call: Callable[[], Any]) -> None:
        if not self._closed:
            call()
