"""Starts the window: first the picture, then the models behind it.

The one place in `gui` that knows the real engines, by way of `assistant_app.app`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from PySide6.QtCore import QLibraryInfo, QLocale, QSettings, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from assistant_app import __version__
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ringing import Ringer, Ringing
from assistant_app.app import (
    LocalAssistant,
    build_assistant,
    build_calendar,
    build_model_store,
    build_recorder,
    build_reminders,
    build_ringer,
    build_speaker,
    build_transcriber,
)
from assistant_app.errors import AssistantError, StorageError
from assistant_app.gui.bridge import Bridge, Engines, Records, ReportLoading, RunsTurns
from assistant_app.gui.calendar_book import CalendarBook
from assistant_app.gui.icons import application_icon
from assistant_app.gui.look import Look
from assistant_app.gui.main_window import MainWindow, Parts
from assistant_app.gui.models_panel import ModelsPanel
from assistant_app.gui.ring_notice import RingNotice
from assistant_app.gui.settings_page import SettingsPage
from assistant_app.gui.single_instance import SingleInstance
from assistant_app.memory.corrections import Corrections
from assistant_app.paths import Paths
from assistant_app.settings import Settings

log = logging.getLogger(__name__)

DESKTOP_FILE = "desk-assistant"
_CLOSE_SECONDS = 1.5


class RealEngines:
    """Builds the real parts from the settings that hold at the time."""

    def __init__(self, settings: Settings, paths: Paths) -> None:
        self.settings = settings
        self._paths = paths

    def assistant(self, report: ReportLoading) -> RunsTurns:
        assistant = build_assistant(self.settings, self._paths)
        try:
            assistant.warm_up(report)
        except AssistantError as error:
            # Without ears or a voice one can still type; without the language model nothing answers.
            assistant.brain.load()
            log.warning("not everything could be loaded (%s); typed requests are answered", error.code)
        return assistant

    def recorder(self) -> Records:
        return build_recorder(self.settings, self._paths)

    def adjust(self, old: Settings, new: Settings) -> Callable[[RunsTurns], None]:
        """What a running assistant must change, done between two turns. Loaded models stay."""

        def work(assistant: RunsTurns) -> None:
            if not isinstance(assistant, LocalAssistant):
                return
            context = dataclasses.replace(assistant.context, settings=new, zone=new.zone())
            if old.calendar != new.calendar:
                calendar = build_calendar(new, self._paths)
                reminders = build_reminders(self._paths, calendar)
                context = dataclasses.replace(context, calendar=calendar, reminders=reminders)
            assistant.context = context
            if old.voice != new.voice:
                assistant.speaker = build_speaker(new)
            if old.hearing.language != new.hearing.language:
                assistant.transcriber = build_transcriber(new, self._paths)

        return work


class Alarms:
    """What rings while the window is open: the thread that rings, and the notice in the window."""

    def __init__(self, window: MainWindow, bridge: Bridge, settings: Settings, paths: Paths) -> None:
        self._window = window
        self._bridge = bridge
        self._settings = settings
        self._paths = paths
        self._ringer: Ringer | None = None
        self.notice = RingNotice(window)
        self.notice.snooze.connect(lambda rings: self._answer(lambda on: on.snooze(rings)))
        self.notice.done.connect(lambda rings: self._answer(lambda on: on.dismiss(rings)))
        bridge.microphone.connect(self._microphone)
        bridge.ended.connect(lambda _number, _turn: self._wake())

    def start(self) -> None:
        try:
            self._ringer = build_ringer(self._settings, self._paths, self._tell)
        except AssistantError as error:
            self._window.conversation.error(error.message)
        else:
            self._ringer.start()

    def restart(self, settings: Settings) -> None:
        """Another calendar folder, time zone or loudspeaker."""
        self._settings = settings
        self.close()
        self.start()

    def close(self) -> None:
        if self._ringer is not None:
            self._ringer.close()
            self._ringer = None

    def _tell(self, ringing: Ringing) -> None:
        self._bridge.tell(lambda: self.notice.follow(ringing))

    def _answer(self, change: Callable[[Reminders], object]) -> None:
        ringer = self._ringer
        if ringer is not None:
            self._bridge.on_disk(
                lambda: change(ringer.reminders),
                lambda _done: self._wake(),
                self._failed,
            )

    def _failed(self, error: AssistantError) -> None:
        self._window.conversation.error(error.message)

    def _microphone(self, state: str, _words: str) -> None:
        if self._ringer is not None:
            self._ringer.hush(state in ("opening", "listening", "hearing"))

    def _wake(self) -> None:
        if self._ringer is not None:
            self._ringer.wake()


def microphones() -> Sequence[str]:
    """Names of the microphones there are."""
    from assistant_app.voice.devices import list_microphones

    return [device.name for device in list_microphones()]


def run(
    settings: Settings, paths: Paths, *, settings_problem: str | None = None, argv: Sequence[str] | None = None
) -> int:
    """Show the window and stay until it is closed."""
    app = QApplication.instance() or QApplication(list(argv or sys.argv[:1]))
    assert isinstance(app, QApplication)
    app.setApplicationName("assistant")
    app.setApplicationDisplayName("Desk Assistant")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(DESKTOP_FILE)
    app.setWindowIcon(application_icon())
    _translate(app)
    instance = SingleInstance(paths.data_dir)
    if not instance.first:
        instance.send("show")
        return 0
    look = Look(settings.appearance)
    look.apply()
    engines = RealEngines(settings, paths)
    bridge = Bridge(Engines(engines.assistant, engines.recorder))
    try:
        calendar = build_calendar(settings, paths)
    except StorageError as error:
        return _without_storage(app, error)
    book = CalendarBook(bridge, calendar)
    try:
        models = ModelsPanel(look, bridge, build_model_store(paths))
    except AssistantError as error:
        log.warning("no list of models: %s", error.code)
        models = None
    page = SettingsPage(
        look,
        bridge,
        settings,
        paths.settings_file,
        own_calendars=paths.calendars_dir,
        microphones=microphones,
        models=models,
    )

    def adjust_failed(error: AssistantError) -> None:
        window.conversation.error(error.message)

    def apply_settings(old: Settings, new: Settings) -> None:
        engines.settings = new
        if (old.calendar.folder, old.calendar.time_zone, old.calendar.default_calendar) != (
            new.calendar.folder,
            new.calendar.time_zone,
            new.calendar.default_calendar,
        ):
            book.use_store(build_calendar(new, paths))
        if (old.calendar, old.voice) != (new.calendar, new.voice):
            alarms.restart(new)
        if dataclasses.replace(old, appearance=new.appearance) != new:
            bridge.adjust(engines.adjust(old, new), adjust_failed)

    memory = QSettings(str(paths.config_dir / "window.ini"), QSettings.Format.IniFormat)
    window = MainWindow(Parts(look, bridge, book, page, models, memory, apply_settings), settings)
    window.conversation.corrections = Corrections(paths.corrections_file)
    _catch_everything(window)
    instance.asked.connect(lambda word: _obey(window, word))
    alarms = Alarms(window, bridge, settings, paths)
    window.closed.connect(app.quit)
    window.show()
    if settings_problem:
        window.conversation.error(settings_problem)
    QTimer.singleShot(0, bridge.prepare)
    alarms.start()
    code = app.exec()
    sys.excepthook = sys.__excepthook__
    alarms.close()
    ended = bridge.close(_CLOSE_SECONDS)
    instance.close()
    if not ended or bridge.is_ready:
        # Everything of the user's is written. A library in the middle of loading cannot be interrupted, and
        # taking down the models' libraries in order takes longer than a person waits for a window to go.
        logging.shutdown()
        os._exit(code)
    return code


def _obey(window: MainWindow, word: str) -> None:
    """A word from another process of the program."""
    if word == "show":
        window.raise_window()
    elif word == "talk":
        window.raise_window()
        window.talk()
    elif word == "stop":
        window.stop()
    elif word == "mute":
        window.set_muted(True)


def _translate(app: QApplication) -> None:
    """Qt's own words (dialogs, menus) in the user's language."""
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(QLocale(), "qtbase", "_", folder):
        app.installTranslator(translator)


def _without_storage(app: QApplication, error: AssistantError) -> int:
    """There is no place to keep a calendar: say so, and what to do."""
    from PySide6.QtWidgets import QMessageBox

    QMessageBox.critical(None, app.applicationDisplayName(), error.message)
    return 1


def _catch_everything(window: MainWindow) -> None:
    """What no one caught goes to the log, and to the user as a notice without a traceback."""

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        log.critical("not caught", exc_info=(kind, error, trace))
        window.conversation.notice(
            window.tr("Something went wrong inside the program. It goes on; the log has the details.")
        )

    sys.excepthook = caught
