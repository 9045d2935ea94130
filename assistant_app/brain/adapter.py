"""Low-rank adapters: what a task changes of the trunk (LoRA, Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

import typing
from collections.abc import Sequence

from assistant_app.brain.trunk_config import PROJECTIONS, TrunkConfig, projection_shape

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor


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
        self._stacked: dict[tuple[int, str], tuple[Tensor, Tensor] | None] | None = None
        """For running: A' (in, R) and scale * B' (R, out) of the projections of a fused linear layer, which read
        the same input; R is the sum of their ranks. Filled at first use; None in training."""

    @staticmethod
    def new(
        config: TrunkConfig,
        layers: Sequence[int],
        *,
        rank: int = 16,
        scale: float = 2.0,
        projections: Sequence[str] = PROJECTIONS,
        generator: torch.Generator | None = None,
    ) -> LowRankAdapter:
        """A zero-effect adapter on `projections` of `layers`, float32, ready for training."""
        import torch

        adapter = LowRankAdapter(rank, scale)
        for layer in layers:
            for name in projections:
                size_out, size_in = projection_shape(config, name)
                down = torch.randn(rank, size_in, generator=generator) / size_in**0.5
                adapter.down[f"{layer}.{name}"] = down.requires_grad_()
                adapter.up[f"{layer}.{name}"] = torch.zeros(size_out, rank).requires_grad_()
        return adapter

    @property
    def first_layer(self) -> int:
        """The lowest layer it changes."""
        return min((int(key.partition(".")[0]) for key in self.down), default=1 << 30)

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
        copy._stacked = {}
        return copy

    def add(self, key: str, x: Tensor, y: Tensor) -> Tensor:
        """y + scale * B (A x), or y where this adapter has nothing for `key`."""
        down = self.down.get(key)
        if down is None:
            return y
        up = self.up[key]
        return y + ((x @ down.to(x.dtype).t()) @ up.to(x.dtype).t()) * self.scale

    def add_fused(self, config: TrunkConfig, layer: int, names: Sequence[str], x: Tensor, y: Tensor) -> Tensor:
        """`add` for several projections of x whose outputs lie end to end in y (..., out)."""
        import torch

        if self._stacked is None:
            sizes = [projection_shape(config, name)[0] for name in names]
            parts = torch.split(y, sizes, dim=-1)
            return torch.cat(
                [self.add(f"{layer}.{name}", x, part) for name, part in zip(names, parts, strict=True)], dim=-1
            )
        place = (layer, names[0])
        if place not in self._stacked:
            self._stacked[place] = self._stack(config, layer, names)
        pair = self._stacked[place]
        if pair is None:
            return y
        down, up = pair
        added = torch.addmm(y.reshape(-1, y.shape[-1]), x.reshape(-1, x.shape[-1]) @ down, up)
        return added.view(y.shape)

    def _stack(self, config: TrunkConfig, layer: int, names: Sequence[str]) -> tuple[Tensor, Tensor] | None:
        import torch

        rows = [projection_shape(config, name)[0] for name in names]
        downs, ups, at = [], [], 0
        for name, size in zip(names, rows, strict=True):
            key = f"{layer}.{name}"
            if key in self.down:
                downs.append(self.down[key])
                up = self.up[key].new_zeros((self.up[key].shape[1], sum(rows)))
                up[:, at : at + size] = self.up[key].t() * self.scale
                ups.append(up)
            at += size
        return (torch.cat(downs).t().contiguous(), torch.cat(ups)) if downs else None
