"""The mission on one page: hear, route, act, speak.

One turn at a time, on the caller's thread. What happens is told by `emit` as it happens; the turn
that comes back holds it complete. It knows no engine, no widget and no file: `app.py` hands it the
real parts, tests hand it fakes.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from assistant_app.errors import AssistantError, InputError, TurnCancelled
from assistant_app.memory.conversation import Conversation, Exchange
from assistant_app.skills.api import FollowsUp, Skill, SkillContext
from assistant_app.skills.clarification import CLARIFICATION
from assistant_app.skills.correcting import CORRECTING, correction_in
from assistant_app.turn import (
    DIALOGUE,
    UNKNOWN,
    AudioClip,
    Cancel,
    Command,
    Emit,
    Failed,
    Finished,
    Heard,
    Outcome,
    Partial,
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
    gap_after,
    overall_route,
)

log = logging.getLogger(__name__)

TEXT_LIMIT = 4000
"""Longest request in characters: some ten times what anyone says in one breath."""
_TALK_BETWEEN = 2
"""Exchanges of small talk ("thank you") after which it is still clear what "make it an hour" is said of."""


class Transcriber(Protocol):
    def hear(self, clip: AudioClip, on_partial: Callable[[str], None], cancel: Cancel) -> Utterance | None:
        """The words of a clip; None where nobody spoke. `on_partial` gets the words so far of a long one."""


class Speech(Protocol):
    """One reply being spoken."""

    def feed(self, text: str) -> None:
        """More of the reply; whole sentences are spoken as soon as they are complete."""

    def finish(self) -> None:
        """No more text will come."""

    def wait(self) -> bool:
        """True as soon as the last sound is out, or the voice was stopped."""

    def stop(self) -> None:
        """Silence, at once."""

    @property
    def first_sound_at(self) -> float | None:
        """`time.monotonic()` of the first sound; None while there was none."""

    @property
    def problem(self) -> str | None:
        """Why it could not be spoken, for the user to read."""


class Speaker(Protocol):
    def start(self, on_sentence: Callable[[str], None], cancel: Cancel) -> Speech:
        """Begin a reply; `on_sentence` is called from the voice's thread as each sentence begins."""

    def warm_up(self) -> None:
        """Load what the first sentence would wait for, without making the caller wait."""

    def close(self) -> None:
        """Stop what is being said and end the voice's thread."""


class Assistant:
    """Hears a request, finds the skill for it, lets it act, speaks the reply."""

    def __init__(
        self, transcriber: Transcriber, skills: Mapping[str, Skill], speaker: Speaker, context: SkillContext
    ) -> None:
        self.transcriber = transcriber
        self.skills = dict(skills)
        self.speaker = speaker
        self.context = context
        """What every skill may reach; a turn adds its own history, cancel and stream."""
        self.conversation = Conversation()
        self.pending: Pending | None = None
        """The question that is open, if there is one."""
        self.questions: list[SkillReply] = []
        """What further commands of the same sentence asked: each waits until no other question is open."""
        self._one_at_a_time = threading.Lock()

    def run_turn(self, said: AudioClip | str, *, emit: Emit, cancel: Cancel, speak: bool | None = None) -> Turn:
        """One exchange, from what was said to the end of the spoken reply.

        Never raises for what goes wrong inside: that is the turn's outcome. `emit` is called on this
        thread, and from the voice's thread for `Speaking`. `speak` overrides the setting, by which
        spoken requests get a spoken reply and typed ones do not.
        """
        with self._one_at_a_time:
            turn = _TurnUnderWay(self, emit, cancel, speak)
            try:
                return turn.run(said)
            except TurnCancelled:
                return turn.cancelled()
            except AssistantError as error:
                return turn.failed(error)
            except Exception:
                log.exception("turn %s failed", turn.id)
                return turn.failed(
                    AssistantError(
                        "internal",
                        "Something went wrong inside the assistant. Please try again; the log has the details, "
                        "and `assistant doctor` says where it is.",
                    )
                )

    def new_conversation(self) -> None:
        """Forget what was said, and any open question."""
        with self._one_at_a_time:
            self.conversation.clear()
            self.pending = None
            self.questions.clear()


class _TurnUnderWay:
    """The four stages of one turn, and what is known so far."""

    def __init__(self, assistant: Assistant, emit: Emit, cancel: Cancel, speak: bool | None) -> None:
        self.id = uuid.uuid4().hex[:12]
        self._assistant = assistant
        self._emit = emit
        self._cancel = cancel
        self._speak_wanted = speak
        self._speech: Speech | None = None
        self._started = time.monotonic()
        self._first_word: float | None = None
        self._streamed = ""
        self._gap = ""
        self._done = SkillReply("")
        self._problem: str | None = None
        self._utterance: Utterance | None = None
        self._route: Route | None = None
        self._reply: SkillReply | None = None
        self._timings = Timings()

    def run(self, said: AudioClip | str) -> Turn:
        utterance = self.hear(said)
        if utterance is None:
            return self.speak(SkillReply(_heard_nothing(said)), outcome="heard_nothing")
        correction = self.correction(utterance)
        reply = None if correction else self.answer_to_open_question(utterance)
        if reply is None:
            reply = self.act_on_all(correction or self.route(utterance))
        else:
            self._assistant.conversation.add(Exchange(utterance.text, reply.text, self._route, reply))
        reply = self.with_next_question(reply)
        self._assistant.pending = reply.pending
        return self.speak(reply, outcome="done")

    def hear(self, said: AudioClip | str) -> Utterance | None:
        self._speak_wanted = self._speak_wanted if self._speak_wanted is not None else self._spoken_reply_to(said)
        with self._timed("hear"):
            heard = typed_utterance(said) if isinstance(said, str) else self._transcribed(said)
        self._cancel.check()
        if heard is None or not heard.text.strip():
            return None
        self._utterance = heard
        self._emit(Heard(self.id, heard))
        return heard

    def correction(self, utterance: Utterance) -> tuple[Command, ...] | None:
        """The command to put right what was understood wrongly before; None where this is something else."""
        if CORRECTING not in self._assistant.skills or not self._assistant.conversation.recent(1):
            return None
        route = correction_in(utterance.text, asked=self._assistant.pending is not None)
        if route is None:
            return None
        self._announce(route)
        return (Command(utterance, route),)

    def answer_to_open_question(self, utterance: Utterance) -> SkillReply | None:
        """The reply of the skill that asked; None where no question was open, or this is no answer to it."""
        pending = self._assistant.pending
        skill = self._assistant.skills.get(pending.skill) if pending else None
        if pending is None or skill is None:
            return None
        with self._timed("act"):
            reply = skill.resume(utterance, pending, self._context())
        if reply is None:
            self._assistant.pending = None
        else:
            self._announce(Route(pending.skill, "answer", 1.0))
        return reply

    def route(self, utterance: Utterance) -> tuple[Command, ...]:
        """What is asked for: nearly always one thing."""
        self._cancel.check()
        with self._timed("route"):
            first, *others = self._assistant.context.router.commands(utterance)
            commands = (self.in_context(first), *others)
        self._announce(overall_route(utterance, commands) if len(commands) > 1 else commands[0].route)
        return commands

    def in_context(self, command: Command) -> Command:
        """The command as the skill that replied last understands it: "no, Thursday" is no request by itself."""
        talked = [e.route.skill for e in self._assistant.conversation.recent(_TALK_BETWEEN + 1) if e.route]
        last = next((skill for skill in reversed(talked) if skill != DIALOGUE), "")
        skill = self._assistant.skills.get(last)
        if skill is None or not isinstance(skill, FollowsUp):
            return command
        route = skill.in_context(command.utterance, command.route, self._context())
        return dataclasses.replace(command, route=route) if route else command

    def act_on_all(self, commands: Sequence[Command]) -> SkillReply:
        """Each command in its order, as if they had been said one after the other; one reply for all.

        What one of several cannot do is said and keeps the others from nothing; questions come last.
        """
        errors = []
        for number, command in enumerate(commands):
            command = self.in_context(command) if number else command
            so_far = self._streamed
            self._gap = gap_after(so_far)
            try:
                reply = self.act(command)
            except AssistantError as error:
                errors.append(error)
                if len(errors) == len(commands):
                    raise
                reply = SkillReply(error.message)
            self._assistant.conversation.add(Exchange(command.utterance.text, reply.text, command.route, reply))
            if len(commands) == 1:
                return reply
            if reply.pending:
                self._assistant.questions.append(dataclasses.replace(reply, actions=(), sources=()))
                self._done = self._done.and_then(SkillReply("", None, reply.sources, reply.actions))
            else:
                self._show(reply, self._streamed[len(so_far) :])
                self._done = self._done.and_then(reply)
        return self._done

    def with_next_question(self, reply: SkillReply) -> SkillReply:
        """The reply, and after it a question that had to wait while another one was open."""
        waiting = self._assistant.questions
        return reply.and_then(waiting.pop(0)) if waiting and reply.pending is None else reply

    def act(self, command: Command) -> SkillReply:
        self._cancel.check()
        skills, route = self._assistant.skills, command.route
        skill = skills[CLARIFICATION] if route.unsure else skills.get(route.skill, skills[UNKNOWN])
        with self._timed("act"):
            return skill.act(command.utterance, route, self._context())

    def speak(self, reply: SkillReply, outcome: Outcome) -> Turn:
        """Show the reply whole and say what of it has not been said; a stop now only silences the voice."""
        self._reply = reply
        self._timings = dataclasses.replace(self._timings, total=_milliseconds_since(self._started))
        self._emit(Replied(self.id, reply))
        rest = reply.text.removeprefix(self._streamed) if self._streamed else reply.speech or reply.text
        if not (self._streamed and rest == reply.text):
            self._say(rest)
        if self._speech:
            self._speech.finish()
            self._speech.wait()
            self._problem = self._problem or self._speech.problem
            if self._speech.first_sound_at is not None and self._first_word is not None:
                spoken = max(self._speech.first_sound_at - self._first_word, 0.0) * 1000
                self._timings = dataclasses.replace(self._timings, speak=spoken)
        return self._finished(outcome)

    def cancelled(self) -> Turn:
        self._silence()
        if self._utterance and self._streamed:
            self._reply = SkillReply(self._streamed.strip(), actions=self._done.actions)
            self._assistant.conversation.add(Exchange(self._utterance.text, self._reply.text, self._route, self._reply))
        return self._finished("cancelled")

    def failed(self, error: AssistantError) -> Turn:
        self._silence()
        reply = self._done.and_then(SkillReply(error.message))
        turn = Turn(self.id, self._utterance, self._route, reply, self._timings, "failed", error.code)
        self._emit(Failed(self.id, error.code, error.message))
        return turn

    def _finished(self, outcome: Outcome) -> Turn:
        turn = Turn(self.id, self._utterance, self._route, self._reply, self._timings, outcome, problem=self._problem)
        self._emit(Finished(self.id, turn))
        return turn

    def _announce(self, route: Route) -> None:
        self._route = route
        self._emit(Routed(self.id, route))

    def _context(self) -> SkillContext:
        return dataclasses.replace(
            self._assistant.context,
            history=self._assistant.conversation.recent(),
            cancel=self._cancel,
            stream=self._stream,
        )

    def _show(self, reply: SkillReply, streamed: str) -> None:
        """One of several results, while the next is being worked on: what of it has not been shown and said."""
        rest = reply.text.removeprefix(streamed.removeprefix(self._gap))
        if not streamed or rest != reply.text:
            piece, self._gap = self._gap + rest, ""
            self._streamed += piece
            self._emit(Token(self.id, piece))
            self._say(rest if streamed else reply.speech or rest)

    def _stream(self, piece: str) -> None:
        self._cancel.check()
        piece, self._gap = self._gap + piece, ""
        self._streamed += piece
        self._emit(Token(self.id, piece))
        self._say(piece)

    def _say(self, text: str) -> None:
        if self._first_word is None:
            self._first_word = time.monotonic()
        if not self._speak_wanted or not text:
            return
        try:
            if self._speech is None:
                self._speech = self._assistant.speaker.start(self._speaking, self._cancel)
            self._speech.feed(text)
        except AssistantError as error:  # the voice is missing, the reply is not: it stays readable
            self._speak_wanted = False
            self._problem = error.message

    def _transcribed(self, clip: AudioClip) -> Utterance | None:
        return self._assistant.transcriber.hear(clip, lambda text: self._emit(Partial(self.id, text)), self._cancel)

    def _speaking(self, sentence: str) -> None:
        self._emit(Speaking(self.id, sentence))

    def _silence(self) -> None:
        if self._speech:
            self._speech.stop()

    def _spoken_reply_to(self, said: AudioClip | str) -> bool:
        return not isinstance(said, str) and self._assistant.context.settings.voice.speak_replies

    def _timed(self, stage: str) -> _Stopwatch:
        return _Stopwatch(lambda spent: self._note(stage, spent))

    def _note(self, stage: str, milliseconds: float) -> None:
        earlier = getattr(self._timings, stage) or 0.0
        self._timings = dataclasses.replace(self._timings, **{stage: earlier + milliseconds})


class _Stopwatch:
    """Times a stage, also one that fails."""

    def __init__(self, note: Callable[[float], None]) -> None:
        self._note = note
        self._started = time.monotonic()

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_error: object) -> None:
        self._note(_milliseconds_since(self._started))


def typed_utterance(text: str) -> Utterance:
    """What was typed, as an utterance; raises `InputError` for a text that is too long to be a request."""
    text = text.strip()
    if len(text) > TEXT_LIMIT:
        raise InputError(
            "text_too_long",
            f"That text has {len(text):,} characters; a request can have {TEXT_LIMIT:,}. Shorten it, or save a long "
            "text as a file and add it with `assistant knowledge add FILE` to ask about it.",
        )
    return Utterance(text, "typed", language_of(text))


def language_of(text: str) -> str:
    """ "zh" where most letters are Chinese characters, else "en"."""
    letters = [letter for letter in text if letter.isalpha()]
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in letters)
    return "zh" if chinese * 2 > len(letters) else "en"


def _heard_nothing(said: AudioClip | str) -> str:
    if isinstance(said, str):
        return "There was nothing to read. Type what I can do for you, for example: what is on tomorrow?"
    return "I did not hear anything. Please try again, a little closer to the microphone."


def _milliseconds_since(started: float) -> float:
    return (time.monotonic() - started) * 1000
