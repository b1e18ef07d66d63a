"""The settings that every training on waveform crops has: the published keys under their published names, and ours."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..audio.augment.chain import Chain
from ..audio.augment.clmr import TransformsConfig, clmr_chain
from ..encoders.samplecnn import WINDOW, channels
from ..errors import UsageError
from .checks import Checked
from .labels import LABELS

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
_TRANSFORMS = "transforms_"
_PROBABILITIES = tuple(f"{_TRANSFORMS}{field.name}" for field in fields(TransformsConfig))


@dataclass(frozen=True)
class WaveformTraining(Checked):
    """Published keys. audio_length: samples of a crop, which SampleCNN takes one length of; sample_rate: Hz.

    batch_size: clips; those that do not fill a batch wait for another epoch. workers: processes that read audio; 0:
    none. transforms_*: the probability of each augmentation.

    Our own. width: of the network, in multiples of the published one. precision: of Lightning's trainer. accumulate:
    batches to one step of the optimiser. compile: by torch.compile. labels: the clips column that names the classes.
    """

    batch_size: int = 48
    max_epochs: int = 200
    audio_length: int = WINDOW
    sample_rate: int = 22_050
    seed: int = 42
    workers: int = 0
    transforms_polarity: float = TransformsConfig.polarity
    transforms_noise: float = TransformsConfig.noise
    transforms_gain: float = TransformsConfig.gain
    transforms_filters: float = TransformsConfig.filters
    transforms_delay: float = TransformsConfig.delay
    transforms_pitch: float = TransformsConfig.pitch
    transforms_reverb: float = TransformsConfig.reverb
    width: float = 1.0
    precision: str = "32-true"
    accumulate: int = 1
    compile: bool = False
    labels: str = LABELS

    def __post_init__(self) -> None:
        channels(self.width)  # raises for one that is none
        if self.audio_length != WINDOW:
            raise UsageError(f"audio_length is {self.audio_length}; SampleCNN takes crops of {WINDOW} samples")
        if self.precision not in PRECISIONS:
            raise UsageError(f"precision is {self.precision!r}; there is {', '.join(PRECISIONS)}")
        self.check_least(1, "batch_size", "max_epochs", "sample_rate", "accumulate")
        self.check_least(0, "seed", "workers")
        for name in _PROBABILITIES:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; a probability is from 0 to 1")

    def augmentations(self) -> Chain:
        """Return the chain of CLMR with the probabilities transforms_*."""
        probabilities = {name.removeprefix(_TRANSFORMS): getattr(self, name) for name in _PROBABILITIES}
        return clmr_chain(TransformsConfig(**probabilities), self.sample_rate)
