"""The shape of a trunk, read from the `config.json` of a Hugging Face folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant_app.errors import ModelError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of each block, by Hugging Face name."""

FUSED = {
    "qkv": ("q_proj", "k_proj", "v_proj"),
    "o": ("o_proj",),
    "gate_up": ("gate_proj", "up_proj"),
    "down": ("down_proj",),
}
"""Those that read the same input are one matrix."""


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """Slower rotary positions, for longer contexts than a model was first trained on."""

    kind: Literal["linear", "llama3"]
    factor: float
    low_frequency_factor: float = 1.0
    high_frequency_factor: float = 4.0
    original_positions: int = 8192
    """Turns shorter than a part of this are kept as they were (llama3)."""


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """The shape of a trunk, as in its `config.json`."""

    model_type: str
    """`qwen2` or `llama`."""
    vocab_size: int
    hidden_size: int
    """D."""
    layers: int
    heads: int
    """H."""
    kv_heads: int
    """K; each serves H / K query heads."""
    head_size: int
    """E."""
    feed_forward_size: int
    rope_theta: float
    norm_epsilon: float
    tied_output: bool
    """The output layer is the embedding table."""
    eos_token_id: int
    rope_scaling: RopeScaling | None = None

    @staticmethod
    def read(folder: Path) -> TrunkConfig:
        """Raises `ModelError` if the folder does not hold a model of a supported type."""
        try:
            raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                "trunk_unreadable", f"The language model in {folder} cannot be read. Run: assistant models fetch"
            ) from error
        if raw.get("model_type") not in ("qwen2", "llama"):
            raise ModelError(
                "trunk_type",
                f"The language model in {folder} is of type {raw.get('model_type')!r}; choose a qwen2 or llama one.",
            )
        if raw.get("hidden_act", "silu") != "silu" or raw.get("use_sliding_window") or raw.get("mlp_bias"):
            raise ModelError(
                "trunk_type",
                f"The language model in {folder} has another activation, sliding windows or biases in its feed-forward "
                "layers, which are not supported. Choose another qwen2 or llama model.",
            )
        rope = {**(raw.get("rope_scaling") or {}), **(raw.get("rope_parameters") or {})}
        eos = raw.get("eos_token_id", 0)
        return TrunkConfig(
            model_type=raw["model_type"],
            vocab_size=raw["vocab_size"],
            hidden_size=raw["hidden_size"],
            layers=raw["num_hidden_layers"],
            heads=raw["num_attention_heads"],
            kv_heads=raw.get("num_key_value_heads") or raw["num_attention_heads"],
            head_size=raw.get("head_dim") or raw["hidden_size"] // raw["num_attention_heads"],
            feed_forward_size=raw["intermediate_size"],
            rope_theta=float(rope.get("rope_theta") or raw.get("rope_theta") or 10_000.0),
            norm_epsilon=float(raw["rms_norm_eps"]),
            tied_output=bool(raw.get("tie_word_embeddings", False)),
            eos_token_id=eos[0] if isinstance(eos, list) else eos,
            rope_scaling=_rope_scaling(folder, rope),
        )


def _rope_scaling(folder: Path, rope: dict[str, Any]) -> RopeScaling | None:
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return None
    if kind == "linear":
        return RopeScaling("linear", float(rope["factor"]))
    if kind == "llama3":
        return RopeScaling(
            "llama3",
            float(rope["factor"]),
            float(rope["low_freq_factor"]),
            float(rope["high_freq_factor"]),
            int(rope["original_max_position_embeddings"]),
        )
    raise ModelError(
        "trunk_type",
        f"The language model in {folder} uses rotary positions of type {kind!r}; default, linear and llama3 are "
        "supported. Choose another qwen2 or llama model.",
    )


def projection_shape(config: TrunkConfig, name: str) -> tuple[int, int]:
    """(out, in) of a linear layer."""
    d, f, e = config.hidden_size, config.feed_forward_size, config.head_size
    return {
        "q_proj": (config.heads * e, d),
        "k_proj": (config.kv_heads * e, d),
        "v_proj": (config.kv_heads * e, d),
        "o_proj": (d, config.heads * e),
        "gate_proj": (f, d),
        "up_proj": (f, d),
        "down_proj": (d, f),
    }[name]
