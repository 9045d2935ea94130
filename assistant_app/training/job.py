"""What every part of a training run shares: its folders, its recipe, and where it says how far it is."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant_app.errors import InputError
from assistant_app.training.examples import LabelMap
from assistant_app.training.loop import Kept, Progress, silent
from assistant_app.training.world import World

Report = Callable[[str], None]
"""Gets a line of text."""


@dataclass(frozen=True, slots=True)
class Job:
    """Where a training run reads and writes."""

    data: Path
    recipe: Mapping[str, Any]
    labels: LabelMap
    trunk_folder: Path
    out: Path
    work: Path
    """States, unfinished and finished parts; may be deleted after the run."""
    command: str
    workers: int
    report: Report
    progress: Progress = silent
    world: World = field(default_factory=World)

    def sections(self, names: Sequence[str]) -> dict[str, Any]:
        """The recipe's sections of these names: what a part depends on."""
        return {name: self.recipe[name] for name in names}

    def kept(self, part: str, depends_on: Mapping[str, Any]) -> Kept:
        """Where the loop keeps the state and curve of a part; what depends on something else never goes on from it."""
        return Kept(self.work / "runs" / f"{part}-{key(part, depends_on)}", progress=self.progress, world=self.world)


def key(part: str, depends_on: Mapping[str, Any]) -> str:
    """A short name for a part and what it depends on."""
    return hashlib.sha256(json.dumps([part, depends_on], sort_keys=True).encode()).hexdigest()[:12]


def load_recipe(file: Path) -> dict[str, Any]:
    """Raises `InputError` naming what is wrong."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("recipe_unreadable", f"The recipe {file} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("recipe_syntax", f"The recipe {file} is not valid TOML: {error}.") from error
