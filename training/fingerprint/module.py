"""Fingerprints as Lightning trains them."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...encoders.base import Weights
from ...encoders.fingerprint.frontend import LogMel
from ...encoders.fingerprint.network import FingerprintNet, build_network
from ...errors import BadInput
from ..contrastive.monitors import alignment, uniformity
from ..loader import Batch, ViewLoader
from ..trainee import MONITOR, Trainee
from ..waveforms import CropBatches
from .config import FingerprintTraining
from .lamb import PFANN_CLAMP, Lamb
from .losses import fingerprint_loss
from .minisearch import mini_search
from .pools import Pools
from .replicas import Shown
from .schedule import rate_factor


class Mels(NamedTuple):
    """mels: float32[b, 1 + replicas, n_mels, frames], anchors first; names: of the b examples."""

    mels: Tensor
    names: list[str]


class _Seen(NamedTuple):
    """names: of b examples; vectors: float32[b, 1 + replicas, d]; represented: the same of f(.), if it is searched."""

    names: list[str]
    vectors: Tensor
    represented: Tensor | None


class FingerprintModule(Trainee):
    """A network on anchors and their replicas: the one of `state`, else of the weights `start`, else a fresh one.

    train, valid: loaders of a PairReader; what is measured on `valid` is always degraded in the same way, so that the
    figures change with the network alone.
    """

    net: FingerprintNet

    def __init__(
        self,
        train: ViewLoader,
        valid: ViewLoader,
        pools: Pools,
        config: FingerprintTraining,
        state: Any,
        start: Weights | None = None,
    ) -> None:
        super().__init__()
        self.config, self._train, self._valid, self._pools = config, train, valid, pools
        self.loaders = (train, valid)
        self.max_epochs, self.epoch_batches = config.max_epochs, len(train)
        self.net = build_network(config.encoder, config.seed)
        if start is not None:
            self.net.load_state_dict({name: torch.tensor(array) for name, array in start.items()})
        if config.encoder.norm == "batch":  # as the network has its pictures: a sixth of a step on a CPU
            self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._shown: Shown | None = None
        self._seen: list[_Seen] = []
        self.resume(state)

    def train_dataloader(self) -> CropBatches:
        """Return the batches of this epoch that are still to do."""
        return CropBatches(self._train, self.place.epoch, self.place.batch)

    def val_dataloader(self) -> CropBatches:
        """Return the segments that are measured on."""
        return CropBatches(self._valid, 0)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Mels:
        """Return what the network is shown of a batch, made on the device; masks are for training alone."""
        if batch.skipped and len(batch.inputs) < 2:
            reason = next(iter(batch.skipped.values()))
            raise BadInput(f"all clips of a batch but one cannot be read, so the training stops: {reason}")
        if self._shown is None:
            self._shown = Shown(self.config, self._pools, LogMel(self.config.encoder), device)
        teaches, names = bool(self.trainer.training), list(batch.clip_ids)
        epoch = self.place.epoch if teaches else 0
        return Mels(self._shown(batch.inputs.to(device), names, epoch, masked=teaches), names)

    def training_step(self, batch: Mels, _: int) -> Tensor:
        """Return the loss of a batch; all its segments pass the network together."""
        vectors = self._vectors(batch)
        if self.config.gather_negatives and self.trainer.world_size > 1:
            everywhere: Any = self.all_gather(vectors, sync_grads=True)  # gradients go back to where they come from
            vectors = torch.flatten(everywhere, 0, 1)
        return fingerprint_loss(vectors, self.config)

    def _vectors(self, batch: Mels) -> Tensor:
        """Return float32[b, 1 + replicas, d], unit vectors."""
        return self._by_example(self.net(batch.mels.flatten(0, 1)), batch)

    def _by_example(self, rows: Tensor, batch: Mels) -> Tensor:
        """Return float32[b, 1 + replicas, k] of float32[b * (1 + replicas), k]."""
        return rows.view(*batch.mels.shape[:2], -1)

    def on_validation_epoch_start(self) -> None:
        """Forget what was seen after another epoch."""
        self._seen = []

    def validation_step(self, batch: Mels, index: int) -> None:
        """Log the loss and keep the vectors.

        A last batch that is not full has no part in the loss, unless it is the only one: with fewer negatives, its loss
        is lower.
        """
        represented = self.net.represent(batch.mels.flatten(0, 1))
        vectors = self._by_example(self.net.encode(represented), batch)
        if index < max(1, len(self._valid.clip_ids) // self.config.compared):
            self.log(MONITOR, fingerprint_loss(vectors, self.config), batch_size=len(vectors), sync_dist=True)
        kept = self._by_example(represented, batch).float().cpu() if self.config.monitor_layers else None
        self._seen.append(_Seen(batch.names, vectors.float().cpu(), kept))

    def figures(self) -> dict[str, float]:
        """Return alignment, uniformity and what the search of sequences found, of the clips that are measured on.

        With monitor_layers, also what it finds by f(.), before that is divided and encoded, and by L2(f(.)).
        """
        names = self._in_order()
        clips = torch.from_numpy(np.unique([name.rpartition(":")[0] for name in names], return_inverse=True)[1])
        rows = self._rows(names, [seen.vectors for seen in self._seen])
        anchors, replicas = rows[:, 0], rows[:, 1]
        figures = {"alignment": alignment(anchors, replicas), "uniformity": uniformity(anchors)}
        figures |= mini_search(replicas, anchors, clips)
        layers = [seen.represented for seen in self._seen if seen.represented is not None]
        if layers:
            rows = self._rows(names, layers)
            figures |= mini_search(rows[:, 1], rows[:, 0], clips, of="f_")
            rows = functional.normalize(rows, dim=2)
            figures |= mini_search(rows[:, 1], rows[:, 0], clips, of="l2f_")
        return figures

    def _in_order(self) -> list[str]:
        """Return what was measured, clip by clip, in the order of segments."""
        seen = {name for seen in self._seen for name in seen.names}
        return [name for name in self._valid.clip_ids if name in seen]

    def _rows(self, names: list[str], batches: list[Tensor]) -> Tensor:
        """Return the rows of all batches seen by `names`."""
        row_of = {name: row for row, name in enumerate(name for seen in self._seen for name in seen.names)}
        return torch.cat(batches)[[row_of[name] for name in names]]

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Return the cosines of replicas (rows) and anchors of the first batch measured, -1 black and 1 white."""
        vectors = self._seen[0].vectors
        cosines = vectors[:, 1] @ vectors[:, 0].T
        return {"similarity": ((cosines + 1) * 127.5).clamp(0, 255).to(torch.uint8).numpy()}

    def configure_optimizers(self) -> Any:
        """Return the optimiser and its schedule over all steps, where they left off."""
        config, parameters = self.config, self.net.parameters()
        settings: dict[str, Any] = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        optimizer: torch.optim.Optimizer
        if config.optimizer == "LAMB":
            optimizer = Lamb(parameters, **settings)
        elif config.optimizer == "LAMB-pfann":
            optimizer = Lamb(parameters, debias=False, clamp=PFANN_CLAMP, **settings)
        else:
            kinds = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
            optimizer = kinds[config.optimizer](parameters, **settings)
        steps = -(-self.epoch_batches // config.accumulate) * config.max_epochs
        factor = partial(rate_factor, config.schedule, config.alpha, steps)
        made = self.optimised(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor))
        made["lr_scheduler"]["interval"] = "step"
        _lay_out(optimizer)
        return made


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Lay what an optimiser knows of a weight out as the weight is: what was saved is not, and sums would differ."""
    for weight, known in optimizer.state.items():
        for name, value in known.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                known[name] = torch.empty_like(weight).copy_(value)
