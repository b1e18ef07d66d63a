"""What a contrastive training can be told: the published keys under their published names, and our own."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UsageError
from ..waveform_config import WaveformTraining

OPTIMIZERS = ("Adam", "LARS")


@dataclass(frozen=True)
class ClmrTraining(WaveformTraining):
    """Contrastive learning of musical representations (Spijkervet and Burgoyne, 2021), as its published code has it.

    Published keys. temperature: of NT-Xent; projection_dim: of the vectors it compares. optimizer: "Adam" at
    learning_rate, or "LARS" at 0.3 for every 256 clips of a step, falling to 0 along a cosine over max_epochs;
    weight_decay: of either. The published Adam takes 3e-4 and no weight decay, whatever its file says.

    Our own. exclude_norms: LARS leaves biases and the gains of batch normalisation out of its trust ratio and of weight
    decay, as its authors mean it; the published code does not. devices: processes, one a GPU (or each with its share of
    the CPU's cores), by torchrun those that it started; batch_size is that of each. gather_negatives: compare with the
    clips of all processes; the training is then the same with any number that has as many clips in a step.
    monitor_clips: how many clips, none of them a teacher, the valid loss is measured on after every epoch;
    monitor_every: epochs from one to the next in which alignment, uniformity, effective rank and kNN accuracy are
    measured on them, too (0: never).
    """

    projection_dim: int = 64
    temperature: float = 0.5
    optimizer: str = "Adam"
    learning_rate: float = 3e-4
    weight_decay: float = 0.0
    exclude_norms: bool = False
    devices: int = 1
    gather_negatives: bool = False
    monitor_clips: int = 256
    monitor_every: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"optimizer is {self.optimizer!r}; there is {' and '.join(OPTIMIZERS)}")
        self.check_positive("temperature", "learning_rate")
        self.check_least(0, "weight_decay", "monitor_every")
        self.check_least(1, "projection_dim", "devices")
        self.check_least(2, "batch_size", "monitor_clips")

    @property
    def compared(self) -> int:
        """How many clips of a step are told from each other."""
        return self.batch_size * (self.devices if self.gather_negatives else 1)


PRESETS = {
    "default": ClmrTraining(),
    "published": ClmrTraining(max_epochs=10_000),
    "published-lars": ClmrTraining(max_epochs=10_000, optimizer="LARS", weight_decay=1e-6),
    "lars": ClmrTraining(optimizer="LARS", weight_decay=1e-6, exclude_norms=True),
    "clmr-small": ClmrTraining(width=0.25, temperature=0.1, learning_rate=1e-3),
}
"""`published`: CLMR as it was trained; `lars`: with what its LARS lacks; `clmr-small`: for CPUs and small collections.

`clmr-small` is a quarter as wide. Its temperature was chosen by the kNN accuracy of valid clips after ten epochs on 800
environmental sounds, one seed: .163, against .125 at the published one, both at its learning rate.
"""
