"""The settings file: read, refused, kept aside, saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant_app.errors import SettingsError, StorageError
from assistant_app.settings import (
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
