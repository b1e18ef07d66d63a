"""Versions as Lightning trains them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ...encoders.base import Weights
from ...encoders.versions.network import VersionsNet, build_network
from ..loader import Batch
from ..trainee import MONITOR, Trainee
from ..waveforms import CropBatches
from .config import MAP, VersionsTraining
from .loaders import ItemLoader, Items
from .monitors import measured
from .shown import shown, taught


class VersionsModule(Trainee):
    """A network on works and their versions: the one of `state`, else of the weights `start`, else a fresh one.

    train, valid: loaders of an ItemReader. What is logged as MONITOR is m_COMP, or 1 - m_MAP.
    """

    net: VersionsNet

    def __init__(
        self, train: ItemLoader, valid: ItemLoader, config: VersionsTraining, state: Any, start: Weights | None = None
    ) -> None:
        super().__init__()
        self.config, self._train, self._valid = config, train, valid
        self.loaders = (train.loader, valid.loader)
        self.max_epochs, self.epoch_batches = config.max_epochs, len(train.loader)
        self._loss, self._found = config.loss, dict[str, float]()
        self.net = build_network(config.encoder, config.seed)
        if start is not None:
            self.net.load_state_dict({name: torch.tensor(array) for name, array in start.items()})
        self._seen: list[tuple[Tensor, Tensor, Tensor]] = []
        self.resume(state)

    def train_dataloader(self) -> CropBatches:
        """Return the batches of this epoch that are still to do."""
        return CropBatches(self._train.loader, self.place.epoch, self.place.batch)

    def val_dataloader(self) -> CropBatches:
        """Return the clips that are measured on."""
        return CropBatches(self._valid.loader, 0)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Items:
        """Return what the network is shown of a batch, made on the device; changes are for training alone."""
        config, names, pieces = self.config, list(batch.clip_ids), batch.inputs.to(device)
        if self.trainer.training:
            epoch = self.place.epoch
            return self._train.items(taught(pieces, names, epoch, config), names, epoch)
        return self._valid.items(shown(pieces, config.monitor_hop_s, config), names, 0)

    def training_step(self, batch: Items, _: int) -> Tensor:
        """Return the loss of a batch; all its segments pass the network together."""
        found = self._vectors(batch), batch.works.flatten(), batch.tracks.flatten()
        if self.config.gather_negatives and self.trainer.world_size > 1:
            # gradients go back to where they come from
            everywhere: Any = [self.all_gather(each, sync_grads=each.is_floating_point()) for each in found]
            return self._loss(*(each.flatten(0, 1) for each in everywhere))
        return self._loss(*found)

    def _vectors(self, batch: Items) -> Tensor:
        """Return float32[b * versions, s, d]."""
        vectors: Tensor = self.net(batch.segments.flatten(0, 2))
        return vectors.view(batch.works.numel(), batch.segments.shape[2], -1)

    def on_validation_epoch_start(self) -> None:
        """Forget what was seen after another epoch."""
        self._seen = []

    def validation_step(self, batch: Items, _: int) -> None:
        """Keep the vectors of a batch, and what they are of."""
        self._seen.append((self._vectors(batch).float(), batch.works.flatten(), batch.tracks.flatten()))

    def on_validation_epoch_end(self) -> None:
        """Ask for the versions of each clip and log how far from right the answers are."""
        z, works, tracks = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        self._seen = []
        self._found = measured(z, works.cpu(), tracks.cpu(), self._loss.near)
        value = 1 - self._found["m_MAP"] if self.config.monitor == MAP else self._found["m_COMP"]
        self.log(MONITOR, value, sync_dist=True)

    @property
    def finite(self) -> bool:
        """Whether what was measured last is."""
        return math.isfinite(self._found.get("m_MAP", 0.0))

    def figures(self) -> dict[str, float]:
        """Return m_MAP, m_MR1, m_ARP and m_COMP of the clips that are measured on."""
        return self._found

    def configure_optimizers(self) -> Any:
        """Return Adam and its plateau schedule, where they left off."""
        config = self.config
        adam = torch.optim.Adam(self.net.parameters(), config.learning_rate)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            adam, factor=config.plateau_factor, patience=config.plateau_patience
        )
        return self.optimised(adam, plateau)

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Lower the learning rate where it is time, and stop where it is low enough."""
        super().lr_scheduler_step(scheduler, metric)
        if scheduler.optimizer.param_groups[0]["lr"] < self.config.least_rate:
            self.trainer.should_stop = True
