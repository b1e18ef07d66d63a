"""SampleCNN as Lightning trains it on labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...audio.augment.rng import BatchRng, row_seeds
from ...encoders.samplecnn import SampleCNN
from ..labels import Labels
from ..loader import Batch, ViewLoader
from ..trainee import MONITOR, Trainee, label_loss, seeded
from ..waveforms import CropBatches
from .config import SupervisedTraining

ACCURACY = "valid_accuracy"


@dataclass(frozen=True)
class Crops:
    """Where crops of the train clips and of the valid clips come from, and what the clips are called."""

    train: ViewLoader
    valid: ViewLoader
    labels: Labels


class SupervisedModule(Trainee):
    """A fresh network, or the one of `state`, on crops."""

    net: SampleCNN

    def __init__(self, crops: Crops, config: SupervisedTraining, state: Any) -> None:
        super().__init__()
        self.config, self.crops = config, crops
        self.loaders = (crops.train, crops.valid)
        self._chain = config.augmentations() if config.augment else None
        self.max_epochs, self.epoch_batches = config.max_epochs, len(crops.train)
        with seeded(torch.device("cpu"), config.seed):
            self.net = SampleCNN(len(crops.labels.classes), supervised=True, width=config.width)
        self.resume(state)
        if config.compile:
            self.net.compile()

    def train_dataloader(self) -> CropBatches:
        """Return the batches of this epoch that are still to do."""
        return CropBatches(self.crops.train, self.place.epoch, self.place.batch)

    def val_dataloader(self) -> CropBatches:
        """Return the same crop of each valid clip after every epoch, so that its loss changes with the network alone.

        The published code draws others each time.
        """
        return CropBatches(self.crops.valid, 0)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        """Return the batch with its targets on the device; train crops are augmented there where that is asked for."""
        inputs = batch.inputs.to(device)
        if self._chain is not None and self.trainer.training:
            seeds = row_seeds(self.config.seed, self.place.epoch, batch.clip_ids)
            inputs = self._chain(inputs, BatchRng(seeds.to(device)))
        targets = torch.from_numpy(self.crops.labels.targets(batch.clip_ids))
        return batch._replace(inputs=inputs, targets=targets.to(device))

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        """Return the loss of a batch; what is dropped depends on (seed, epoch, batch) alone."""
        with seeded(self.device, self.config.seed, self.place.epoch, self.place.batch):
            logits = self.net(batch.inputs[:, None])
        return label_loss(logits, batch.targets)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Log the loss of a batch of valid clips, and the share that is right where each has one label."""
        logits = self.net(batch.inputs[:, None])
        self.log(MONITOR, label_loss(logits, batch.targets), batch_size=len(logits))
        if not self.crops.labels.multi_label:
            right = (logits.argmax(dim=1) == batch.targets).float().mean()
            self.log(ACCURACY, right, batch_size=len(logits))

    def figures(self) -> dict[str, float]:
        """Return the accuracy on valid clips, where each has one label."""
        found = self.trainer.callback_metrics.get(ACCURACY)
        return {} if found is None else {ACCURACY: float(found)}

    def configure_optimizers(self) -> Any:
        """Return stochastic gradient descent and its plateau schedule, where they left off."""
        config = self.config
        descent = torch.optim.SGD(
            self.net.parameters(),
            config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            nesterov=True,
        )
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            descent, factor=config.plateau_factor, patience=config.plateau_patience
        )
        return self.optimised(descent, plateau)
