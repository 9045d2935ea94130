"""The door to PortAudio: load it, list what is there, find a device by name.

PortAudio looks for devices once, when it starts; `rescan` makes it look again after something was
plugged in. Nothing here runs on import: the library may be missing, and loading it probes the hardware.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from assistant_app.errors import DeviceError

Kind = Literal["input", "output"]

_lock = threading.RLock()
_open_streams = 0


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone or loudspeaker."""

    index: int
    """PortAudio's number, valid until the next scan."""
    name: str
    default_rate: int
    """Hertz."""


def portaudio() -> Any:
    """The sounddevice module; raises `DeviceError` with the line to run where PortAudio is missing."""
    with _lock:
        _quiet_alsa()
        try:
            import sounddevice
        except (OSError, ImportError) as error:
            raise DeviceError(
                "portaudio_missing",
                "Sound needs the PortAudio library. Install it with: sudo apt install libportaudio2"
                if sys.platform.startswith("linux")
                else "Sound needs the PortAudio library. Install the program again.",
            ) from error
        return sounddevice


def rescan() -> None:
    """Look for devices again; does nothing while one of our streams is open, which it would kill."""
    sounddevice = portaudio()
    with _lock:
        if _open_streams == 0:
            with suppress(sounddevice.PortAudioError):
                sounddevice._terminate()
            with suppress(sounddevice.PortAudioError):
                sounddevice._initialize()


@contextmanager
def counted_stream() -> Iterator[None]:
    """Around opening a stream: counts it as open unless opening fails. `stream_closed` takes it back."""
    global _open_streams
    with _lock:
        _open_streams += 1
        try:
            yield
        except BaseException:
            _open_streams -= 1
            raise


def stream_closed() -> None:
    """One of our streams was closed."""
    global _open_streams
    with _lock:
        _open_streams -= 1


def list_devices(kind: Kind) -> list[Device]:
    """What PortAudio offers, the system's default first."""
    sounddevice = portaudio()
    channels = f"max_{kind}_channels"
    try:
        rows = list(sounddevice.query_devices())
    except sounddevice.PortAudioError:
        return []
    found = [_device(row) for row in rows if row[channels] > 0]
    default = _default_index(sounddevice, kind)
    return sorted(found, key=lambda device: device.index != default)


def list_microphones() -> list[Device]:
    """The microphones, the system's default first; empty where there are none."""
    return list_devices("input")


def list_loudspeakers() -> list[Device]:
    """The loudspeakers, the system's default first; empty where there are none."""
    return list_devices("output")


def find_device(kind: Kind, name: str) -> Device | None:
    """The named device; the default where the name is empty or gone; None where there is none at all."""
    devices = list_devices(kind)
    if not devices:
        rescan()
        devices = list_devices(kind)
    if name and not any(device.name == name for device in devices):
        rescan()
        devices = list_devices(kind)
    for device in devices:
        if name and device.name == name:
            return device
    return devices[0] if devices else None


def _device(row: Any) -> Device:
    return Device(int(row["index"]), str(row["name"]), int(row["default_samplerate"]))


def _default_index(sounddevice: Any, kind: Kind) -> int:
    with suppress(sounddevice.PortAudioError, ValueError):
        return int(sounddevice.query_devices(kind=kind)["index"])
    return -1


@lru_cache(maxsize=1)
def _quiet_alsa() -> Any:
    """ALSA prints its search for devices to standard error; that is no message for the user."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return None
    kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
    handler = kind(lambda *_details: None)
    alsa.snd_lib_error_set_handler(handler)
    return handler  # the cache keeps it alive for ALSA
