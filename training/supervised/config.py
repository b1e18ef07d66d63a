"""What a supervised training can be told."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UsageError
from ..waveform_config import WaveformTraining


@dataclass(frozen=True)
class SupervisedTraining(WaveformTraining):
    """SampleCNN (Lee et al., 2017) with half of its representation dropped before the head, as CLMR's code trains it.

    learning_rate, weight_decay: of stochastic gradient descent with Nesterov `momentum`. The rate is multiplied by
    `plateau_factor` after `plateau_patience` epochs without a lower valid loss, and the training ends after
    `stop_patience` of them, or max_epochs. augment: change the crops as contrastive training does, each way with its
    probability transforms_*; the published baseline does not.
    """

    learning_rate: float = 1e-2
    weight_decay: float = 1e-6
    momentum: float = 0.9
    plateau_factor: float = 0.2
    plateau_patience: int = 5
    stop_patience: int = 20
    augment: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("learning_rate", "momentum")
        self.check_least(0, "weight_decay")
        self.check_least(1, "plateau_patience", "stop_patience")
        if not 0 < self.plateau_factor < 1:
            raise UsageError(f"plateau_factor is {self.plateau_factor}; it must be between 0 and 1")


PRESETS = {
    "default": SupervisedTraining(),
    "published": SupervisedTraining(learning_rate=3e-4),
    "clmr-small": SupervisedTraining(width=0.25),
}
"""`published`: CLMR's code, which takes the learning rate of its contrastive training; `clmr-small`: a quarter as wide,
for CPUs."""
