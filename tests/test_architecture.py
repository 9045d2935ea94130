"""The house rules that a program can check: who imports whom, what an import costs, what is in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "assistant_app"
MODULES = sorted(PACKAGE.rglob("*.py"))
SLOW_TO_IMPORT = ("torch", "transformers", "whisper", "onnxruntime", "hibari")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of_networks() -> set[Path]:
    """Those that pyproject.toml lets name torch at their top, because others import them only where they are used."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ignores = settings["tool"]["ruff"]["lint"]["per-file-ignores"]
    return {path for pattern, rules in ignores.items() if "TID253" in rules for path in ROOT.glob(pattern)}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_imports_point_down() -> None:
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout + linter.stderr


def test_importing_every_module_loads_no_model_library_and_prints_nothing() -> None:
    """One fresh interpreter imports all but window and networks, and looks at what came along."""
    networks = modules_of_networks()
    names = [
        name
        for path in MODULES
        if path not in networks and not (name := module_name(path)).startswith("assistant_app.gui")
    ]
    unwanted = (*SLOW_TO_IMPORT, "PySide6")
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        f"    came = [library for library in {unwanted!r} if library in sys.modules]\n"
        "    if came: sys.exit(f'importing {name} imports {came}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


def test_importing_the_window_loads_no_model_library() -> None:
    names = [name for path in MODULES if (name := module_name(path)).startswith("assistant_app.gui")]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"sys.exit(', '.join(set({SLOW_TO_IMPORT!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path.name} has no module docstring"


def test_no_file_names_a_place_on_one_machine() -> None:
    home = re.compile(rb"(?<![\w./~-])/(?:home|Users)/(?!user/|you/|USER/)[a-z][\w.-]+/|(?<![\w./~-])/(?:root|work)/\w")
    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if b"\0" not in line and home.search(line)
    ]
    assert guilty == []
