"""Batch norms of two processes with half a batch each do what one does with the whole batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose

from echodex.training.norms import SharedNorms

CODE = """
import json, sys
import torch
from torch import distributed
from echodex.training.norms import SharedNorms

rank = int(sys.argv[1])
distributed.init_process_group("gloo", rank=rank, world_size=2, init_method=sys.argv[2])
x = torch.arange(5.0 * 3 * 4).reshape(5, 3, 4).mul(0.7).sin() + 2
mine = (x[:2] if rank == 0 else x[2:]).clone().requires_grad_()  # not the same number of rows
torch.manual_seed(0)
norm = SharedNorms().apply(torch.nn.BatchNorm1d(3))
y = norm(mine)
(y * torch.arange(4.0).exp()).square().sum().backward()
norm.eval()
parts = [y, mine.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var, norm(mine)]
print(json.dumps([part.tolist() for part in parts]))
distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_norm_as_one(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", CODE]
    ranks = [
        subprocess.Popen(
            [*command, str(rank), f"file://{tmp_path}/meet"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for rank in range(2)
    ]
    said = [json.loads(process.communicate(timeout=120)[0]) for process in ranks]
    first, second = ([torch.tensor(part) for part in parts] for parts in said)

    x = torch.arange(5.0 * 3 * 4).reshape(5, 3, 4).mul(0.7).sin().add(2).requires_grad_()
    norm = torch.nn.BatchNorm1d(3)
    y = norm(x)
    (y * torch.arange(4.0).exp()).square().sum().backward()
    norm.eval()
    assert x.grad is not None
    assert norm.weight.grad is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.bias.grad is not None
    for number, whole in ((0, y), (1, x.grad), (6, norm(x))):  # of rows
        assert_allclose(torch.cat([first[number], second[number]]), whole.detach(), rtol=1e-4, atol=1e-3)
    for number, grad in ((2, norm.weight.grad), (3, norm.bias.grad)):  # which DDP adds up
        assert_allclose(first[number] + second[number], grad, rtol=1e-4)
    for mine in (first, second):
        assert_allclose(mine[4], norm.running_mean, rtol=1e-5)
        assert_allclose(mine[5], norm.running_var, rtol=1e-5)


@pytest.mark.parametrize("kind", [torch.nn.BatchNorm1d, torch.nn.BatchNorm2d])
def test_a_network_gets_its_norms_back(kind: type[torch.nn.Module]) -> None:
    norm = kind(2)
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), norm)
    names = list(network.state_dict())
    SharedNorms().apply(network)
    assert "forward" in vars(norm)
    assert list(network.state_dict()) == names
    SharedNorms().revert(network)
    assert "forward" not in vars(norm)
