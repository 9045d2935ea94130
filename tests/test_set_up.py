"""The set-up of a checkout: what it finds missing, and that a complete one does nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """packaging/set_up.py at work on a small checkout of its own, unable to start any program."""
    spec = importlib.util.spec_from_file_location("set_up_under_test", ROOT / "packaging" / "set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    checkout = tmp_path / "checkout"
    (checkout / "packaging").mkdir(parents=True)
    (checkout / "models").mkdir()
    for name in ("pyproject.toml", "packaging/constraints.txt", "models/manifest.toml"):
        shutil.copy(ROOT / name, checkout / name)
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    (venv / "pyvenv.cfg").write_text(f"command = python -m venv {venv}\n")
    monkeypatch.setattr(module, "ROOT", checkout)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "VENV_PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMPS", checkout / ".setup")
    monkeypatch.setattr(module, "CONSTRAINTS", checkout / "packaging" / "constraints.txt")
    monkeypatch.setattr(module, "missing_system", lambda purpose: [])

    def refuse(*command: object, **more: object) -> None:
        raise AssertionError(f"the set-up started {command}")

    monkeypatch.setattr(module.subprocess, "run", refuse)
    return module


@pytest.fixture
def complete(set_up: ModuleType, tmp_path: Path) -> ModuleType:
    set_up.STAMPS.mkdir()
    set_up.put_stamp("packages-run", set_up.packages_key())
    weights = tmp_path / "weights"
    weights.touch()
    set_up.put_stamp("models.json", json.dumps({"key": set_up.models_key(), "paths": [str(weights)]}))
    return set_up


def test_a_complete_checkout_starts_nothing(complete: ModuleType) -> None:
    assert complete.main("run") == 0


def test_other_pins_mean_another_installation(complete: ModuleType) -> None:
    with complete.CONSTRAINTS.open("a") as file:
        file.write("another==1\n")
    assert not complete.is_complete("run")


def test_a_run_does_not_count_as_ready_for_tests(complete: ModuleType) -> None:
    assert complete.is_complete("run")
    assert not complete.is_complete("test")
    complete.put_stamp("packages-test", complete.packages_key())
    assert complete.is_complete("test")


def test_a_checkout_that_was_moved_needs_its_environment_anew(complete: ModuleType) -> None:
    (complete.VENV / "pyvenv.cfg").write_text("command = python -m venv /somewhere/else/.venv\n")
    assert not complete.is_complete("run")


def test_weights_that_went_away_are_noticed(complete: ModuleType, tmp_path: Path) -> None:
    assert not complete.missing_models()
    (tmp_path / "weights").unlink()
    assert complete.missing_models()


def test_a_torn_stamp_counts_as_none(complete: ModuleType) -> None:
    (complete.STAMPS / "models.json").write_text('{"key": ')
    assert complete.missing_models()


def test_without_rights_the_exact_line_is_printed_and_the_set_up_goes_on(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.STAMPS.mkdir()
    monkeypatch.setattr(set_up, "missing_system", lambda purpose: ["libegl1", "libportaudio2"])
    monkeypatch.setattr(set_up, "may_install", lambda: None)
    monkeypatch.setattr(set_up.shutil, "which", lambda name: f"/usr/bin/{name}")
    set_up.system_libraries("run")
    assert "sudo apt-get install --no-install-recommends libegl1 libportaudio2" in capsys.readouterr().err


def test_python_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for tool in ("bash", "env", "dirname", "cat"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or f"/usr/bin/{tool}")
    done = subprocess.run(
        [ROOT / "packaging" / "set-up", "run"],
        env={key: value for key, value in os.environ.items() if key != "PYTHON"} | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; this machine has Python 3.9.2" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_no_pin_has_a_local_version() -> None:
    pins = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in pins
    assert [pin for pin in pins if "+" in pin.split("#")[0]] == []
