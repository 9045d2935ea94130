"""The settings file: read, refused, kept aside, saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant_app.errors import SettingsError, StorageError
from assistant_app.settings import (
    CalendarAccount,
    LinkedCalendar,
    Settings,
    load_settings,
    replace_value,
    save_settings,
    settings_from_toml,
)


def test_missing_file_means_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml")
    assert loaded.settings == Settings()
    assert not loaded.problem


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "settings.toml"
    changed = replace_value(replace_value(Settings(), "voice.speed", 1.5), "calendar.time_zone", "Asia/Shanghai")
    save_settings(file, changed)
    assert load_settings(file).settings == changed
    assert changed.zone().key == "Asia/Shanghai"


def test_keys_of_other_versions_survive_saving(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[voice]\nlanguage_of_birds = true\n[future]\nx = 1\n", encoding="utf-8")
    save_settings(file, replace_value(load_settings(file).settings, "voice.volume", 0.5))
    text = file.read_text(encoding="utf-8")
    assert "language_of_birds = true" in text
    assert "[future]" in text
    assert load_settings(file).settings.voice.volume == 0.5


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[voice]\nspeed = 'fast'\n", "Line 2: voice.speed"),
        ("[voice]\nspeed = 9\n", "between 0.5 and 2.0"),
        ("[voice]\nspeak_replies = 1\n", "true or false"),
        ("[calendar]\n\nevent_minutes = true\n", "Line 3: calendar.event_minutes"),
        ("[hearing]\nlanguage = 'fr'\n", "'auto', 'en', 'zh'"),
        ("[calendar]\ntime_zone = 'Mars/Olympus'\n", "Europe/Berlin"),
        ("voice = 3\n", "must be a table"),
        ("[voice\n", "line 1"),
    ],
)
def test_bad_value_is_refused_with_its_line(text: str, part: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from_toml(text)
    assert part in refused.value.message


@pytest.mark.parametrize("content", [b"[voice]\nspeed = 'fast'\n", b"\xff\xfe\x00", b"[[["])
def test_bad_file_is_kept_aside_and_the_program_goes_on(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    loaded = load_settings(file)
    assert loaded.settings == Settings()
    assert loaded.problem
    kept = [other for other in tmp_path.iterdir() if ".bad-" in other.name]
    assert [other.read_bytes() for other in kept] == [content]
    assert kept[0].name in loaded.problem


def test_folder_in_the_way_is_told_when_saving(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(StorageError, match="could not be saved"):
        save_settings(tmp_path / "config" / "settings.toml", Settings())


@pytest.mark.parametrize(("key", "value"), [("voice.colour", 1), ("nothing", 1), ("voice.speed", "x")])
def test_unknown_choice_is_refused(key: str, value: object) -> None:
    with pytest.raises(SettingsError):
        replace_value(Settings(), key, value)


ACCOUNT = CalendarAccount(
    "work",
    "https://dav.example.org/",
    user="ann",
    switched_on=False,
    calendars=(LinkedCalendar("Büro", "https://dav.example.org/ann/office/"),),
)


def test_no_connection_is_set_up_unless_the_user_adds_one() -> None:
    assert Settings().accounts == ()


def test_accounts_are_saved_read_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    web = CalendarAccount("days", "https://example.org/days.ics", "web")
    save_settings(file, Settings(accounts=(ACCOUNT, web)))
    assert load_settings(file).settings.accounts == (ACCOUNT, web)
    assert "password" not in file.read_text(encoding="utf-8")
    save_settings(file, Settings(accounts=(web,)))
    assert load_settings(file).settings.accounts == (web,)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("accounts = 3", "[accounts.NAME]"),
        ("[accounts.a]\nuser = 'x'", "address is missing"),
        ("[accounts.a]\naddress = 'ftp://x'", "begins with https://"),
        ("[accounts.a]\naddress = 'https://x'\nkind = 'imap'", "'caldav', 'web'"),
        ("[accounts.a]\naddress = 'https://x'\nswitched_on = 'yes'", "true or false"),
        ("[accounts.'a b']\naddress = 'https://x'", "cannot name an account"),
        ("[accounts.a]\naddress = 'https://x'\n[accounts.a.calendars]\nwork = 5", "an address for each"),
    ],
)
def test_a_bad_account_is_refused_with_its_reason(text: str, part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_toml(text)
    assert part in caught.value.message
