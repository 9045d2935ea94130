"""Decoders and adapters on disk: one `checkpoint.json` and a safetensors file for each decoder.

The JSON names the trunk the decoders were trained on, their labels and sizes, the command that
made them and the figures they reached. Sizes are small enough to ship with the program.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assistant_app.brain.trunk_files import trunk_fingerprint as trunk_fingerprint
from assistant_app.errors import ModelError

if typing.TYPE_CHECKING:
    from torch import Tensor

FORMAT_VERSION = 2
PARTS = ("router", "slots", "dialogue")
"""Always there; `understanding` and `answers` where their rank is not 0."""

_OPTIONAL = {"understanding": "understanding_rank", "answers": "answer_rank"}
ADAPTER_SCALE = 2.0
"""Of the adapters for understanding and answers (LoRA's alpha / rank)."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything but the tensors."""

    trunk_name: str
    trunk_fingerprint: str
    """`trunk_fingerprint()` of the folder the decoders were trained on."""
    utterance_depths: tuple[int, ...]
    encoder: Mapping[str, float]
    """Fields of `decoders.EncoderShape`."""
    intent_labels: Mapping[str, tuple[str, ...]]
    """Label set -> intents, in the order of the head's outputs."""
    slot_labels: Mapping[str, tuple[str, ...]]
    """Label set -> BIO tags, in the order of the head's outputs."""
    skill_threshold: float
    """Below this probability of the best skill the route is unsure."""
    out_of_scope_threshold: float
    """Below this top probability of the `clinc150` head a text is out of scope there."""
    answer_rank: int
    """Of the question-answering adapter; 0: the trunk answers as it comes."""
    answer_slope: float
    """Probability that a passage answers = sigmoid(slope * margin + offset); the margin is the log-probability of the
    best words less that of none."""
    answer_offset: float
    answer_threshold: float
    """Below this probability a passage counts as not answering the question."""
    dialogue_rank: int
    dialogue_scale: float
    command: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    sharing: str = "separate"
    """How router and scheduling decoder share an encoder (`decoders.understanding_decoders`)."""
    shared_depth: int = 0
    """Layers below which all tasks read the same states; the understanding adapter changes those from there
    to the deepest utterance depth. 0: there is no such adapter."""
    understanding_rank: int = 0
    format_version: int = FORMAT_VERSION


def save_checkpoint(folder: Path, checkpoint: Checkpoint, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write tensors (as float16) and then the JSON; a reader never sees one without the other."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    for name, tensors in parts.items():
        halves = {
            key: (value.detach().half() if value.is_floating_point() else value.detach()).contiguous().cpu()
            for key, value in tensors.items()
        }
        temporary = folder / f".{name}.safetensors.new"
        save_file(halves, temporary)
        temporary.replace(folder / f"{name}.safetensors")
    assert all(torch.is_tensor(tensor) for tensors in parts.values() for tensor in tensors.values())
    temporary = folder / ".checkpoint.json.new"
    temporary.write_text(json.dumps(asdict(checkpoint), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(folder / "checkpoint.json")


def load_checkpoint(folder: Path) -> tuple[Checkpoint, dict[str, dict[str, Tensor]]]:
    """Raises `ModelError` if a part is missing, damaged or of a newer format."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        raw: dict[str, Any] = json.loads((folder / "checkpoint.json").read_text(encoding="utf-8"))
        if raw["format_version"] != FORMAT_VERSION:
            raise ModelError(
                "decoders_format",
                f"The decoders in {folder} are of format {raw['format_version']}; this program reads "
                f"{FORMAT_VERSION}. Update the program.",
            )
        adapters = [name for name, rank in _OPTIONAL.items() if raw[rank]]
        parts = {name: load_file(folder / f"{name}.safetensors") for name in (*PARTS, *adapters)}
        checkpoint = Checkpoint(
            **{
                **raw,
                "utterance_depths": tuple(raw["utterance_depths"]),
                "intent_labels": {key: tuple(value) for key, value in raw["intent_labels"].items()},
                "slot_labels": {key: tuple(value) for key, value in raw["slot_labels"].items()},
            }
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            "decoders_damaged",
            f"The decoders in {folder} are missing or damaged. Get them again: git restore models, or reinstall.",
        ) from error
    return checkpoint, {name: {key: value.float() for key, value in part.items()} for name, part in parts.items()}
