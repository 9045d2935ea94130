"""Reader of CTranslate2's `model.bin`: named arrays, nothing else.

Layout, little-endian: u32 version, string specification, u32 revision, u32 count; per variable a
string name, u8 rank, u32 dimensions, u8 type, u32 bytes, the data; then u32 count of aliases and
two strings each. A string is u16 length and that many bytes, the last one NUL.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES: tuple[type[np.generic], ...] = (np.float32, np.int8, np.int16, np.int32, np.float16)
_OLDEST_VERSION, _NEWEST_VERSION = 3, 6
"""Aliases came with 3, the revision and typed data before it."""


@dataclass(frozen=True, slots=True, eq=False)
class CTranslate2File:
    """A model file's contents."""

    specification: str
    """The class that wrote it, e.g. `WhisperSpec`."""
    revision: int
    variables: dict[str, NDArray[Any]]
    """Read-only, backed by the file; aliases are resolved."""


def read_ctranslate2(path: Path) -> CTranslate2File:
    """Read a `model.bin`.

    Raises:
        ValueError: it is none, or it is cut short.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    cursor = _Cursor(data)
    try:
        version = cursor.number("I")
        if not _OLDEST_VERSION <= version <= _NEWEST_VERSION:
            raise ValueError(f"version {version} of the format is not known")
        specification = cursor.string()
        revision = cursor.number("I")
        variables: dict[str, NDArray[Any]] = {}
        for _ in range(cursor.number("I")):
            name = cursor.string()
            shape = tuple(cursor.number("I") for _ in range(cursor.number("B")))
            kind = cursor.number("B")
            if kind >= len(_TYPES):
                raise ValueError(f"{name} is of the unknown type {kind}")
            variables[name] = cursor.array(_TYPES[kind], cursor.number("I"), shape)
        for _ in range(cursor.number("I")):
            alias, name = cursor.string(), cursor.string()
            variables[alias] = variables[name]
    except (struct.error, KeyError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path.name} is cut short or not a CTranslate2 model") from problem
    return CTranslate2File(specification, revision, variables)


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return int(value)

    def string(self) -> str:
        return self._take(self.number("H")).rstrip(b"\0").decode("utf-8")

    def array(self, kind: type[np.generic], size: int, shape: tuple[int, ...]) -> NDArray[Any]:
        if self._at + size > len(self._data):
            raise struct.error("beyond the end")
        dtype = np.dtype(kind)
        array = np.frombuffer(self._data, dtype, size // dtype.itemsize, self._at)
        self._at += size
        return array.reshape(shape)

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise struct.error("beyond the end")
        taken = self._data[self._at : self._at + size]
        self._at += size
        return bytes(taken)
