"""Where the measuring data lies: beside the checkout, or where an environment variable says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT_VARIABLE = "ASSISTANT_TEST_DATA"


def data_folder(name: str) -> Path:
    """The folder of one set, e.g. `speech_misc`; skips the test where it is absent."""
    override = os.environ.get(ENVIRONMENT_VARIABLE)
    base = Path(override) if override else Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = base / name
    if not folder.is_dir():
        pytest.skip(f"no measuring data: {name} is neither in ../shared/data nor in ${ENVIRONMENT_VARIABLE}")
    return folder


def manifest(name: str) -> list[dict[str, Any]]:
    """The rows of a set's manifest.jsonl, each with its `path`."""
    folder = data_folder(name)
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{**row, "path": folder / row["file"]} for row in rows]
