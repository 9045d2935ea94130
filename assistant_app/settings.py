"""The user's choices: one validated TOML file.

A bad file never stops the program: it is kept aside under another name, defaults are used, and
the problem is told with the line. Unknown keys are kept as they are when the file is saved.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import shutil
import tempfile
import time
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import tomli_w
import tzlocal

from assistant_app.errors import SettingsError, StorageError

log = logging.getLogger(__name__)

# A new choice is a field here, with its legal values in its type and its range in _RANGES.


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How replies sound."""

    speak_replies: bool = True
    """Speak the reply to a spoken request (typed requests are answered in writing)."""
    engine: Literal["neural", "system"] = "neural"
    voice: str = ""
    """Name of a voice of the engine; empty is its default."""
    speed: float = 1.0
    """1.0 is the voice's own pace; 0.5 to 2.0."""
    volume: float = 1.0
    """0.0 to 1.0."""
    output_device: str = ""
    """Name of a loudspeaker; empty is the system's default."""


@dataclass(frozen=True, slots=True)
class HearingSettings:
    """How speech is heard."""

    language: Literal["auto", "en", "zh"] = "auto"
    input_device: str = ""
    """Name of a microphone; empty is the system's default."""
    silence_seconds: float = 0.9
    """Silence that ends an utterance, 0.3 to 3."""
    limit_seconds: float = 60.0
    """Longest utterance, 5 to 600."""


@dataclass(frozen=True, slots=True)
class AppearanceSettings:
    theme: Literal["system", "light", "dark"] = "system"
    accent: Literal["blue", "teal"] = "blue"
    text_percent: int = 100
    """Text size, 80 to 200."""


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    folder: str = ""
    """A folder of calendar folders shared with other programs; empty is our own."""
    default_calendar: str = "personal"
    time_zone: str = ""
    """IANA name; empty is the system's."""
    event_minutes: int = 60
    """Length of an event when none is said, 5 to 1440."""
    day_starts_hour: int = 8
    """Start of working hours, 0 to 23."""
    day_ends_hour: int = 18
    """End of working hours, 1 to 24."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    device: Literal["auto", "cpu", "cuda"] = "auto"
    reply_tokens: int = 120
    """Longest free reply, in tokens, 16 to 1024."""
    trunk: str = ""
    """Folder or .gguf file of another language model of type llama or qwen2; empty: the one that is fetched."""
    decoders: str = ""
    """Folder of the decoders trained on it (`assistant train --trunk`); empty: those of the program."""


@dataclass(frozen=True, slots=True)
class LinkedCalendar:
    """A calendar of an account and the local calendar it is kept in step with."""

    folder: str
    """The local calendar: a folder's name."""
    address: str
    """The calendar's own https address."""


@dataclass(frozen=True, slots=True)
class CalendarAccount:
    """A calendar server, or a calendar on the web, that the user connected: `[accounts.NAME]`. Never the password."""

    name: str
    """Letters, digits, `-` and `_`."""
    address: str
    """Where the server is asked, or the web calendar itself; https unless `allow_http`."""
    kind: Literal["caldav", "web"] = "caldav"
    """`caldav` goes both ways, `web` is only read."""
    user: str = ""
    switched_on: bool = True
    """Off: nothing is sent or fetched, the local calendars stay."""
    allow_http: bool = False
    """Permit an address without encryption (a server in one's own house)."""
    calendars: tuple[LinkedCalendar, ...] = ()
    """The chosen ones; no other is touched."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can choose, by page."""

    voice: VoiceSettings = field(default_factory=VoiceSettings)
    hearing: HearingSettings = field(default_factory=HearingSettings)
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    calendar: CalendarSettings = field(default_factory=CalendarSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    accounts: tuple[CalendarAccount, ...] = ()
    """No connection is made but to these; none unless the user adds it."""

    def zone(self) -> ZoneInfo:
        """The time zone everything is shown in."""
        return ZoneInfo(self.calendar.time_zone or tzlocal.get_localzone_name() or "UTC")


_RANGES: dict[str, tuple[float, float]] = {
    "voice.speed": (0.5, 2.0),
    "voice.volume": (0.0, 1.0),
    "hearing.silence_seconds": (0.3, 3.0),
    "hearing.limit_seconds": (5.0, 600.0),
    "appearance.text_percent": (80, 200),
    "calendar.event_minutes": (5, 1440),
    "calendar.day_starts_hour": (0, 23),
    "calendar.day_ends_hour": (1, 24),
    "model.reply_tokens": (16, 1024),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as read, and what was wrong with the file."""

    settings: Settings
    problem: str | None = None
    """One sentence for the user: the line, what is wrong, where the old file was kept."""


def load_settings(file: Path) -> Loaded:
    """Read `file`; a missing one means defaults, a bad one is kept aside and named in `problem`."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Loaded(Settings())
    except (OSError, UnicodeDecodeError) as error:
        return Loaded(Settings(), f"{_keep_aside(file)} It could not be read ({error}).")
    try:
        return Loaded(settings_from_toml(text))
    except SettingsError as error:
        return Loaded(Settings(), f"{_keep_aside(file)} {error.message}")


def settings_from_toml(text: str) -> Settings:
    """Parse and validate; raises `SettingsError` naming the line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("settings_syntax", f"The settings file is not valid TOML: {error}.") from error
    pages: dict[str, Any] = {}
    hints = typing.get_type_hints(Settings)
    for page, page_type in hints.items():
        if page == "accounts":
            continue
        given = table.get(page, {})
        if not isinstance(given, dict):
            raise SettingsError("settings_value", f"Line {_line_of(text, page)}: [{page}] must be a table.")
        field_types = typing.get_type_hints(page_type)
        values = {}
        for name, value in given.items():
            if name in field_types:
                values[name] = _checked(f"{page}.{name}", value, field_types[name], text)
        pages[page] = page_type(**values)
    settings = Settings(**pages, accounts=_accounts(table.get("accounts", {}), text))
    if settings.calendar.time_zone and settings.calendar.time_zone not in available_timezones():
        line = _line_of(text, "time_zone")
        raise SettingsError(
            "settings_value",
            f"Line {line}: calendar.time_zone is {settings.calendar.time_zone!r}; "
            "write an IANA name such as 'Europe/Berlin'.",
        )
    return settings


def save_settings(file: Path, settings: Settings) -> None:
    """Write atomically, keeping keys of other versions; raises `StorageError`."""
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        table = {}
    pages = dataclasses.asdict(settings)
    del pages["accounts"]
    for page, values in pages.items():
        known = table.get(page)
        table[page] = {**known, **values} if isinstance(known, dict) else values
    table.pop("accounts", None)
    if settings.accounts:
        table["accounts"] = {account.name: _account_table(account) for account in settings.accounts}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, prefix=".settings-", delete=False) as out:
            out.write(tomli_w.dumps(table).encode())
            out.flush()
            os.fsync(out.fileno())
        Path(out.name).replace(file)
    except OSError as error:
        raise StorageError(
            "settings_not_saved",
            f"The settings could not be saved to {file} ({error.strerror}). "
            "Free some space or change the folder's permissions.",
        ) from error


def replace_value(settings: Settings, key: str, value: object) -> Settings:
    """`settings` with one `page.name` changed and validated; raises `SettingsError`."""
    page, _, name = key.partition(".")
    page_types = typing.get_type_hints(Settings)
    if page not in page_types or page == "accounts" or name not in typing.get_type_hints(page_types[page]):
        raise SettingsError("settings_key", f"There is no setting called {key!r}.")
    kind = typing.get_type_hints(page_types[page])[name]
    checked = _checked(key, value, kind, "")
    return dataclasses.replace(settings, **{page: dataclasses.replace(getattr(settings, page), **{name: checked})})


def _checked(key: str, value: Any, kind: Any, text: str) -> Any:
    where = f"Line {_line_of(text, key.partition('.')[2])}: " if text else ""
    origin = typing.get_origin(kind)
    if origin is Literal:
        legal = typing.get_args(kind)
        if value not in legal:
            raise SettingsError(
                "settings_value", f"{where}{key} is {value!r}; it can be {', '.join(map(repr, legal))}."
            )
        return value
    assert not isinstance(kind, types.UnionType), f"{key}: unions are not supported"
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
        raise SettingsError("settings_value", f"{where}{key} is {value!r}; it must be {names[kind]}.")
    if key in _RANGES and not _RANGES[key][0] <= value <= _RANGES[key][1]:
        low, high = _RANGES[key]
        raise SettingsError("settings_value", f"{where}{key} is {value}; it must be between {low} and {high}.")
    return value


def _accounts(given: Any, text: str) -> tuple[CalendarAccount, ...]:
    if not isinstance(given, dict) or not all(isinstance(table, dict) for table in given.values()):
        raise SettingsError(
            "settings_value", f"Line {_line_of(text, 'accounts')}: write each account as [accounts.NAME]."
        )
    return tuple(_account(name, table, text) for name, table in given.items())


def _account(name: str, table: dict[str, Any], text: str) -> CalendarAccount:
    where = f"accounts.{name}"
    if not re.fullmatch(r"[\w-]{1,60}", name):
        raise SettingsError("settings_value", f"{name!r} cannot name an account. Use letters, digits, - and _.")
    types = typing.get_type_hints(CalendarAccount)
    values = {
        key: _checked(f"{where}.{key}", value, types[key], "")
        for key, value in table.items()
        if key in types and key not in ("name", "calendars")
    }
    links = table.get("calendars", {})
    if not isinstance(links, dict) or not all(isinstance(address, str) for address in links.values()):
        raise SettingsError("settings_value", f"{where}.calendars must give an address for each local calendar.")
    if "address" not in values:
        raise SettingsError("settings_value", f"Line {_line_of(text, where)}: {where}.address is missing.")
    account = CalendarAccount(
        name=name, **values, calendars=tuple(LinkedCalendar(folder, address) for folder, address in links.items())
    )
    for address in (account.address, *(link.address for link in account.calendars)):
        if not address.startswith(("https://", "http://")):
            raise SettingsError("settings_value", f"{where}: {address!r} is no address; it begins with https://.")
    return account


def _account_table(account: CalendarAccount) -> dict[str, Any]:
    table = dataclasses.asdict(account)
    del table["name"]
    return {**table, "calendars": {link.folder: link.address for link in account.calendars}}


def _line_of(text: str, name: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip(" [").startswith(name):
            return number
    return 1


def _keep_aside(file: Path) -> str:
    aside = file.with_name(f"{file.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        shutil.copy2(file, aside)
    except OSError:
        log.warning("bad settings file could not be copied to %s", aside)
        return "The settings file has a mistake; defaults are used."
    return f"The settings file has a mistake; defaults are used and your file was kept as {aside.name}."
