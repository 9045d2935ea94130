"""A private PulseAudio server with a virtual microphone and a virtual loudspeaker, for tests.

    def test_hears(pulse: PulseServer) -> None:
        pulse.say(file)            # into the microphone
        with pulse.listening() as heard: ...   # what the loudspeaker got

Import the fixture where it is used: `from tests.end_to_end.pulse import pulse  # noqa: F401`.
PortAudio looks for devices when it starts, so the fixture restarts it after the server is up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 48_000
_START_SECONDS = 15.0

_SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=speaker rate=48000 norewinds=1
load-module module-null-sink sink_name=micbus rate=48000 norewinds=1
load-module module-remap-source master=micbus.monitor source_name=mic
set-default-sink speaker
set-default-source mic
"""

_ALSA = """\
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
_ALSA_WITH_SYSTEM = "</usr/share/alsa/alsa.conf>\n" + _ALSA


class Recording:
    """What was played, as it comes in."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def samples(self) -> NDArray[np.float32]:
        """Mono, 48 kHz, so far."""
        raw = self._file.read_bytes()
        return np.frombuffer(raw[: len(raw) // 2 * 2], np.int16).astype(np.float32) / 32768.0


class PulseServer:
    """The running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:{folder}/native"
        self._process: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        script = self.folder / "default.pa"
        script.write_text(_SCRIPT.format(socket=self.folder / "native"))
        command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--exit-idle-time=120"]
        # It ends by itself should the tests be killed; within a test a client is never that long in coming.
        command += ["--use-pid-file=no", "--high-priority=no", "--realtime=no"]
        environment = {**os.environ, "HOME": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        environment.pop("PULSE_SERVER", None)
        log = (self.folder / "server.log").open("wb")
        with log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while self._control("info").returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PulseAudio did not start: " + (self.folder / "server.log").read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        """The server dies, as when a sound system crashes."""
        for player in self._players:
            player.kill()
            player.wait()
        self._players.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def say(self, file: Path, *, wait: bool = True) -> None:
        """Play a sound file into the microphone."""
        player = subprocess.Popen(["paplay", "-d", "micbus", str(file)], env=self.environment)
        if wait:
            player.wait()
        else:
            self._players.append(player)

    def suspend_microphone(self) -> None:
        """The microphone stops giving sound without saying so."""
        self._control("suspend-source", "mic", "1")
        self._control("suspend-source", "micbus.monitor", "1")

    @contextmanager
    def listening(self) -> Iterator[Recording]:
        """Record what goes to the loudspeaker meanwhile."""
        file = self.folder / f"heard-{time.monotonic_ns()}.raw"
        command = ["parec", "-d", "speaker.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1"]
        with file.open("wb") as out:
            recorder = subprocess.Popen([*command, "--latency-msec=20"], env=self.environment, stdout=out)
        recording = Recording(file)
        deadline = time.monotonic() + _START_SECONDS
        while not file.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            yield recording
        finally:
            recorder.terminate()
            recorder.wait()

    @property
    def environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {**os.environ, "PULSE_SERVER": self.address, "PULSE_RUNTIME_PATH": folder, "HOME": folder}

    def _control(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["pactl", *words], env=self.environment, capture_output=True, timeout=10, check=False)


def restart_portaudio() -> None:
    """Let PortAudio look for devices anew, in the present environment."""
    import sounddevice

    with suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    with suppress(sounddevice.PortAudioError):
        sounddevice._initialize()


@contextmanager
def pulse_server() -> Iterator[PulseServer]:
    """A running server that this process, its children and PortAudio use; skips where it cannot be had."""
    missing = [name for name in ("pulseaudio", "pactl", "paplay", "parec") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no virtual sound: {', '.join(missing)} not installed (apt install pulseaudio pulseaudio-utils)")
    try:
        import sounddevice  # noqa: F401
    except OSError:
        pytest.skip("no virtual sound: PortAudio not installed (apt install libportaudio2)")
    # Sockets want a short path; pytest's folders are too deep.
    with tempfile.TemporaryDirectory(prefix="pulse-") as name:
        server = PulseServer(Path(name))
        alsa = Path(name) / "asound.conf"
        alsa.write_text(_ALSA_WITH_SYSTEM if Path("/usr/share/alsa/alsa.conf").exists() else _ALSA)
        before = {key: os.environ.get(key) for key in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "ALSA_CONFIG_PATH")}
        server.start()
        os.environ["PULSE_SERVER"] = server.address
        os.environ["PULSE_RUNTIME_PATH"] = name  # else every client leaves a folder behind
        os.environ["ALSA_CONFIG_PATH"] = str(alsa)
        try:
            restart_portaudio()
            yield server
        finally:
            server.kill()
            runtime = before.pop("PULSE_RUNTIME_PATH")
            for key, value in before.items():
                _restore(key, value)
            restart_portaudio()
            _restore("PULSE_RUNTIME_PATH", runtime)


def _restore(key: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(key, None)
    else:
        os.environ[key] = value


@pytest.fixture
def pulse() -> Iterator[PulseServer]:
    """A server for one test."""
    with pulse_server() as server:
        yield server
