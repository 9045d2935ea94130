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


def read_taps(trunk: Trunk, ids: Sequence[int], depths: Sequence[int]) -> Tensor:
    """(T, L, D): the states of a token sequence that follows the sink token."""
    cache = trunk.new_cache(len(ids) + 1)
    tapped: dict[int, Tensor] = {}
    x = trunk.embed(torch.tensor([list(ids)], device=trunk.device))
    trunk.run(x, 0, max(depths), cache=cache, taps=depths, tapped=tapped)
    return torch.stack([tapped[depth][0] for depth in depths], dim=1)


class SpanStates:
    """States of questions on passages; a passage's are kept once for all its questions."""

    def __init__(self, shards: Sequence[dict[str, Tensor]], keys: Sequence[tuple[int, int]]) -> None:
        """`keys` gives for each example its shard and its place there."""
        self._shards = shards
        self._keys = keys

    @property
    def size(self) -> int:
        """D."""
        return int(self._shards[0]["passage_taps"].shape[-1])

    def _pieces(self, row: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        shard = self._shards[self._keys[row][0]]
        place = self._keys[row][1]
        begin, end = shard["passage_starts"][0].item(), shard["passage_starts"][1].item()
        first, last = shard["question_starts"][place].item(), shard["question_starts"][place + 1].item()
        return (
            shard["passage_taps"][begin:end],
            shard["question_taps"][first:last],
            shard["copy"][place],
            shard["passage_offsets"],
        )

    def tokens(self, row: int) -> int:
        """Passage and question together."""
        passage, question, _, _ = self._pieces(row)
        return len(passage) + len(question)

    def passage_offsets(self, row: int) -> list[tuple[int, int]]:
        """Character offsets of the passage's tokens."""
        return [(left, right) for left, right in self._pieces(row)[3].tolist()]

    def batch(self, rows: Sequence[int]) -> tuple[Tensor, Tensor, int, Tensor, Tensor]:
        """taps (B, T, L, D), padding (B, T), P, copy (B, P), last (B,), as `SpanDecoder` takes them."""
        pieces = [self._pieces(row) for row in rows]
        longest = max(len(passage) for passage, _, _, _ in pieces)
        total = longest + max(len(question) for _, question, _, _ in pieces)
        sample = pieces[0][0]
        taps = sample.new_zeros((len(rows), total, *sample.shape[1:]))
        padding = torch.ones(len(rows), total, dtype=torch.bool)
        copy = torch.full((len(rows), longest), -20.0)
        last = torch.zeros(len(rows), dtype=torch.int64)
        for at, (passage, question, hints, _) in enumerate(pieces):
            taps[at, : len(passage)] = passage
            taps[at, longest : longest + len(question)] = question
            padding[at, : len(passage)] = False
            padding[at, longest : longest + len(question)] = False
            copy[at, : len(passage)] = hints[: len(passage)].float()
            last[at] = longest + len(question) - 1
        return taps.float(), padding, longest, copy, last


def compute_span_states(
    pairs: Sequence[tuple[str, str]],
    trunk_folder: Path,
    depths: Sequence[int],
    cache_folder: Path,
    *,
    longest_passage: int = 700,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SpanStates:
    """States of (passage, words after it); one shard a passage."""
    by_passage: dict[str, list[int]] = {}
    for row, (passage, _) in enumerate(pairs):
        by_passage.setdefault(passage, []).append(row)
    folder = cache_folder / f"spans-{hashlib.sha256(str(tuple(depths)).encode()).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    keys: list[tuple[int, int]] = [(0, 0)] * len(pairs)
    files = []
    for number, (passage, rows) in enumerate(by_passage.items()):
        questions = [pairs[row][1] for row in rows]
        name = hashlib.sha256("\0".join([passage, *questions]).encode()).hexdigest()[:20]
        files.append(folder / f"{name}.safetensors")
        if not files[-1].exists():
            jobs.append((files[-1], passage, questions, longest_passage))
        for place, row in enumerate(rows):
            keys[row] = (number, place)
    if jobs:
        done = len(files) - len(jobs)
        context = multiprocessing.get_context("spawn")
        count = min(workers or os.cpu_count() or 1, len(jobs))
        with context.Pool(count, _start_worker, (trunk_folder, tuple(depths), "auto")) as pool:
            for _ in pool.imap_unordered(_compute_passage, jobs):
                done += 1
                if on_progress and done % 20 == 0:
                    on_progress(done, len(files))
    return SpanStates([load_file(file) for file in files], keys)


def _compute_passage(job: tuple[Path, str, list[str], int]) -> None:
    from assistant_app.brain.model import copy_scores

    file, passage, questions, longest = job
    assert _worker is not None
    trunk, tokenizer, depths = _worker
    with torch.inference_mode():
        encoded = tokenizer.encode(passage, add_special_tokens=False)  # type: ignore[attr-defined]
        ids, offsets = encoded.ids[:longest], encoded.offsets[:longest]
        base = trunk.new_cache(len(ids) + 80)
        tapped: dict[int, Tensor] = {}
        trunk.run(trunk.embed(torch.tensor([ids])), 0, max(depths), cache=base, taps=depths, tapped=tapped)
        base.length += len(ids)
        passage_taps = torch.stack([tapped[depth][0] for depth in depths], dim=1).half()
        question_taps, starts, copies = [], [0], []
        for question in questions:
            asked = tokenizer.encode(question, add_special_tokens=False).ids  # type: ignore[attr-defined]
            # Only the places after the passage are written to, and each question writes them anew.
            base.length = len(ids) + 1
            tapped = {}
            x = trunk.run(trunk.embed(torch.tensor([asked])), 0, max(depths), cache=base, taps=depths, tapped=tapped)
            question_taps.append(torch.stack([tapped[depth][0] for depth in depths], dim=1).half())
            starts.append(starts[-1] + len(asked))
            copies.append(copy_scores(trunk, x[:, -1], torch.tensor([ids]))[0].half())
    temporary = file.with_suffix(f".{os.getpid()}")
    save_file(
        {
            "passage_starts": torch.tensor([0, len(ids)]),
            "passage_taps": passage_taps,
            "passage_offsets": torch.tensor(offsets, dtype=torch.int32),
            "question_starts": torch.tensor(starts),
            "question_taps": torch.cat(question_taps),
            "copy": torch.stack(copies),
        },
        temporary,
    )
    temporary.replace(file)
