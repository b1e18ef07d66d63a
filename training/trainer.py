"""Lightning runs the loop of every training, and says nothing."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Trainer

from .keeper import Keeper
from .quiet import quiet_lightning
from .trainee import Trainee


def run_trainer(module: Trainee, keeper: Keeper, **flags: Any) -> None:
    """Train `module` from its place to its last epoch, or until `keeper` stops it.

    flags: of Lightning's Trainer: accelerator, devices, precision, accumulate_grad_batches. Raises Interrupted.
    """
    with quiet_lightning():
        trainer = Trainer(
            max_epochs=module.max_epochs - module.place.epoch,
            callbacks=[keeper.early_stopping, keeper],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,  # each epoch has its own order, and the first may be the rest of one
            **flags,
        )
        with keeper:
            trainer.fit(module)
