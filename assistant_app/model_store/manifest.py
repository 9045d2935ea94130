"""The list of weights: `models/manifest.toml` as frozen values.

It knows the file's layout and refuses one that does not hold together; it touches no weights.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from assistant_app.errors import ModelError

FORMAT = 1

Conversion = Literal["none", "ctranslate2-whisper", "gguf-causal-lm"]
_CONVERSIONS = ("none", "ctranslate2-whisper", "gguf-causal-lm")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class UrlSource:
    """The file at an address that is pinned to a revision."""

    url: str


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file, or a piece of one, inside a wheel of the package registry."""

    package: str
    version: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    """Its path inside the wheel. The wheel is read as an archive, never installed or imported."""


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Wheel members which, one after the other, are the file."""

    members: tuple[WheelMember, ...]


Source = UrlSource | PackageSource


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a model as its authors published it."""

    name: str
    sha256: str
    bytes: int
    sources: tuple[Source, ...]
    """In the order in which they are tried. Whoever serves it, the hash is the same."""


@dataclass(frozen=True, slots=True)
class ConvertedFile:
    """A weights file that we make from the source files."""

    name: str
    bytes: int
    """Roughly, for the check of free space."""
    tensors_sha256: str
    """Over every tensor's name, type, shape and bytes in the order of names: the same on every
    machine, whatever the library that wrote the file."""


@dataclass(frozen=True, slots=True)
class Bundled:
    """Where a package of the ordinary dependencies holds the weights."""

    package: str
    version: str
    module: str
    """The importable folder. It is located, not imported."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the manifest."""

    name: str
    title: str
    purpose: str
    licence: str
    homepage: str
    optional: bool
    """Fetched only when named, or with `--all`."""
    entry: str
    """What a user of the model opens, relative to its folder; "." is the folder itself."""
    convert: Conversion
    files: tuple[SourceFile, ...]
    converted: tuple[ConvertedFile, ...]
    bundled: Bundled | None

    @property
    def download_bytes(self) -> int:
        return 0 if self.bundled else sum(file.bytes for file in self.files)

    @property
    def wheel_bytes(self) -> int:
        """What the packages weigh, for those who fetch from the registry."""
        wheels = {
            member.wheel_sha256: member.wheel_bytes
            for file in self.files
            for source in file.sources
            if isinstance(source, PackageSource)
            for member in source.members
        }
        return sum(wheels.values())

    @property
    def installed_bytes(self) -> int:
        """On disk once fetched and converted, roughly."""
        return sum(file.bytes for file in (self.converted or self.files))


@dataclass(frozen=True, slots=True)
class Manifest:
    """All models, in the order of the file."""

    models: tuple[ModelEntry, ...]

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            ModelError: `manifest_unreadable`, with what is wrong in which entry.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            if table.get("format") != FORMAT:
                raise ValueError(f"format {table.get('format')!r} is not {FORMAT}")
            models = tuple(_model(entry) for entry in table.get("model", []))
            names = [model.name for model in models]
            if len(set(names)) != len(names):
                raise ValueError("two models have the same name")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, KeyError, TypeError) as problem:
            what = f"{problem.args[0]} is missing" if isinstance(problem, KeyError) else str(problem)
            raise ModelError(
                "manifest_unreadable",
                f"The list of models {path} cannot be used: {what}. Restore the file (it belongs to the program).",
            ) from problem
        return cls(models)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def get(self, name: str) -> ModelEntry:
        """The model of that name.

        Raises:
            ModelError: `model_unknown`, naming those there are.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise ModelError("model_unknown", f"There is no model named {name!r}. There are: {', '.join(self.names)}.")


def _model(table: Mapping[str, Any]) -> ModelEntry:
    name = _matching(_NAME, table["name"], "name")
    try:
        convert = table.get("convert", "none")
        if convert not in _CONVERSIONS:
            raise ValueError(f"conversion {convert!r} is not known")
        model = ModelEntry(
            name=name,
            title=str(table["title"]),
            purpose=str(table["purpose"]),
            licence=str(table["licence"]),
            homepage=str(table["homepage"]),
            optional=bool(table.get("optional", False)),
            entry=_relative(table.get("entry", ".")),
            convert=convert,
            files=tuple(_file(entry) for entry in table["file"]),
            converted=tuple(_converted(entry) for entry in table.get("converted", [])),
            bundled=_bundled(table["bundled"]) if "bundled" in table else None,
        )
        if not model.files:
            raise ValueError("it has no files")
        if (model.convert == "none") != (not model.converted):
            raise ValueError("a conversion needs its converted files named, and they need a conversion")
        if model.bundled is None and not all(file.sources for file in model.files):
            raise ValueError("a file has no source")
    except KeyError as problem:
        raise ValueError(f"{name}: {problem.args[0]} is missing") from problem
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{name}: {problem}") from problem
    return model


def _file(table: Mapping[str, Any]) -> SourceFile:
    return SourceFile(
        name=_relative(table["name"]),
        sha256=_matching(_SHA256, table["sha256"], "sha256"),
        bytes=_size(table["bytes"]),
        sources=tuple(_source(entry) for entry in table.get("sources", [])),
    )


def _source(table: Mapping[str, Any]) -> Source:
    if "url" in table:
        url = str(table["url"])
        if not url.startswith(("https://", "http://127.0.0.1:")):
            raise ValueError(f"{url} is not an https address")
        return UrlSource(url)
    members = tuple(
        WheelMember(
            package=_matching(_NAME, entry["package"], "package"),
            version=str(entry["version"]),
            wheel_sha256=_matching(_SHA256, entry["wheel_sha256"], "wheel_sha256"),
            wheel_bytes=_size(entry["wheel_bytes"]),
            member=_relative(entry["member"]),
        )
        for entry in table["packages"]
    )
    if not members:
        raise ValueError("a source names no package")
    return PackageSource(members)


def _converted(table: Mapping[str, Any]) -> ConvertedFile:
    return ConvertedFile(
        name=_relative(table["name"]),
        bytes=_size(table["bytes"]),
        tensors_sha256=_matching(_SHA256, table["tensors_sha256"], "tensors_sha256"),
    )


def _bundled(table: Mapping[str, Any]) -> Bundled:
    return Bundled(package=str(table["package"]), version=str(table["version"]), module=str(table["module"]))


def _matching(pattern: re.Pattern[str], value: Any, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{what} {value!r} is not well formed")
    return value


def _size(value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"{value!r} is not a number of bytes")
    return value


def _relative(value: Any) -> str:
    path = PurePosixPath(str(value))
    if path.is_absolute() or ".." in path.parts or "\\" in str(value):
        raise ValueError(f"{value!r} is not a path inside the model's folder")
    return str(value)
