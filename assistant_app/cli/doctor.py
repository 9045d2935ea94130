"""`assistant doctor`: looks at everything the assistant needs, and says what to do about each problem."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, add_json, add_profile, print_json
from assistant_app.errors import AssistantError

_NEEDED_BYTES = 200_000_000
_PYTHON = (3, 11)
_LANGUAGES_NAMED = 8


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    what: str
    advice: str = ""
    """What to do, where it is not well."""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("doctor", help="check everything the assistant needs")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace) -> int:
    findings = list(examine(Invocation(args)))
    healthy = all(finding.ok for finding in findings)
    if args.json:
        print_json({"ok": healthy, "checks": [asdict(finding) for finding in findings]})
        return DONE if healthy else NOT_DONE
    for finding in findings:
        print(f"{'OK     ' if finding.ok else 'PROBLEM'}  {finding.name}: {finding.what}")
        if finding.advice:
            print(f"         {finding.advice}")
    return DONE if healthy else NOT_DONE


def examine(invocation: Invocation) -> Iterator[Finding]:
    """Every check; one that fails to run is itself a finding."""
    checks: dict[str, Callable[[Invocation], Iterator[Finding]]] = {
        "Python": _python,
        "Settings": _settings,
        "Folders": _folders,
        "Display": _display,
        "Microphone": _microphone,
        "Loudspeaker": _loudspeaker,
        "Voices": _voices,
        "Models": _models,
        "Calendar": _calendar,
        "Dictionary": _dictionary,
    }
    for name, check in checks.items():
        try:
            yield from check(invocation)
        except AssistantError as error:
            yield Finding(name, False, error.message)
        except Exception as error:  # noqa: BLE001 - a broken system library must not end the examination
            yield Finding(name, False, f"could not be checked ({type(error).__name__}: {error})")


def _python(_invocation: Invocation) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fresh = sys.version_info >= _PYTHON
    yield Finding("Python", fresh, version, "" if fresh else "Install Python 3.11 or newer.")


def _settings(invocation: Invocation) -> Iterator[Finding]:
    file = invocation.paths.settings_file
    problem = invocation.settings_problem or ""
    where = str(file) if file.exists() else "the defaults"
    yield Finding("Settings", not problem, where, problem)


def _folders(invocation: Invocation) -> Iterator[Finding]:
    paths = invocation.paths
    for name, folder in {
        "Settings folder": paths.config_dir,
        "Data folder": paths.data_dir,
        "Cache folder": paths.cache_dir,
        "Log folder": paths.log_dir,
    }.items():
        problem = _not_writable(folder)
        yield Finding(name, not problem, str(folder), problem)
    free = shutil.disk_usage(_existing(paths.data_dir)).free
    enough = free >= _NEEDED_BYTES
    advice = "" if enough else f"Free at least {_NEEDED_BYTES // 1_000_000} MB."
    yield Finding("Disk", enough, f"{free / 1e9:.1f} GB free", advice)


def _display(_invocation: Invocation) -> Iterator[Finding]:
    if not sys.platform.startswith("linux"):
        yield Finding("Display", True, "there is one")
        return
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    advice = "The window needs one; `assistant chat` does not." if not display else ""
    yield Finding("Display", bool(display), display or "none", advice)


def _microphone(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.voice.devices import find_device, list_microphones

    chosen = invocation.settings.hearing.input_device
    yield _device_finding("Microphone", list_microphones(), find_device, "input", chosen)


def _loudspeaker(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.voice.devices import find_device, list_loudspeakers

    chosen = invocation.settings.voice.output_device
    yield _device_finding("Loudspeaker", list_loudspeakers(), find_device, "output", chosen)


def _device_finding(name: str, devices: Any, find: Any, kind: str, chosen: str) -> Finding:
    names = ", ".join(device.name for device in devices)
    if not devices:
        return Finding(name, False, "none found", "Connect one and try again; typing and reading work without.")
    if chosen and find(kind, chosen) is None:
        advice = f"Connect it, or choose another in the settings: {names}"
        return Finding(name, False, f"“{chosen}” is not connected", advice)
    return Finding(name, True, names)


def _dictionary(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.app import build_facts, dictionary_folders

    dictionary = build_facts(invocation.paths).dictionary
    if dictionary is not None:
        yield Finding("Dictionary", True, f"WordNet in {dictionary.folder}")
        return
    advice = (
        "For the meanings of words: sudo apt-get install wordnet-base; or put the dict folder of WordNet 3.0 into "
        f"{dictionary_folders(invocation.paths)[0]}"
    )
    yield Finding("Dictionary", True, "WordNet is not installed", advice)


def _voices(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.voice.neural_voice import HibariVoice
    from assistant_app.voice.system_voice import SystemVoice

    for name, engine, needed in (
        ("Neural voice", HibariVoice(), invocation.settings.voice.engine == "neural"),
        ("System voices", SystemVoice(), invocation.settings.voice.engine == "system"),
    ):
        try:
            voices = engine.voices()
            languages = sorted({voice.language for voice in voices})
            named = ", ".join(languages) if len(languages) <= _LANGUAGES_NAMED else f"{len(languages)} languages"
            what = f"{len(voices)} ({named})" if voices else "none"
            advice = "" if voices else "Install espeak-ng for more voices."
            yield Finding(name, bool(voices) or not needed, what, advice)
        except AssistantError as error:
            yield Finding(name, not needed, "none", error.message)
        finally:
            engine.close()


def _models(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.app import build_model_store

    store = build_model_store(invocation.paths)
    for entry in store.manifest.models:
        status = store.status(entry.name)
        ready = status.state == "ready"
        yield Finding(
            f"Model {entry.name}",
            ready or (entry.optional and status.state == "missing"),
            status.state + (", optional" if entry.optional and not ready else ""),
            "" if ready else status.problem,
        )


def _calendar(invocation: Invocation) -> Iterator[Finding]:
    from assistant_app.app import build_calendar

    store = build_calendar(invocation.settings, invocation.paths)
    try:
        problem = _not_writable(store.root)
        yield Finding("Calendar folder", not problem, str(store.root), problem)
        store.refresh()
        for unread in store.problems():
            yield Finding(
                "Calendar file", False, f"{unread.file}: {unread.reason}", "Repair or remove it; it was left as it is."
            )
    finally:
        store.close()


def _not_writable(folder: Path) -> str:
    """Why nothing can be written there, or nothing."""
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return f"{place} cannot be written ({error.strerror}). Change its permissions, or use --profile DIR."


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path.cwd())
