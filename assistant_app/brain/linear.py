"""The trunk's linear layers, in the precision that suits the machine.

On a CPU that multiplies bfloat16 natively the stored bfloat16 is used. On other x86 CPUs linear
layers run in int8: weights with a scale an output channel, activations with a scale a token
("vector-wise", Dettmers et al. 2022, arXiv:2208.07339), so that one token's outliers cost the
others nothing. `models/EXPERIMENTS.md` has the figures.
"""

from __future__ import annotations

import typing
import warnings
from typing import Literal

if typing.TYPE_CHECKING:
    from torch import Tensor

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]


class Int8Linear:
    """y = W x + b with int8 weights (a scale an output channel) and int8 activations (a scale a token)."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._pack(_quantised(weight), bias)

    @staticmethod
    def stored(values: Tensor, scales: Tensor, bias: Tensor | None) -> Int8Linear:
        """From what `quantise` gave: int8 (out, in) and float32 (out,)."""
        import torch

        zeros = torch.zeros(len(scales), dtype=torch.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch._make_per_channel_quantized_tensor(values, scales.double(), zeros, 0)
        linear = object.__new__(Int8Linear)
        linear._pack(quantised, bias)
        return linear

    def _pack(self, quantised: Tensor, bias: Tensor | None) -> None:
        import torch

        self._packed = torch.ops.quantized.linear_prepack(quantised, None)
        self._multiply = torch.ops.quantized.linear_dynamic
        self._bias = bias.float() if bias is not None else None

    def __call__(self, x: Tensor) -> Tensor:
        import torch

        # The kernel has one scale a call: rows of equal height make it one scale a token.
        # 7-bit activations (reduce_range): 8 bits overflow the 16-bit sums of CPUs without VNNI.
        y: Tensor
        bias = self._bias
        if x.numel() == x.shape[-1]:
            y = self._multiply(x, self._packed, True)
            return y if bias is None else y + bias
        height = torch.linalg.vector_norm(x, float("inf"), -1, keepdim=True).clamp_min(1e-12)
        y = self._multiply(x / height, self._packed, True)
        return y * height if bias is None else torch.addcmul(bias, y, height)


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight (out, in) as int8 values and float32 scales (out,), for `Int8Linear.stored`."""
    quantised = _quantised(weight)
    return quantised.int_repr(), quantised.q_per_channel_scales().float()


def _quantised(weight: Tensor) -> Tensor:
    import torch

    wide = weight.float()
    scales = (wide.abs().amax(1) / 127).clamp_min(1e-8).double()
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    with warnings.catch_warnings():
        # WORKAROUND: deprecated in torch 2.13 with no replacement in torch itself for packed int8
        # weights (https://github.com/pytorch/pytorch/issues/184982); torch is pinned below 3.
        warnings.simplefilter("ignore", UserWarning)
        return torch.quantize_per_channel(wide, scales, zeros, 0, torch.qint8)


class DenseLinear:
    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        import torch.nn.functional as functional

        return functional.linear(x, self._weight, self._bias)


def best_precision(device: str) -> Precision:
    """float16 on CUDA; bfloat16 on CPUs that multiply it natively, int8 on other x86 CPUs, else float32."""
    import torch

    if device != "cpu":
        return "float16"
    if torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_avx512_bf16_supported():
        return "bfloat16"
    return "int8" if "x86" in torch.backends.quantized.supported_engines else "float32"
