"""The one place that wires real parts together. No window, no terminal.

Building is instant: weights are read at first use, or by `LocalAssistant.warm_up`. Missing weights
raise at that moment, with what to do; the calendar needs none.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant_app.agenda.clocks import SystemClocks, WallOnly
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.ringing import Ringer, Ringing
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync.service import CalendarSync
from assistant_app.agenda.tasks import TaskLists
from assistant_app.assistant import Assistant, Speaker
from assistant_app.brain.acquired import Acquired
from assistant_app.brain.personal import PersonalFolder
from assistant_app.errors import StorageError
from assistant_app.knowledge.base import KnowledgeBase
from assistant_app.knowledge.encoder import MiniLmEncoder
from assistant_app.knowledge.facts import FactBase
from assistant_app.memory.corrections import Corrections
from assistant_app.model_store import Manifest, ModelStore
from assistant_app.paths import Paths, resources_dir, shipped_models_dir, weights_cache_dir
from assistant_app.settings import Settings
from assistant_app.skills.api import Answer, Skill, SkillContext, load_skills, sentences_to_learn
from assistant_app.skills.clarification import CLARIFICATION, Clarification
from assistant_app.skills.correcting import CORRECTING, Correcting
from assistant_app.skills.dialogue import Dialogue
from assistant_app.skills.question_answering import QuestionAnswering
from assistant_app.skills.scheduling import Scheduling
from assistant_app.skills.unknown import Unknown
from assistant_app.turn import UNKNOWN, AudioClip, Cancel, Command, Route, Slot, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant_app.brain.model import MultiTaskModel
    from assistant_app.voice.player import SoundOutput
    from assistant_app.voice.recorder import Recorder
    from assistant_app.voice.speaker import Speaker as VoiceSpeaker
    from assistant_app.voice.transcriber import Transcript, WhisperTranscriber

log = logging.getLogger(__name__)

WHISPER = "whisper-base"
TRUNK = "qwen2.5-coder-0.5b-instruct"
ENCODER = "all-minilm-l6-v2"
VAD = "silero-vad"

Clock = Callable[[], datetime]
ReportLoading = Callable[[str], None]
"""Gets the words for what is being loaded."""


class LocalAssistant(Assistant):
    """An assistant of real parts on this machine."""

    def __init__(
        self,
        transcriber: LazyTranscriber,
        skills: dict[str, Skill],
        speaker: Speaker,
        context: SkillContext,
        brain: LazyBrain,
    ) -> None:
        super().__init__(transcriber, skills, speaker, context)
        self.brain = brain
        self.ears = transcriber

    @property
    def calendar(self) -> CalendarStore:
        return self.context.calendar

    def warm_up(self, report: ReportLoading = lambda _words: None, *, hearing: bool = True) -> None:
        """Read the weights now, so that the first turn need not wait. Raises `ModelError`."""
        report("Loading the language model")
        self.brain.load(report).warm_up()
        if hearing:
            report("Loading speech recognition")
            self.ears.load()
            self.speaker.warm_up()
        self.brain.read_reference()


class LazyBrain:
    """The multi-task model, read at first use. One caller at a time."""

    def __init__(
        self,
        store: ModelStore,
        released: Path,
        device: str,
        acquired: Acquired,
        corrections: Corrections,
        cache_dir: Path,
        trunk: str = "",
    ) -> None:
        """`cache_dir` keeps what is computed from the weights for the next start; `trunk` is the user's own model."""
        self._store = store
        self._cache_dir = cache_dir
        self._own_trunk = trunk
        self._released = released
        self._device = device
        self._acquired = acquired
        self._corrections = corrections
        self._skills: Iterable[Skill] = ()
        self._has_reference = False
        self._model: MultiTaskModel | None = None
        self._loading = threading.Lock()
        self._last: tuple[Utterance, Route] | None = None

    def teach(self, skills: Iterable[Skill]) -> None:
        """Learn, when the model is loaded, the skills among these that it was not trained on."""
        self._skills = skills

    def load(self, report: ReportLoading = lambda _words: None) -> MultiTaskModel:
        with self._loading:
            if self._model is None:
                trunk = self._trunk()
                from assistant_app.brain.model import MultiTaskModel

                started = time.monotonic()
                model = MultiTaskModel.load(trunk, self._released, self._device, cache_dir=self._cache_dir)
                log.info("the language model was loaded in %.1f s", time.monotonic() - started)
                self._has_reference = self._acquired.give(model, self._new_skills(model.skills), report)
                self._model = model
            return self._model

    def _trunk(self) -> Path:
        if not self._own_trunk:
            return self._store.require(TRUNK)
        from assistant_app.model_store.own_models import own_trunk

        return own_trunk(Path(self._own_trunk), self._cache_dir)

    def read_reference(self) -> None:
        """Read in the background what `Why.examples` is found among, where that was never done."""
        model = self.load()
        if not self._has_reference:
            self._has_reference = True
            self._acquired.read_in_background(model)

    def _new_skills(self, known: Container[str]) -> dict[str, tuple[str, ...]]:
        """ "skill/intent" -> sentences; what the user said belongs to a new skill is one of its sentences."""
        examples = sentences_to_learn(self._skills, known)
        for correction in self._corrections.newest() if examples else ():
            if correction.meant in examples:
                examples[correction.meant] += (correction.text,)
        return examples

    def route(self, utterance: Utterance) -> Route:
        # Within a turn an utterance may be routed twice: by the skill whose question was open, and as a new request.
        if self._last is None or self._last[0] is not utterance:
            self._last = (utterance, self.load().route(utterance))
        return self._last[1]

    def commands(self, utterance: Utterance) -> tuple[Command, ...]:
        return self.load().commands(utterance)

    def slots(self, utterance: Utterance) -> tuple[Slot, ...]:
        return self.load().slots_of(utterance)

    def answer(self, question: str, passage: str) -> Answer:
        span = self.load().answer(question, passage)
        return Answer(span.text, span.confidence, span.start, span.end)

    def explain(self, question: str, passage: str) -> str:
        return self.load().explain(question, passage)

    def reply(self, history: Sequence[tuple[str, str]], text: str, *, max_tokens: int) -> Iterator[str]:
        yield from self.load().reply(history, text, max_tokens=max_tokens)


class LazyEncoder:
    """The sentence encoder, looked for and read at first use."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._encoder: MiniLmEncoder | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._encoder is None:
            self._encoder = MiniLmEncoder(self._store.require(ENCODER))
        return self._encoder.encode(texts)


class LazyTranscriber:
    """Whisper and the speech detector, looked for and read at first use."""

    def __init__(self, settings: Settings, store: ModelStore) -> None:
        self._settings = settings
        self._store = store
        self._engine: WhisperTranscriber | None = None
        self._loading = threading.Lock()

    def load(self) -> None:
        self._whisper().load()

    def hear(self, clip: AudioClip, on_partial: Callable[[str], None], cancel: Cancel) -> Utterance | None:
        heard = self.transcribe(clip, on_partial=on_partial, cancel=cancel)
        text = heard.text.strip()
        return Utterance(text, "spoken", heard.language) if text else None

    def transcribe(
        self,
        clip: AudioClip,
        *,
        language: str | None = None,
        on_partial: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Transcript:
        """The words of a clip, in the language given or else the settings' one."""
        return self._whisper().transcribe(
            clip, language=language or self._settings.hearing.language, on_partial=on_partial, cancel=cancel
        )

    def _whisper(self) -> WhisperTranscriber:
        with self._loading:
            if self._engine is None:
                from assistant_app.voice.transcriber import WhisperTranscriber
                from assistant_app.voice.vad import SileroVad

                self._engine = WhisperTranscriber(
                    self._store.require(WHISPER),
                    device=self._settings.model.device,
                    vad=SileroVad(self._store.require(VAD)),
                )
            return self._engine


def build_model_store(paths: Paths) -> ModelStore:
    """The third-party weights on this machine."""
    manifest = Manifest.load(shipped_models_dir() / "manifest.toml")
    return ModelStore(manifest, paths.weights_search_path(), paths.weights_dir)


def build_calendar(settings: Settings, paths: Paths, *, now: Clock | None = None) -> CalendarStore:
    """The user's calendar folder; works without any weights."""
    folder = Path(settings.calendar.folder).expanduser() if settings.calendar.folder else paths.calendars_dir
    try:
        for needed in (paths.calendar_index_file.parent, paths.calendar_journal_file.parent):
            needed.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            "folder_unwritable",
            f"The folder {error.filename} cannot be made ({error.strerror}). Change its permissions, or name another "
            "folder with --profile DIR.",
        ) from error
    return CalendarStore(
        folder,
        index_file=paths.calendar_index_file,
        journal_file=paths.calendar_journal_file,
        default_calendar=settings.calendar.default_calendar,
        zone=settings.zone(),
        clock=now or (lambda: datetime.now(UTC)),
        read_only=[link.folder for account in settings.accounts if account.kind == "web" for link in account.calendars],
    )


def build_sync(settings: Settings, paths: Paths, calendar: CalendarStore) -> CalendarSync:
    """What keeps the calendars of the user's accounts in step. It connects to nothing by itself."""
    return CalendarSync(settings.accounts, calendar, paths.calendar_sync_file)


def build_reminders(paths: Paths, calendar: CalendarStore, *, now: Clock | None = None) -> Reminders:
    """What rings, timers and to-do lists, on the files of a calendar. Whatever is set from now on is rung."""
    clocks = WallOnly(now) if now else SystemClocks()
    reminders = Reminders(calendar, TaskLists(calendar), RingState(paths.reminders_file), clocks)
    try:
        reminders.begin()
    except StorageError as error:
        log.warning("timers cannot be kept: %s", error.message)
    return reminders


def build_ringer(
    settings: Settings, paths: Paths, tell: Callable[[Ringing], None], *, now: Clock | None = None
) -> Ringer:
    """The thread that rings, with files and a loudspeaker of its own; `start` it, and `close` it at the end."""
    from assistant_app.agenda.desktop_notices import DesktopNotices
    from assistant_app.voice.bell import Chime
    from assistant_app.voice.player import Player

    return Ringer(
        build_reminders(paths, build_calendar(settings, paths, now=now), now=now),
        lock_file=paths.ringing_lock_file,
        bell=Chime(
            resources_dir() / "sounds" / "chime.flac",
            Player(settings.voice.output_device, volume=settings.voice.volume),
        ),
        board=DesktopNotices(resources_dir() / "icons" / "assistant.svg"),
        tell=tell,
    )


def build_knowledge(paths: Paths) -> KnowledgeBase:
    """The user's documents."""
    return KnowledgeBase(paths.knowledge_dir, LazyEncoder(build_model_store(paths)))


def build_facts(paths: Paths) -> FactBase:
    """What is in the box, and WordNet where the system or the user has put it."""
    return FactBase(resources_dir() / "facts", dictionary_folders(paths))


def dictionary_folders(paths: Paths) -> tuple[Path, ...]:
    """Where WordNet's files are looked for: the user's folder, then the one of Debian's package wordnet-base."""
    return (paths.knowledge_dir / "wordnet", Path("/usr/share/wordnet"))


def build_brain(settings: Settings, paths: Paths, decoders: Path | None = None) -> LazyBrain:
    """The multi-task model with the decoders that ship with the program, or those in a folder."""
    own = settings.model.decoders
    released = decoders or (Path(own).expanduser() if own else shipped_models_dir() / "released")
    brain = LazyBrain(
        build_model_store(paths),
        released,
        settings.model.device,
        Acquired(shipped_models_dir() / "recipes", released, paths.cache_dir, PersonalFolder(paths.personal_dir)),
        Corrections(paths.corrections_file),
        weights_cache_dir(),
        settings.model.trunk,
    )
    brain.teach(own_skills().values())
    return brain


def build_transcriber(settings: Settings, paths: Paths) -> LazyTranscriber:
    """Speech to text."""
    return LazyTranscriber(settings, build_model_store(paths))


def build_recorder(settings: Settings, paths: Paths) -> Recorder:
    """The microphone and the detector of speech. Cheap; the device opens with `record`."""
    from assistant_app.voice.microphone import SoundDeviceMicrophone
    from assistant_app.voice.recorder import Recorder
    from assistant_app.voice.vad import SileroVad

    hearing = settings.hearing
    return Recorder(
        SoundDeviceMicrophone(hearing.input_device),
        SileroVad(build_model_store(paths).require(VAD)),
        silence_seconds=hearing.silence_seconds,
        limit_seconds=hearing.limit_seconds,
    )


def build_speaker(settings: Settings, *, output: SoundOutput | None = None) -> VoiceSpeaker:
    """The voice: the chosen engine first, the other for languages it does not speak."""
    from assistant_app.voice.neural_voice import HibariVoice
    from assistant_app.voice.player import Player
    from assistant_app.voice.speaker import Speaker as VoiceSpeaker
    from assistant_app.voice.system_voice import SystemVoice

    voice = settings.voice
    neural = HibariVoice(voice.voice if voice.engine == "neural" else "", speed=voice.speed)
    system = SystemVoice(voice.voice if voice.engine == "system" else "", speed=voice.speed)
    engines = (neural, system) if voice.engine == "neural" else (system, neural)
    return VoiceSpeaker(engines, output or Player(voice.output_device, volume=voice.volume))


def build_assistant(
    settings: Settings, paths: Paths, *, now: Clock | None = None, speaker: Speaker | None = None
) -> LocalAssistant:
    """Everything wired; nothing loaded yet. `now` stands in for the clock, `speaker` for the loudspeaker."""
    zone = settings.zone()
    clock = now or (lambda: datetime.now(zone))
    brain = build_brain(settings, paths)
    calendar = build_calendar(settings, paths, now=now)
    context = SkillContext(
        calendar=calendar,
        reminders=build_reminders(paths, calendar, now=now),
        knowledge=build_knowledge(paths),
        answerer=brain,
        dialogue=brain,
        router=brain,
        facts=build_facts(paths),
        corrections=Corrections(paths.corrections_file),
        settings=settings,
        zone=zone,
        now=clock,
    )
    return LocalAssistant(
        build_transcriber(settings, paths), own_skills(), speaker or build_speaker(settings), context, brain
    )


def own_skills() -> dict[str, Skill]:
    """Every skill by name: ours, the installed packages', and the three that need to know the others."""
    skills: dict[str, Skill] = {}
    skills |= load_skills((Scheduling(), QuestionAnswering(), Dialogue(skills)))
    skills[UNKNOWN] = Unknown(skills)
    skills[CLARIFICATION] = Clarification(skills)
    skills[CORRECTING] = Correcting(skills)
    return skills
