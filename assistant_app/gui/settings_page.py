"""Settings: every choice applies and is saved at once; what is refused says so in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import available_timezones

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import Bridge
from assistant_app.gui.controls import Select, Switch, announce, button, rule, set_property, text_label
from assistant_app.gui.look import Look
from assistant_app.settings import Settings, replace_value, save_settings

ListDevices = Callable[[], Sequence[str]]


class SettingRow(QWidget):
    """A name, a line that explains it, a control, and room for a problem."""

    def __init__(self, name: str, line: str, control: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(16)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.name = text_label(name, "strong", wrap=True)
        words.addWidget(self.name)
        if line:
            words.addWidget(text_label(line, "caption", tone="2", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        column.addLayout(row)
        self.control = control
        self.problem = text_label("", "caption", tone="error", wrap=True)
        self.problem.hide()
        column.addWidget(self.problem)

    def refuse(self, words: str) -> None:
        """Show what is wrong; empty words clear it."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        set_property(self.control, "invalid", bool(words))
        if words:
            announce(self, words, assertive=True)


class _Range(QWidget):
    """A slider with its value beside it."""

    changed = Signal(float)

    def __init__(self, name: str, low: float, high: float, step: float, show: Callable[[float], str]) -> None:
        super().__init__()
        self._low, self._step, self._show = low, step, show
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(name)
        self.slider.setRange(0, round((high - low) / step))
        self.slider.setFixedWidth(160)
        self.slider.setMinimumHeight(32)
        self._label = text_label("")
        self._label.setMinimumWidth(56)
        self._label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.slider)
        row.addWidget(self._label)
        # A drag passes many values; the one that is kept counts.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(150)
        self._settled.timeout.connect(lambda: self.changed.emit(self.value()))
        self.slider.valueChanged.connect(self._moved)

    def value(self) -> float:
        return round(self._low + self.slider.value() * self._step, 3)

    def set_value(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round((value - self._low) / self._step))
        self.slider.blockSignals(False)
        self._label.setText(self._show(self.value()))

    def _moved(self) -> None:
        self._label.setText(self._show(self.value()))
        self._settled.start()


class SettingsPage(QWidget):
    """The choices by group. `changed` carries the new settings after they were saved."""

    changed = Signal(object)

    def __init__(
        self,
        look: Look,
        bridge: Bridge,
        settings: Settings,
        file: Path,
        *,
        own_calendars: Path,
        microphones: ListDevices,
        models: QWidget | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look, self._bridge, self._file = look, bridge, file
        self._settings = settings
        self._microphones = microphones
        self._own_calendars = own_calendars
        self.rows: dict[str, SettingRow] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area = scroll
        holder = QWidget()
        holder.setObjectName("scrolled")
        centred = QHBoxLayout(holder)
        centred.setContentsMargins(24, 24, 24, 32)
        page = QWidget()
        page.setMaximumWidth(720)
        page.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        centred.addStretch(0)
        centred.addWidget(page, 1)
        centred.addStretch(0)
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        scroll.setWidget(holder)
        outer.addWidget(scroll)
        self._column.addWidget(text_label(self.tr("Settings"), "title"))
        self._problem = text_label("", tone="error", wrap=True)
        self._problem.hide()
        self._column.addWidget(self._problem)
        self._build_appearance()
        self._build_hearing()
        self._build_voice()
        self._build_calendar()
        if models is not None:
            self._heading(self.tr("Models"))
            self._column.addWidget(models)
        self._column.addStretch(1)

    @property
    def settings(self) -> Settings:
        return self._settings

    def first_control(self) -> QWidget:
        """Where the keyboard begins."""
        return next(iter(self.rows.values())).control

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._list_microphones()

    # The groups

    def _heading(self, words: str) -> None:
        label = text_label(words, "subtitle")
        label.setContentsMargins(0, 16, 0, 0)
        self._column.addWidget(label)

    def _card(self, rows: Sequence[tuple[str, SettingRow]]) -> None:
        card = QFrame()
        card.setProperty("kind", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, (key, row) in enumerate(rows):
            if number:
                column.addWidget(rule())
            column.addWidget(row)
            self.rows[key] = row
        self._column.addWidget(card)

    def _build_appearance(self) -> None:
        tr, now = self.tr, self._settings.appearance
        self._heading(tr("Appearance"))
        themes = (("system", tr("System")), ("light", tr("Light")), ("dark", tr("Dark")))
        accents = (("blue", tr("Blue")), ("teal", tr("Teal")))
        sizes = tuple((size, f"{size} %") for size in (80, 90, 100, 110, 125, 150, 175, 200))
        self._card(
            [
                self._choice("appearance.theme", tr("Theme"), tr("System follows the desktop"), themes, now.theme),
                self._choice("appearance.accent", tr("Accent"), "", accents, now.accent),
                self._choice("appearance.text_percent", tr("Text size"), "", sizes, now.text_percent),
            ]
        )

    def _build_hearing(self) -> None:
        tr, now = self.tr, self._settings.hearing
        self._heading(tr("Hearing"))
        languages = (("auto", tr("Automatic")), ("en", tr("English")), ("zh", tr("Chinese")))
        device = self._choice(
            "hearing.input_device",
            tr("Microphone"),
            tr("Opened only while you talk"),
            (("", tr("System default")),),
            now.input_device,
        )
        self._card(
            [
                device,
                self._choice("hearing.language", tr("Spoken language"), "", languages, now.language),
                self._range(
                    "hearing.silence_seconds",
                    tr("End of speech"),
                    tr("Silence that ends a request"),
                    (0.3, 3.0, 0.1),
                    lambda value: tr("{value} s").format(value=self.locale().toString(value, "f", 1)),
                    now.silence_seconds,
                ),
            ]
        )

    def _build_voice(self) -> None:
        tr, now = self.tr, self._settings.voice
        self._heading(tr("Voice"))
        engines = (("neural", tr("Neural")), ("system", tr("System")))
        self._card(
            [
                self._switch(
                    "voice.speak_replies",
                    tr("Speak replies"),
                    tr("To what was spoken; typed requests stay silent"),
                    now.speak_replies,
                ),
                self._choice(
                    "voice.engine", tr("Voice"), tr("The system's voices are the second choice"), engines, now.engine
                ),
                self._range(
                    "voice.speed",
                    tr("Speed"),
                    "",
                    (0.5, 2.0, 0.1),
                    lambda v: f"{self.locale().toString(v, 'f', 1)} ×",
                    now.speed,
                ),
                self._range(
                    "voice.volume", tr("Volume"), "", (0.0, 1.0, 0.05), lambda v: f"{round(v * 100)} %", now.volume
                ),
            ]
        )

    def _build_calendar(self) -> None:
        tr, now = self.tr, self._settings.calendar
        self._heading(tr("Calendar"))
        self.zone = QLineEdit(now.time_zone)
        self.zone.setAccessibleName(tr("Time zone"))
        self.zone.setPlaceholderText(tr("System"))
        self.zone.setFixedWidth(240)
        completer = QCompleter(sorted(available_timezones()), self.zone)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.zone.setCompleter(completer)
        self.zone.editingFinished.connect(lambda: self.put("calendar.time_zone", self.zone.text().strip()))
        self.folder = QLineEdit(now.folder)
        self.folder.setAccessibleName(tr("Calendars folder"))
        self.folder.setPlaceholderText(str(self._own_calendars))
        self.folder.editingFinished.connect(self._put_folder)
        choose = button(tr("Choose…"))
        choose.clicked.connect(self._choose_folder)
        folder = QWidget()
        folder.setFixedWidth(320)
        line = QHBoxLayout(folder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.folder, 1)
        line.addWidget(choose)
        self.minutes = self._number(
            tr("Default length"), 5, 1440, tr(" min"), now.event_minutes, "calendar.event_minutes"
        )
        starts = self._number(tr("Day starts"), 0, 23, tr(":00"), now.day_starts_hour, "calendar.day_starts_hour")
        ends = self._number(tr("Day ends"), 1, 24, tr(":00"), now.day_ends_hour, "calendar.day_ends_hour")
        self._card(
            [
                (
                    "calendar.folder",
                    SettingRow(
                        tr("Calendars folder"), tr("A folder of .ics files, shared with other programs"), folder
                    ),
                ),
                ("calendar.time_zone", SettingRow(tr("Time zone"), tr("Empty follows the system"), self.zone)),
                (
                    "calendar.event_minutes",
                    SettingRow(tr("Default length"), tr("When no length is said"), self.minutes),
                ),
                (
                    "calendar.day_starts_hour",
                    SettingRow(tr("Day starts"), tr("Working hours are lighter in the calendar"), starts),
                ),
                ("calendar.day_ends_hour", SettingRow(tr("Day ends"), "", ends)),
            ]
        )

    # Rows

    def _choice(
        self, key: str, name: str, line: str, choices: Sequence[tuple[object, str]], current: object
    ) -> tuple[str, SettingRow]:
        select = Select(self._look, name)
        select.set_choices(choices, current)
        select.activated.connect(lambda _index: self.put(key, select.currentData()))
        return key, SettingRow(name, line, select)

    def _switch(self, key: str, name: str, line: str, current: bool) -> tuple[str, SettingRow]:
        switch = Switch(self._look, name)
        switch.setChecked(current)
        switch.toggled.connect(lambda on: self.put(key, on))
        return key, SettingRow(name, line, switch)

    def _range(
        self,
        key: str,
        name: str,
        line: str,
        bounds: tuple[float, float, float],
        show: Callable[[float], str],
        current: float,
    ) -> tuple[str, SettingRow]:
        control = _Range(name, *bounds, show)
        control.set_value(current)
        control.changed.connect(lambda value: self.put(key, value))
        return key, SettingRow(name, line, control)

    def _number(self, name: str, low: int, high: int, suffix: str, current: int, key: str) -> QSpinBox:
        box = QSpinBox()
        box.setAccessibleName(name)
        box.setRange(low, high)
        box.setSuffix(suffix)
        box.setValue(current)
        box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        box.setKeyboardTracking(False)
        box.setFixedWidth(96)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.valueChanged.connect(lambda value: self.put(key, value))
        return box

    # Changing

    def put(self, key: str, value: object) -> bool:
        """Save one choice; whether it was taken."""
        row = self.rows.get(key)
        try:
            settings = replace_value(self._settings, key, value)
            self._check(key, value, settings)
            if settings != self._settings:
                save_settings(self._file, settings)
        except AssistantError as error:
            if row:
                row.refuse(error.message)
            return False
        if row:
            row.refuse("")
        if settings != self._settings:
            self._settings = settings
            self.changed.emit(settings)
        return True

    def _check(self, key: str, value: object, settings: Settings) -> None:
        """What the type of a setting cannot tell."""
        if key == "calendar.time_zone" and value and value not in available_timezones():
            raise AssistantError(
                "settings_value",
                self.tr("There is no time zone called “{name}”. Write a name such as Europe/Berlin.").format(
                    name=value
                ),
            )
        if key == "calendar.folder" and value and not Path(str(value)).expanduser().is_dir():
            raise AssistantError(
                "settings_value",
                self.tr("There is no folder “{name}”. Choose one that exists, or leave the field empty.").format(
                    name=value
                ),
            )
        hours = settings.calendar
        if (
            key in ("calendar.day_starts_hour", "calendar.day_ends_hour")
            and hours.day_ends_hour <= hours.day_starts_hour
        ):
            raise AssistantError("settings_value", self.tr("The day must end after it starts."))

    def _put_folder(self) -> None:
        self.put("calendar.folder", self.folder.text().strip())

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Calendars folder"), self.folder.text())
        if chosen:
            self.folder.setText(chosen)
            self._put_folder()

    def _list_microphones(self) -> None:
        self._bridge.in_background(self._microphones, self._show_microphones, lambda _error: None)

    def _show_microphones(self, names: Sequence[str]) -> None:
        row = self.rows["hearing.input_device"]
        select = row.control
        assert isinstance(select, Select)
        current = self._settings.hearing.input_device
        choices: list[tuple[object, str]] = [("", self.tr("System default")), *((name, name) for name in names)]
        select.set_choices(choices, current)
        if not names:
            row.refuse(self.tr("No microphone found. Plug one in, or go on typing."))
        else:
            row.refuse("")
