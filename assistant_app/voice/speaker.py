"""Speaks replies while they are being written: sentences in, voice out.

    speech = speaker.start(on_sentence, cancel)
    speech.feed("It is done. The dentist"); speech.feed(" is on Thursday."); speech.finish(); speech.wait()

One lifelong thread owns the engines and the loudspeaker; everybody else sends it messages. The next
sentence is made while one plays. A missing voice or loudspeaker is a `problem` of the speech, never an
exception: the reply is on the screen all the same.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from assistant_app.errors import AssistantError, DeviceError
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.engines import VoiceEngine
from assistant_app.voice.player import SoundOutput
from assistant_app.voice.sentences import SentenceStream, language_of
from assistant_app.voice.speakable import speakable

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.02
"""How often a speaking thread looks whether the turn was cancelled or the loudspeaker is gone."""
_SENTENCES_AHEAD = 2
"""Made and waiting beside the one that plays."""

Message = Callable[[], None]


class Speech:
    """One reply being spoken. Its methods may be called from any thread."""

    def __init__(
        self, send: Callable[[Message], None], output: SoundOutput, on_sentence: Callable[[str], None], cancel: Cancel
    ) -> None:
        self.on_sentence = on_sentence
        self.cancel = cancel
        self.problem: str | None = None
        """Why it could not be spoken, for the user to read."""
        self.first_sound_at: float | None = None
        """`time.monotonic()` when the first sound was heard."""
        self.lock = threading.Lock()
        """Between the thread that plays and those that stop."""
        self.stopped = False
        # The speaker's thread alone touches these:
        self.waiting: deque[str] = deque()
        self.playing = 0
        self.complete = False
        self.done = threading.Event()
        self._send = send
        self._output = output
        self._sentences = SentenceStream()
        self._feeding = threading.Lock()

    def feed(self, piece: str) -> None:
        """More of the reply; sentences are spoken as soon as they are complete."""
        with self._feeding:
            self._take(self._sentences.feed(piece))

    def finish(self) -> None:
        """No more text will come."""
        with self._feeding:
            self._take(self._sentences.finish())
            self._send(self._complete)

    def wait(self, timeout: float | None = None) -> bool:
        """Until the last sound is out or the voice was stopped; False if `timeout` seconds were not enough."""
        return self.done.wait(timeout)

    def stop(self) -> None:
        """Silence, at once; sentences still queued are dropped."""
        with self.lock:
            if self.stopped or self.done.is_set():
                return
            self.stopped = True
            self._output.stop()
        self.done.set()
        self._send(self.waiting.clear)

    def _take(self, sentences: Sequence[str]) -> None:
        if sentences and not self.stopped:
            self._send(lambda: self.waiting.extend(sentences))

    def _complete(self) -> None:
        self.complete = True


class Speaker:
    """The voice of the program.

    `engines`: the preferred one first; each sentence takes the first that speaks its language.
    """

    def __init__(self, engines: Sequence[VoiceEngine], output: SoundOutput) -> None:
        self._engines = tuple(engines)
        self._output = output
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._speech: Speech | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._thread_lock = threading.Lock()

    def start(self, on_sentence: Callable[[str], None], cancel: Cancel) -> Speech:
        """Begin a reply; one that is still being spoken is stopped. `on_sentence`: its first sound is out now."""
        speech = Speech(self._send, self._output, on_sentence, cancel)
        self._send(lambda: self._begin(speech))
        return speech

    def warm_up(self) -> None:
        """Load the first engine in the voice's thread and return at once."""
        self._send(self._warm_up)

    def close(self) -> None:
        """Stop speaking and end the thread."""
        if self._thread is None:
            return
        self._send(self._end)
        self._thread.join(10)

    def _send(self, message: Message) -> None:
        with self._thread_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="voice", daemon=True)
                self._thread.start()
        self._messages.put(message)

    def _live(self) -> None:
        while not self._closing:
            try:
                self._messages.get(timeout=_LOOK_SECONDS if self._speech else None)()
                while True:
                    self._messages.get_nowait()()
            except Empty:
                pass
            except Exception:
                log.exception("a message to the voice failed")
            if self._speech is not None:
                self._speech = self._go_on(self._speech)
        self._output.close()
        for engine in self._engines:
            engine.close()

    def _begin(self, speech: Speech) -> None:
        if self._speech is not None:
            self._speech.stop()
        self._speech = speech

    def _end(self) -> None:
        if self._speech is not None:
            self._speech.stop()
        self._closing = True

    def _warm_up(self) -> None:
        if not self._engines:
            return
        try:
            self._engines[0].warm_up()
        except AssistantError as error:
            log.info("the voice is not ready: %s", error.message)

    def _go_on(self, speech: Speech) -> Speech | None:
        """One step of a speech; None when it is over."""
        if speech.cancel.requested:
            speech.stop()
        if speech.stopped:
            return None
        try:
            self._output.check()
        except DeviceError as error:
            self._give_up(speech, error.message)
        if speech.waiting and speech.playing <= _SENTENCES_AHEAD:
            self._speak(speech, speech.waiting.popleft())
        if speech.complete and not speech.waiting and not speech.playing:
            speech.done.set()
            return None
        return speech

    def _speak(self, speech: Speech, sentence: str) -> None:
        language = language_of(sentence)
        words = speakable(sentence, language)
        if not words:
            return
        clip = self._synthesised(speech, words, language)
        if clip is None or len(clip.samples) == 0:
            return

        def started(heard_at: float) -> None:
            self._messages.put(lambda: self._started(speech, sentence, heard_at))

        def ended(_played: bool) -> None:
            self._messages.put(lambda: self._ended(speech))

        with speech.lock:
            if speech.stopped:
                return
            try:
                self._output.play(clip.samples, clip.sample_rate, on_start=started, on_end=ended)
            except DeviceError as error:
                self._give_up(speech, error.message)
                return
            speech.playing += 1

    def _synthesised(self, speech: Speech, words: str, language: str) -> AudioClip | None:
        problem = "There is no voice for this language; the reply is on the screen."
        for engine in self._engines:
            try:
                # The last engine is asked in any case: it knows what to say about a missing voice.
                if engine.speaks(language) or engine is self._engines[-1]:
                    return engine.synthesise(words)
            except AssistantError as error:
                problem = error.message
            except Exception:
                log.exception("a voice failed")
                problem = "The voice failed; the reply is on the screen. Choose another in Settings > Speaking."
        speech.problem = speech.problem or problem
        return None

    @staticmethod
    def _started(speech: Speech, sentence: str, heard_at: float) -> None:
        if speech.first_sound_at is None:
            speech.first_sound_at = heard_at
        if not speech.stopped:
            speech.on_sentence(sentence)

    @staticmethod
    def _ended(speech: Speech) -> None:
        speech.playing -= 1

    @staticmethod
    def _give_up(speech: Speech, problem: str) -> None:
        """Without a loudspeaker the rest is not tried: one notice, and the turn goes on."""
        speech.problem = speech.problem or problem
        speech.waiting.clear()
        speech.playing = 0
