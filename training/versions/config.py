"""What a training of versions can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...audio.augment.constant_q import ConstantQAugmentation
from ...encoders.versions.choice import preset_config
from ...encoders.versions.config import PRESETS as NETWORKS
from ...encoders.versions.config import VersionsConfig
from ...errors import UsageError
from ...indexing.segment_sets.reductions import Reduction
from ..checks import Checked
from ..network_settings import network_settings
from ..waveform_config import PRECISIONS
from .losses import ClewsLoss

AUTO = "auto"
FRESH = "fresh"
COMP, MAP = MONITORS = ("comp", "map")
CHOICES = {
    "network": tuple(NETWORKS),
    "monitor": MONITORS,
    "precision": (AUTO, *PRECISIONS),
}
"""What a setting may be, for those that are one of a few."""


@dataclass(frozen=True)
class VersionsTraining(Checked):
    """CLEWS (Serrà et al., 2025), in a size for CPUs and in the two published ones.

    Examples. A clip is a version of what its `work` column says. batch_size: anchors of a step; versions: of each work,
    the anchor and others, cyclic where there are fewer; every version is the anchor once an epoch. crop_s: a piece of
    each, from a random place, of which every shingle_hop_s a segment is cut; what is shorter is repeated, and no crop
    is longer than the longest clip that teaches. monitor_hop_s: the same of the clips that are measured on, from their
    start. frames: the table of constant-Q frames that are read; `train` computes those that are missing.

    Splits are by work: those of the split column; where it names no test or valid clip, test_share of the works, and
    valid_share of the others, are drawn by seed.

    Augmentation, each the probability for a segment: mask (a strip of bands and one of time), stretch (tempo),
    transpose (key).

    Method. network: a preset of the encoder; network_settings: what is to be other in it, as in "dim=64 stem=16"
    (VersionsConfig). start: its first weights, "fresh" ones, run:NAME for those of a finished run, or a checkpoint.
    near, far: reductions of the distances of segments, of versions of one work and of two works; gamma, epsilon: see
    ClewsLoss. Adam at learning_rate, times plateau_factor after more than plateau_patience epochs without progress.

    Running. The end after max_epochs, or once the learning rate is below least_rate; the weights of the best epoch
    remain. monitor: what best means, and what is logged as valid_loss: "comp" for m_COMP, "map" for 1 - m_MAP. workers:
    processes that read frames; precision: of Lightning's trainer, `auto` for bf16-mixed where the machine computes in
    it, else 32-true; devices: processes, one a GPU (or each with its share of the CPU's cores), each with batches of
    batch_size; gather_negatives: told from the versions of all processes.
    """

    network: str = "small"
    network_settings: str = ""
    start: str = FRESH
    frames: str = "cqt"
    batch_size: int = 8
    versions: int = 4
    crop_s: float = 150.0
    shingle_hop_s: float = 20.0
    monitor_hop_s: float = 10.0
    max_epochs: int = 100
    mask: float = 0.4
    stretch: float = 0.3
    transpose: float = 0.3
    near: str = "bpwr-5"
    far: str = "min"
    gamma: float = 5.0
    epsilon: float = 1e-6
    learning_rate: float = 1e-3
    plateau_factor: float = 0.2
    plateau_patience: int = 9
    least_rate: float = 1e-6
    monitor: str = COMP
    valid_share: float = 0.15
    test_share: float = 0.0
    seed: int = 43
    workers: int = 0
    precision: str = AUTO
    devices: int = 1
    gather_negatives: bool = False

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is {getattr(self, name)!r}; there is {', '.join(known)}")
        self.check_least(1, "batch_size", "max_epochs", "devices")
        self.check_least(2, "versions")
        self.check_least(0, "plateau_patience", "least_rate", "seed", "workers", "test_share")
        self.check_positive("crop_s", "shingle_hop_s", "monitor_hop_s", "gamma", "epsilon", "learning_rate")
        self.check_positive("plateau_factor", "valid_share")
        if self.plateau_factor >= 1:
            raise UsageError(f"plateau_factor is {self.plateau_factor}; it must be below 1")
        if self.valid_share >= 1 or self.test_share >= 1:
            raise UsageError("valid_share and test_share must be below 1, or no work is left to teach")
        encoder = self.encoder  # raises for settings that do not go
        if min(self.shingle_hop_s, self.monitor_hop_s) < encoder.frame_s or self.crop_s < encoder.frame_s:
            raise UsageError(f"crops and hops must be at least a frame long, {encoder.frame_s:g} s")
        _ = self.loss, self.augmentation  # raise for what is none

    @property
    def encoder(self) -> VersionsConfig:
        """The configuration of the encoder that is trained."""
        return preset_config(self.network, network_settings(self.network_settings, VersionsConfig))

    @property
    def loss(self) -> ClewsLoss:
        """What is minimised."""
        return ClewsLoss(Reduction.of(self.near), Reduction.of(self.far), self.gamma, self.epsilon)

    @property
    def augmentation(self) -> ConstantQAugmentation:
        """What is done to the frames of segments that teach."""
        return ConstantQAugmentation(self.mask, self.stretch, self.transpose)


_DVI = VersionsTraining(
    network="dvi",
    batch_size=25,
    max_epochs=1000,
    mask=0.1,
    stretch=0.1,
    transpose=0.1,
    learning_rate=2e-4,
    precision="32-true",
)

PRESETS = {
    "default": VersionsTraining(),
    "dvi": _DVI,
    "shs": replace(_DVI, network="shs", mask=0.4, stretch=0.3, transpose=0.5, monitor=MAP),
}
"""`dvi` and `shs`: as published, but on one device of the two; the default is for CPUs and few works."""
