"""SimCLR as Lightning trains it: views, loss, optimiser, and what is measured on clips that do not teach."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...audio.augment.rng import BatchRng, row_seeds
from ...errors import BadInput
from ..loader import Batch, ViewLoader
from ..trainee import MONITOR, Trainee
from ..waveforms import CropBatches
from .config import ClmrTraining
from .lars import Lars, lars_groups
from .monitors import measured
from .ntxent import ntxent
from .simclr import fresh_simclr

LARS_RATE = 0.3
LARS_CLIPS = 256
"""LARS takes LARS_RATE for a step of LARS_CLIPS clips, and in proportion for others."""


class Views(NamedTuple):
    """first, second: float32[b, samples], two augmented crops of b clips; plain: the first as it was cut out.

    targets: as in Batch.
    """

    first: Tensor
    second: Tensor
    plain: Tensor
    targets: Tensor


class ContrastiveModule(Trainee):
    """A fresh SimCLR, or the one of `state`, on two views of each clip.

    train, valid: loaders with two crops of each clip; the clips of `valid` are measured on alone, always with the same
    crops and augmentations, so that the figures change with the network alone.
    """

    def __init__(self, train: ViewLoader, valid: ViewLoader, config: ClmrTraining, state: Any) -> None:
        super().__init__()
        self.config, self._train, self._valid = config, train, valid
        self.loaders = (train, valid)
        self.max_epochs, self.epoch_batches = config.max_epochs, len(train)
        self.net = fresh_simclr(config.width, config.projection_dim, config.seed)
        self._chain = config.augmentations()
        self._seen: list[list[Tensor]] = []
        self.resume(state)
        if config.compile:
            self.net.compile()

    def train_dataloader(self) -> CropBatches:
        """Return the batches of this epoch that are still to do."""
        return CropBatches(self._train, self.place.epoch, self.place.batch)

    def val_dataloader(self) -> CropBatches:
        """Return the clips that are measured on."""
        return CropBatches(self._valid, 0)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Views:
        """Return two augmented views of each clip on the device, where they are made."""
        if batch.skipped and len(batch.inputs) < 2:
            reason = next(iter(batch.skipped.values()))
            raise BadInput(f"all clips of a batch but one cannot be read, so the training stops: {reason}")
        crops = batch.inputs.to(device)
        epoch = self.place.epoch if self.trainer.training else 0
        views = []
        for number in range(2):
            seeds = row_seeds(self.config.seed, epoch, batch.clip_ids, stream=number)
            views.append(self._chain(crops[:, number].contiguous(), BatchRng(seeds.to(device))))
        return Views(views[0], views[1], crops[:, 0], batch.targets.to(device))

    def training_step(self, views: Views, _: int) -> Tensor:
        """Return the loss of a batch. Each view passes the network by itself, so batch norms see one at a time."""
        z_i, z_j = self.net(views.first)[1], self.net(views.second)[1]
        if self.config.gather_negatives and self.trainer.world_size > 1:
            z_i, z_j = self._gathered(z_i), self._gathered(z_j)
        return ntxent(z_i, z_j, self.config.temperature)

    def _gathered(self, z: Tensor) -> Tensor:
        """Return float32[world * b, d]: z of all processes; gradients go back to where they come from."""
        everywhere: Any = self.all_gather(z, sync_grads=True)
        return torch.flatten(everywhere, 0, 1)

    def on_validation_epoch_start(self) -> None:
        """Forget what was seen after another epoch."""
        self._seen = []

    def validation_step(self, views: Views, index: int) -> None:
        """Log the loss; keep the vectors where more is measured on them.

        A last batch that is not full has no part in the loss, unless it is the only one: with fewer negatives, its loss
        is lower. Published.
        """
        z_i, z_j = self.net(views.first)[1], self.net(views.second)[1]
        if index < max(1, len(self._valid.clip_ids) // self.config.compared):
            loss = ntxent(z_i, z_j, self.config.temperature)
            self.log(MONITOR, loss, batch_size=len(z_i), sync_dist=True)
        if self._is_monitored():
            h = self.net(views.plain)[0]
            self._seen.append([*(part.float().cpu() for part in (z_i, z_j, h)), views.targets.cpu()])

    def _is_monitored(self) -> bool:
        done, every = self.place.epoch + 1, self.config.monitor_every
        return every > 0 and (done % every == 0 or done == self.max_epochs)

    def figures(self) -> dict[str, float]:
        """Return alignment, uniformity, effective rank and kNN accuracy after epochs in which they were measured."""
        if not self._seen:
            return {}
        z_i, z_j, h, targets = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        return measured(z_i, z_j, h, targets)

    def configure_optimizers(self) -> Any:
        """Return Adam, or LARS and its cosine, where they left off."""
        config = self.config
        if config.optimizer == "Adam":
            adam = torch.optim.Adam(self.net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
            return self.optimised(adam, None)
        clips = config.batch_size * config.accumulate * config.devices
        groups = lars_groups(self.net, config.weight_decay, exclude_norms=config.exclude_norms)
        lars = Lars(groups, LARS_RATE * clips / LARS_CLIPS)
        return self.optimised(lars, torch.optim.lr_scheduler.CosineAnnealingLR(lars, config.max_epochs))
