"""The two voice engines as they are on this machine, and a system voice that misbehaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant_app.errors import DeviceError
from assistant_app.voice.neural_voice import HibariVoice
from assistant_app.voice.system_voice import SystemVoice
from assistant_app.voice.system_voice_child import voice_row

_CHILD = """
import json, sys, time
print(json.dumps({{"voices": {voices}}}), flush=True)
for line in sys.stdin:
    {answer}
"""
ENGLISH = [["en", "English [en]", "en"]]


def child(folder: Path, answer: str, voices: object = ENGLISH) -> Path:
    script = folder / "child.py"
    script.write_text(_CHILD.format(voices=voices, answer=answer))
    return script


def test_the_neural_voice_speaks_english_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_download(*_args: object) -> str:
        raise AssertionError("it tried to download")

    monkeypatch.setattr("hibari.voices.download", no_download)
    # "emma" would be downloaded: only what lies in the package is used.
    voice = HibariVoice("emma")
    clip = voice.synthesise("I have added the dentist.")
    assert clip.sample_rate == 24_000
    assert 1.0 < clip.seconds < 4.0
    assert np.abs(clip.samples).max() > 0.1
    assert voice.speaks("en")
    assert not voice.speaks("zh")
    assert [entry.name for entry in voice.voices()] == ["heart"]


def test_the_neural_voice_is_faster_when_asked() -> None:
    text = "I have added the dentist on Thursday."
    assert HibariVoice(speed=1.5).synthesise(text).seconds < HibariVoice().synthesise(text).seconds


def test_the_system_voice_speaks_english_and_chinese_again_and_again(capfd: pytest.CaptureFixture[str]) -> None:
    voice = SystemVoice()
    try:
        if not voice.speaks("zh"):
            pytest.skip("no Chinese system voice (apt install espeak-ng)")
        for text in ("It is done.", "会议在下午三点。", "Good bye."):
            clip = voice.synthesise(text)
            assert clip.seconds > 0.3
            assert np.abs(clip.samples).max() > 0.05
    finally:
        voice.close()
    assert capfd.readouterr().out == ""


def test_a_system_voice_that_hangs_is_killed_and_the_next_sentence_tries_anew(tmp_path: Path) -> None:
    voice = SystemVoice(child=child(tmp_path, "time.sleep(600)"), patience=0.2)
    try:
        for _ in range(2):
            with pytest.raises(DeviceError, match="did not answer") as caught:
                voice.synthesise("Hi.")
            assert caught.value.code == "voice_missing"
    finally:
        voice.close()


def test_a_system_voice_that_dies_says_what_to_do(tmp_path: Path) -> None:
    voice = SystemVoice(child=child(tmp_path, "sys.exit(1)"))
    try:
        with pytest.raises(DeviceError, match="the reply stays on the screen"):
            voice.synthesise("Hi.")
    finally:
        voice.close()


def test_a_system_voice_without_sound_says_so(tmp_path: Path) -> None:
    voice = SystemVoice(child=child(tmp_path, "print(json.dumps({'done': True}), flush=True)"))
    try:
        with pytest.raises(DeviceError, match="made no sound"):
            voice.synthesise("Hi.")
    finally:
        voice.close()


def test_a_language_without_a_system_voice_is_named(tmp_path: Path) -> None:
    voice = SystemVoice(child=child(tmp_path, "pass"))
    try:
        assert not voice.speaks("zh")
        with pytest.raises(DeviceError, match="no Chinese voice"):
            voice.synthesise("会议在下午三点。")
    finally:
        voice.close()


def test_a_computer_without_any_voice_speaks_nothing(tmp_path: Path) -> None:
    voice = SystemVoice(child=child(tmp_path, "pass", voices=[]))
    try:
        assert not voice.speaks("en")
        assert voice.voices() == []
    finally:
        voice.close()


@pytest.mark.parametrize(
    ("identifier", "languages", "language"),
    [
        ("gmw/en-us", ["en-us"], "en"),
        ("sit/cmn", ["cmn"], "zh"),
        ("sit/cmn-latn-pinyin", ["cmn-latn-pinyin"], None),
        ("english", [b"\x05en-gb"], "en"),
        ("com.apple.voice.compact.zh-CN.Tingting", ["zh_CN"], "zh"),
        ("HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Speech\\Voices\\Tokens\\TTS_MS_EN-US_ZIRA_11.0", [], "en"),
        ("HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Speech\\Voices\\Tokens\\TTS_MS_ZH-CN_HUIHUI_11.0", None, "zh"),
    ],
)
def test_the_language_of_each_systems_voices_is_read(
    identifier: str, languages: list[str | bytes] | None, language: str | None
) -> None:
    row = voice_row(identifier, "Name", languages)
    assert (row[2] if row else None) == language
