"""What remains of a training while it runs: the best weights, the figures of each epoch, the state to go on from."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from ..progress import Progress
from .batches import TensorBatches
from .interrupt import Interrupted, InterruptFlag
from .module import MONITOR, HeadModule
from .runlog import RunLog
from .state import save_state

SAVE_EVERY_S = 30.0
"""Seconds between two savings of the state: what a power cut can cost."""


@dataclass(frozen=True)
class Best:
    """The state of the network at the lowest valid loss so far."""

    loss: float
    net: dict[str, torch.Tensor]


@dataclass(frozen=True)
class StopCondition:
    """What ends a training early: `patience` epochs in which the valid loss fell by less than `delta`, or Ctrl-C."""

    patience: int
    delta: float
    interrupt: InterruptFlag


class Keeper(Callback):
    """Counts, logs, keeps the best weights, saves the state to `path`, and stops where Ctrl-C asks for it.

    path: None to write nothing. A context manager around the training: it closes the log.
    """

    def __init__(
        self, module: HeadModule, stop: StopCondition, path: Path | None, state: Any, progress: Progress
    ) -> None:
        self._module, self._flag, self._path, self._progress = module, stop.interrupt, path, progress
        self.best = Best(**state["best"]) if state and state["best"] else None
        self.early_stopping = EarlyStopping(
            MONITOR, patience=stop.patience, min_delta=stop.delta, check_on_train_epoch_end=True
        )
        if state:
            self.early_stopping.load_state_dict(state["early_stopping"])
        self._log = RunLog(path.parent, module.place.epoch) if path else None
        self._saved_at_s = time.monotonic()
        self._steps = module.config.max_epochs * len(TensorBatches(*module.train_set, module.config.batch_size))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._log:
            self._log.close()

    def on_train_epoch_start(self, trainer: Trainer, _: LightningModule) -> None:
        """Save the state if it is time: everything of the last epoch is done, the schedule too."""
        if self._flag.raised or time.monotonic() - self._saved_at_s > SAVE_EVERY_S:
            self._save(trainer)
        if self._flag.raised:
            raise Interrupted

    def on_train_batch_end(
        self, trainer: Trainer, _: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the step; heed Ctrl-C, but let the last step of an epoch have its validation first."""
        place = self._module.place
        place.batch, place.step = place.batch + 1, place.step + 1
        place.loss_sum += float(outputs["loss"]) * len(batch[0])
        self._progress("train", place.step, self._steps)
        if self._flag.raised and batch_idx + 1 < trainer.num_training_batches:
            self._save(trainer)
            raise Interrupted

    def on_train_epoch_end(self, trainer: Trainer, _: LightningModule) -> None:
        """Log the epoch, and keep its weights if they are the best."""
        module, place, loss = self._module, self._module.place, float(trainer.callback_metrics[MONITOR])
        if loss < (self.best.loss if self.best else float("inf")):
            self.best = Best(loss, {name: tensor.clone() for name, tensor in module.net.state_dict().items()})
        if self._log:
            train_loss = place.loss_sum / len(module.train_set[0])
            figures = {"epoch": place.epoch, "step": place.step, "train_loss": train_loss, MONITOR: loss}
            self._log.write({**figures, "learning_rate": trainer.optimizers[0].param_groups[0]["lr"]})
        place.epoch, place.batch, place.loss_sum = place.epoch + 1, 0, 0.0

    def _save(self, trainer: Trainer) -> None:
        if self._path is None:
            return
        state = {
            "place": asdict(self._module.place),
            "net": self._module.net.state_dict(),
            "adam": trainer.optimizers[0].state_dict(),
            "plateau": trainer.lr_scheduler_configs[0].scheduler.state_dict(),
            "early_stopping": self.early_stopping.state_dict(),
            "best": vars(self.best) if self.best else None,
        }
        save_state(self._path, state)
        self._saved_at_s = time.monotonic()
