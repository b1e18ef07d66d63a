"""What every training is made of: a network, the place that it is at, and the state that it goes on from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch.nn import functional

from ..errors import BadInput
from .checkpoint import Arrays
from .inputs import chance

if TYPE_CHECKING:
    from .loader import ViewLoader

MONITOR = "valid_loss"


@dataclass
class Place:
    """How far a training is: `batch` batches of `epoch` are done, `step` in all.

    loss_sum: the loss summed over the `examples` of this epoch so far; skipped: the clips that could not be read.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    examples: int = 0
    skipped: list[str] = field(default_factory=list)


class Trainee(LightningModule):
    """A network in training. A Keeper counts its place, logs its figures and saves its state.

    net: what is trained; max_epochs: of the whole training; epoch_batches: of a whole epoch, whatever is left of it.
    keeps_last: whether the weights of the last epoch are what remains, not those of the best. loaders: of its clips;
    tells_epochs: whether an epoch is long enough for its losses to be told.
    The first element of a batch has a row for each example. A subclass makes `net` and the rest before it calls
    `resume`, and logs MONITOR once an epoch.
    """

    net: torch.nn.Module
    max_epochs: int
    epoch_batches: int
    keeps_last: bool = False
    loaders: Sequence[ViewLoader] = ()
    tells_epochs: bool = True

    def __init__(self) -> None:
        super().__init__()
        self.place = Place()
        self._state: Any = None

    def resume(self, state: Any) -> None:
        """Go on from what a Keeper saved; None: begin."""
        if state:
            self._state = state
            self.place = Place(**state["place"])
            self.net.load_state_dict(state["net"])

    def optimised(self, optimizer: torch.optim.Optimizer, scheduler: Any) -> Any:
        """Return an optimiser and its schedule, None for none, as Lightning takes them, where they left off."""
        if self._state:
            optimizer.load_state_dict(self._state["optimizer"])
        if scheduler is None:
            return optimizer
        if self._state:
            scheduler.load_state_dict(self._state["scheduler"])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": MONITOR}}

    def figures(self) -> dict[str, float]:
        """Return what to log of the epoch that just ended beside its losses and learning rate."""
        return {}

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Return what to show of it: grey pictures uint8[height, width]."""
        return {}


def label_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean binary cross-entropy for targets float[b, c] of zeros and ones, else cross-entropy (int64[b])."""
    if targets.is_floating_point():
        return functional.binary_cross_entropy_with_logits(logits, targets)
    return functional.cross_entropy(logits, targets)


@contextmanager
def seeded(device: torch.device, seed: int, *parts: str | int) -> Iterator[None]:
    """Let PyTorch's global generators depend on `seed` and `parts` alone within the block; they are given back after.

    For what has no generator of its own: dropout, the first weights of a layer.
    """
    devices: Sequence[torch.device] = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(chance(seed, *parts))
        yield


def last_weights(module: Trainee) -> Arrays:
    """Return the state of a network that is trained; raise BadInput where the training ended on what is not finite."""
    weights = {name: tensor.cpu().contiguous() for name, tensor in module.net.state_dict().items()}
    finite = all(bool(tensor.isfinite().all()) for tensor in weights.values())
    if module.place.epoch < module.max_epochs or not finite:
        raise BadInput(f"the loss of epoch {module.place.epoch - 1} is not finite; lower learning_rate")
    return {name: tensor.numpy() for name, tensor in weights.items()}
