"""The int8 form of a trunk, kept in the user's cache folder so that it is computed once.

One safetensors file for each trunk, named after the trunk's fingerprint, with a checksum a tensor. It is
written to the end and then renamed; one that is damaged or of another version is written anew, and where
the folder cannot be written the trunk is converted at each start. Nothing here knows what the tensors are.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import typing
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if typing.TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

VERSION = "2"
"""Goes up when what is stored, or how it is made, changes."""


class DamagedStore(Exception):
    """A tensor's bytes are not those that were written."""


class Int8Store:
    """Tensors by name, mapped into memory."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._checksums: dict[str, int] = json.loads(file.metadata()["checksums"])
        self.names = frozenset(self._checksums)

    def read(self, name: str) -> Tensor:
        """Raises `DamagedStore`. Several threads may read at once."""
        tensor: Tensor = self._file.get_tensor(name)
        if _checksum(tensor) != self._checksums[name]:
            raise DamagedStore(name)
        return tensor


def store_path(cache_dir: Path, fingerprint: str) -> Path:
    return cache_dir / f"{fingerprint}-int8-v{VERSION}.safetensors"


def open_store(path: Path) -> Int8Store | None:
    """None if it is not there or cannot be used."""
    from safetensors import SafetensorError, safe_open

    try:
        return Int8Store(safe_open(path, framework="pt", device="cpu"))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        log.info("the int8 weights in %s are damaged and are computed anew", path)
        return None


def write_store(path: Path, tensors: Mapping[str, Tensor]) -> bool:
    """Whether it could be written."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    checksums = json.dumps({name: _checksum(tensor) for name, tensor in tensors.items()})
    temporary = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(tensors), temporary, metadata={"checksums": checksums})
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        log.info("the int8 weights cannot be kept in %s (%s); the next start computes them again", path, error)
        with contextlib.suppress(OSError):
            temporary.unlink()
        return False
    return True


def _checksum(tensor: Tensor) -> int:
    import torch

    return zlib.crc32(tensor.contiguous().view(torch.uint8).reshape(-1).numpy().data) if tensor.numel() else 0
