"""The shape of a trunk, read from the `config.json` of a Hugging Face folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assistant_app.errors import ModelError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of each block, by Hugging Face name."""


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
        rope = raw.get("rope_parameters") or {}
        if rope.get("rope_type", "default") != "default" or raw.get("rope_scaling"):
            raise ModelError(
                "trunk_type", f"The language model in {folder} uses scaled rotary positions, which are not supported."
            )
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
