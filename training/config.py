"""The settings of a probe."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True)
class ProbeConfig:
    """A head on the vectors of a space: `hidden` 0 for a linear one, else the width of its one hidden layer (ReLU).

    Adam at `learning_rate`, times `plateau_factor` after `plateau_patience` epochs without a lower valid loss; the
    end after `stop_patience` epochs in which it fell by less than `stop_delta`, or `max_epochs`. `labels`: the clips
    column that names the classes.

    inputs: "clip", one unit vector per clip (the mean of its segments), or "window", one of its segments, drawn by
    `seed`, as the encoder gives it. standardise: shift the vectors to mean 0 and scale them by one factor to a mean
    variance of 1 (over the train clips), as a fixed layer that is folded into the head in the end. Unit vectors of 256
    dimensions are so small that the published learning rate is not done with them after 200 epochs; a factor per
    dimension would undo the weights that the encoder gave its dimensions.

    weights: those of the "best" epoch, by its valid loss, or of the "last". label_share: of the labelled train clips,
    how large a share is taught (budget.py): 0.01 for 1 % of the labels; all valid clips keep theirs.
    """

    hidden: int = 0
    inputs: str = "clip"
    standardise: bool = True
    batch_size: int = 48
    max_epochs: int = 200
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    plateau_factor: float = 0.1
    plateau_patience: int = 5
    stop_patience: int = 10
    stop_delta: float = 1e-4
    weights: str = "best"
    label_share: float = 1.0
    seed: int = 42
    labels: str = "labels"

    def __post_init__(self) -> None:
        if self.inputs not in ("clip", "window"):
            raise UsageError(f"inputs is {self.inputs!r}; a probe learns from 'clip' or 'window' vectors")
        for name in ("batch_size", "max_epochs", "plateau_patience", "stop_patience"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("hidden", "seed", "weight_decay", "stop_delta"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not self.learning_rate > 0 or not 0 < self.plateau_factor < 1:
            raise UsageError("learning_rate must be above 0, and plateau_factor between 0 and 1")
        if self.weights not in ("best", "last"):
            raise UsageError(f"weights is {self.weights!r}; a probe keeps those of its 'best' or its 'last' epoch")
        if not 0 < self.label_share <= 1:
            raise UsageError(f"label_share is {self.label_share}; it must be above 0 and at most 1")


PRESETS = {
    "default": ProbeConfig(),
    "published": ProbeConfig(
        inputs="window", standardise=False, learning_rate=1e-3, weight_decay=1e-6, stop_delta=0.0, weights="last"
    ),
}
"""`published`: CLMR's linear evaluation (Spijkervet and Burgoyne, 2021) as its code has it; `hidden=512`: its MLP."""
