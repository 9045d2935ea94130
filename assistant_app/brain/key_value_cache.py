"""Keys and values of the tokens a trunk has read, kept in place for those that follow.

It knows positions and nothing of words. Keys carry their rotary positions; the two numbers that turn
together lie side by side, so that a key is E / 2 complex numbers and moving it is one multiplication.

Shapes: K key-value heads, T tokens, E head size.
"""

from __future__ import annotations

import typing

from assistant_app.brain.trunk_config import TrunkConfig

if typing.TYPE_CHECKING:
    import torch
    from torch import Tensor


class KeyValueCache:
    """Each of `keys[layer]`, `values[layer]` has shape (1, K, capacity, E); grows by doubling."""

    def __init__(self, config: TrunkConfig, dtype: torch.dtype, device: torch.device, capacity: int = 256) -> None:
        import torch

        self.capacity = capacity
        self.length = 0
        """Tokens read; set it back to forget the latest."""
        self._store = torch.empty(
            (config.layers, 2, 1, config.kv_heads, capacity, config.head_size), dtype=dtype, device=device
        )
        self._view()

    def _view(self) -> None:
        pairs = [layer.unbind(0) for layer in self._store.unbind(0)]
        self.keys: list[Tensor] = [keys for keys, _ in pairs]
        self.values: list[Tensor] = [values for _, values in pairs]

    def reserve(self, tokens: int) -> None:
        """Make room for `tokens` more."""
        if self.length + tokens <= self.capacity:
            return
        self._copy_into(max(self.capacity * 2, self.length + tokens))

    def _copy_into(self, capacity: int) -> None:
        shape = list(self._store.shape)
        shape[4] = capacity
        old = self._store[:, :, :, :, : self.length]
        self._store = self._store.new_empty(shape)
        self._store[:, :, :, :, : self.length] = old
        self.capacity = capacity
        self._view()

    def copy(self) -> KeyValueCache:
        """An independent cache with the same contents."""
        twin = object.__new__(KeyValueCache)
        twin.length, twin._store = self.length, self._store
        twin._copy_into(self.capacity)
        return twin

    def write(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append (1, K, T, E) each; returns everything up to and including them."""
        begin, tokens = self.length, keys.shape[2]
        every_key, every_value = self.keys[layer], self.values[layer]
        every_key.narrow(2, begin, tokens).copy_(keys)
        every_value.narrow(2, begin, tokens).copy_(values)
        return every_key.narrow(2, 0, begin + tokens), every_value.narrow(2, 0, begin + tokens)
