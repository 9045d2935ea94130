"""The frozen trunk's states of many texts, computed once and kept on disk.

Decoders on the frozen trunk then train in minutes. Several processes of one thread each read the
texts in batches, a file of some hundred texts at a time; a run that was killed goes on with the next file,
and texts that are in any file are never read again, whatever data set or recipe asks for them.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from assistant_app.brain.checkpoint import trunk_fingerprint
from assistant_app.brain.linear import Precision
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.training.tunable_trunk import TunableTrunk

FILE_TEXTS = 500
BATCH_TEXTS = 32
DEVICE_BATCH_TEXTS = 1024
NUMERICS = "int8 with a scale a token"
"""Named in the cache, so that states of another arithmetic are never mixed in."""

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TextStates:
    """States of many texts, end to end."""

    starts: Tensor
    """(N + 1,) where each text's tokens begin in the arrays below."""
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
    precision: Precision = "auto",
    device: str = "cpu",
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TextStates:
    """States of `texts` at `depths` (0 is the embedding), from `cache_folder` where they are there already.

    A GPU reads them in less time than a disk: there nothing is cached, and the states stay on the device.
    """
    tokenizer = TextTokenizer(trunk_folder)
    tokens = [tokenizer.encode(text) for text in texts]
    wanted = [tuple(one.ids) for one in tokens]
    offsets = [pair for one in tokens for pair in one.offsets]
    if torch.device(device).type != "cpu":
        trunk = TunableTrunk(trunk_folder, precision=precision, device=device, last=max(depths))
        return _read_on_device(trunk, wanted, offsets, depths, on_progress)
    folder = cache_folder / _cache_name(trunk_folder, depths, precision)
    folder.mkdir(parents=True, exist_ok=True)
    there = {ids for file in sorted(folder.glob("*.safetensors")) for ids in _texts_of(file)}
    # Texts of like length side by side, so that little is padding.
    missing = sorted({ids for ids in wanted if ids and ids not in there}, key=lambda ids: (len(ids), ids))
    jobs = [
        (folder / f"{_name(part)}.safetensors", part)
        for part in (missing[at : at + FILE_TEXTS] for at in range(0, len(missing), FILE_TEXTS))
    ]
    if jobs:
        context = multiprocessing.get_context("spawn")
        count = min(workers or os.cpu_count() or 1, len(jobs))
        with context.Pool(count, _start_worker, (trunk_folder, tuple(depths), precision)) as pool:
            for done, _ in enumerate(pool.imap_unordered(_compute_file, jobs)):
                if on_progress:
                    on_progress(done + 1, len(jobs))
    return _gather(folder, wanted, offsets)


def _read_on_device(
    trunk: TunableTrunk,
    wanted: Sequence[Ids],
    offsets: Sequence[tuple[int, int]],
    depths: Sequence[int],
    on_progress: Callable[[int, int], None] | None,
) -> TextStates:
    """Each different text once, in batches of like length."""
    texts = sorted({ids for ids in wanted if ids}, key=lambda ids: (len(ids), ids))
    groups = [texts[at : at + DEVICE_BATCH_TEXTS] for at in range(0, len(texts), DEVICE_BATCH_TEXTS)]
    taps: list[Tensor] = []
    with torch.no_grad():
        for done, group in enumerate(groups, start=1):
            taps.append(_taps_of(trunk, group, depths))
            if on_progress:
                on_progress(done, len(groups))
        lengths = torch.tensor([len(ids) for ids in wanted])
        starts = torch.cat((torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)))
        place, at = {}, 0
        for ids in texts:
            place[ids], at = at, at + len(ids)
        firsts = torch.tensor([place.get(ids, 0) for ids in wanted])
        # Where each token of each text stands among the texts that were read.
        index = torch.arange(int(starts[-1])) + (firsts - starts[:-1]).repeat_interleave(lengths)
        different = torch.cat(taps)
        taps.clear()
        return TextStates(starts, torch.tensor(offsets, dtype=torch.int32), different[index.to(trunk.device)])


def _gather(folder: Path, wanted: Sequence[Ids], offsets: Sequence[tuple[int, int]]) -> TextStates:
    lengths = torch.tensor([len(ids) for ids in wanted])
    starts = torch.cat((torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)))
    rows: dict[Ids, list[int]] = {}
    for row, ids in enumerate(wanted):
        if ids:
            rows.setdefault(ids, []).append(row)
    taps: Tensor | None = None
    for file in sorted(folder.glob("*.safetensors")):
        texts = _texts_of(file)
        if not any(ids in rows for ids in texts):
            continue
        with safe_open(file, framework="pt") as opened:
            stored = opened.get_tensor("taps")
        if taps is None:
            taps = torch.empty((int(starts[-1]), *stored.shape[1:]), dtype=torch.float16)
        at = 0
        for ids in texts:
            for row in rows.pop(ids, ()):
                taps[starts[row] : starts[row + 1]] = stored[at : at + len(ids)]
            at += len(ids)
    assert not rows
    assert taps is not None, "no text has a token"
    return TextStates(starts, torch.tensor(offsets, dtype=torch.int32), taps)


def _texts_of(file: Path) -> list[Ids]:
    """The token ids of each text in a file, in order."""
    with safe_open(file, framework="pt") as opened:
        ids, lengths = opened.get_tensor("ids").tolist(), opened.get_tensor("lengths").tolist()
    texts, at = [], 0
    for length in lengths:
        texts.append(tuple(ids[at : at + length]))
        at += length
    return texts


def _cache_name(trunk_folder: Path, depths: Sequence[int], precision: str) -> str:
    parts = [NUMERICS, str(tuple(depths)), precision, trunk_fingerprint(trunk_folder)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _name(texts: Iterable[Ids]) -> str:
    return hashlib.sha256(repr(list(texts)).encode()).hexdigest()[:20]


_worker: tuple[TunableTrunk, tuple[int, ...]] | None = None


def _start_worker(trunk_folder: Path, depths: tuple[int, ...], precision: Precision) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = (TunableTrunk(trunk_folder, precision=precision, last=max(depths)), depths)


def _taps_of(trunk: TunableTrunk, texts: Sequence[Ids], depths: Sequence[int]) -> Tensor:
    """(tokens of all `texts`, L, D) float16."""
    ids = pad_sequence([torch.tensor(one) for one in texts], batch_first=True)
    there = torch.arange(ids.shape[1]) < torch.tensor([len(one) for one in texts])[:, None]
    tapped: dict[int, Tensor] = {}
    trunk.run(trunk.embed(ids), 0, max(depths), taps=depths, tapped=tapped)
    return torch.stack([tapped[depth] for depth in depths], dim=2).half()[there.to(trunk.device)]


def _compute_file(job: tuple[Path, Sequence[Ids]]) -> None:
    file, texts = job
    assert _worker is not None
    trunk, depths = _worker
    taps: list[Tensor] = []
    with torch.inference_mode():
        for at in range(0, len(texts), BATCH_TEXTS):
            taps.append(_taps_of(trunk, texts[at : at + BATCH_TEXTS], depths))
    temporary = file.with_suffix(f".{os.getpid()}")
    save_file(
        {
            "lengths": torch.tensor([len(one) for one in texts], dtype=torch.int32),
            "ids": torch.tensor([token for one in texts for token in one], dtype=torch.int32),
            "taps": torch.cat(taps),
        },
        temporary,
    )
    temporary.replace(file)
