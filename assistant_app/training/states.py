"""The frozen trunk's states of many texts, computed once and kept on disk.

Decoders on the frozen trunk then train in minutes. Several processes of one thread each read the
texts in batches; a run that was killed goes on with the next shard.
"""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant_app.brain.linear import Precision
from assistant_app.training.tunable_trunk import TunableTrunk

SHARD_TEXTS = 500
BATCH_TEXTS = 32
NUMERICS = "int8 with a scale a token"
"""Named in the cache, so that states of another arithmetic are never mixed in."""


@dataclass(frozen=True, slots=True)
class TextStates:
    """States of many texts, end to end."""

    starts: Tensor
    """(N + 1,) where each text's tokens begin in the arrays below."""
    ids: Tensor
    """(tokens,) int32."""
    offsets: Tensor
    """(tokens, 2) int32, character offsets in the text."""
    taps: Tensor
    """(tokens, L, D) float16: the states at each tapped depth."""


def compute_states(
    texts: Sequence[str],
    trunk_folder: Path,
    depths: Sequence[int],
    cache_folder: Path,
    *,
    groups: Sequence[str] | None = None,
    precision: Precision = "auto",
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TextStates:
    """States of `texts` at `depths` (0 is the embedding), from `cache_folder` where they are there already.

    Neighbours of the same one of `groups` share files, so that what is added to one data set later
    leaves the states of the others as they are.
    """
    cache_folder.mkdir(parents=True, exist_ok=True)
    shards: list[list[str]] = []
    for _, members in itertools.groupby(range(len(texts)), key=lambda at: groups[at] if groups else ""):
        rows = list(members)
        shards += [[texts[row] for row in rows[at : at + SHARD_TEXTS]] for at in range(0, len(rows), SHARD_TEXTS)]
    files = [cache_folder / f"{_shard_name(shard, depths, precision)}.safetensors" for shard in shards]
    missing = [number for number, file in enumerate(files) if not file.exists()]
    done = len(shards) - len(missing)
    if missing:
        jobs = [(files[number], shards[number]) for number in missing]
        workers = workers or os.cpu_count() or 1
        context = multiprocessing.get_context("spawn")
        with context.Pool(
            min(workers, len(jobs)), initializer=_start_worker, initargs=(trunk_folder, tuple(depths), precision)
        ) as pool:
            for _ in pool.imap_unordered(_compute_shard, jobs):
                done += 1
                if on_progress:
                    on_progress(done, len(shards))
    parts = [load_file(file) for file in files]
    lengths = torch.cat([part["lengths"] for part in parts])
    return TextStates(
        starts=torch.cat((torch.zeros(1, dtype=torch.int64), lengths.long().cumsum(0))),
        ids=torch.cat([part["ids"] for part in parts]),
        offsets=torch.cat([part["offsets"] for part in parts]),
        taps=torch.cat([part["taps"] for part in parts]),
    )


def _shard_name(texts: Sequence[str], depths: Sequence[int], precision: str) -> str:
    return hashlib.sha256("\0".join([NUMERICS, str(tuple(depths)), precision, *texts]).encode()).hexdigest()[:20]


_worker: tuple[TunableTrunk, Any, tuple[int, ...]] | None = None


def _start_worker(trunk_folder: Path, depths: tuple[int, ...], precision: Precision) -> None:
    from tokenizers import Tokenizer

    global _worker
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    trunk = TunableTrunk(trunk_folder, precision=precision, last=max(depths))
    _worker = (trunk, Tokenizer.from_file(str(trunk_folder / "tokenizer.json")), depths)


def _compute_shard(job: tuple[Path, Sequence[str]]) -> None:
    file, texts = job
    assert _worker is not None
    trunk, tokenizer, depths = _worker
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    taps: list[Tensor] = [torch.empty(0)] * len(texts)
    by_length = sorted(range(len(texts)), key=lambda row: len(encoded[row].ids))
    with torch.inference_mode():
        for at in range(0, len(by_length), BATCH_TEXTS):
            rows = by_length[at : at + BATCH_TEXTS]
            ids = torch.zeros(len(rows), max(1, *(len(encoded[row].ids) for row in rows)), dtype=torch.int64)
            for place, row in enumerate(rows):
                ids[place, : len(encoded[row].ids)] = torch.tensor(encoded[row].ids)
            tapped: dict[int, Tensor] = {}
            trunk.run(trunk.embed(ids), 0, max(depths), taps=depths, tapped=tapped)
            stacked = torch.stack([tapped[depth] for depth in depths], dim=2).half()
            for place, row in enumerate(rows):
                taps[row] = stacked[place, : len(encoded[row].ids)].clone()
    temporary = file.with_suffix(f".{os.getpid()}")
    save_file(
        {
            "lengths": torch.tensor([len(one.ids) for one in encoded], dtype=torch.int32),
            "ids": torch.tensor([token for one in encoded for token in one.ids], dtype=torch.int32),
            "offsets": torch.tensor([pair for one in encoded for pair in one.offsets], dtype=torch.int32),
            "taps": torch.cat(taps),
        },
        temporary,
    )
    temporary.replace(file)
