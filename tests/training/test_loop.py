"""The optimisation loop goes on after a kill as if nothing had been, and several processes train like one."""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from assistant_app.training.balance import Balance, TaskLoss, projected, sampled_sizes
from assistant_app.training.curves import draw_curves, read_curve
from assistant_app.training.loop import Kept, Plan, optimise
from assistant_app.training.world import World

TASKS = ["sum", "product"]


class Toy(nn.Module):
    """Two tasks on one hidden layer, with dropout so that random numbers matter."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.hidden = nn.Linear(2, 16)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({task: nn.Linear(16, 1) for task in TASKS})
        self.inputs = torch.rand(48, 2, generator=torch.Generator().manual_seed(2))
        self.wanted = {"sum": self.inputs.sum(1), "product": self.inputs.prod(1)}

    def losses(self, rows: list[int]) -> dict[str, TaskLoss]:
        if not rows:
            return {}
        hidden = self.dropout(torch.tanh(self.hidden(self.inputs[rows])))
        return {
            task: TaskLoss((self.heads[task](hidden).squeeze(1) - self.wanted[task][rows]).square().sum(), len(rows))
            for task in TASKS
        }


def plan(toy: Toy, *, balance: Balance | None = None, epochs: int = 4) -> Plan:
    def batches(epoch: int) -> list[list[int]]:
        order = torch.randperm(48, generator=torch.Generator().manual_seed(epoch)).tolist()
        return [order[at : at + 7] for at in range(0, 48, 7)]

    return Plan(
        name="toy",
        groups=[(list(toy.parameters()), 0.02)],
        batches=batches,
        losses=toy.losses,  # type: ignore[arg-type]
        tasks=TASKS,
        epochs=epochs,
        weight_decay=0.01,
        seed=3,
        balance=balance or Balance(TASKS, {}),
        modules=(toy,),
        shared=list(toy.hidden.parameters()),
    )


def weights(toy: Toy) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in toy.parameters()])


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_at", [1, 9, 20])
def test_a_run_killed_at_any_step_ends_with_the_same_weights(killed_at: int, tmp_path: Path) -> None:
    whole = Toy()
    optimise(plan(whole), Kept(tmp_path / "whole", every_steps=3))

    def kill(step: int) -> None:
        if step == killed_at:
            raise Killed

    with pytest.raises(Killed):
        optimise(plan(Toy()), Kept(tmp_path / "broken", every_steps=3, on_step=kill))
    resumed = Toy()
    optimise(plan(resumed), Kept(tmp_path / "broken", every_steps=3))
    assert torch.equal(weights(resumed), weights(whole))
    tables = [list(csv.reader((tmp_path / name / "toy.csv").read_text().splitlines())) for name in ("whole", "broken")]
    assert tables[0] == tables[1]
    assert [row[0] for row in tables[0][1:]] == [str(step) for step in range(1, 29)]


def test_training_lowers_both_losses_and_draws_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures of curves need matplotlib")
    optimise(plan(Toy(0.0), epochs=12), Kept(tmp_path / "run"))
    curve = read_curve(tmp_path / "run" / "toy.csv")
    for task in TASKS:
        assert curve[task][-1][1] < curve[task][0][1] / 2
    pictures = draw_curves(tmp_path, lambda _line: None)
    assert [picture.read_bytes()[:4] for picture in pictures] == [b"\x89PNG"]


def test_learned_weights_lean_on_the_task_with_the_smaller_error() -> None:
    toy = Toy(0.0)
    balance = Balance(TASKS, {}, learned=True)
    optimise(plan(toy, balance=balance, epochs=40), Kept())
    log_variance = {task: float(value.detach()) for task, value in balance.log_variance.items()}
    assert all(value < 0 for value in log_variance.values())
    with torch.no_grad():
        errors = {task: float(loss.total) for task, loss in toy.losses(list(range(48))).items()}
    easier = min(errors, key=lambda task: errors[task])
    assert log_variance[easier] == min(log_variance.values())


def test_projected_gradients_do_not_point_against_a_task() -> None:
    import random

    left, right = torch.tensor([1.0, 0.2]), torch.tensor([-0.5, 1.0])
    combined = projected([left, right], random.Random(0))
    assert float(combined @ left) >= 0
    assert float(combined @ right) >= 0
    agreeing = [torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])]
    assert torch.equal(projected(agreeing, random.Random(0)), torch.tensor([2.0, 1.0]))


def test_gradient_surgery_learns_both_tasks() -> None:
    toy = Toy(0.0)
    with torch.no_grad():
        before = {task: float(loss.total) for task, loss in toy.losses(list(range(48))).items()}
    optimise(plan(toy, balance=Balance(TASKS, {}, surgery=True), epochs=20), Kept())
    with torch.no_grad():
        after = {task: float(loss.total) for task, loss in toy.losses(list(range(48))).items()}
    assert all(after[task] < before[task] / 2 for task in TASKS)


def test_temperature_evens_out_the_sizes_of_tasks() -> None:
    sizes = {"large": 8100, "small": 100}
    assert sampled_sizes(sizes, 82, 1.0) == {"large": 81, "small": 1}
    assert sampled_sizes(sizes, 100, 2.0) == {"large": 90, "small": 10}
    assert sampled_sizes(sizes, 100, 1000.0) == {"large": 50, "small": 50}


TWO_PROCESSES = """
import sys
import torch
torch.set_num_threads(1)
from assistant_app.training.balance import Balance
from assistant_app.training.loop import Kept, optimise
from assistant_app.training.world import World
from tests.training.test_loop import TASKS, Toy, plan, weights
world = World.join()
toy = Toy(0.0)
optimise(plan(toy, balance=Balance(TASKS, {}, learned=sys.argv[2] == "uncertainty", surgery=sys.argv[2] == "pcgrad")),
         Kept(world=world))
if world.rank == 0:
    torch.save(weights(toy), sys.argv[1])
world.leave()
"""


@pytest.mark.parametrize("balance", ["fixed", "uncertainty", "pcgrad"])
def test_two_processes_train_like_one(balance: str, tmp_path: Path) -> None:
    alone = Toy(0.0)
    how = Balance(TASKS, {}, learned=balance == "uncertainty", surgery=balance == "pcgrad")
    optimise(plan(alone, balance=how), Kept())
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "weights.pt"), balance],
            cwd=Path(__file__).parents[2],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    together = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert torch.allclose(together, weights(alone), atol=1e-5)


def test_one_process_is_a_world_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    world = World.join()
    assert (world.rank, world.size) == (0, 1)
    assert world.sums([1.5, 2.0]) == [1.5, 2.0]
