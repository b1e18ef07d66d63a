"""A head as Lightning trains it: its layers, optimiser and batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .batches import TensorBatches
from .config import ProbeConfig
from .trainee import MONITOR, Trainee, label_loss

_VALID_ROWS = 8192

Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Examples:
    """vectors: float32[n, d]; targets: float32[n, c] of zeros and ones, or int64[n] class numbers."""

    vectors: Float32
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.vectors)


class HeadModule(Trainee):
    """A fresh head, or the one of `state`, on standardised vectors.

    Binary cross-entropy per class for targets of zeros and ones, cross-entropy for class numbers.
    """

    tells_epochs = False

    def __init__(self, train: Examples, valid: Examples, classes: int, config: ProbeConfig, state: Any) -> None:
        super().__init__()
        self.config, self.max_epochs, self.keeps_last = config, config.max_epochs, config.weights == "last"
        self.mean, self.scale = standardisation(train.vectors, config.standardise)
        self.train_set, self.valid_set = self._tensors(train), self._tensors(valid)
        self.epoch_batches = len(TensorBatches(*self.train_set, config.batch_size))
        self.net = fresh_head(train.vectors.shape[1], config.hidden, classes, config.seed)
        self.resume(state)

    def _tensors(self, examples: Examples) -> Batch:
        inputs = (examples.vectors - self.mean) / self.scale
        return torch.from_numpy(inputs), torch.from_numpy(np.ascontiguousarray(examples.targets))

    def train_dataloader(self) -> TensorBatches:
        """Return the batches of this epoch that are still to do."""
        config, place = self.config, self.place
        return TensorBatches(*self.train_set, config.batch_size, config.seed, place.epoch, place.batch)

    def val_dataloader(self) -> TensorBatches:
        """Return the valid clips in large batches."""
        return TensorBatches(*self.valid_set, _VALID_ROWS)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        """Return the loss of a batch."""
        return label_loss(self.net(batch[0]), batch[1])

    def validation_step(self, batch: Batch, _: int) -> None:
        """Log the loss of a batch of valid clips."""
        self.log(MONITOR, label_loss(self.net(batch[0]), batch[1]), batch_size=len(batch[0]))

    def configure_optimizers(self) -> Any:
        """Return Adam and its plateau schedule, where they left off."""
        config = self.config
        adam = torch.optim.Adam(self.net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            adam, factor=config.plateau_factor, patience=config.plateau_patience
        )
        return self.optimised(adam, plateau)


def fresh_head(dim: int, hidden: int, classes: int, seed: int) -> torch.nn.Sequential:
    """Return Linear(dim, classes), or Linear(dim, hidden)-ReLU-Linear(hidden, classes), initialised by `seed` alone.

    Weights and biases are uniform in +-1/sqrt(fan_in), as PyTorch's own layers are; its global generator is not
    touched.
    """
    generator = torch.Generator().manual_seed(seed)
    if hidden == 0:
        return torch.nn.Sequential(_linear(dim, classes, generator))
    return torch.nn.Sequential(_linear(dim, hidden, generator), torch.nn.ReLU(), _linear(hidden, classes, generator))


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> torch.nn.Linear:
    layer = torch.nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    for parameter in (layer.weight, layer.bias):
        torch.nn.init.uniform_(parameter, -(inputs**-0.5), inputs**-0.5, generator=generator)
    return layer


def standardisation(vectors: Float32, wanted: bool) -> tuple[Float32, Float32]:
    """Return the shift float32[d] and the factor float32[1] that bring the vectors to mean 0 and a mean variance of 1.

    Not `wanted`: zeros and 1.
    """
    if not wanted:
        return np.zeros(vectors.shape[1], np.float32), np.ones(1, np.float32)
    spread = np.sqrt(vectors.var(axis=0, dtype=np.float64).mean(keepdims=True))
    scale = np.where(spread > np.finfo(np.float32).tiny, spread, 1.0)
    return vectors.mean(axis=0, dtype=np.float64).astype(np.float32), scale.astype(np.float32)
