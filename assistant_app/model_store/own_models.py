"""A language model of the user's own: a Hugging Face folder as it is, a GGUF file converted once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assistant_app.errors import ModelError
from assistant_app.model_store.conversion import convert_gguf


def own_trunk(place: Path, cache_dir: Path) -> Path:
    """The folder to load for `place`, a folder or a .gguf file; what is converted is kept in `cache_dir`.

    Raises:
        ModelError: there is nothing there, or it is of a type that cannot be read.
    """
    place = place.expanduser()
    if (place / "config.json").is_file():
        return place
    inside = sorted(place.glob("*.gguf")) if place.is_dir() else []
    file = inside[0] if len(inside) == 1 else place
    if not file.is_file():
        raise ModelError(
            "trunk_missing",
            f"There is no language model at {place}: neither a folder with config.json nor one .gguf file. "
            "Correct `trunk` under [model] in the settings file, or empty it.",
        )
    found = file.stat()
    converted = cache_dir / "converted" / f"{file.stem}-{found.st_size:x}-{found.st_mtime_ns:x}"
    if not converted.is_dir():
        temporary = converted.with_name(f"{converted.name}.{os.getpid()}.new")
        temporary.mkdir(parents=True, exist_ok=True)
        try:
            convert_gguf(file, temporary)
            temporary.replace(converted)
        except (OSError, ValueError) as error:
            raise ModelError("trunk_type", f"The language model {file} cannot be read: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return converted
