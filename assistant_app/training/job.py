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

    def key(self, part: str, sections: Sequence[str]) -> str:
        """A short name for what a part depends on: another recipe never goes on from its state."""
        wanted = {section: self.recipe[section] for section in sections}
        return hashlib.sha256(json.dumps([part, wanted], sort_keys=True).encode()).hexdigest()[:12]

    def kept(self, part: str, sections: Sequence[str]) -> Kept:
        """Where the loop keeps the state and curve of a part."""
        return Kept(self.work / "runs" / f"{part}-{self.key(part, sections)}", progress=self.progress, world=self.world)


def load_recipe(file: Path) -> dict[str, Any]:
    """Raises `InputError` naming what is wrong."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("recipe_unreadable", f"The recipe {file} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("recipe_syntax", f"The recipe {file} is not valid TOML: {error}.") from error
