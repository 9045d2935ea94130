"""The trunk as training reads it: batches, any attention mask, and gradients through frozen weights.

The numbers are those of `brain/trunk.py`, which is written for one sequence at a time without
gradients; a test holds the two together. Every sequence follows the sink token here too.

Int8 layers multiply in int8 in both directions, with a scale a token for states and for their
gradients (SwitchBack: Wortsman et al. 2023, arXiv:2304.13013), so adapters are trained under
the rounding they will run under, two to three times as fast as in float32 on these processors. CUDA devices
multiply the same int8 numbers, and pass gradients on in bfloat16.

Shapes: B sequences, T tokens, D hidden size, K key-value heads, E head size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors import safe_open
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from assistant_app.brain.adapter import LowRankAdapter
from assistant_app.brain.linear import DenseLinear, Int8Linear, Precision, best_precision, quantise
from assistant_app.brain.trunk import sink_token_id
from assistant_app.brain.trunk_config import PROJECTIONS, TrunkConfig

Layer = Callable[[Tensor], Tensor]
KeysAndValues = tuple[Tensor, Tensor]
"""Of one layer, each (B, K, T, E)."""


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
        if precision == "auto":
            # What is trained on a GPU will mostly run on CPUs without one.
            precision = best_precision(device) if device == "cpu" else "int8"
        kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        self.dtype = kinds.get(precision, torch.float32)
        with safe_open(folder / "model.safetensors", framework="pt", device=device) as file:
            names = set(file.keys())

            def read(name: str) -> Tensor:
                tensor: Tensor = file.get_tensor(name)
                return tensor.to(self.dtype)

            self._embedding: Tensor = file.get_tensor("model.embed_tokens.weight").clone()
            self._final_norm = read("model.norm.weight")
            self._layers: list[Mapping[str, Layer]] = []
            self._norms: list[tuple[Tensor, Tensor]] = []
            self._sink: list[KeysAndValues] = []
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
                    self._layers[layer] = {name: self._int8(*pair, tuned) for name, pair in pairs.items()}
            self._output: Layer | None = None
            if with_output:
                output = "model.embed_tokens.weight" if self.config.tied_output else "lm_head.weight"
                weight = read(output)
                self._output = self._int8(weight, None, True) if precision == "int8" else DenseLinear(weight, None)

    def _int8(self, weight: Tensor, bias: Tensor | None, tuned: bool) -> Layer:
        if self.device.type != "cpu":
            return DeviceInt8Linear(weight, bias, tuned=tuned)
        return TunableInt8Linear(weight, bias) if tuned else Int8Linear(weight, bias)

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) to states (B, T, D)."""
        return functional.embedding(ids.to(self.device), self._embedding).to(self.dtype)

    def logits(self, x: Tensor) -> Tensor:
        """States after the last layer (..., D) to scores over the vocabulary (..., V)."""
        assert self._output is not None, "read the trunk with_output"
        return self._output(self._norm(x, self._final_norm)).float()

    def next_token_loss(self, x: Tensor, wanted: Sequence[Tensor]) -> tuple[Tensor, int]:
        """Summed cross-entropy of the tokens `wanted` after states x (B, T, D), and their number.

        One tensor (T,) or shorter a sequence, -100 where no token is wanted.
        """
        together = pad_sequence(list(wanted), batch_first=True, padding_value=-100)
        row, at = (together >= 0).nonzero(as_tuple=True)
        scores = self.logits(x[row.to(x.device), at.to(x.device)])
        total = functional.cross_entropy(scores, together[row, at].to(x.device), reduction="sum")
        return total, len(row)

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
        past: Sequence[KeysAndValues] | None = None,
        kept: list[KeysAndValues] | None = None,
    ) -> Tensor:
        """States (B, T, D) after `first` layers to states after `last` layers.

        `positions` (B, T) counts from 0 after the sink token (None: in order). `allowed` (B, T, T) says
        which token sees which (None: causal); all see the sink. With causal masks right padding is
        harmless. States after each layer count in `taps` are put into `tapped`.

        `kept` gets each layer's keys and values, the sink's first, and `past` takes such ones of tokens read
        before, the sink among them: then `positions` and `allowed` (B, T, P + T) have to be given.
        """
        b, t, _ = x.shape
        if positions is None:
            positions = torch.arange(t, device=x.device).expand(b, t)
        if allowed is None:
            allowed = torch.ones(t, t, dtype=torch.bool, device=x.device).tril().expand(b, t, t)
        positions, allowed = positions.to(x.device), allowed.to(x.device)
        mask = (functional.pad(allowed, (1, 0), value=True) if past is None else allowed)[:, None]
        if tapped is not None and first in taps:
            tapped[first] = x
        for layer in range(first, last):
            before = self._sink[layer] if past is None else past[layer - first]
            x, keys_and_values = self._block(x, layer, positions + 1, mask, before, adapter)
            if kept is not None:
                kept.append(keys_and_values)
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
        past: KeysAndValues | None,
        adapter: LowRankAdapter | None,
    ) -> tuple[Tensor, KeysAndValues]:
        """States after one more layer, and keys and values up to x."""
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
        if past is not None:
            k = torch.cat((past[0].expand(b, -1, -1, -1), k), dim=2)
            v = torch.cat((past[1].expand(b, -1, -1, -1), v), dim=2)
        groups = config.heads // config.kv_heads
        attended = functional.scaled_dot_product_attention(
            q, k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1), attn_mask=mask
        )
        x = x + linear(attended.transpose(1, 2).reshape(b, t, -1), "o_proj")
        h = self._norm(x, after)
        x = x + linear(functional.silu(linear(h, "gate_proj")) * linear(h, "up_proj"), "down_proj")
        return x, (k, v)

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


def written(
    trunk: TunableTrunk,
    prompts: Sequence[Sequence[int]],
    *,
    end: int,
    most_tokens: int,
    adapter: LowRankAdapter | None = None,
) -> list[list[int]]:
    """What the trunk says after each of some prompts (token ids), read at once: the likeliest token each time.

    Without `end`, the token that ends it; [] where it is not reached within `most_tokens`.
    """
    with torch.inference_mode():
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        ids = pad_sequence([torch.tensor(list(prompt)) for prompt in prompts], batch_first=True)
        past: list[KeysAndValues] = []
        x = trunk.run(trunk.embed(ids), 0, trunk.last, adapter=adapter, kept=past)
        seen = functional.pad(torch.arange(ids.shape[1]) < lengths[:, None], (1, 0), value=True).to(trunk.device)
        x = x[torch.arange(len(prompts)), lengths - 1]
        said: list[Tensor] = []
        ended = torch.zeros(len(prompts), dtype=torch.bool, device=trunk.device)
        for step in range(most_tokens):
            token = trunk.logits(x).argmax(-1)
            said.append(token)
            ended |= token == end
            if bool(ended.all()):
                break
            seen = functional.pad(seen, (0, 1), value=True)
            grown: list[KeysAndValues] = []
            x = trunk.run(
                trunk.embed(token[:, None]),
                0,
                trunk.last,
                positions=(lengths + step)[:, None],
                allowed=seen[:, None],
                adapter=adapter,
                past=past,
                kept=grown,
            )[:, 0]
            past = grown
        rows = torch.stack(said, dim=1).tolist()
    return [row[: row.index(end)] if end in row else [] for row in rows]


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


class DeviceInt8Linear:
    """`Int8Linear`'s arithmetic on any device, by `torch._int_mm` (tensor cores); gradients pass in bfloat16.

    A scale a token and 7-bit activations as there; only the zero point, which follows the data there, is 0 here.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, tuned: bool) -> None:
        values, scales = quantise(weight.cpu())
        self.values = values.to(weight.device)
        """(out, in) int8."""
        self.scales = scales.to(weight.device)
        """(out,)."""
        self.wide: Tensor | None = None
        """(out, in) bfloat16, for gradients."""
        if tuned:
            self.wide = (self.values.float() * self.scales[:, None]).bfloat16()
        self._bias = bias.float() if bias is not None else None

    def __call__(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        y: Tensor = _DeviceInt8Product.apply(flat, self)  # type: ignore[no-untyped-call]
        y = y.view(*x.shape[:-1], -1)
        return y if self._bias is None else y + self._bias

    def multiply(self, x: Tensor) -> Tensor:
        """(N, in) float32 to (N, out) float32."""
        step = x.abs().amax(-1, keepdim=True).clamp_min(1e-12) / _LEVELS
        rounded = (x / step).round_().to(torch.int8)
        missing = _LEAST_ROWS - len(rounded)
        if missing > 0:
            rounded = functional.pad(rounded, (0, 0, 0, missing))
        product = torch._int_mm(rounded, self.values.t())[: len(x)]
        return product.float().mul_(step).mul_(self.scales)


_LEVELS = 63
_LEAST_ROWS = 24
"""`torch._int_mm` wants more than 16 rows on CUDA devices."""


class _DeviceInt8Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, layer: DeviceInt8Linear) -> Tensor:
        ctx.layer = layer  # type: ignore[attr-defined]
        return layer.multiply(x)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        wide = ctx.layer.wide  # type: ignore[attr-defined]
        return (gradients[0].bfloat16() @ wide).float(), None


def on_device(adapter: LowRankAdapter, device: str) -> LowRankAdapter:
    """The same adapter for training on `device`."""
    for tensors in (adapter.down, adapter.up):
        for key, value in tensors.items():
            tensors[key] = value.detach().to(device).requires_grad_()
    return adapter
