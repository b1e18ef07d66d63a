"""The training of one process: all of it, or its share of every batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...progress import Progress
from ...schemas.view import ALL
from ...store.store import Store
from ..interrupt import InterruptFlag
from ..keeper import Keeper, StopCondition
from ..layout import CLMR, ENCODER_FILE, STATE_FILE
from ..machine import machine_flags
from ..state import load_state
from ..trained import save_trained
from ..trainee import last_weights
from ..trainer import run_trainer
from .clips import pair_loader
from .config import ClmrTraining
from .module import ContrastiveModule


@dataclass(frozen=True)
class Task:
    """What to train, and where; made of paths and plain data, so that any process can be told.

    teachers: the clips of `view` that are learned from; measured: those that the valid loss is measured on; strict:
    whether a clip that cannot be read ends it.
    """

    store: Store
    view: str
    teachers: Sequence[str]
    measured: Sequence[str]
    config: ClmrTraining
    folder: Path
    strict: bool = False

    @property
    def devices(self) -> int:
        """Processes, each of which trains a share."""
        return self.config.devices

    @property
    def steps(self) -> int:
        """Batches of each process in the whole training."""
        return len(self.teachers) // self.config.devices // self.config.batch_size * self.config.max_epochs

    def train(
        self, interrupt: InterruptFlag, progress: Progress, *, rank: int = 0, keeper: Callable[..., Keeper] = Keeper
    ) -> None:
        """Train as process `rank` of `devices`; the first one keeps the state and writes the trained encoder.

        Goes on from the state in the folder, if there is one, to the same loss curve. Raises Interrupted once
        `interrupt` is raised and the state saved, BadInput where the loss or the weights are no longer finite, or a
        clip cannot be read and it is strict.
        """
        config, path = self.config, self.folder / STATE_FILE
        state = load_state(path) if path.is_file() else None
        teaching = pair_loader(self.store, self.view, self.teachers, config, rank=rank, teaches=True)
        measuring = pair_loader(self.store, ALL, self.measured, config, teaches=False)
        module = ContrastiveModule(teaching, measuring, config, state)
        kept = keeper(module, StopCondition(None, 0.0, interrupt, self.strict), None if rank else path, state, progress)
        with closing(teaching):
            run_trainer(module, kept, **machine_flags(config.devices, config.precision, config.accumulate))
        weights = last_weights(module)
        if rank == 0:
            settings = {"width": config.width, "sample_rate_hz": config.sample_rate}
            save_trained(self.folder / ENCODER_FILE, CLMR, settings, weights)
