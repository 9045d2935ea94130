"""The real window on a real screen: a sentence typed with the keyboard becomes an event in the calendar folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import icalendar
import pytest

from assistant_app.app import TRUNK, build_model_store
from assistant_app.errors import AssistantError
from assistant_app.paths import find_paths, shipped_models_dir

pytestmark = [pytest.mark.screen, pytest.mark.weights, pytest.mark.timeout(900)]

SENTENCE = "Schedule a dentist appointment with Doctor Patel next Thursday at half past three for forty five minutes"
NEEDED = ("Xvfb", "xdotool", "import")


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of its own; skips with the reason where the tools are missing."""
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        server.wait(5)
        pytest.skip("Xvfb did not start")
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def models() -> None:
    """Skips where the language model or its trained decoders are missing."""
    try:
        build_model_store(find_paths()).require(TRUNK)
    except AssistantError as error:
        pytest.skip(error.message)
    if not any((shipped_models_dir() / "released").iterdir()):
        pytest.skip("models/released holds no trained decoders")


class Screen:
    """What a person has of the screen: eyes and a keyboard."""

    def __init__(self, display: str) -> None:
        self.environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}
        self.environment.pop("WAYLAND_DISPLAY", None)

    def run(self, *command: str) -> str:
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def window(self, process: subprocess.Popen[bytes], seconds: float) -> str:
        """The window's number, once it is on the screen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert process.poll() is None, "the program ended"
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", "Desk Assistant"],
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            if found:
                return found[0]
            time.sleep(0.1)
        pytest.fail("the window did not appear")

    def look(self, file: Path) -> int:
        """Takes a picture, once there is something on the screen; how many colours are in it."""
        end = time.monotonic() + 30
        colours = 0
        while colours < 20 and time.monotonic() < end:
            self.run("import", "-window", "root", str(file))
            colours = int(self.run("identify", "-format", "%k", str(file)))
        return colours


def start(screen: Screen, profile: Path, told: Path) -> subprocess.Popen[bytes]:
    """The program; what it says on the terminal goes to `told`."""
    with told.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "assistant_app", "--profile", str(profile)],
            env=screen.environment,
            stdout=output,
            stderr=output,
        )


def wait_for_event(folder: Path, process: subprocess.Popen[bytes], seconds: float) -> icalendar.Event:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the program ended"
        for file in folder.rglob("*.ics"):
            calendar = icalendar.Calendar.from_ical(file.read_bytes())
            return next(iter(calendar.walk("VEVENT")))
        time.sleep(0.2)
    pytest.fail("no event was written")


@pytest.mark.usefixtures("models")
def test_the_sentence_typed_into_the_window_becomes_the_event(display: str, tmp_path: Path) -> None:
    screen = Screen(display)
    told = tmp_path / "told.txt"
    process = start(screen, tmp_path, told)
    try:
        window = screen.window(process, 120)
        screen.run("xdotool", "windowfocus", "--sync", window)
        # Typed at once, while the models are still being read.
        screen.run("xdotool", "type", "--delay", "15", SENTENCE)
        screen.run("xdotool", "key", "Return")
        event = wait_for_event(tmp_path / "data" / "calendars", process, 600)
        begin, end = event.decoded("dtstart"), event.decoded("dtend")
        assert isinstance(begin, datetime)
        assert (begin.weekday(), begin.hour, begin.minute) == (3, 15, 30)
        assert (end - begin).total_seconds() == 45 * 60
        assert "dentist" in str(event["summary"]).lower()
        assert screen.look(tmp_path / "window.png") >= 20
        screen.run("xdotool", "key", "ctrl+q")
        assert process.wait(60) == 0
        assert told.read_text() == ""
    finally:
        process.kill()
        process.wait()


def test_the_window_opens_without_models_and_says_what_is_missing(display: str, tmp_path: Path) -> None:
    screen = Screen(display)
    screen.environment["ASSISTANT_MODELS_DIR"] = str(tmp_path / "no-models")
    screen.environment["XDG_DATA_HOME"] = str(tmp_path / "no-data")
    told = tmp_path / "told.txt"
    process = start(screen, tmp_path / "profile", told)
    try:
        window = screen.window(process, 120)
        screen.run("xdotool", "windowfocus", "--sync", window)
        assert screen.look(tmp_path / "window.png") >= 20
        second = start(screen, tmp_path / "profile", told)
        assert second.wait(120) == 0  # raises the first and ends
        screen.run("xdotool", "windowfocus", "--sync", window)
        screen.run("xdotool", "key", "ctrl+q")
        assert process.wait(60) == 0
        assert told.read_text() == ""
    finally:
        process.kill()
        process.wait()
