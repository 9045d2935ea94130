"""The shared trunk: a pretrained decoder-only language model, read layer by layer.

Every task reads the states of the lower layers, so an utterance passes them once; a task that
needs more goes on through the upper layers with its own low-rank adapter. Written out here, not
taken from a model library, because we stop, tap and resume between layers and swap adapters
without touching the weights. Llama- and Qwen2-type models (RMSNorm, rotary positions, grouped-query
attention, SwiGLU) are read from a Hugging Face folder: `config.json`, `model.safetensors`,
`tokenizer.json`.

Shapes: B batch, T tokens, D hidden size, H attention heads, K key-value heads, E head size.

Every sequence starts with the same sink token, whose keys and values are computed once, in full
precision, at loading: it draws nearly all outliers of the activations (an "attention sink", Xiao et
al. 2023, arXiv:2309.17453), which int8 could not hold (`linear.py`).

Sources: Llama (Touvron et al. 2023, arXiv:2302.13971), Qwen2 (Yang et al. 2024, arXiv:2407.10671),
rotary positions (Su et al. 2021, arXiv:2104.09864), grouped-query attention (Ainslie et al. 2023,
arXiv:2305.13245).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.linear import DenseLinear, Int8Linear, Precision, best_precision
from assistant_app.brain.trunk_config import PROJECTIONS, TrunkConfig
from assistant_app.errors import ModelError

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor

SINK_TOKENS = ("<|im_start|>", "<s>", "<|endoftext|>")
"""The first of these that a tokenizer has starts every sequence."""


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
        if int8:
            # A copy, since one tensor that is kept keeps the whole file mapped.
            self._embedding = self._embedding.clone()
        self.device = self._embedding.device
        self.dtype = torch.float32 if int8 else self._embedding.dtype
        self._final_norm = weights["model.norm.weight"].to(self.dtype)
        output = self._embedding if config.tied_output else weights["lm_head.weight"]
        # The sink is read in full precision first; int8 takes over after it.
        self._layers: list[dict[str, Callable[[Tensor], Tensor]]] = [
            {name: DenseLinear(*_weight_and_bias(weights, layer, name, self.dtype)) for name in PROJECTIONS}
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
        self._output: Callable[[Tensor], Tensor] = Int8Linear(output, None) if int8 else DenseLinear(output, None)

    def _read_sink(self, weights: dict[str, Tensor], int8: bool) -> None:
        import torch

        with torch.inference_mode():
            cache = KeyValueCache(self.config, self.dtype, self.device, capacity=1)
            x = self.embed(torch.tensor([[self.sink_token_id]], device=self.device))
            self.sink_states.append(x)
            for layer in range(self.config.layers):
                if int8:
                    pairs = {name: _weight_and_bias(weights, layer, name, self.dtype) for name in PROJECTIONS}
                    self._layers[layer] = {name: DenseLinear(*pair) for name, pair in pairs.items()}
                x = self.run(x, layer, layer + 1, cache=cache)
                self.sink_states.append(x)
                if int8:
                    self._layers[layer] = {name: Int8Linear(*pair) for name, pair in pairs.items()}
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


def sink_token_id(folder: Path) -> int:
    """The id of the token that starts every sequence."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for token in SINK_TOKENS:
        found = tokenizer.token_to_id(token)
        if found is not None:
            return int(found)
    raise ModelError("trunk_type", f"The tokenizer in {folder} has none of the tokens {', '.join(SINK_TOKENS)}.")
