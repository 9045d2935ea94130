"""Measures against interference between tasks: loss weights, gradient surgery, sampling.

    fixed weights     L = sum_t w_t L_t
    uncertainty       L = sum_t exp(-s_t) L_t + s_t / 2, s_t = log of the task's variance, learned
                      (Kendall et al. 2018, arXiv:1705.07115)
    PCGrad            where the gradients of two groups of tasks on shared parameters point against each other, each
                      loses its part along the other (Yu et al. 2020, arXiv:2001.06782)
    temperature       a task of n_t examples is drawn with a probability like n_t^(1/T)
                      (Arivazhagan et al. 2019, arXiv:1907.05019)

Gates between tasks are part of the decoders (`brain/decoders.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from assistant_app.training.world import World


@dataclass(frozen=True, slots=True)
class TaskLoss:
    """A task's loss on a share of a batch."""

    total: Tensor
    """Sum over its examples or tokens."""
    count: float


class Balance(nn.Module):
    """Losses of several tasks to one."""

    def __init__(
        self,
        tasks: Sequence[str],
        weights: Mapping[str, float],
        *,
        learned: bool = False,
        surgery: bool = False,
        group_of: Callable[[str], str] = lambda task: task,
    ) -> None:
        """`weights` by task (1 where none is given). `surgery` treats the tasks of one `group_of` as one."""
        super().__init__()
        self.weights = {task: weights.get(task, 1.0) for task in tasks}
        self.surgery = surgery
        self.group_of = group_of
        self.log_variance = nn.ParameterDict(
            {_key(task): nn.Parameter(torch.zeros(())) for task in tasks} if learned else {}
        )

    def forward(self, means: Mapping[str, Tensor], processes: int = 1) -> Tensor:
        """The objective for the tasks' mean losses; over `processes` it is the sum that counts."""
        total: Tensor = torch.zeros(())
        for task, loss in means.items():
            total = total + self.weights[task] * self._weighed(task, loss, processes)
        return total

    def _weighed(self, task: str, loss: Tensor, processes: int) -> Tensor:
        if not self.log_variance:
            return loss
        s = self.log_variance[_key(task)]
        weighed: Tensor = torch.exp(-s) * loss + s / 2 / processes
        return weighed


def _key(task: str) -> str:
    """Module names hold no dots."""
    return task.replace(".", "_")


def surgically_combined(
    balance: Balance,
    means: Mapping[str, Tensor],
    parameters: Sequence[Tensor],
    shared: Sequence[Tensor],
    world: World,
    seed: int,
) -> None:
    """Set the gradients of `parameters`: of `shared` ones by PCGrad over groups of tasks, of others by the sum."""
    groups: dict[str, dict[str, Tensor]] = {}
    for task, loss in means.items():
        groups.setdefault(balance.group_of(task), {})[task] = loss
    collected: list[list[Tensor]] = []
    sums: dict[int, Tensor] = {}
    is_shared = {id(parameter) for parameter in shared}
    for name in sorted(world_names(groups, world)):
        for parameter in parameters:
            parameter.grad = None
        if name in groups:
            balance(groups[name], world.size).backward(retain_graph=True)
        world.sum_gradients(parameters)
        collected.append([torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in shared])
        for parameter in parameters:
            if id(parameter) not in is_shared and parameter.grad is not None:
                before = sums.get(id(parameter))
                sums[id(parameter)] = parameter.grad if before is None else before + parameter.grad
    flat = [torch.cat([gradient.flatten() for gradient in gradients]) for gradients in collected]
    combined = projected(flat, random.Random(seed))
    for parameter in parameters:
        parameter.grad = sums.get(id(parameter))
    at = 0
    for parameter in shared:
        parameter.grad = combined[at : at + parameter.numel()].view_as(parameter).clone()
        at += parameter.numel()


def world_names(groups: Mapping[str, object], world: World) -> list[str]:
    """The group names that any process has."""
    if world.size == 1:
        return list(groups)
    gathered: list[list[str] | None] = [None] * world.size
    torch.distributed.all_gather_object(gathered, sorted(groups))
    return sorted({name for names in gathered for name in names or []})


def projected(gradients: Sequence[Tensor], rng: random.Random) -> Tensor:
    """The sum of `gradients` (flat, equal sizes) after each has lost what points against another."""
    result = torch.zeros_like(gradients[0])
    for number, gradient in enumerate(gradients):
        own = gradient.clone()
        others = [other for at, other in enumerate(gradients) if at != number]
        rng.shuffle(others)
        for other in others:
            along = torch.dot(own, other)
            if along < 0:
                own -= along / other.square().sum().clamp_min(1e-12) * other
        result += own
    return result


def sampled_sizes(sizes: Mapping[str, int], total: int, temperature: float) -> dict[str, int]:
    """How many of `total` draws go to each task; at least one each."""
    shares = {task: size ** (1 / temperature) for task, size in sizes.items() if size}
    whole = sum(shares.values())
    return {task: max(1, round(total * share / whole)) for task, share in shares.items()}
