"""Fitting a head on vectors in memory. Lightning runs the loop; what is kept, logged and resumed is in keeper.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import BadInput
from ..progress import Progress, silent
from ..schemas.vector import Float32
from .config import ProbeConfig
from .head import folded
from .interrupt import InterruptFlag
from .keeper import Keeper, StopCondition
from .layout import STATE_FILE
from .module import Examples, HeadModule
from .state import load_state
from .trainer import run_trainer


@dataclass(frozen=True)
class Fitted:
    """The weights of the best epoch (lowest valid loss) or of the last, for raw vectors, and how the training went."""

    weights: Mapping[str, Float32]
    valid_loss: float
    epochs: int
    steps: int


def fit_head(
    train: Examples,
    valid: Examples,
    classes: int,
    config: ProbeConfig,
    *,
    folder: Path | None = None,
    interrupt: InterruptFlag | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Return a fresh head fitted on `train`: the best on `valid` over all epochs.

    With a `folder`, figures are logged there, the state is saved now and then, and a state found there is continued, to
    the same loss curve bit for bit. Once `interrupt` is raised, the step is finished, the state saved, and Interrupted
    raised. Raises BadInput where no epoch had a finite loss.
    """
    path = folder / STATE_FILE if folder else None
    state = load_state(path) if path and path.is_file() else None
    module = HeadModule(train, valid, classes, config, state)
    stop = StopCondition(config.stop_patience, config.stop_delta, interrupt or InterruptFlag())
    keeper = Keeper(module, stop, path, state, progress)
    with one_thread():
        run_trainer(module, keeper, accelerator="cpu", devices=1)
    if keeper.best is None:
        raise BadInput("the loss was not finite in any epoch; lower learning_rate, or check the vectors")
    weights = {name: tensor.numpy() for name, tensor in keeper.best.net.items()}
    weights = folded(weights, module.mean, module.scale)
    return Fitted(weights, keeper.best.loss, module.place.epoch, module.place.step)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on one thread: steps this small gain nothing from more, and the bits do not depend on the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
