"""The shared trunk: a pretrained decoder-only language model, read layer by layer.

Every task reads the states of the lower layers, so an utterance passes them once; a task that
needs more goes on through the upper layers with its own low-rank adapter. Written out here, not
taken from a model library, because we stop, tap and resume between layers and swap adapters
without touching the weights. Llama- and Qwen2-type models (RMSNorm, rotary positions, grouped-query
attention, SwiGLU) are read from a Hugging Face folder (`trunk_files.py`).

Shapes: B batch, T tokens, D hidden size, H attention heads, K key-value heads, E head size.

Every sequence starts with the same sink token, whose keys and values are computed once, in full
precision: it draws nearly all outliers of the activations (an "attention sink", Xiao et al. 2023,
arXiv:2309.17453), which int8 could not hold (`linear.py`).

Written for one sequence on two cores, where reading the weights from memory takes most of a token's
time and starting a small operation most of the rest: projections of one input are one matrix, rotary
positions are one complex multiplication, masks are made once a call.

Sources: Llama (Touvron et al. 2023, arXiv:2302.13971), Qwen2 (Yang et al. 2024, arXiv:2407.10671),
rotary positions (Su et al. 2021, arXiv:2104.09864), grouped-query attention (Ainslie et al. 2023,
arXiv:2305.13245).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.key_value_cache import KeyValueCache
from assistant_app.brain.linear import DenseLinear, Precision, best_precision
from assistant_app.brain.rotary import Rotations
from assistant_app.brain.trunk_config import FUSED, TrunkConfig
from assistant_app.brain.trunk_files import TrunkFiles, sink_token_id

if typing.TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KeyValueCache", "Layer", "Sink", "Trunk", "sink_token_id"]

Linear = Callable[["Tensor"], "Tensor"]
CANDIDATES = 64
"""So many tokens are looked at when the next one is chosen."""
_GROUPED_TOKENS = 64
"""Up to so many tokens the heads that share keys are read as one head with more queries."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One block's weights."""

    before: Tensor
    """RMSNorm weight (D,) before attention."""
    after: Tensor
    """Before the feed-forward layers."""
    qkv: Linear
    o: Linear
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True)
class Sink:
    """What the sink token leaves behind in each layer."""

    keys: list[Tensor]
    """(1, K, 1, E) a layer."""
    values: list[Tensor]
    states: list[Tensor]
    """(1, 1, D) after 0, 1, ... layers."""


class Trunk:
    """The weights and the layer loop. Holds no state of a conversation."""

    def __init__(
        self,
        config: TrunkConfig,
        *,
        embedding: Tensor,
        layers: Sequence[Layer],
        final_norm: Tensor,
        output: Linear,
        sink_token_id: int,
        sink: Sink | None = None,
    ) -> None:
        """States are of the type and on the device of `final_norm`; the sink is read now if not given."""
        import torch

        self.config = config
        self.sink_token_id = sink_token_id
        self.device, self.dtype = final_norm.device, final_norm.dtype
        self._embedding = embedding
        self._layers = list(layers)
        self._final_norm = final_norm
        self._output = output
        self._rotations = Rotations(config, self.device)
        self._narrow = self.dtype in (torch.float16, torch.bfloat16)
        # sqrt(|x|^2 + D epsilon) = sqrt(D) * the root mean square that RMSNorm divides by.
        self._norm_floor = torch.tensor((config.hidden_size * config.norm_epsilon) ** 0.5, device=self.device)
        self._norm_scale: float = config.hidden_size**0.5
        self._sink = sink or self._read_sink()

    @staticmethod
    def load(
        folder: Path, *, device: str = "cpu", precision: Precision = "auto", cache_dir: Path | None = None
    ) -> Trunk:
        """Map the weights and choose a precision that suits the device. Raises `ModelError`.

        int8 weights are kept in `cache_dir`, if there is one, for the next time.
        """
        from assistant_app.brain.int8_trunk import load_int8_trunk

        config = TrunkConfig.read(folder)
        if precision == "auto":
            precision = best_precision(device)
        if precision == "int8":
            return load_int8_trunk(folder, config, cache_dir)
        return _load_dense(folder, config, device, precision)

    @property
    def sink_states(self) -> list[Tensor]:
        """States (1, 1, D) of the sink token after 0, 1, ... layers."""
        return self._sink.states

    def _read_sink(self) -> Sink:
        import torch

        with torch.inference_mode():
            cache = KeyValueCache(self.config, self.dtype, self.device, capacity=1)
            x = self.embed(torch.tensor([[self.sink_token_id]], device=self.device))
            states = [x]
            for layer in range(self.config.layers):
                states.append(self.run(states[-1], layer, layer + 1, cache=cache))
        return Sink(cache.keys, cache.values, states)

    def new_cache(self, capacity: int = 256) -> KeyValueCache:
        """A cache that holds the sink token, so that what is read next follows it."""
        cache = KeyValueCache(self.config, self.dtype, self.device, capacity)
        for layer in range(self.config.layers):
            cache.write(layer, self._sink.keys[layer], self._sink.values[layer])
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
        tokens = x.shape[1]
        past = cache.length if cache else 0
        if cache:
            cache.reserve(tokens)
        turns = self._rotations.at(past, tokens)
        mask = self._mask(past, tokens) if past and tokens > 1 else None
        if tapped is not None and first in taps:
            tapped[first] = x
        for layer in range(first, last):
            x = self._block(x, layer, turns, mask, cache, adapter)
            if tapped is not None and layer + 1 in taps:
                tapped[layer + 1] = x
        return x

    def finish(self, x: Tensor) -> Tensor:
        """The final normalisation."""
        return self._norm(x, self._final_norm)

    def logits(self, x: Tensor) -> Tensor:
        """States after the last layer (..., D) to scores over the vocabulary (..., V)."""
        return self._output(self.finish(x))

    def likeliest(self, x: Tensor) -> tuple[list[int], list[float]]:
        """The tokens with the best scores after states (1, D), and their scores; not in order."""
        best = self.logits(x)[0].float().topk(min(CANDIDATES, self.config.vocab_size), sorted=False)
        return best.indices.tolist(), best.values.tolist()

    def move(self, keys: Tensor, by: int) -> Tensor:
        """Keys (..., E), as a cache holds them, of tokens `by` places further on (or back)."""
        turns = self._rotations.at(abs(by), 1)[0, 0]
        return self._rotations.turn(keys, turns if by >= 0 else turns.conj())

    def close_gap(self, cache: KeyValueCache, begin: int, gap_end: int, end: int) -> None:
        """Forget the cache's tokens from `begin` to `gap_end`; those up to `end` move there and are the last."""
        kept = end - gap_end
        for layer in range(self.config.layers):
            keys, values = cache.keys[layer], cache.values[layer]
            keys[:, :, begin : begin + kept] = self.move(keys[:, :, gap_end:end], begin - gap_end)
            values[:, :, begin : begin + kept] = values[:, :, gap_end:end].clone()
        cache.length = begin + kept

    def _mask(self, past: int, tokens: int) -> Tensor:
        """(T, past + T), added to attention scores: a token sees what is before it and itself."""
        import torch

        mask = torch.full((tokens, past + tokens), float("-inf"), dtype=self.dtype, device=self.device).triu_(past + 1)
        if tokens <= _GROUPED_TOKENS:
            mask = mask.repeat(self.config.heads // self.config.kv_heads, 1)
        return mask

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        import torch
        import torch.nn.functional as functional

        if self._narrow:
            wide: Tensor = functional.rms_norm(x.float(), (x.shape[-1],), None, self.config.norm_epsilon)
            return wide.to(x.dtype) * weight
        length: Tensor = torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self._norm_floor)
        return x * (self._norm_scale / length) * weight

    def _block(
        self,
        x: Tensor,
        layer: int,
        turns: Tensor,
        mask: Tensor | None,
        cache: KeyValueCache | None,
        adapter: LowRankAdapter | None,
    ) -> Tensor:
        import torch.nn.functional as functional

        config, weights = self.config, self._layers[layer]
        b, t, _ = x.shape
        heads, kv_heads, e = config.heads, config.kv_heads, config.head_size

        h = self._norm(x, weights.before)
        y = weights.qkv(h)
        if adapter:
            y = adapter.add_fused(config, layer, FUSED["qkv"], h, y)
        y = y.view(b, t, heads + 2 * kv_heads, e)
        turned = self._rotations.turn_halves(y[:, :, : heads + kv_heads], turns)
        k = turned[:, :, heads:].transpose(1, 2)
        v = y[:, :, heads + kv_heads :].transpose(1, 2)
        if cache:
            k, v = cache.write(layer, k, v)
        attended = self._attend(turned[:, :, :heads], k, v, mask)
        y = weights.o(attended)
        x = x + (adapter.add_fused(config, layer, FUSED["o"], attended, y) if adapter else y)

        h = self._norm(x, weights.after)
        y = weights.gate_up(h)
        if adapter:
            y = adapter.add_fused(config, layer, FUSED["gate_up"], h, y)
        f = config.feed_forward_size
        h = functional.silu(y[..., :f]) * y[..., f:]
        y = weights.down(h)
        return x + (adapter.add_fused(config, layer, FUSED["down"], h, y) if adapter else y)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Queries (B, T, H, E) on keys and values (B, K, S, E); gives (B, T, H E)."""
        import torch.nn.functional as functional

        b, t, heads, e = q.shape
        kv_heads = k.shape[1]
        attention = functional.scaled_dot_product_attention
        if k.shape[2] > t and t <= _GROUPED_TOKENS:
            if t == 1:
                return attention(q.view(b, kv_heads, -1, e), k, v).reshape(b, 1, heads * e)
            grouped = q.view(b, t, kv_heads, -1, e).permute(0, 2, 3, 1, 4).reshape(b, kv_heads, -1, e)
            attended = attention(grouped, k, v, attn_mask=mask).view(b, kv_heads, -1, t, e)
            return attended.permute(0, 3, 1, 2, 4).reshape(b, t, heads * e)
        attended = attention(
            q.transpose(1, 2), k, v, attn_mask=mask, is_causal=mask is None and t > 1, enable_gqa=heads != kv_heads
        )
        return attended.transpose(1, 2).reshape(b, t, heads * e)


def fused_names(layer: int, group: str) -> list[str]:
    """Hugging Face names, without ".weight", of the matrices that are one here."""
    part = "self_attn" if group in ("qkv", "o") else "mlp"
    return [f"model.layers.{layer}.{part}.{name}" for name in FUSED[group]]


def fused_weight(files: Mapping[str, Tensor], layer: int, group: str) -> tuple[Tensor, Tensor | None]:
    """Weight (out, in) and bias (out,) of a group of `FUSED`, end to end."""
    import torch

    names = fused_names(layer, group)
    weights = [files[f"{name}.weight"] for name in names]
    biases = [
        files[f"{name}.bias"] if f"{name}.bias" in files else weight.new_zeros(len(weight))
        for name, weight in zip(names, weights, strict=True)
    ]
    has_bias = any(f"{name}.bias" in files for name in names)
    return torch.cat(weights), torch.cat(biases) if has_bias else None


def norm_weights(files: Mapping[str, Tensor], layer: int) -> tuple[Tensor, Tensor]:
    prefix = f"model.layers.{layer}"
    return files[f"{prefix}.input_layernorm.weight"], files[f"{prefix}.post_attention_layernorm.weight"]


def _load_dense(folder: Path, config: TrunkConfig, device: str, precision: Precision) -> Trunk:
    import torch

    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
    files = TrunkFiles(folder, device)

    def linear(layer: int, group: str) -> DenseLinear:
        weight, bias = fused_weight(files, layer, group)
        return DenseLinear(weight.to(dtype), bias.to(dtype) if bias is not None else None)

    layers = []
    for number in range(config.layers):
        before, after = norm_weights(files, number)
        groups = {group: linear(number, group) for group in FUSED}
        layers.append(Layer(before.to(dtype), after.to(dtype), **groups))
    embedding = files["model.embed_tokens.weight"].to(dtype)
    return Trunk(
        config,
        embedding=embedding,
        layers=layers,
        final_norm=files["model.norm.weight"].to(dtype),
        output=DenseLinear(embedding if config.tied_output else files["lm_head.weight"].to(dtype), None),
        sink_token_id=sink_token_id(folder),
    )
