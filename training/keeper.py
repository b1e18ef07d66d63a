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

from ..errors import BadInput
from ..progress import Progress, say
from ..store.files import clear_torn
from .interrupt import Interrupted, InterruptFlag
from .runlog import RunLog
from .state import save_state
from .trainee import MONITOR, Trainee

SAVE_EVERY_S = 30.0
"""Seconds between two savings of the state: what a power cut can cost."""


@dataclass(frozen=True)
class Best:
    """The state of the network at the lowest valid loss so far, or at the last where that is what remains."""

    loss: float
    net: dict[str, torch.Tensor]


@dataclass(frozen=True)
class StopCondition:
    """What ends a training early: `patience` epochs in which the valid loss fell by less than `delta`, or a signal.

    patience: None for the latter alone. strict: a clip that cannot be read ends it, too.
    """

    patience: int | None
    delta: float
    interrupt: InterruptFlag
    strict: bool = False


class Keeper(Callback):
    """Counts, logs, keeps the best weights, saves the state to `path`, and stops where a signal asks for it.

    path: None to write nothing. A context manager around the training: it closes the log.
    """

    def __init__(self, module: Trainee, stop: StopCondition, path: Path | None, state: Any, progress: Progress) -> None:
        self._module, self._flag, self._path, self._progress = module, stop.interrupt, path, progress
        self._state, self._strict, self._told = state, stop.strict, False
        self.best = Best(**state["best"]) if state and state["best"] else None
        self.early_stopping = EarlyStopping(
            MONITOR, patience=stop.patience or module.max_epochs, min_delta=stop.delta, check_on_train_epoch_end=True
        )
        if state:
            self.early_stopping.load_state_dict(state["early_stopping"])
        if path:
            clear_torn(path.parent)
        self._log = RunLog(path.parent, module.place.epoch) if path else None
        self._saved_at_s = time.monotonic()
        self._steps = module.max_epochs * module.epoch_batches

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._log:
            self._log.close()

    def on_fit_start(self, trainer: Trainer, _: LightningModule) -> None:
        """Give the scaler of half precision what it had learned."""
        if self._state:
            trainer.precision_plugin.load_state_dict(self._state["precision"])

    def on_train_epoch_start(self, trainer: Trainer, _: LightningModule) -> None:
        """Save the state if it is time: everything of the last epoch is done, the schedule too."""
        self._pause(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, _: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; save and heed Ctrl-C where the optimiser has just made a step.

        The last step of an epoch has its validation first.
        """
        self._heed_unread()
        loss = float(outputs["loss"]) * trainer.accumulate_grad_batches
        loss_sum, examples = self.summed(trainer, loss, len(batch[0]))
        place = self._module.place
        place.batch, place.step, place.examples = place.batch + 1, place.step + 1, place.examples + examples
        place.loss_sum += loss_sum
        self._progress("train", place.step, self._steps)
        done = batch_idx + 1
        if done < trainer.num_training_batches and done % trainer.accumulate_grad_batches == 0:
            self._pause(trainer)

    def on_train_epoch_end(self, trainer: Trainer, _: LightningModule) -> None:
        """Log the epoch, and keep its weights if they are the best."""
        self._heed_unread()
        module, place, loss = self._module, self._module.place, float(trainer.callback_metrics[MONITOR])
        if loss < (float("inf") if module.keeps_last or not self.best else self.best.loss):
            net = {name: tensor.detach().cpu().clone() for name, tensor in module.net.state_dict().items()}
            self.best = Best(loss, net)
        train_loss = place.loss_sum / place.examples
        place.skipped = sorted(self.skipped())
        if self._log:
            figures = {"epoch": place.epoch, "step": place.step, "train_loss": train_loss, MONITOR: loss}
            unread = {"skipped_clips": len(place.skipped)} if place.skipped else {}
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            self._log.write({**figures, **module.figures(), **unread, "learning_rate": rate})
            self._log.show(module.pictures(), place.epoch)
        if module.tells_epochs:
            epoch = f"epoch {place.epoch + 1} of {module.max_epochs}"
            say(self._progress, f"{epoch}: loss {train_loss:.3f}, valid {loss:.3f}")
        place.epoch, place.batch, place.loss_sum, place.examples = place.epoch + 1, 0, 0.0, 0

    def summed(self, trainer: Trainer, loss: float, examples: int) -> tuple[float, int]:  # noqa: ARG002
        """Return the `loss` of a batch summed over its examples, and how many those are."""
        return loss * examples, examples

    def skipped(self) -> set[str]:
        """Return the clips that could not be read so far, before the training went on included."""
        return set(self._module.place.skipped).union(*(loader.skipped for loader in self._module.loaders))

    def _heed_unread(self) -> None:
        """Tell once that clips cannot be read, and why the first of them; a strict training stops there."""
        reasons = [reason for loader in self._module.loaders for reason in loader.skipped.values()]
        if reasons and self._strict:
            raise BadInput(f"a clip cannot be read, so the training stops: {reasons[0]}")
        if reasons and not self._told:
            say(self._progress, f"clips that cannot be read are left out and counted, such as: {reasons[0]}")
            self._told = True

    def _pause(self, trainer: Trainer) -> None:
        """Save the state if it is time; stop where a signal asked for it."""
        stop = self._flag.raised  # read once: it may be raised between two lines
        if stop or time.monotonic() - self._saved_at_s > SAVE_EVERY_S:
            self._save(trainer)
        if stop:
            raise Interrupted

    def _save(self, trainer: Trainer) -> None:
        if self._path is None:
            return
        self._module.place.skipped = sorted(self.skipped())
        schedules = trainer.lr_scheduler_configs
        state = {
            "place": asdict(self._module.place),
            "net": self._module.net.state_dict(),
            "optimizer": trainer.optimizers[0].state_dict(),
            "scheduler": schedules[0].scheduler.state_dict() if schedules else None,
            "early_stopping": self.early_stopping.state_dict(),
            "best": vars(self.best) if self.best else None,
            "precision": trainer.precision_plugin.state_dict(),
        }
        save_state(self._path, state)
        self._saved_at_s = time.monotonic()
