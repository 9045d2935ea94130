"""Rotary positions as complex multiplications (Su et al. 2021, arXiv:2104.09864).

Models of the Hugging Face kind turn number i of a head together with number i + E/2. `turn_halves` takes
those and lays each pair side by side, so that what comes out is E / 2 complex numbers; a dot product
does not mind the order. Everything after it works on such pairs.

Shapes: B batch, T tokens, E head size.
"""

from __future__ import annotations

import math
import typing

from assistant_app.brain.trunk_config import TrunkConfig

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor


class Rotations:
    """The turns of one model, by position; the table grows when it is needed."""

    def __init__(self, config: TrunkConfig, device: torch.device, positions: int = 1024) -> None:
        self._frequencies = frequencies(config, device)
        self._table = self._turns(positions)

    def at(self, first: int, tokens: int) -> Tensor:
        """(T, 1, E / 2) complex64 of the positions from `first` on."""
        if first + tokens > len(self._table):
            self._table = self._turns(max(2 * len(self._table), first + tokens))
        return self._table[first : first + tokens]

    def _turns(self, positions: int) -> Tensor:
        import torch

        steps = torch.arange(positions, dtype=torch.float32, device=self._frequencies.device)
        angles = steps[:, None, None] * self._frequencies
        return torch.polar(torch.ones_like(angles), angles)

    @staticmethod
    def turn_halves(x: Tensor, turns: Tensor) -> Tensor:
        """(B, T, heads, E) in halves to (B, T, heads, E) in pairs, turned."""
        import torch

        half = x.shape[-1] // 2
        wide = x if x.dtype == torch.float32 else x.float()
        pairs = torch.complex(wide[..., :half], wide[..., half:]) * turns
        return torch.view_as_real(pairs).flatten(-2).to(x.dtype)

    @staticmethod
    def turn(x: Tensor, turns: Tensor) -> Tensor:
        """(..., E) in pairs, turned."""
        import torch

        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2)) * turns
        return torch.view_as_real(pairs).flatten(-2).to(x.dtype)


def frequencies(config: TrunkConfig, device: torch.device) -> Tensor:
    """(E / 2,) radians a position; slower ones where the model was stretched to longer contexts."""
    import torch

    e, scaling = config.head_size, config.rope_scaling
    plain = config.rope_theta ** (-torch.arange(0, e, 2, device=device, dtype=torch.float32) / e)
    if scaling is None:
        return plain
    if scaling.kind == "linear":
        return plain / scaling.factor
    # Llama 3.1: slow turns are slowed by the factor, fast ones kept, those between mixed.
    wavelengths = 2 * math.pi / plain
    low, high = scaling.low_frequency_factor, scaling.high_frequency_factor
    share = ((scaling.original_positions / wavelengths - low) / (high - low)).clamp(0, 1)
    return share * plain + (1 - share) * plain / scaling.factor
