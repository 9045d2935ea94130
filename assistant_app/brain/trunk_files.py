"""A trunk on disk: a Hugging Face folder with `config.json`, `tokenizer.json` and safetensors in one file or several.

It finds and maps tensors; what they mean is `trunk.py`'s.
"""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant_app.errors import ModelError

if typing.TYPE_CHECKING:
    from torch import Tensor

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
"""Where the tensors are spread over several files it names each one's."""
SINK_TOKENS = ("<|im_start|>", "<s>", "<|begin_of_text|>", "<|endoftext|>")
"""The first of these that a tokenizer has starts every sequence."""


class TrunkFiles(Mapping[str, "Tensor"]):
    """Tensors by Hugging Face name, mapped into memory and read when they are used."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """Raises `ModelError` if a file is missing or damaged."""
        from safetensors import SafetensorError, safe_open

        self._folder = folder
        self._places: dict[str, Any] = {}
        try:
            for file in weight_files(folder):
                opened: Any = safe_open(file, framework="pt", device=device)
                self._places.update(dict.fromkeys(opened.keys(), opened))
        except (OSError, SafetensorError) as error:
            raise _damaged(folder) from error

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._places:
            raise ModelError(
                "trunk_damaged",
                f"The language model in {self._folder} lacks the tensor {name!r}. Run: assistant models fetch",
            )
        tensor: Tensor = self._places[name].get_tensor(name)
        return tensor

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a trunk, in the order of their names."""
    if (folder / SINGLE_FILE).is_file() or not (folder / INDEX_FILE).is_file():
        return [folder / SINGLE_FILE]
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        return [folder / name for name in sorted({str(name) for name in index["weight_map"].values()})]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise _damaged(folder) from error


def trunk_fingerprint(folder: Path) -> str:
    """A short name for a trunk's exact weights: a hash of the tensors' names and shapes and of 1 MiB of their data.

    Enough to tell trunks apart in a millisecond; damage is found by `assistant models verify`.
    """
    tensors: dict[str, list[Any]] = {}
    sample = b""
    try:
        for path in weight_files(folder):
            with path.open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(size))
                header.pop("__metadata__", None)
                tensors |= {name: [value["dtype"], value["shape"]] for name, value in header.items()}
                sample = sample or file.read(1 << 20)
    except (OSError, ValueError) as error:
        raise ModelError(
            "trunk_unreadable", f"The language model in {folder} cannot be read. Run: assistant models fetch"
        ) from error
    return hashlib.sha256(json.dumps(tensors, sort_keys=True).encode() + sample).hexdigest()[:16]


def sink_token_id(folder: Path) -> int:
    """The id of the token that starts every sequence."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for token in SINK_TOKENS:
        found = tokenizer.token_to_id(token)
        if found is not None:
            return int(found)
    raise ModelError("trunk_type", f"The tokenizer in {folder} has none of the tokens {', '.join(SINK_TOKENS)}.")


def _damaged(folder: Path) -> ModelError:
    return ModelError(
        "trunk_damaged", f"The language model in {folder} is missing or damaged. Run: assistant models fetch"
    )
