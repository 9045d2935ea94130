"""`assistant bench brain`: the multi-task model alone, and its trunk beside other programs that run the same weights.

Each program runs in a process of its own, one after the other in one run: what other work on the machine
does to the milliseconds, it hardly does to their ratios. What is not installed is left out with a reason.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant_app.cli.bench_run import BenchRun, resident_mb
from assistant_app.cli.invocation import say
from assistant_app.errors import AssistantError

TARGETS = {
    "route_ms": 50.0,
    "first_token_ms": 200.0,
    "tokens_per_second": 40.0,
    "load_seconds": 2.0,
    "resident_mb": 900.0,
}
SENTENCES = (
    "put lunch with Nadia and Tom in my calendar for Friday at one",
    "move the budget review on Monday to a quarter past four please",
    "what have I got on between two and five on Wednesday afternoon",
    "remind me to water the plants on the balcony at eight tonight",
    "cancel the dentist appointment that I have next Thursday at half past three",
)
"""Of twelve or thirteen words."""
PROMPT = "Please tell me in many words why you like the mountains and what one can do there in summer."
_TOKENS = 32
_SECONDS = 600
_ADAPTER_RANK = 32

_TITLES = {
    "route_ms": "route and slots, 12 words, p50",
    "route_worst_ms": "the slowest",
    "route_tuned_ms": "with a rank 32 adapter on layers 4 to 12",
    "route_plain_ms": "with no adapter",
    "first_token_ms": "first token after routing",
    "tokens_per_second": "tokens a second",
    "load_seconds": "load, ready to route",
    "whole_seconds": "load, every layer ready",
    "cold_load_seconds": "load at the very first start",
    "resident_mb": "memory of the process",
    "added_mb": "of which the model and what runs it",
}


def measure(bench: BenchRun) -> dict[str, Any]:
    from assistant_app.app import TRUNK, build_model_store
    from assistant_app.paths import shipped_models_dir, weights_cache_dir

    trunk = build_model_store(bench.user_paths).require(TRUNK)
    released = shipped_models_dir() / "released"
    kept = bench.place / "weights"
    say("The model, first start")
    cold = _child("ours", trunk, released, kept, 1)
    say("The model, warm start")
    ours = _child("ours", trunk, released, kept, bench.repeat)
    ours["cold_load_seconds"] = cold["load_seconds"]
    others: dict[str, Any] = {}
    for name, title in (("transformers", "transformers, bfloat16"), ("llama_cpp", "llama.cpp")):
        say(title)
        others[name] = _child(name, trunk, released, weights_cache_dir(), bench.repeat)
    ratios = {
        name: round(ours["tokens_per_second"] / other["tokens_per_second"], 2)
        for name, other in others.items()
        if other.get("tokens_per_second")
    }
    return {"targets": TARGETS, "ours": ours, "others": others, "times_as_fast": ratios}


def print_table(results: dict[str, Any]) -> None:
    for name, title in _TITLES.items():
        target = f"   target {results['targets'][name]:g}" if name in results["targets"] else ""
        print(f"{title:<42}{results['ours'][name]:>10}{target}")
    for name, other in results["others"].items():
        if "skipped" in other:
            print(f"{name:<42}{'-':>10}   {other['skipped']}")
        else:
            ratio = results["times_as_fast"][name]
            print(f"{name + ', tokens a second':<42}{other['tokens_per_second']:>10}   ours {ratio:g} times as fast")


def _child(subject: str, trunk: Path, decoders: Path, cache_dir: Path, repeat: int) -> dict[str, Any]:
    arguments = [subject, str(trunk), str(decoders), str(cache_dir), str(repeat)]
    command = [sys.executable, "-c", "from assistant_app.cli import bench_brain; bench_brain.main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise AssistantError("bench_failed", f"Measuring {subject} failed: {last}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """One measurement, in the process it is made in; one JSON object on standard output."""
    subject, trunk, decoders, cache_dir, repeat = sys.argv[1:6]
    subjects: dict[str, Callable[[Path, Path, Path, int], dict[str, Any]]] = {
        "ours": measure_ours,
        "transformers": measure_transformers,
        "llama_cpp": measure_llama_cpp,
    }
    result = subjects[subject](Path(trunk), Path(decoders), Path(cache_dir), int(repeat))
    sys.stdout.write(json.dumps(result) + "\n")


def measure_ours(trunk_dir: Path, decoders: Path, cache_dir: Path, repeat: int) -> dict[str, Any]:
    """The figures of `_TITLES`; memory is read when everything has run."""
    bare = resident_mb()
    began = time.perf_counter()
    from assistant_app.brain.model import MultiTaskModel
    from assistant_app.turn import Utterance

    model = MultiTaskModel.load(trunk_dir, decoders, cache_dir=cache_dir)
    model.route(Utterance("hello", "typed", "en"))
    loaded = time.perf_counter() - began
    model.warm_up()
    whole = time.perf_counter() - began

    def route(number: int) -> float:
        """Milliseconds."""
        began = time.perf_counter()
        model.route(Utterance(SENTENCES[number % len(SENTENCES)], "typed", "en"))
        return (time.perf_counter() - began) * 1000

    def first_token(number: int) -> float:
        text = SENTENCES[number % len(SENTENCES)]
        route(number)
        began = time.perf_counter()
        next(model.reply([], text, max_tokens=1))
        return (time.perf_counter() - began) * 1000

    runs = 4 * max(repeat, 2)
    kept = {"released": model.understanding.adapter, "tuned": _random_adapter(model), "plain": None}
    times: dict[str, list[float]] = {name: [] for name in kept}
    for number in range(runs):
        for name, adapter in kept.items():
            model.understanding.adapter = adapter
            model.understanding.forget_reading()
            times[name].append(route(number))
    model.understanding.adapter = kept["released"]
    model.understanding.forget_reading()
    # Never the same sentence twice in a row: the conversation's cache would hold it already.
    first_tokens = [first_token(number) for number in range(runs)]
    speeds = [_own_speed(model) for _ in range(max(repeat, 2))]
    resident = resident_mb()
    return {
        "route_ms": round(statistics.median(times["released"]), 1),
        "route_worst_ms": round(max(times["released"]), 1),
        "route_tuned_ms": round(statistics.median(times["tuned"]), 1),
        "route_plain_ms": round(statistics.median(times["plain"]), 1),
        "first_token_ms": round(statistics.median(first_tokens), 1),
        "tokens_per_second": round(statistics.median(speeds), 1),
        "load_seconds": round(loaded, 2),
        "whole_seconds": round(whole, 2),
        "resident_mb": resident,
        "added_mb": resident - bare,
    }


def _own_speed(model: Any) -> float:
    """Tokens a second after the first one."""
    pieces = model.reply([], PROMPT, max_tokens=_TOKENS)
    text = next(pieces)
    began = time.perf_counter()
    rest = "".join(pieces)
    seconds = time.perf_counter() - began
    tokens = len(model.tokenizer.encode(text + rest).ids) - len(model.tokenizer.encode(text).ids)
    return float(tokens / seconds)


def _random_adapter(model: Any) -> Any:
    """An understanding adapter of the size that is trained."""
    import torch

    from assistant_app.brain.adapter import LowRankAdapter

    adapter = LowRankAdapter.new(
        model.trunk.config, range(4, max(model.checkpoint.utterance_depths)), rank=_ADAPTER_RANK
    )
    for up in adapter.up.values():
        up.detach().normal_(std=1e-3)
    with torch.inference_mode():
        return adapter.to(dtype=model.trunk.dtype, device=model.trunk.device)


def measure_transformers(trunk_dir: Path, _decoders: Path, _cache_dir: Path, repeat: int) -> dict[str, Any]:
    """The library's own `generate`, greedy, in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(trunk_dir)
    model = AutoModelForCausalLM.from_pretrained(trunk_dir, dtype=torch.bfloat16)
    asked = tokenizer(f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n", return_tensors="pt")

    def seconds(tokens: int) -> float:
        began = time.perf_counter()
        model.generate(**asked, min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False)
        return time.perf_counter() - began

    seconds(2)
    speeds = [_TOKENS / (seconds(_TOKENS + 1) - seconds(1)) for _ in range(max(repeat, 2))]
    return {"tokens_per_second": round(statistics.median(speeds), 1), "resident_mb": resident_mb()}


def measure_llama_cpp(trunk_dir: Path, _decoders: Path, _cache_dir: Path, repeat: int) -> dict[str, Any]:
    """llama.cpp on a GGUF file beside the trunk's own."""
    try:
        import llama_cpp  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return {"skipped": "not installed (pip install llama-cpp-python)"}
    file = next(iter(sorted(trunk_dir.glob("*.gguf"))), None)
    if file is None:
        return {"skipped": f"there is no .gguf file in {trunk_dir}"}
    model = llama_cpp.Llama(str(file), n_ctx=512, verbose=False)
    asked = f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n"
    speeds = []
    for _ in range(max(repeat, 2)):
        times = [time.perf_counter() for _ in model(asked, max_tokens=_TOKENS, temperature=0.0, stream=True)]
        speeds.append((len(times) - 1) / (times[-1] - times[0]))
    return {"tokens_per_second": round(statistics.median(speeds), 1), "resident_mb": resident_mb()}
