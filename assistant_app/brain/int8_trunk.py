"""A trunk in int8: converted layer by layer at the first start, mapped from the store afterwards.

The sink token is read in float32 while the float32 weights of a layer are at hand. The embedding
stays where the model's own file has it, mapped: a turn touches a few hundred of its rows.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

_PACKING_THREADS = 2
"""The kernel's own layout is made by one thread a matrix, without Python's lock."""

Read = Callable[[str], "Tensor"]


def load_int8_trunk(folder: Path, config: TrunkConfig, cache_dir: Path | None) -> Trunk:
    """From the store in `cache_dir` where there is one that is sound, else from the model's own files."""
    path = store_path(cache_dir, trunk_fingerprint(folder)) if cache_dir else None
    store = open_store(path) if path else None
    if store is not None and store.names == _names(config):
        try:
            return _assemble(folder, config, store.read)
        except DamagedStore:
            store = None
    tensors = _convert(folder, config)
    if path and write_store(path, tensors):
        written = open_store(path)
        if written is not None:
            del tensors  # the mapped file takes its place
            return _assemble(folder, config, written.read)
    return _assemble(folder, config, tensors.__getitem__)


def _names(config: TrunkConfig) -> frozenset[str]:
    names = {"final_norm", "output.values", "output.scales", f"{config.layers}.sink_state"}
    for layer in range(config.layers):
        names |= {f"{layer}.{part}" for part in ("before", "after", "sink_key", "sink_value", "sink_state")}
        names |= {f"{layer}.{group}.{part}" for group in FUSED for part in ("values", "scales", "bias")}
    return frozenset(names)


def _convert(folder: Path, config: TrunkConfig) -> dict[str, Tensor]:
    """Everything but the embedding; a bias that is not there is empty."""
    import torch

    files = TrunkFiles(folder)
    tensors: dict[str, Tensor] = {"final_norm": files["model.norm.weight"].float()}
    token = sink_token_id(folder)
    x = files["model.embed_tokens.weight"][token].float().clone().view(1, 1, -1)
    tensors["0.sink_state"] = x
    for number in range(config.layers):
        before, after = (norm.float() for norm in norm_weights(files, number))
        tensors |= {f"{number}.before": before, f"{number}.after": after}
        dense = {}
        for group in FUSED:
            weight, bias = fused_weight(files, number, group)
            weight, bias = weight.float(), bias.float() if bias is not None else None
            dense[group] = DenseLinear(weight, bias)
            place = f"{number}.{group}"
            tensors[f"{place}.values"], tensors[f"{place}.scales"] = quantise(weight)
            tensors[f"{place}.bias"] = bias if bias is not None else torch.empty(0)
        key, value, x = _read_sink(config, Layer(before, after, **dense), x, tensors["final_norm"])
        tensors |= {f"{number}.sink_key": key, f"{number}.sink_value": value, f"{number + 1}.sink_state": x}
    output = "model.embed_tokens.weight" if config.tied_output else "lm_head.weight"
    tensors["output.values"], tensors["output.scales"] = quantise(files[output])
    return tensors


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


def _assemble(folder: Path, config: TrunkConfig, read: Read) -> Trunk:
    def small(name: str) -> Tensor:
        return read(name).clone()  # so that the mapped file can be closed

    def linear(place: str) -> Int8Linear:
        bias = small(f"{place}.bias") if place != "output" else None
        return Int8Linear.stored(
            read(f"{place}.values"), small(f"{place}.scales"), bias if bias is not None and len(bias) else None
        )

    places = ["output", *(f"{layer}.{group}" for layer in range(config.layers) for group in FUSED)]
    with ThreadPoolExecutor(_PACKING_THREADS, thread_name_prefix="pack") as pool:
        linears = dict(zip(places, pool.map(linear, places), strict=True))
    layers = [
        Layer(
            small(f"{layer}.before"),
            small(f"{layer}.after"),
            **{group: linears[f"{layer}.{group}"] for group in FUSED},
        )
        for layer in range(config.layers)
    ]
    return Trunk(
        config,
        embedding=TrunkFiles(folder)["model.embed_tokens.weight"],
        layers=layers,
        final_norm=small("final_norm"),
        output=linears["output"],
        sink_token_id=sink_token_id(folder),
        sink=Sink(
            [small(f"{layer}.sink_key") for layer in range(config.layers)],
            [small(f"{layer}.sink_value") for layer in range(config.layers)],
            [small(f"{layer}.sink_state") for layer in range(config.layers + 1)],
        ),
    )
