"""Replicas as a telephone would bring them: a room, background, a narrow band, overload, a codec, in that order.

The published chain (audio.augment.nafp) mixes the background in before the room, uses 75 ms of a response, and knows
neither bands nor codecs.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .background import Background
from .chain import Augmentation, Chain
from .codec import Codec
from .impulse_responses import ImpulseResponse
from .level import Gain
from .overdrive import Overdrive
from .telephone import BandPass

OTHER_LOW_HZ = (80, 500)
OTHER_HIGH_HZ = (2000, 4000)
"""Bands of other small devices."""


@dataclass(frozen=True)
class ReplicaConfig:
    """Probabilities, from 0 to 1, and ranges: of signal-to-noise ratios and of the gain, in dB."""

    room: float = 0.7
    noise: float = 0.95
    noise_snr_db: tuple[float, float] = (-2.0, 15.0)
    speech: float = 0.2
    speech_snr_db: tuple[float, float] = (0.0, 15.0)
    telephone: float = 0.4
    other_band: float = 0.15
    overdrive: float = 0.15
    codec: float = 0.3
    gain_db: tuple[float, float] = (-20.0, 0.0)


def fingerprint_chain(
    config: ReplicaConfig, sample_rate_hz: int, noise: Tensor, rooms: Tensor, speech: Tensor | None = None
) -> Chain:
    """Return the chain that makes replicas of waveforms float32[b, n] of any n.

    noise, speech: float32[m, k], k at least n (synthetic_noise and synthetic_speech, or recordings); rooms: float32[m,
    k], as response_pool and synthetic_rooms give them; all at the rate and on the device of the waveforms. Without
    `speech` its step is left out.

    A room answers to what sounded before: give k - 1 samples (or as many as a tail matters, 0.2 to 0.5 s) of context
    before each segment, and cut the segment from the result. Raises UsageError for a probability that is none.
    """
    air: list[tuple[Augmentation, float]] = [
        (ImpulseResponse(rooms), config.room),
        (Background(noise, config.noise_snr_db), config.noise),
    ]
    if speech is not None:
        air.append((Background(speech, config.speech_snr_db), config.speech))
    device: list[tuple[Augmentation, float]] = [
        (BandPass(sample_rate_hz), config.telephone),
        (BandPass(sample_rate_hz, OTHER_LOW_HZ, OTHER_HIGH_HZ), config.other_band),
        (Overdrive(), config.overdrive),
        (Codec(sample_rate_hz), config.codec),
        (Gain(*config.gain_db), 1.0),
    ]
    return Chain((*air, *device))
