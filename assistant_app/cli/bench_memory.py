"""`assistant bench memory`: what the process holds as its parts are loaded one by one."""

from __future__ import annotations

from typing import Any

from assistant_app.cli.bench_run import BenchRun, resident_mb
from assistant_app.cli.bench_turn import SPOKEN


def measure(bench: BenchRun) -> dict[str, Any]:
    bench.assistant  # noqa: B018 (loading fills bench.memory)
    bench.spoken(SPOKEN)
    return {**bench.memory, "with_voice_mb": resident_mb()}


def print_table(results: dict[str, Any]) -> None:
    for name, value in results.items():
        print(f"{name:<27} {value}")
