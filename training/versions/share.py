"""The training of one process: all of it, or its share of every batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from ...errors import BadInput
from ...progress import Progress, say
from ...store.store import Store
from ..interrupt import InterruptFlag
from ..keeper import Keeper, StopCondition
from ..layout import ENCODER_FILE, STATE_FILE, VERSIONS
from ..machine import machine_flags
from ..state import load_state
from ..trained import PREFIX, save_trained
from ..trainer import run_trainer
from .clips import measuring_loader, teaching_loader
from .config import VersionsTraining
from .module import VersionsModule
from .start import starting_weights
from .works import Works


@dataclass(frozen=True)
class VersionsTask:
    """What to train, and where; made of paths and plain data, so that any process can be told.

    taught, valid: the works that are learned from, and those that are measured on; batches: of an epoch, of each
    process.
    """

    store: Store
    taught: Works
    valid: Works
    batches: int
    config: VersionsTraining
    folder: Path

    @property
    def teachers(self) -> Sequence[str]:
        """The clips that are learned from."""
        return self.taught.clip_ids

    @property
    def measured(self) -> Sequence[str]:
        """The clips that are measured on."""
        return self.valid.clip_ids

    @property
    def devices(self) -> int:
        """Processes, each of which trains a share."""
        return self.config.devices

    @property
    def steps(self) -> int:
        """Batches of each process in the whole training."""
        return self.batches * self.config.max_epochs

    def train(
        self, interrupt: InterruptFlag, progress: Progress, *, rank: int = 0, keeper: Callable[..., Keeper] = Keeper
    ) -> None:
        """Train as process `rank` of `devices`; the first one keeps the state and writes the best encoder.

        Goes on from the state in the folder, if there is one, to the same loss curve. Raises Interrupted once
        `interrupt` is raised and the state saved, BadInput where the first epoch ends on what is not finite.
        """
        config, path = self.config, self.folder / STATE_FILE
        state = load_state(path) if path.is_file() else None
        start = None if state else starting_weights(self.store, config)
        teaching = teaching_loader(self.store, self.taught, config, rank=rank)
        measuring = measuring_loader(self.store, self.valid, config)
        module = VersionsModule(teaching, measuring, config, state, start)
        kept = keeper(module, StopCondition(None, 0.0, interrupt), None if rank else path, state, progress)
        with closing(teaching.loader):
            run_trainer(module, kept, **machine_flags(config.devices, config.precision, 1))
        if kept.best is None:
            raise BadInput("the vectors were not finite in any epoch; lower learning_rate")
        if not module.finite:
            epoch = module.place.epoch
            say(progress, f"stopped: vectors were not finite after epoch {epoch}; those of the best epoch are kept")
        if rank == 0:
            arrays = {PREFIX + name: tensor.numpy() for name, tensor in kept.best.net.items()}
            save_trained(self.folder / ENCODER_FILE, VERSIONS, asdict(config.encoder), arrays)
