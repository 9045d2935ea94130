"""The fourth side: what the model costs to keep and to run.

Parameters are counted on disk (the tensors of the files as they are loaded). Memory is the process's resident set
after routing and replying; `brain` is that less what it was before the model was loaded. Energy is what the
processor package reports through RAPL where its counters can be read (Linux, Intel and AMD, mostly by root); it is
the whole machine's package, not this process alone. Elsewhere the report says so.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant_app.training.evaluation.samples import OnProgress, percentiles
from assistant_app.turn import Utterance

if TYPE_CHECKING:
    from assistant_app.brain.model import MultiTaskModel


ROUTES = 30
REPLY_TOKENS = 40
SENTENCES = (
    "please put lunch with my sister in the calendar for friday noon",
    "do i have anything on my calendar next tuesday in the afternoon",
    "wake me up half an hour earlier than usual on monday morning",
    "who was the first person that walked around the whole south pole",
    "i would really like to talk about the film we saw yesterday",
    "turn the lights in the kitchen down a little and play jazz",
)
"""Twelve words each; they take turns, since a model may keep its reading of the last text."""
CHAT = ("I had a long day at work today.", "Tell me something about the sea.", "What do you think of long walks?")
_RAPL = Path("/sys/class/powercap")


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the weights lie."""

    trunk: Path | None = None
    decoders: Path | None = None
    resident_before_mb: float | None = None
    """Resident memory before the model was loaded."""


def measure(model: MultiTaskModel, weights: Weights, on_progress: OnProgress) -> dict[str, Any]:
    """Size, memory, and the time and energy of routing and of replying."""
    results: dict[str, Any] = {
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cpu_count": os.cpu_count(),
            "device": str(getattr(getattr(model, "trunk", None), "device", "cpu")),
        },
        "parameters": _parameters(weights),
        "bytes_on_disk": _bytes(weights),
    }
    energy = rapl_counters()
    asked = [Utterance(SENTENCES[at % len(SENTENCES)], "typed", "en") for at in range(-1, ROUTES)]
    model.route(asked[0])
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_progress("resources", done, ROUTES + len(CHAT))

    with _spent(energy) as routing:
        spans = [_timed(model, utterance, step) for utterance in asked[1:]]
    results["route"] = {
        "words": len(SENTENCES[0].split()),
        "ms": percentiles(spans),
        "cpu_seconds": routing["cpu_seconds"] / ROUTES,
        **({"joules": routing["joules"] / ROUTES} if "joules" in routing else {}),
    }
    with _spent(energy) as replying:
        replies = [_reply(model, text, step) for text in CHAT]
    tokens = sum(reply["tokens"] for reply in replies)
    rates = [reply["tokens_per_second"] for reply in replies if reply["tokens_per_second"]]
    results["reply"] = {
        "tokens": tokens,
        "first_token_ms": statistics.median(reply["first_token_ms"] for reply in replies),
        "tokens_per_second": statistics.median(rates) if rates else None,
        "cpu_seconds_per_token": replying["cpu_seconds"] / tokens if tokens else None,
        **({"joules_per_token": replying["joules"] / tokens} if "joules" in replying and tokens else {}),
    }
    now_mb, before_mb = resident_mb(), weights.resident_before_mb
    results["memory_mb"] = {"resident": now_mb, "peak": peak_mb()}
    if before_mb:
        results["memory_mb"] |= {"before_loading": before_mb, "brain": now_mb - before_mb}
    results["energy"] = (
        f"measured by RAPL ({', '.join(counter.parent.name for counter in energy)}), the whole processor package"
        if energy
        else f"not measured: no readable RAPL counter under {_RAPL} on this machine"
    )
    results["cpu_seconds_so_far"] = time.process_time()
    return results


def _timed(model: MultiTaskModel, utterance: Utterance, after: Callable[[], None]) -> float:
    started = time.perf_counter()
    model.route(utterance)
    spent = (time.perf_counter() - started) * 1000
    after()
    return spent


def _reply(model: MultiTaskModel, text: str, after: Callable[[], None]) -> dict[str, Any]:
    model.route(Utterance(text, "typed", "en"))  # as in a turn: the reply goes on from what was read then
    started = time.perf_counter()
    moments: list[float] = []
    words = ""
    for piece in model.reply([], text, max_tokens=REPLY_TOKENS):
        moments.append(time.perf_counter())
        words += piece
    after()
    tokenizer = getattr(model, "tokenizer", None)
    tokens = len(tokenizer.encode(words).ids) if tokenizer is not None else len(moments)
    writing = moments[-1] - moments[0] if len(moments) > 1 else 0.0
    return {
        "tokens": tokens,
        "first_token_ms": (moments[0] - started) * 1000 if moments else 0.0,
        "tokens_per_second": (tokens - 1) / writing if writing > 0 and tokens > 1 else None,
    }


def _parameters(weights: Weights) -> dict[str, int]:
    """Numbers in the files' tensors: the trunk once, though its embedding also writes the output."""
    counts: dict[str, int] = {}
    if weights.trunk is not None:
        files = sorted(weights.trunk.glob("*.safetensors"))
        counts |= {"trunk": sum(map(_numbers_in, files))} if files else {}
    if weights.decoders is not None:
        for file in sorted(weights.decoders.glob("*.safetensors")):
            counts[file.stem] = _numbers_in(file)
    if counts:
        counts["total"] = sum(counts.values())
    return counts


def _numbers_in(file: Path) -> int:
    with file.open("rb") as raw:
        header: dict[str, Any] = json.loads(raw.read(int.from_bytes(raw.read(8), "little")))
    header.pop("__metadata__", None)
    total = 0
    for tensor in header.values():
        size = 1
        for length in tensor["shape"]:
            size *= length
        total += size
    return total


def _bytes(weights: Weights) -> dict[str, int]:
    sizes = {}
    for name, folder in (("trunk", weights.trunk), ("decoders", weights.decoders)):
        if folder is not None and folder.is_dir():
            sizes[name] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {**sizes, "total": sum(sizes.values())} if sizes else {}


def resident_mb() -> float:
    """Memory this process holds now; its peak where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
    return peak_mb()


def peak_mb() -> float:
    """The most memory this process ever held; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def rapl_counters(root: Path = _RAPL) -> list[Path]:
    """The readable energy counters of whole processor packages, in microjoules."""
    found = []
    for counter in sorted(root.glob("*rapl:[0-9]*/energy_uj")):
        if counter.parent.name.count(":") != 1:
            continue  # a part of a package
        try:
            counter.read_text()
        except OSError:
            continue
        found.append(counter)
    return found


@contextmanager
def _spent(counters: list[Path]) -> Iterator[dict[str, float]]:
    """Processor seconds of this process, and joules of the package, between entering and leaving."""
    spent: dict[str, float] = {}
    before = [int(counter.read_text()) for counter in counters]
    started = time.process_time()
    yield spent
    spent["cpu_seconds"] = time.process_time() - started
    if counters:
        joules = 0.0
        for counter, start in zip(counters, before, strict=True):
            used = int(counter.read_text()) - start
            if used < 0:  # the counter began anew
                used += int((counter.parent / "max_energy_range_uj").read_text())
            joules += used / 1e6
        spent["joules"] = joules


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
