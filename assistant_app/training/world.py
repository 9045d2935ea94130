"""The processes that train together: one, or as many as `torchrun` started, on one machine or several.

    torchrun --nproc-per-node 2 -m assistant_app train --data DATA --recipe RECIPE

Sums go over gloo on CPUs and NCCL on CUDA devices (torch.distributed).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class World:
    """This process among its fellows."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @staticmethod
    def join() -> World:
        """The world that the launcher's environment variables (RANK, WORLD_SIZE, ...) describe."""
        cuda = torch.cuda.is_available()
        if cuda:
            # TF32: the small matrices that are trained need no more.
            torch.set_float32_matmul_precision("high")
        if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
            return World(device="cuda" if cuda else "cpu")
        if not torch.distributed.is_initialized():
            # The first process measures while the others wait.
            torch.distributed.init_process_group("nccl" if cuda else "gloo", timeout=timedelta(hours=12))
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if cuda else "cpu"
        return World(torch.distributed.get_rank(), torch.distributed.get_world_size(), device)

    def leave(self) -> None:
        """Say goodbye to the others."""
        if self.size > 1:
            torch.distributed.destroy_process_group()

    def first_alone(self, work: Callable[[], Any]) -> Any:
        """What `work` gives, done by the first process before the others do it: for files that are made once."""
        if self.size == 1:
            return work()
        result = work() if self.rank == 0 else None
        torch.distributed.barrier()
        return result if self.rank == 0 else work()

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes."""
        if self.size == 1 or not values:
            return list(values)
        together = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(together)
        return [float(value) for value in together.tolist()]

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Each parameter's gradient becomes the sum over all processes; None stays None if nobody has one."""
        if self.size == 1:
            return
        there = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        torch.distributed.all_reduce(there)
        present = [p for p, count in zip(parameters, there.tolist(), strict=True) if count]
        if not present:
            return
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in present])
        torch.distributed.all_reduce(flat)
        at = 0
        for parameter in present:
            parameter.grad = flat[at : at + parameter.numel()].view_as(parameter).clone()
            at += parameter.numel()
