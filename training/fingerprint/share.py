"""The training of one process: all of it, or its share of every batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from ...progress import Progress, say
from ...store.store import Store
from ..interrupt import InterruptFlag
from ..keeper import Keeper, StopCondition
from ..layout import ENCODER_FILE, FINGERPRINT, STATE_FILE
from ..machine import machine_flags
from ..state import load_state
from ..trained import PREFIX, save_trained
from ..trainee import last_weights
from ..trainer import run_trainer
from .clips import measuring_loader, teaching_loader
from .config import FingerprintTraining
from .module import FingerprintModule
from .pools import read_pools
from .start import starting_weights


@dataclass(frozen=True)
class FingerprintTask:
    """What to train, and where; made of paths and plain data, so that any process can be told.

    teachers: the clips of `view` that are learned from; measured: those that the valid loss is measured on; batches: of
    an epoch, of each process; strict: whether a clip that cannot be read ends it.
    """

    store: Store
    view: str
    teachers: Sequence[str]
    measured: Sequence[str]
    batches: int
    config: FingerprintTraining
    folder: Path
    strict: bool = False

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
        """Train as process `rank` of `devices`; the first one keeps the state and writes the trained encoder.

        Goes on from the state in the folder, if there is one, to the same loss curve. Raises Interrupted once
        `interrupt` is raised and the state saved, BadInput where the loss or the weights are no longer finite, or a
        clip cannot be read and it is strict.
        """
        config, path = self.config, self.folder / STATE_FILE
        state = load_state(path) if path.is_file() else None
        start = None if state else starting_weights(self.store, config)
        pools = read_pools(config)
        say(progress, f"replicas by {config.chain}: {pools.said}")
        teaching = teaching_loader(self.store, self.view, self.teachers, config, rank=rank)
        measuring = measuring_loader(self.store, self.measured, config)
        module = FingerprintModule(teaching, measuring, pools, config, state, start)
        kept = keeper(module, StopCondition(None, 0.0, interrupt, self.strict), None if rank else path, state, progress)
        with closing(teaching):
            run_trainer(module, kept, **machine_flags(config.devices, config.precision, config.accumulate))
        weights = last_weights(module)
        if rank == 0:
            arrays = {PREFIX + name: array for name, array in weights.items()}
            save_trained(self.folder / ENCODER_FILE, FINGERPRINT, asdict(config.encoder), arrays)
