"""Lightning runs the loop of every training, and says nothing."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from .keeper import Keeper
from .memory import freed_memory_kept, give_back
from .quiet import quiet_lightning
from .trainee import Trainee

TRIM_STEPS = 64
"""Steps after which free memory goes back to the kernel: the next one asks for it again, which costs it half a step."""


def run_trainer(module: Trainee, keeper: Keeper, *, accelerator: str = "", **flags: Any) -> None:
    """Train `module` from its place to its last epoch, or until `keeper` stops it.

    accelerator: "cpu" or "cuda"; "" takes CUDA where there is one. Apple's GPUs are not taken: the augmentations count
    in float64, which these do not have. flags: of Lightning's Trainer: devices, precision, accumulate_grad_batches.
    Raises Interrupted.
    """
    with quiet_lightning():
        trainer = Trainer(
            accelerator=accelerator or ("cuda" if torch.cuda.is_available() else "cpu"),
            max_epochs=module.max_epochs - module.place.epoch,
            callbacks=[keeper.early_stopping, keeper, _Trimmer()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,  # each epoch has its own order, and the first may be the rest of one
            **flags,
        )
        _leave_signals_alone(trainer)
        with keeper, freed_memory_kept():
            trainer.fit(module)


class _Trimmer(Callback):
    """Gives memory back every TRIM_STEPS batches."""

    def on_train_batch_end(self, *told: Any) -> None:
        """Do so after the last of them; `told` ends with the number of the batch."""
        if (told[-1] + 1) % TRIM_STEPS == 0:
            give_back()


def _leave_signals_alone(trainer: Trainer) -> None:
    """Let `trainer` take no signal: on SIGTERM it would end the process with exit code 0 and nothing saved."""
    signals: Any = trainer._signal_connector  # Lightning has no public way
    signals.register_signal_handlers = lambda: None
