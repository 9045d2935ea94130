"""What was installed and when: `receipt.json` in a model's folder.

It lets a start-up see in a moment whether the weights are there and of the right edition, without
hashing a gigabyte, and lets a verification know what every file should be.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant_app.model_store.manifest import ModelEntry

RECEIPT = "receipt.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file as it was when it was installed."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One model's installation."""

    name: str
    source_sha256: dict[str, str]
    """By the file name of the manifest."""
    convert: str
    tensors_sha256: dict[str, str]
    """By converted file."""
    files: dict[str, InstalledFile]
    """What lies in the folder, by name relative to it."""
    sources: dict[str, str]
    """Who served each source file."""
    installed_at: str
    """ISO 8601, UTC."""

    def is_of(self, entry: ModelEntry) -> bool:
        """It is the edition that the manifest names."""
        return (
            self.name == entry.name
            and self.convert == entry.convert
            and self.source_sha256 == {file.name: file.sha256 for file in entry.files}
            and self.tensors_sha256 == {file.name: file.tensors_sha256 for file in entry.converted}
        )


def write_receipt(folder: Path, receipt: Receipt) -> None:
    table = {"format": _FORMAT, **asdict(receipt)}
    (folder / RECEIPT).write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def read_receipt(folder: Path) -> Receipt | None:
    """None where there is none that can be read."""
    try:
        table = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        if table.pop("format") != _FORMAT:
            return None
        table["files"] = {name: InstalledFile(**file) for name, file in table["files"].items()}
        return Receipt(**table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
