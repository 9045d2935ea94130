"""The trunk as training reads it: batches, any attention mask, and gradients through frozen weights.

The numbers are those of `brain/trunk.py`, which is written for one sequence at a time without
gradients; a test holds the two together. Every sequence follows the sink token here too.

Int8 layers multiply in int8 in both directions, with a scale a token for states and for their
gradients (SwitchBack: Wortsman et al. 2023, arXiv:2304.13013), so adapters are trained under
the rounding they will run under, two to three times as fast as in float32 on these processors.

Shapes: B sequences, T tokens, D hidden size, K key-value heads, E head size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors import safe_open
from torch import Tensor

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.linear import DenseLinear, Int8Linear, Precision, best_precision
from assistant_app.brain.trunk import sink_token_id
from assistant_app.brain.trunk_config import PROJECTIONS, TrunkConfig

Layer = Callable[[Tensor], Tensor]


class TunableTrunk:
    """Layers `first` to `last` of a trunk, frozen, on one device."""

    def __init__(
        self,
        folder: Path,
        *,
        precision: Precision = "auto",
        device: str = "cpu",
        last: int | None = None,
        tuned_from: int | None = None,
        with_output: bool = False,
    ) -> None:
        """Reads layers 0 to `last` (None: all); gradients can pass those from `tuned_from` on (None: none).

        `with_output` keeps the output layer too.
        """
        self.config = TrunkConfig.read(folder)
        self.last = self.config.layers if last is None else last
        self.tuned_from = self.last if tuned_from is None else tuned_from
        self.device = torch.device(device)
        precision = best_precision(device) if precision == "auto" else precision
        kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        self.dtype = kinds.get(precision, torch.float32)
        with safe_open(folder / "model.safetensors", framework="pt", device=device) as file:
            names = set(file.keys())

            def read(name: str) -> Tensor:
                return file.get_tensor(name).to(self.dtype)

            self._embedding: Tensor = file.get_tensor("model.embed_tokens.weight").clone()
            self._final_norm = read("model.norm.weight")
            self._layers: list[Mapping[str, Layer]] = []
            self._norms: list[tuple[Tensor, Tensor]] = []
            self._sink: list[tuple[Tensor, Tensor]] = []
            token = torch.tensor([[sink_token_id(folder)]], device=self.device)
            x = self.embed(token)
            for layer in range(self.last):
                prefix = f"model.layers.{layer}"
                self._norms.append(
                    (read(f"{prefix}.input_layernorm.weight"), read(f"{prefix}.post_attention_layernorm.weight"))
                )
                pairs = {}
                for name in PROJECTIONS:
                    part = "mlp" if name in ("gate_proj", "up_proj", "down_proj") else "self_attn"
                    bias = f"{prefix}.{part}.{name}.bias"
                    pairs[name] = (read(f"{prefix}.{part}.{name}.weight"), read(bias) if bias in names else None)
                self._layers.append({name: DenseLinear(*pair) for name, pair in pairs.items()})
                # The sink is read in full precision, as in the running trunk.
                with torch.no_grad():
                    x, sink = self._block(x, layer, torch.zeros(1, 1, dtype=torch.int64), None, None, None)
                self._sink.append(sink)
                if precision == "int8":
                    tuned = layer >= self.tuned_from
                    self._layers[layer] = {
                        name: TunableInt8Linear(*pair) if tuned else Int8Linear(*pair) for name, pair in pairs.items()
                    }
            self._output: Layer | None = None
            if with_output:
                output = "model.embed_tokens.weight" if self.config.tied_output else "lm_head.weight"
                weight = read(output)
                self._output = TunableInt8Linear(weight, None) if precision == "int8" else DenseLinear(weight, None)

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) to states (B, T, D)."""
        return functional.embedding(ids, self._embedding).to(self.dtype)

    def logits(self, x: Tensor) -> Tensor:
        """States after the last layer (..., D) to scores over the vocabulary (..., V)."""
        assert self._output is not None, "read the trunk with_output"
        return self._output(self._norm(x, self._final_norm)).float()

    def run(
        self,
        x: Tensor,
        first: int,
        last: int,
        *,
        positions: Tensor | None = None,
        allowed: Tensor | None = None,
        adapter: LowRankAdapter | None = None,
        taps: Sequence[int] = (),
        tapped: dict[int, Tensor] | None = None,
    ) -> Tensor:
        """States (B, T, D) after `first` layers to states after `last` layers.

        `positions` (B, T) counts from 0 after the sink token (None: in order). `allowed` (B, T, T) says
        which token sees which (None: causal); all see the sink. With causal masks right padding is
        harmless. States after each layer count in `taps` are put into `tapped`.
        """
        b, t, _ = x.shape
        if positions is None:
            positions = torch.arange(t, device=x.device).expand(b, t)
        if allowed is None:
            allowed = torch.ones(t, t, dtype=torch.bool, device=x.device).tril().expand(b, t, t)
        mask = functional.pad(allowed, (1, 0), value=True)[:, None]
        if tapped is not None and first in taps:
            tapped[first] = x
        for layer in range(first, last):
            x, _ = self._block(x, layer, positions + 1, mask, self._sink[layer], adapter)
            if tapped is not None and layer + 1 in taps:
                tapped[layer + 1] = x
        return x

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), None, self.config.norm_epsilon).to(x.dtype) * weight

    def _block(
        self,
        x: Tensor,
        layer: int,
        positions: Tensor,
        mask: Tensor | None,
        sink: tuple[Tensor, Tensor] | None,
        adapter: LowRankAdapter | None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """States after one more layer, and its keys and values (B, K, T, E)."""
        config, linears = self.config, self._layers[layer]
        b, t, _ = x.shape
        before, after = self._norms[layer]

        def linear(h: Tensor, name: str) -> Tensor:
            y = linears[name](h)
            return adapter.add(f"{layer}.{name}", h, y) if adapter else y

        h = self._norm(x, before)
        q = linear(h, "q_proj").view(b, t, config.heads, -1).transpose(1, 2)
        k = linear(h, "k_proj").view(b, t, config.kv_heads, -1).transpose(1, 2)
        v = linear(h, "v_proj").view(b, t, config.kv_heads, -1).transpose(1, 2)
        cos, sin = self._rotation(positions)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        own = (k, v)
        if sink is not None:
            k = torch.cat((sink[0].expand(b, -1, -1, -1), k), dim=2)
            v = torch.cat((sink[1].expand(b, -1, -1, -1), v), dim=2)
        groups = config.heads // config.kv_heads
        attended = functional.scaled_dot_product_attention(
            q, k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1), attn_mask=mask
        )
        x = x + linear(attended.transpose(1, 2).reshape(b, t, -1), "o_proj")
        h = self._norm(x, after)
        x = x + linear(functional.silu(linear(h, "gate_proj")) * linear(h, "up_proj"), "down_proj")
        return x, own

    def _rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin, (B, 1, T, E), in the trunk's type."""
        e = self.config.head_size
        inverse = self.config.rope_theta ** (-torch.arange(0, e, 2, device=self.device, dtype=torch.float32) / e)
        angles = positions[:, None, :, None].to(self.device, torch.float32) * inverse
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class TunableInt8Linear:
    """`Int8Linear` that gradients can pass, by the transposed weights in int8."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._forward = Int8Linear(weight, None)
        self._backward = Int8Linear(weight.t().contiguous(), None)
        self._bias = bias.float() if bias is not None else None

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = _Int8Product.apply(x, self._forward, self._backward)  # type: ignore[no-untyped-call]
        return y if self._bias is None else y + self._bias


class _Int8Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, forwards: Layer, backwards: Layer) -> Tensor:
        ctx.backwards = backwards  # type: ignore[attr-defined]
        return forwards(x)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.backwards(gradients[0].contiguous()), None, None  # type: ignore[attr-defined]
