"""Negatives of all processes: two with half a batch each step exactly as one with the whole batch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from numpy.testing import assert_allclose

CODE = """
import json, os, sys
import torch
from lightning.pytorch import Trainer
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.module import ContrastiveModule, Views

ROWS, DIM = 8, 6
world = int(sys.argv[1])

class Projection(torch.nn.Module):
    # no batch norm: its statistics would differ between one process and two
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(DIM, 4)
        self.layer.weight.data = torch.arange(4.0 * DIM).reshape(4, DIM).cos()
        self.layer.bias.data = torch.arange(4.0).sin()

    def forward(self, x):
        return x, self.layer(x)

class One:
    def __init__(self, batch):
        self.batch = batch

    def __len__(self):
        return 1

    def __iter__(self):
        yield self.batch

class Module(ContrastiveModule):
    def train_dataloader(self):
        x = torch.arange(2.0 * ROWS * DIM).reshape(2, ROWS, DIM).mul(0.7).sin()
        share = ROWS // world
        mine = x[:, self.global_rank * share : (self.global_rank + 1) * share]
        return One(Views(mine[0], mine[1], mine[0], mine[0]))

    def val_dataloader(self):
        return []

    def transfer_batch_to_device(self, batch, device, _):
        return batch

    def configure_optimizers(self):
        return torch.optim.SGD(self.net.parameters(), 1.0)

module = Module([], [], ClmrTraining(width=1 / 128, gather_negatives=True), None)
module.net = Projection()
flags = {"strategy": "ddp", "use_distributed_sampler": False} if world > 1 else {}
trainer = Trainer(max_epochs=1, accelerator="cpu", devices=world, logger=False, enable_checkpointing=False,
                  enable_progress_bar=False, enable_model_summary=False, **flags)
trainer.fit(module)
if trainer.is_global_zero:
    print(json.dumps(module.net.layer.weight.tolist()))
"""


def weights_after_a_step(world: int) -> list[list[float]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    shared = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "NODE_RANK": "0"}
    command = [sys.executable, "-W", "ignore", "-c", CODE, str(world)]
    ranks = [
        subprocess.Popen(command, env={**shared, "LOCAL_RANK": str(rank)}, stdout=subprocess.PIPE, text=True)
        for rank in range(world)
    ]
    said = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * world
    weights: list[list[float]] = json.loads(said[0].splitlines()[-1])
    return weights


@pytest.mark.slow
def test_two_processes_step_as_one() -> None:
    assert_allclose(weights_after_a_step(2), weights_after_a_step(1), atol=1e-5)
