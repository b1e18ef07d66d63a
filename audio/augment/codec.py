"""What a codec leaves of a sound at a low bit rate, without its bit stream: noise below the loud, and holes.

As in MP3 and AAC, frames that overlap by half go through the MDCT (Princen, Johnson and Bradley, "Subband/transform
coding using filter bank designs based on time domain aliasing cancellation", 1987); each coefficient is rounded to a
multiple of a step, and the step follows how loud it is around it, spread over frequency as the ear masks (Schroeder,
Atal and Hall, "Optimizing digital speech coders by exploiting masking properties of the human ear", 1979). What is
quieter than half a step is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .rng import BatchRng

HOP_S = 0.016
"""Between a long and a short frame of MP3 at 44.1 kHz."""

RISER = 0.1
"""Width of a riser in steps: a stair whose risers are not upright rounds nearly as well, and an error of the last bit
(another batch, another device) cannot become a whole step.
"""


@dataclass(frozen=True)
class Codec:
    """Coding with noise `noise_db` below what masks it, and nothing above a frequency of `high_hz`; both are ranges.

    The nearer to 0 dB, the coarser: about 20 dB is hard to hear, and beyond -3 little is left but the loudest tones.
    """

    sample_rate_hz: int
    noise_db: tuple[float, float] = (0.0, 15.0)
    high_hz: tuple[float, float] = (2500.0, 4000.0)

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]; a louder waveform is coded as the same one louder."""
        hop = round(HOP_S * self.sample_rate_hz)
        coefficients = mdct(waveforms, hop)
        masking = coefficients.square() @ _spreading(hop, self.sample_rate_hz).to(waveforms.device)
        noise_db, high_hz = rng.uniform(*self.noise_db), rng.uniform(*self.high_hz)
        # rounding to multiples of a step makes noise of a power of a twelfth of its square
        step = masking.mul_(12).sqrt_() * 10 ** (-noise_db / 20)[:, None, None]
        scaled = coefficients / step.clamp_(min=1e-20)
        band_hz = (torch.arange(hop, device=waveforms.device) + 0.5) * (self.sample_rate_hz / (2 * hop))
        kept = (band_hz <= high_hz[:, None])[:, None]
        return inverse_mdct(_stair(scaled).mul_(step).mul_(kept), waveforms.shape[1])


def mdct(waveforms: Tensor, hop: int) -> Tensor:
    """Return float32[b, frames, hop]: the coefficients of float32[b, n] under a sine window of 2 * hop samples."""
    n = waveforms.shape[1]
    padded = functional.pad(waveforms, (hop, hop + -n % hop))
    return padded.unfold(1, 2 * hop, hop) @ _basis(hop).to(waveforms.device)


def inverse_mdct(coefficients: Tensor, n: int) -> Tensor:
    """Return float32[b, n], whose coefficients are float32[b, frames, hop]."""
    hop = coefficients.shape[2]
    frames = coefficients @ _basis(hop).T.to(coefficients.device)
    return (frames[:, 1:, :hop] + frames[:, :-1, hop:]).flatten(1)[:, :n]


def _stair(scaled: Tensor) -> Tensor:
    """Return the nearest whole numbers, with risers of a width of RISER halfway between them."""
    nearest = scaled.round()
    beyond = scaled.sub_(nearest)
    riser = (beyond.abs() - (0.5 - RISER / 2)).clamp_(min=0) * beyond.sign() / RISER
    return nearest.add_(riser)


@lru_cache(maxsize=4)
def _basis(hop: int) -> Tensor:
    """Return float32[2 * hop, hop]: windowed cosines; a matrix, since at this size it is as fast as an FFT."""
    time, bins = torch.arange(2 * hop, dtype=torch.float64), torch.arange(hop, dtype=torch.float64)
    window = torch.sin(math.pi / (2 * hop) * (time + 0.5))
    angle = math.pi / hop * (time[:, None] + 0.5 + hop / 2) * (bins + 0.5)
    return (math.sqrt(2 / hop) * window[:, None] * torch.cos(angle)).float()


@lru_cache(maxsize=4)
def _spreading(hop: int, sample_rate_hz: int) -> Tensor:
    """Return float32[hop, hop]: how much of the power in a band masks another (Schroeder's curve over Bark)."""
    hz = (torch.arange(hop, dtype=torch.float64) + 0.5) * sample_rate_hz / (2 * hop)
    bark = 7 * torch.asinh(hz / 650)
    apart = bark - bark[:, None] + 0.474
    spread_db = 15.81 + 7.5 * apart - 17.5 * torch.sqrt(1 + apart**2)
    spread: Tensor = 10 ** (spread_db / 10)
    return (spread / spread.sum(dim=0)).float()
