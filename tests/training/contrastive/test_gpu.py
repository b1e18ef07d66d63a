from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import torch

from echodex.api import Store
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr
from echodex.training.run import run_folder
from echodex.training.runlog import read_log


@pytest.fixture(autouse=True)
def _needs_cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_the_loss_falls(few: Store, tiny: Callable[..., ClmrTraining], precision: str) -> None:
    run = train_clmr(few, config=tiny(precision=precision, learning_rate=3e-3, max_epochs=6))
    losses = [line["train_loss"] for line in read_log(run_folder(few, run.name))]
    assert losses[-1] < losses[0]


@pytest.mark.gpu
def test_a_scaler_goes_on_where_it_was(few: Store, tiny: Callable[..., ClmrTraining]) -> None:
    def press(stage: str, done: int, total: int | None) -> None:
        if done == 4:
            signal.raise_signal(signal.SIGINT)

    config = tiny(precision="16-mixed")
    with pytest.raises(KeyboardInterrupt):
        train_clmr(few, config=config, name="pieces", progress=press)
    assert train_clmr(few, config=config, name="pieces").metrics["epochs"] == 3


@pytest.mark.gpu
def test_compiled(few: Store, tiny: Callable[..., ClmrTraining]) -> None:
    plain, compiled = (train_clmr(few, config=tiny(max_epochs=1, compile=compiled)) for compiled in (False, True))
    assert compiled.metrics["train_loss"] == pytest.approx(plain.metrics["train_loss"], rel=1e-2)
