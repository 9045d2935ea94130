"""A trunk in int8: converted layer by layer at the first start, mapped from the store afterwards.

The sink token is read in float32 while the float32 weights of a layer are at hand. The embedding
stays where the model's own file has it, mapped: a turn touches a few hundred of its rows.

The kernel wants the weights in a layout of its own, which takes longer than reading them. Threads make it
from the lowest layer up, and whoever needs a matrix waits for that one alone: an utterance can be read while
the upper layers are still on their way.
"""

from __future__ import annotations

import logging
import sys
import typing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from assistant_app.brain.int8_store import DamagedStore, open_store, store_path, write_store
from assistant_app.brain.key_value_cache import KeyValueCache
from assistant_app.brain.linear import DenseLinear, Int8Linear, quantise
from assistant_app.brain.trunk import Layer, Sink, Trunk, fused_weight, norm_weights
from assistant_app.brain.trunk_config import FUSED, TrunkConfig
from assistant_app.brain.trunk_files import TrunkFiles, sink_token_id, trunk_fingerprint

if typing.TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

OUTPUT = "output"
_PACKING_THREADS = 2
"""Packing runs without Python's lock."""
_OUTPUT_ROWS = 1 << 14
"""The output layer is packed so many rows at a time: each needs a copy of its rows meanwhile."""

Read = Callable[[str], "Tensor"]


def load_int8_trunk(folder: Path, config: TrunkConfig, cache_dir: Path | None) -> Trunk:
    """From the store in `cache_dir` where there is one that is sound, else from the model's own files."""
    path = store_path(cache_dir, trunk_fingerprint(folder)) if cache_dir else None
    store = open_store(path) if path else None
    if store is not None and store.names == _names(config):
        try:
            return _assemble(folder, config, store.read, path)
        except DamagedStore:
            log.info("the int8 weights in %s are damaged and are computed anew", path)
    tensors = _convert(folder, config)
    if path and write_store(path, tensors):
        written = open_store(path)
        if written is not None:
            del tensors  # the mapped file takes its place
            return _assemble(folder, config, written.read, path)
    return _assemble(folder, config, tensors.__getitem__, None)


def _names(config: TrunkConfig) -> frozenset[str]:
    names = {"final_norm", "sink_token", f"{OUTPUT}.values", f"{OUTPUT}.scales", f"{config.layers}.sink_state"}
    for layer in range(config.layers):
        names |= {f"{layer}.{part}" for part in ("before", "after", "sink_key", "sink_value", "sink_state")}
        names |= {f"{layer}.{group}.{part}" for group in FUSED for part in ("values", "scales", "bias")}
    return frozenset(names)


def _convert(folder: Path, config: TrunkConfig) -> dict[str, Tensor]:
    """Everything but the embedding; a bias that is not there is empty."""
    import torch

    files = TrunkFiles(folder)
    token = sink_token_id(folder)
    tensors = {"final_norm": files["model.norm.weight"].float(), "sink_token": torch.tensor([token])}
    x = files["model.embed_tokens.weight"][token].float().clone().view(1, 1, -1)
    tensors["0.sink_state"] = x
    for number in range(config.layers):
        before, after = (norm.float() for norm in norm_weights(files, number))
        tensors |= {f"{number}.before": before, f"{number}.after": after}
        dense = {}
        for group in FUSED:
            weight, bias = _full(files, config, f"{number}.{group}")
            dense[group] = DenseLinear(weight, bias if len(bias) else None)
            place = f"{number}.{group}"
            tensors[f"{place}.values"], tensors[f"{place}.scales"] = quantise(weight)
            tensors[f"{place}.bias"] = bias
        key, value, x = _read_sink(config, Layer(before, after, **dense), x, tensors["final_norm"])
        tensors |= {f"{number}.sink_key": key, f"{number}.sink_value": value, f"{number + 1}.sink_state": x}
    tensors[f"{OUTPUT}.values"], tensors[f"{OUTPUT}.scales"] = quantise(_full(files, config, OUTPUT)[0])
    return tensors


def _full(files: TrunkFiles, config: TrunkConfig, place: str) -> tuple[Tensor, Tensor]:
    """A matrix (out, in) in the model's own type or float32, and its bias (out,), empty where there is none."""
    import torch

    if place == OUTPUT:
        return files["model.embed_tokens.weight" if config.tied_output else "lm_head.weight"], torch.empty(0)
    layer, _, group = place.partition(".")
    weight, bias = fused_weight(files, int(layer), group)
    return weight.float(), bias.float() if bias is not None else torch.empty(0)


def _read_sink(config: TrunkConfig, layer: Layer, x: Tensor, final_norm: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The sink token's key and value in one layer, and its states after it."""
    import torch

    alone = replace(config, layers=1)
    single = Trunk(
        alone,
        embedding=x[0],
        layers=[layer],
        final_norm=final_norm,
        output=DenseLinear(x[0], None),
        sink_token_id=0,
        sink=Sink([], [], []),
    )
    with torch.inference_mode():
        cache = KeyValueCache(alone, x.dtype, x.device, capacity=1)
        after = single.run(x, 0, 1, cache=cache)
    return cache.keys[0].clone(), cache.values[0].clone(), after.clone()


def _assemble(folder: Path, config: TrunkConfig, read: Read, stored_at: Path | None) -> Trunk:
    """Raises `DamagedStore` for a damaged small tensor; a damaged matrix is computed anew when it is packed."""

    def small(name: str) -> Tensor:
        return read(name).clone()  # so that the mapped file can be closed

    def stored(place: str) -> tuple[Tensor, Tensor, Tensor | None]:
        try:
            bias = small(f"{place}.bias") if place != OUTPUT else None
            return read(f"{place}.values"), small(f"{place}.scales"), bias
        except DamagedStore:
            log.info("%s of the int8 weights in %s is damaged and is computed anew", place, stored_at)
            if stored_at:
                stored_at.unlink(missing_ok=True)  # the next start writes it again
            weight, bias = _full(TrunkFiles(folder), config, place)
            return *quantise(weight), bias

    def pack(place: str) -> Int8Linear:
        values, scales, bias = stored(place)
        return Int8Linear.stored(values, scales, bias if bias is not None and len(bias) else None)

    def rows(tensor: Tensor) -> Sequence[Tensor]:
        return [tensor[first : first + _OUTPUT_ROWS] for first in range(0, len(tensor), _OUTPUT_ROWS)]

    def pack_output() -> _Stacked:
        values, scales, _ = stored(OUTPUT)
        return _Stacked([Int8Linear.stored(*some, None) for some in zip(rows(values), rows(scales), strict=True)])

    parts = ("sink_key", "sink_value", "sink_state")
    sink = Sink(*([small(f"{layer}.{part}") for layer in range(config.layers)] for part in parts))
    sink.states.append(small(f"{config.layers}.sink_state"))
    norms = [(small(f"{layer}.before"), small(f"{layer}.after")) for layer in range(config.layers)]
    final_norm, sink_token = small("final_norm"), int(read("sink_token"))
    pool = ThreadPoolExecutor(_PACKING_THREADS, thread_name_prefix="pack")
    groups = [{group: pool.submit(pack, f"{layer}.{group}") for group in FUSED} for layer in range(config.layers)]
    output = pool.submit(pack_output)
    pool.submit(_give_memory_back, [output, *(coming for group in groups for coming in group.values())])
    pool.shutdown(wait=False)
    return Trunk(
        config,
        embedding=TrunkFiles(folder)["model.embed_tokens.weight"],
        layers=[
            Layer(before, after, **{name: _Awaited(coming) for name, coming in group.items()})
            for (before, after), group in zip(norms, groups, strict=True)
        ],
        final_norm=final_norm,
        output=_Awaited(output),
        sink_token_id=sink_token,
        sink=sink,
    )


class _Awaited:
    """A linear layer that may still be on its way."""

    def __init__(self, coming: Future[typing.Any]) -> None:
        self._coming = coming

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = self._coming.result()(x)
        return y


class _Stacked:
    """A linear layer in pieces, each with some of the rows."""

    def __init__(self, pieces: Sequence[Int8Linear]) -> None:
        self._pieces = pieces

    def __call__(self, x: Tensor) -> Tensor:
        import torch

        return torch.cat([piece(x) for piece in self._pieces], -1)


def _give_memory_back(after: Sequence[Future[typing.Any]]) -> None:
    """Have glibc return what packing used and freed (some 170 MB); other allocators do so themselves."""
    wait(after)
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
