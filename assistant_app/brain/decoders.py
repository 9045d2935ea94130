"""The task decoders: what reads the trunk's states and says something about an utterance.

`UtteranceEncoder` is the block that router and scheduling decoder are built from, each with its
own: it mixes the trunk's states of several depths by learned weights (as ELMo does: Peters et al.
2018, arXiv:1802.05365) and lets the words of the utterance see each other in both directions,
which the causal trunk does not.

Shapes: B utterances, T tokens (padded on the right), L tapped depths, D trunk width, W own width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes of an utterance encoder."""

    trunk_size: int
    """D."""
    depths: int
    """L."""
    width: int = 384
    """W."""
    feed_forward: int = 768
    layers: int = 2
    heads: int = 6
    dropout: float = 0.1


class UtteranceEncoder(nn.Module):
    """Trunk states to states in which every token has seen the whole utterance."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.depth_weights = nn.Parameter(torch.zeros(shape.depths))
        self.norm = nn.LayerNorm(shape.trunk_size, elementwise_affine=False)
        self.narrow = nn.Linear(shape.trunk_size, shape.width)
        self.dropout = nn.Dropout(shape.dropout)
        layer = nn.TransformerEncoderLayer(
            shape.width,
            shape.heads,
            shape.feed_forward,
            shape.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(
            layer, shape.layers, norm=nn.LayerNorm(shape.width), enable_nested_tensor=False
        )

    def forward(self, taps: Tensor, padding: Tensor) -> Tensor:
        """`taps` (B, T, L, D), `padding` (B, T) True where there is no token -> (B, T, W)."""
        encoded: Tensor = self.blocks(self._narrowed(taps), src_key_padding_mask=padding)
        return encoded

    def under_masks(self, taps: Tensor, masks: Tensor) -> Tensor:
        """One utterance's `taps` (1, T, L, D) read N times, each time without the tokens that `masks` (N, T) name."""
        x = self._narrowed(taps).expand(len(masks), -1, -1)
        encoded: Tensor = self.blocks(x, src_key_padding_mask=masks)
        return encoded

    def _narrowed(self, taps: Tensor) -> Tensor:
        mix = self.depth_weights.softmax(0)
        x = torch.einsum("btld,l->btd", self.norm(taps.float()), mix)
        narrowed: Tensor = self.dropout(self.narrow(x))
        return narrowed


class GatedEncoder(nn.Module):
    """A task's own encoder and one shared with other tasks, mixed feature by feature.

    The gate is the task's own and learned: 1 takes the shared encoder's feature, 0 the task's own
    (a soft form of multi-task sharing, as in cross-stitch networks, Misra et al. 2016, arXiv:1604.03539, and
    multi-gate mixtures of experts, Ma et al. 2018).
    """

    def __init__(self, own: UtteranceEncoder, shared: UtteranceEncoder) -> None:
        super().__init__()
        self.own, self.shared = own, shared
        self.gate = nn.Parameter(torch.zeros(own.shape.width))

    def forward(self, taps: Tensor, padding: Tensor) -> Tensor:
        """As `UtteranceEncoder`."""
        return self._mixed(self.shared(taps, padding), self.own(taps, padding))

    def under_masks(self, taps: Tensor, masks: Tensor) -> Tensor:
        """As `UtteranceEncoder.under_masks`."""
        return self._mixed(self.shared.under_masks(taps, masks), self.own.under_masks(taps, masks))

    def _mixed(self, shared: Tensor, own: Tensor) -> Tensor:
        gate = self.gate.sigmoid()
        mixed: Tensor = gate * shared + (1 - gate) * own
        return mixed


class AttentionPool(nn.Module):
    """One vector an utterance: a learned weighting of its tokens, kept to show which words decided."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, encoded: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, W) -> (B, W) and the weights (B, T)."""
        weights = self.score(encoded).squeeze(-1).masked_fill(padding, float("-inf")).softmax(-1)
        return torch.einsum("btw,bt->bw", encoded, weights), weights


class Router(nn.Module):
    """The task switch: an utterance to a skill and intent.

    One head a label set: `assistant` holds our own "skill/intent" labels and is the one used in a
    turn; the others (one for each data set trained on) share the encoder and serve as auxiliary
    tasks and for evaluation.
    """

    def __init__(
        self, shape: EncoderShape, label_sizes: Mapping[str, int], encoder: UtteranceEncoder | GatedEncoder
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pool = AttentionPool(shape.width)
        self.dropout = nn.Dropout(shape.dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(shape.width, size) for name, size in label_sizes.items()})
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))
        """Calibrates the `assistant` head (Guo et al. 2017, arXiv:1706.04599)."""

    def forward(self, taps: Tensor, padding: Tensor, names: Sequence[str]) -> tuple[dict[str, Tensor], Tensor]:
        """Logits (B, labels) of the named heads, and the pooling weights (B, T)."""
        pooled, weights = self.pool(self.encoder(taps, padding), padding)
        pooled = self.dropout(pooled)
        return {name: self.heads[name](pooled) for name in names}, weights


class SlotDecoder(nn.Module):
    """The scheduling decoder: BIO tags of title, time, person, ... over the utterance.

    One head a label set, as in the router; `assistant` holds our own slots.
    """

    def __init__(
        self, shape: EncoderShape, label_sizes: Mapping[str, int], encoder: UtteranceEncoder | GatedEncoder
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(shape.dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(shape.width, size) for name, size in label_sizes.items()})

    def forward(self, taps: Tensor, padding: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        """Logits (B, T, labels) of the named heads."""
        encoded = self.dropout(self.encoder(taps, padding))
        return {name: self.heads[name](encoded) for name in names}


def understanding_decoders(
    shape: EncoderShape, intents: Mapping[str, int], slots: Mapping[str, int], sharing: str
) -> tuple[Router, SlotDecoder]:
    """Router and scheduling decoder with label-set sizes `intents` and `slots`.

    `sharing`: "separate" gives each an encoder of its own, "shared" one for both, "gated" each its
    own and a shared one, mixed by a learned gate.
    """
    if sharing == "shared":
        encoder = UtteranceEncoder(shape)
        return Router(shape, intents, encoder), SlotDecoder(shape, slots, encoder)
    if sharing == "gated":
        common = UtteranceEncoder(shape)
        return (
            Router(shape, intents, GatedEncoder(UtteranceEncoder(shape), common)),
            SlotDecoder(shape, slots, GatedEncoder(UtteranceEncoder(shape), common)),
        )
    if sharing != "separate":
        raise ValueError(f"sharing is {sharing!r}; it must be separate, shared or gated")
    return Router(shape, intents, UtteranceEncoder(shape)), SlotDecoder(shape, slots, UtteranceEncoder(shape))
