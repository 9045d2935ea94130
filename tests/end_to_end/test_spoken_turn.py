"""A spoken request, from a virtual microphone to the calendar folder and back out of a virtual loudspeaker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest

from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.audio_file import write_wav
from assistant_app.voice.neural_voice import HibariVoice
from assistant_app.voice.resampling import resample
from tests.end_to_end.pulse import RATE, PulseServer, pulse
from tests.voice.scoring import word_errors
from tests.voice.weights import weight_file, whisper_base

__all__ = ["pulse"]

pytestmark = [pytest.mark.audio, pytest.mark.weights, pytest.mark.timeout(400)]

SENTENCE = "Schedule a dentist appointment with Doctor Patel next Thursday at half past three for forty five minutes."
ASSISTANT = [sys.executable, "-m", "assistant_app"]
MOMENT = ["--now", "2026-11-24T10:00", "--tz", "Europe/Berlin"]
BERLIN = ZoneInfo("Europe/Berlin")


def test_spoken_request_becomes_an_event_and_a_spoken_reply(pulse: PulseServer, tmp_path: Path) -> None:
    weight_file("qwen2.5-coder-0.5b-instruct", "model.safetensors")
    whisper = whisper_base()
    write_wav(tmp_path / "request.wav", HibariVoice().synthesise(SENTENCE))
    profile = tmp_path / "profile"
    with pulse.listening() as loudspeaker:
        listening = subprocess.Popen(
            [*ASSISTANT, "listen", "--json", "--profile", str(profile), *MOMENT],
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert listening.stderr is not None
        messages = []
        for line in listening.stderr:
            messages.append(line)
            if "Listening" in line:
                break
        pulse.say(tmp_path / "request.wav")
        output, rest = listening.communicate(timeout=300)
        played = loudspeaker.samples
    assert listening.returncode == 0, "".join(messages) + rest
    turn = json.loads(output)

    assert turn["utterance"]["source"] == "spoken"
    assert (turn["route"]["skill"], turn["route"]["intent"]) == ("scheduling", "create_event")
    assert [action["kind"] for action in turn["actions"]] == ["event_added"]

    (file,) = (profile / "data" / "calendars").rglob("*.ics")
    (event,) = icalendar.Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    assert event["DTSTART"].dt == datetime(2026, 12, 3, 15, 30, tzinfo=BERLIN)
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=45)
    assert "dentist appointment" in str(event["SUMMARY"]).lower()

    heard = whisper.transcribe(
        AudioClip(resample(played, RATE, 16_000), 16_000), language="en", on_partial=None, cancel=Cancel()
    )
    spoken = turn["reply"]["speech"]
    assert word_errors(spoken, heard.text) <= 0.2, (spoken, heard.text)


def test_khal_lists_the_event_that_was_asked_for(tmp_path: Path) -> None:
    weight_file("qwen2.5-coder-0.5b-instruct", "model.safetensors")
    khal = Path(sys.executable).with_name("khal")
    if not khal.exists():
        pytest.skip("khal is not installed")
    profile = tmp_path / "profile"
    asked = subprocess.run(
        [*ASSISTANT, "ask", SENTENCE, "--json", "--profile", str(profile), *MOMENT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    folder = profile / "data" / "calendars" / "personal"
    config = tmp_path / "khal.conf"
    config.write_text(
        f"[calendars]\n[[personal]]\npath = {folder}\ntype = calendar\n"
        f"[sqlite]\npath = {tmp_path / 'khal.db'}\n"
        "[locale]\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\ntimeformat = %H:%M\n"
        "dateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\ndatetimeformat = %Y-%m-%d %H:%M\n"
        "longdatetimeformat = %Y-%m-%d %H:%M\n"
    )
    listed = subprocess.run(
        [str(khal), "-c", str(config), "list", "--format", "{start} {end} {title}", "2026-12-03", "1d"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert listed.returncode == 0, listed.stderr
    assert "2026-12-03 15:30 2026-12-03 16:15 Dentist appointment" in listed.stdout
