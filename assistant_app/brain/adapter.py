"""Low-rank adapters: what a task changes of the trunk (LoRA, Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

import typing
from collections.abc import Sequence

from assistant_app.brain.trunk_config import PROJECTIONS, TrunkConfig, projection_shape

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor

    Stacked = tuple[Tensor, list[tuple[int, int, Tensor]]]
    """For a fused linear layer, whose projections read the same input: their A side by side (in, R), R the sum of
    their ranks; for each the places of its output and of its rank there, and its B (r, out)."""


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
        self._stacked: dict[tuple[int, str], Stacked | None] | None = None
        """For running. Filled at first use; None in training."""

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
        down, ups = pair
        narrow = x.reshape(-1, x.shape[-1]) @ down
        added = y.view(-1, y.shape[-1])
        for at, rank_at, up in ups:
            # y has just been computed, and nobody else holds it.
            added[:, at : at + up.shape[1]].addmm_(narrow[:, rank_at : rank_at + len(up)], up, alpha=self.scale)
        return y

    def _stack(self, config: TrunkConfig, layer: int, names: Sequence[str]) -> Stacked | None:
        """The tensors of `down` become parts of the stacked one, so that nothing is held twice."""
        import torch

        sizes = [projection_shape(config, name)[0] for name in names]
        keys = [(f"{layer}.{name}", sum(sizes[:number])) for number, name in enumerate(names)]
        held = [(key, at) for key, at in keys if key in self.down]
        if not held:
            return None
        stacked = torch.cat([self.down[key] for key, _ in held])
        ups, rank_at = [], 0
        for key, at in held:
            rank = len(self.down[key])
            self.down[key] = stacked[rank_at : rank_at + rank]
            ups.append((at, rank_at, self.up[key].t()))
            rank_at += rank
        return stacked.t(), ups
