"""The personal adapter: what one person's corrections change of the router and the scheduling decoder.

Additive and of low rank (Hu et al. 2021, arXiv:2106.09685), on what the decoders have made of an utterance:

    intent scores += up (down pooled) + bias        pooled (W,), down (r, W), up (labels, r), bias (labels,)
    tag scores    += up (down encoded) + bias       for each token, with matrices of its own

With all of it zero the model is the released one, so taking it away gives that back exactly. It belongs to the
weights it was fitted on and is left aside with any others. It knows no correction and fits nothing: that
is `training/personal.py`.
"""

from __future__ import annotations

import json
import shutil
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant_app.errors import ModelError, StorageError

if typing.TYPE_CHECKING:
    from torch import Tensor

FORMAT_VERSION = 1
_TENSORS = ("intents_down", "intents_up", "intents_bias", "slots_down", "slots_up", "slots_bias")


@dataclass(frozen=True, slots=True)
class PersonalRecord:
    """What a person may know of their adapter."""

    weights: str
    """`UtteranceReader.weights_name` of the weights it was fitted on."""
    made: str
    """ISO time."""
    corrections: int
    """How many it was fitted on."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What was measured before it was switched on; shares from 0 to 1."""
    on: bool = True
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, eq=False)
class PersonalAdapter:
    """The tensors, float32."""

    intents_down: Tensor
    intents_up: Tensor
    intents_bias: Tensor
    slots_down: Tensor
    slots_up: Tensor
    slots_bias: Tensor

    def intents(self, pooled: Tensor) -> Tensor:
        """(..., W) -> what is added to the scores of our labels (..., labels)."""
        return pooled.float() @ self.intents_down.T @ self.intents_up.T + self.intents_bias

    def tags(self, encoded: Tensor) -> Tensor:
        """(..., W) -> what is added to the scores of our tags (..., tags)."""
        return encoded.float() @ self.slots_down.T @ self.slots_up.T + self.slots_bias

    def to(self, device: Any) -> PersonalAdapter:
        return PersonalAdapter(**{name: getattr(self, name).to(device) for name in _TENSORS})

    def fits(self, width: int, labels: int, tags: int) -> bool:
        """Whether the shapes are those of a model with so many features, labels and tags."""
        return (
            self.intents_down.shape[1] == self.slots_down.shape[1] == width
            and self.intents_up.shape == (labels, self.intents_down.shape[0])
            and self.slots_up.shape == (tags, self.slots_down.shape[0])
            and (len(self.intents_bias), len(self.slots_bias)) == (labels, tags)
        )


class PersonalFolder:
    """The adapter on disk: `adapter.safetensors` and, written after it, `adapter.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._record_file = folder / "adapter.json"
        self._tensor_file = folder / "adapter.safetensors"

    def record(self) -> PersonalRecord | None:
        """None where there is no adapter. Raises `ModelError` for one that cannot be read."""
        try:
            raw: dict[str, Any] = json.loads(self._record_file.read_text(encoding="utf-8"))
            if raw["format_version"] != FORMAT_VERSION:
                raise ValueError("another format")
            return PersonalRecord(**raw)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                "personal_damaged",
                f"The personal adapter in {self.folder} cannot be read. Fit it again: assistant train --personal. "
                "Or remove it: assistant personal delete.",
            ) from error

    def load(self) -> PersonalAdapter:
        """Raises `ModelError` if the tensors are missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors = load_file(self._tensor_file)
            return PersonalAdapter(**{name: tensors[name].float() for name in _TENSORS})
        except (OSError, KeyError, SafetensorError) as error:
            raise ModelError(
                "personal_damaged",
                f"The personal adapter in {self.folder} is damaged. Fit it again: assistant train --personal.",
            ) from error

    def save(self, adapter: PersonalAdapter, record: PersonalRecord) -> None:
        """In the place of the one before. Only the user may read it: it was made of what they said."""
        from safetensors.torch import save_file

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self._tensor_file.with_name(f".{self._tensor_file.name}.new")
            save_file({name: getattr(adapter, name).contiguous().cpu() for name in _TENSORS}, temporary)
            temporary.chmod(0o600)
            temporary.replace(self._tensor_file)
        except OSError as error:
            raise self._unwritable(error) from error
        self._write(record)

    def switch(self, on: bool) -> PersonalRecord:
        """Use it, or leave it aside. Raises `ModelError` where there is none."""
        record = self.record()
        if record is None:
            raise ModelError("personal_missing", "There is no personal adapter. Make one: assistant train --personal")
        record = replace(record, on=on)
        self._write(record)
        return record

    def delete(self) -> bool:
        """Whether there was one."""
        there = self._record_file.exists() or self._tensor_file.exists()
        for file in (self._record_file, self._tensor_file):
            file.unlink(missing_ok=True)
        return there

    def export(self, folder: Path) -> tuple[Path, ...]:
        """Copy both files to another folder; their names there."""
        if self.record() is None:
            raise ModelError("personal_missing", "There is no personal adapter. Make one: assistant train --personal")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return tuple(Path(shutil.copy2(file, folder)) for file in (self._record_file, self._tensor_file))
        except OSError as error:
            raise StorageError(
                "folder_unwritable", f"{folder} cannot be written ({error.strerror}). Name another folder."
            ) from error

    def _write(self, record: PersonalRecord) -> None:
        try:
            temporary = self._record_file.with_name(f".{self._record_file.name}.new")
            temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
            temporary.replace(self._record_file)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            "folder_unwritable", f"{self.folder} cannot be written ({error.strerror}). Change its permissions."
        )
