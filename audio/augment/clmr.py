"""The augmentations of CLMR (Spijkervet and Burgoyne, 2021), in their order and with the published probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from .chain import Chain
from .delay import Delay
from .filters import HighLowPass
from .level import Gain, Polarity
from .noise import Noise
from .pitch import PitchShift
from .reverb import Reverb


@dataclass(frozen=True)
class TransformsConfig:
    """Probabilities, from 0 to 1: the keys `transforms_...` of the published configuration and their defaults."""

    polarity: float = 0.8
    noise: float = 0.01
    gain: float = 0.3
    filters: float = 0.8
    delay: float = 0.3
    pitch: float = 0.6
    reverb: float = 0.6


def clmr_chain(config: TransformsConfig, sample_rate_hz: int) -> Chain:
    """Return the chain that follows the random crop. Raises UsageError for a probability that is none."""
    return Chain(
        (
            (Polarity(), config.polarity),
            (Noise(), config.noise),
            (Gain(), config.gain),
            (HighLowPass(sample_rate_hz), config.filters),
            (Delay(sample_rate_hz), config.delay),
            (PitchShift(sample_rate_hz), config.pitch),
            (Reverb(sample_rate_hz), config.reverb),
        )
    )
