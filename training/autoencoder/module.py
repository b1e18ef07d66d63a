"""The autoencoder as Lightning trains it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...encoders.autoencoder.network import AutoEncoder, autoencoder
from ...schemas.vector import Float32
from ...store.scaling import column_scales
from ..batches import TensorBatches
from ..trainee import MONITOR, Trainee, seeded
from .config import AutoencoderTraining

_VALID_ROWS = 8192

Batch = tuple[torch.Tensor, torch.Tensor]


class AutoencoderModule(Trainee):
    """A fresh autoencoder, or the one of `state`, on rows float32[n, d] that teach and rows that are valid."""

    net: AutoEncoder
    tells_epochs = False

    def __init__(self, train: Float32, valid: Float32, config: AutoencoderTraining, state: Any) -> None:
        super().__init__()
        self.config, self.max_epochs = config, config.max_epochs
        self.train_rows, self.valid_rows = (torch.from_numpy(np.ascontiguousarray(rows)) for rows in (train, valid))
        self.epoch_batches = len(TensorBatches(self.train_rows, self.train_rows, config.batch_size))
        with seeded(torch.device("cpu"), config.seed):
            self.net = autoencoder(config.layer_sizes, corrected=config.corrected)
        if config.corrected:
            for buffer, values in zip(
                (self.net.encoder.mean, self.net.encoder.scale), column_scales(train), strict=True
            ):
                buffer.copy_(torch.from_numpy(values))
        self.resume(state)

    def train_dataloader(self) -> TensorBatches:
        """Return the batches of this epoch that are still to do."""
        config, place = self.config, self.place
        seed = config.seed if config.shuffle else None
        return TensorBatches(self.train_rows, self.train_rows, config.batch_size, seed, place.epoch, place.batch)

    def val_dataloader(self) -> TensorBatches:
        """Return the valid rows in large batches."""
        return TensorBatches(self.valid_rows, self.valid_rows, _VALID_ROWS)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        """Return the loss of a batch; what is dropped depends on (seed, epoch, batch) alone."""
        with seeded(self.device, self.config.seed, self.place.epoch, self.place.batch):
            return self.net.loss(batch[0])

    def validation_step(self, batch: Batch, _: int) -> None:
        """Log the loss of a batch of valid rows."""
        self.log(MONITOR, self.net.loss(batch[0]), batch_size=len(batch[0]))

    def configure_optimizers(self) -> Any:
        """Return Adam, where it left off."""
        return self.optimised(torch.optim.Adam(self.net.parameters(), self.config.learning_rate), None)
