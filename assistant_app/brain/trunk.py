"""The shared trunk: a pretrained decoder-only language model, read layer by layer.

Every task reads the states of the lower layers, so an utterance passes them once; a task that
needs more goes on through the upper layers with its own low-rank adapter. Written out here, not
taken from a model library, because we stop, tap and resume between layers and swap adapters
without touching the weights. Llama- and Qwen2-type models (RMSNorm, rotary positions, grouped-query
attention, SwiGLU) are read from a Hugging Face folder: `config.json`, `model.safetensors`,
`tokenizer.json`.

Shapes: B batch, T tokens, D hidden size, H attention heads, K key-value heads, E head size.

Precision. On a CPU that multiplies bfloat16 natively the stored bfloat16 is used. Elsewhere linear
layers run in int8 (weights per output channel, activations per call), three times as fast as
float32 here; `down_proj`, whose input has outliers that int8 cannot hold (Xiao et al. 2022,
arXiv:2211.10438), stays in float32. The first token of a sequence draws nearly all such outliers (an
"attention sink", Xiao et al. 2023, arXiv:2309.17453), so every sequence starts with the same sink
token, whose keys and values are computed once, in float32, at loading.

Sources: Llama (Touvron et al. 2023, arXiv:2302.13971), Qwen2 (Yang et al. 2024, arXiv:2407.10671),
rotary positions (Su et al. 2021, arXiv:2104.09864), grouped-query attention (Ainslie et al. 2023,
arXiv:2305.13245), LoRA (Hu et al. 2021, arXiv:2106.09685).
"""

from __future__ import annotations

import json
import typing
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant_app.errors import ModelError

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]

SINK_TOKENS = ("<|im_start|>", "<s>", "<|endoftext|>")
"""The first of these that a tokenizer has starts every sequence."""

_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


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


class KeyValueCache:
    """Keys and values of the tokens read so far, in place; grows by doubling.

    Each of `keys[layer]`, `values[layer]` has shape (1, K, capacity, E).
    """

    def __init__(self, config: TrunkConfig, dtype: torch.dtype, device: torch.device, capacity: int = 256) -> None:
        import torch

        shape = (1, config.kv_heads, capacity, config.head_size)
        self.capacity = capacity
        self.length = 0
        self.keys = [torch.empty(shape, dtype=dtype, device=device) for _ in range(config.layers)]
        self.values = [torch.empty(shape, dtype=dtype, device=device) for _ in range(config.layers)]

    def reserve(self, tokens: int) -> None:
        """Make room for `tokens` more."""
        if self.length + tokens <= self.capacity:
            return
        capacity = max(self.capacity * 2, self.length + tokens)
        for store in (self.keys, self.values):
            for layer, old in enumerate(store):
                new = old.new_empty((1, old.shape[1], capacity, old.shape[3]))
                new[:, :, : self.length] = old[:, :, : self.length]
                store[layer] = new
        self.capacity = capacity

    def copy(self) -> KeyValueCache:
        """An independent cache with the same contents."""
        twin = object.__new__(KeyValueCache)
        twin.capacity, twin.length = self.capacity, self.length
        twin.keys = [keys.clone() for keys in self.keys]
        twin.values = [values.clone() for values in self.values]
        return twin

    def write(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append (1, K, T, E) each; returns everything up to and including them."""
        end = self.length + keys.shape[2]
        self.keys[layer][:, :, self.length : end] = keys
        self.values[layer][:, :, self.length : end] = values
        return self.keys[layer][:, :, :end], self.values[layer][:, :, :end]


class LowRankAdapter:
    """LoRA weights of one task for some of the trunk's layers: y = W x + scale * B (A x).

    `down[key]` is A (r, in), `up[key]` is B (out, r), with key "layer.projection". B starts at
    zero, so a new adapter changes nothing.
    """

    def __init__(self, rank: int, scale: float) -> None:
        self.rank = rank
        self.scale = scale
        self.down: dict[str, Tensor] = {}
        self.up: dict[str, Tensor] = {}

    @staticmethod
    def new(
        config: TrunkConfig,
        layers: Sequence[int],
        *,
        rank: int = 16,
        scale: float = 2.0,
        projections: Sequence[str] = _PROJECTIONS,
        generator: torch.Generator | None = None,
    ) -> LowRankAdapter:
        """A zero-effect adapter on `projections` of `layers`, float32, ready for training."""
        import torch

        adapter = LowRankAdapter(rank, scale)
        for layer in layers:
            for name in projections:
                size_out, size_in = _projection_shape(config, name)
                down = torch.randn(rank, size_in, generator=generator) / size_in**0.5
                adapter.down[f"{layer}.{name}"] = down.requires_grad_()
                adapter.up[f"{layer}.{name}"] = torch.zeros(size_out, rank).requires_grad_()
        return adapter

    def parameters(self) -> list[Tensor]:
        return [*self.down.values(), *self.up.values()]

    def state(self) -> dict[str, Tensor]:
        """Tensors by name, for a checkpoint."""
        state = {f"{key}.down": value.detach() for key, value in self.down.items()}
        state.update({f"{key}.up": value.detach() for key, value in self.up.items()})
        return state

    @staticmethod
    def from_state(state: dict[str, Tensor], rank: int, scale: float) -> LowRankAdapter:
        adapter = LowRankAdapter(rank, scale)
        for name, value in state.items():
            key, _, side = name.rpartition(".")
            (adapter.down if side == "down" else adapter.up)[key] = value
        return adapter

    def to(self, *, dtype: torch.dtype, device: torch.device) -> LowRankAdapter:
        """A copy for running (not for training)."""
        copy = LowRankAdapter(self.rank, self.scale)
        copy.down = {key: value.detach().to(device=device, dtype=dtype) for key, value in self.down.items()}
        copy.up = {key: value.detach().to(device=device, dtype=dtype) for key, value in self.up.items()}
        return copy

    def add(self, key: str, x: Tensor, y: Tensor) -> Tensor:
        """y + scale * B (A x), or y where this adapter has nothing for `key`."""
        down = self.down.get(key)
        if down is None:
            return y
        up = self.up[key]
        return y + ((x @ down.to(x.dtype).t()) @ up.to(x.dtype).t()) * self.scale


def _projection_shape(config: TrunkConfig, name: str) -> tuple[int, int]:
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


class _Int8Linear:
    """y = W x + b with int8 weights (one scale an output channel) and activations quantised per call."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        import torch

        wide = weight.float()
        scales = (wide.abs().amax(1) / 127).clamp_min(1e-8).double()
        zeros = torch.zeros(len(scales), dtype=torch.int64)
        with warnings.catch_warnings():
            # WORKAROUND: deprecated in torch 2.13 with no replacement in torch itself for packed int8
            # weights (https://github.com/pytorch/pytorch/issues/184982); torch is pinned below 3.
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(wide, scales, zeros, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantised, bias.float() if bias is not None else None)

    def __call__(self, x: Tensor) -> Tensor:
        import torch

        # 7-bit activations (reduce_range): 8 bits overflow the 16-bit sums of CPUs without VNNI.
        result: Tensor = torch.ops.quantized.linear_dynamic(x, self._packed, True)
        return result


class _DenseLinear:
    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        import torch.nn.functional as functional

        return functional.linear(x, self._weight, self._bias)


class Trunk:
    """The weights and the layer loop. Holds no state of a conversation."""

    def __init__(
        self, config: TrunkConfig, weights: dict[str, Tensor], *, sink_token_id: int, int8: bool = False
    ) -> None:
        """`weights` by Hugging Face name, all on one device and of one floating type.

        With `int8` the weights are bfloat16 or float32 on the CPU and states are float32.
        """
        import torch

        self.config = config
        self.sink_token_id = sink_token_id
        self._embedding = weights["model.embed_tokens.weight"]
        self.device = self._embedding.device
        self.dtype = torch.float32 if int8 else self._embedding.dtype
        self._final_norm = weights["model.norm.weight"].to(self.dtype)
        output = self._embedding if config.tied_output else weights["lm_head.weight"]
        # The sink is read in full precision first; int8 takes over after it.
        self._layers: list[dict[str, Callable[[Tensor], Tensor]]] = [
            {name: _DenseLinear(*_weight_and_bias(weights, layer, name, self.dtype)) for name in _PROJECTIONS}
            if not int8
            else {}
            for layer in range(config.layers)
        ]
        self._norms = [
            tuple(
                weights[f"model.layers.{layer}.{name}.weight"].to(self.dtype)
                for name in ("input_layernorm", "post_attention_layernorm")
            )
            for layer in range(config.layers)
        ]
        self._sink_keys: list[Tensor] = []
        self._sink_values: list[Tensor] = []
        self.sink_states: list[Tensor] = []
        """States (1, 1, D) of the sink token after 0, 1, ... layers."""
        self._read_sink(weights, int8)
        self._output: Callable[[Tensor], Tensor] = _Int8Linear(output, None) if int8 else _DenseLinear(output, None)

    def _read_sink(self, weights: dict[str, Tensor], int8: bool) -> None:
        import torch

        with torch.inference_mode():
            cache = KeyValueCache(self.config, self.dtype, self.device, capacity=1)
            x = self.embed(torch.tensor([[self.sink_token_id]], device=self.device))
            self.sink_states.append(x)
            for layer in range(self.config.layers):
                if int8:
                    pairs = {name: _weight_and_bias(weights, layer, name, self.dtype) for name in _PROJECTIONS}
                    self._layers[layer] = {name: _DenseLinear(*pair) for name, pair in pairs.items()}
                x = self.run(x, layer, layer + 1, cache=cache)
                self.sink_states.append(x)
                if int8:
                    for name, pair in pairs.items():
                        if name != "down_proj":
                            self._layers[layer][name] = _Int8Linear(*pair)
            self._sink_keys, self._sink_values = cache.keys, cache.values

    @staticmethod
    def load(folder: Path, *, device: str = "cpu", precision: Precision = "auto") -> Trunk:
        """Read `model.safetensors` (memory-mapped) and choose a precision that suits the device."""
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        config = TrunkConfig.read(folder)
        if precision == "auto":
            precision = best_precision(device)
        try:
            weights = load_file(folder / "model.safetensors", device=device)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                "trunk_damaged", f"The language model in {folder} is missing or damaged. Run: assistant models fetch"
            ) from error
        if precision != "int8":
            dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
            weights = {name: value.to(dtype) for name, value in weights.items()}
        try:
            return Trunk(config, weights, sink_token_id=sink_token_id(folder), int8=precision == "int8")
        except KeyError as error:
            raise ModelError(
                "trunk_damaged", f"The language model in {folder} lacks the tensor {error}. Run: assistant models fetch"
            ) from error

    def new_cache(self, capacity: int = 256) -> KeyValueCache:
        """A cache that holds the sink token, so that what is read next follows it."""
        cache = KeyValueCache(self.config, self.dtype, self.device, capacity)
        for layer in range(self.config.layers):
            cache.write(layer, self._sink_keys[layer], self._sink_values[layer])
        cache.length = 1
        return cache

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) to states (B, T, D): "layer 0"."""
        import torch.nn.functional as functional

        return functional.embedding(ids, self._embedding).to(self.dtype)

    def run(
        self,
        x: Tensor,
        first: int,
        last: int,
        *,
        cache: KeyValueCache | None = None,
        adapter: LowRankAdapter | None = None,
        taps: Sequence[int] = (),
        tapped: dict[int, Tensor] | None = None,
    ) -> Tensor:
        """States (B, T, D) after `first` layers to states after `last` layers.

        Causal; right padding in a batch is harmless, since no real token sees it. With a `cache`
        (B = 1) the tokens follow those in it; the caller moves `cache.length` on once all layers
        have run. States after each layer count in `taps` are put into `tapped`.
        """
        past = cache.length if cache else 0
        if cache:
            cache.reserve(x.shape[1])
        cos, sin = self._rotation(past, x.shape[1])
        if tapped is not None and first in taps:
            tapped[first] = x
        for layer in range(first, last):
            x = self._block(x, layer, cos, sin, cache, adapter)
            if tapped is not None and layer + 1 in taps:
                tapped[layer + 1] = x
        return x

    def finish(self, x: Tensor) -> Tensor:
        """The final normalisation."""
        return self._norm(x, self._final_norm)

    def logits(self, x: Tensor) -> Tensor:
        """States after the last layer (..., D) to scores over the vocabulary (..., V)."""
        return self._output(self.finish(x))

    def _rotation(self, past: int, tokens: int) -> tuple[Tensor, Tensor]:
        """cos and sin, (T, E), in the trunk's type."""
        import torch

        e = self.config.head_size
        inverse = self.config.rope_theta ** (-torch.arange(0, e, 2, device=self.device, dtype=torch.float32) / e)
        angles = torch.arange(past, past + tokens, device=self.device, dtype=torch.float32)[:, None] * inverse
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        wide = x.float()
        wide = wide * (wide.square().mean(-1, keepdim=True) + self.config.norm_epsilon).rsqrt()
        return wide.to(x.dtype) * weight

    def _linear(self, x: Tensor, layer: int, name: str, adapter: LowRankAdapter | None) -> Tensor:
        y = self._layers[layer][name](x)
        return adapter.add(f"{layer}.{name}", x, y) if adapter else y

    def _block(
        self,
        x: Tensor,
        layer: int,
        cos: Tensor,
        sin: Tensor,
        cache: KeyValueCache | None,
        adapter: LowRankAdapter | None,
    ) -> Tensor:
        import torch
        import torch.nn.functional as functional

        config = self.config
        b, t, _ = x.shape
        before, after = self._norms[layer]
        h = self._norm(x, before)
        q = self._linear(h, layer, "q_proj", adapter).view(b, t, config.heads, -1).transpose(1, 2)
        k = self._linear(h, layer, "k_proj", adapter).view(b, t, config.kv_heads, -1).transpose(1, 2)
        v = self._linear(h, layer, "v_proj", adapter).view(b, t, config.kv_heads, -1).transpose(1, 2)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        mask = None
        if cache:
            past = cache.length
            k, v = cache.write(layer, k, v)
            if t > 1 and past:
                mask = torch.ones(t, past + t, dtype=torch.bool, device=x.device).tril(past)
        attended = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None and t > 1, enable_gqa=True
        )
        x = x + self._linear(attended.transpose(1, 2).reshape(b, t, -1), layer, "o_proj", adapter)
        h = self._norm(x, after)
        gate = functional.silu(self._linear(h, layer, "gate_proj", adapter))
        up = self._linear(h, layer, "up_proj", adapter)
        return x + self._linear(gate * up, layer, "down_proj", adapter)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions on (B, heads, T, E)."""
    import torch

    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


def _weight_and_bias(
    weights: dict[str, Tensor], layer: int, name: str, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    part = "mlp" if name in ("gate_proj", "up_proj", "down_proj") else "self_attn"
    prefix = f"model.layers.{layer}.{part}.{name}"
    bias = weights.get(f"{prefix}.bias")
    return weights[f"{prefix}.weight"].to(dtype), bias.to(dtype) if bias is not None else None


def best_precision(device: str) -> Precision:
    """float16 on CUDA; bfloat16 on CPUs that multiply it natively, int8 on other x86 CPUs, else float32."""
    import torch

    if device != "cpu":
        return "float16"
    if torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_avx512_bf16_supported():
        return "bfloat16"
    return "int8" if "x86" in torch.backends.quantized.supported_engines else "float32"


def sink_token_id(folder: Path) -> int:
    """The id of the token that starts every sequence."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for token in SINK_TOKENS:
        found = tokenizer.token_to_id(token)
        if found is not None:
            return int(found)
    raise ModelError("trunk_type", f"The tokenizer in {folder} has none of the tokens {', '.join(SINK_TOKENS)}.")
