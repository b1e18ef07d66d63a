"""What Lightning is told, on a fit of a few milliseconds."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.accelerators import MPSAccelerator

from echodex.progress import silent
from echodex.training.config import ProbeConfig
from echodex.training.interrupt import InterruptFlag
from echodex.training.keeper import Keeper, StopCondition
from echodex.training.module import Examples, HeadModule
from echodex.training.trainer import run_trainer


class Looking(Keeper):
    """Looks at the trainer and at who handles SIGTERM while a training runs."""

    def on_train_start(self, trainer: Trainer, _: LightningModule) -> None:
        self.device = trainer.strategy.root_device.type
        self.handler = signal.getsignal(signal.SIGTERM)


def fit(**flags: Any) -> Looking:
    random = np.random.default_rng(0)
    examples = Examples(random.standard_normal((8, 4)).astype(np.float32), np.arange(8) % 2)
    module = HeadModule(examples, examples, 2, ProbeConfig(max_epochs=1), None)
    keeper = Looking(module, StopCondition(None, 0.0, InterruptFlag()), None, None, silent)
    run_trainer(module, keeper, devices=1, **flags)
    return keeper


def test_apples_gpus_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning's own choice prefers them even to CUDA."""
    monkeypatch.setattr(MPSAccelerator, "is_available", staticmethod(lambda: True))
    assert fit().device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert fit(accelerator="cpu").device == "cpu"


def test_lightning_handles_no_signal() -> None:
    """It would end the process on SIGTERM, with exit code 0."""
    before = signal.getsignal(signal.SIGTERM)
    assert fit().handler is before
