"""What happens to a recording that becomes a duplicate: level, crop, noise. Re-encoding is `files.write_audio`."""

from __future__ import annotations

import numpy as np

from .noises import noise
from .tones import Float32

HEADROOM = 0.98
"""Largest magnitude that an altered recording may reach."""


def relevel(samples: Float32, gain_db: float) -> Float32:
    """Return the samples (float32[n] or [n, channels]) at another level, less than asked where that would clip."""
    peak = float(np.max(np.abs(samples), initial=1e-9))
    return (samples * min(10 ** (gain_db / 20), HEADROOM / peak)).astype(np.float32)


def crop(samples: Float32, share: float, *, at_start: bool) -> Float32:
    """Return the samples without the first, or the last, `share` of them."""
    lost = round(share * len(samples))
    return samples[lost:] if at_start else samples[: len(samples) - lost]


def add_noise(samples: Float32, snr_db: float, rng: np.random.Generator, color: str = "white") -> Float32:
    """Return the samples with noise `snr_db` below their mean power, the whole scaled down where it would clip."""
    flat = samples if samples.ndim == 2 else samples[:, None]
    power = float(np.mean(flat.astype(np.float64) ** 2))
    hiss = np.stack([noise(color, len(flat), rng) for _ in range(flat.shape[1])], axis=1)
    noisy = (flat + np.sqrt(power / 10 ** (snr_db / 10)) * hiss).reshape(samples.shape).astype(np.float32)
    return relevel(noisy, 0.0)
