"""The smallest encoder: coarse spectral shape, no weights. For tests, and to copy when adding an encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import BadInput
from ..schemas.vector import Float32, Segments
from .base import Weights
from .config import build_config
from .registry import register


@dataclass(frozen=True)
class DummyConfig:
    """`bands`: vector length; `window_s`: seconds per segment, 0 for one segment per clip."""

    sample_rate_hz: int = 8000
    version: int = 1
    bands: int = 16
    window_s: float = 0.0


@register("dummy")
class Dummy:
    """Mean log magnitude of the spectrum in `bands` equal bands, per window."""

    name: ClassVar[str]

    def __init__(self, config: DummyConfig) -> None:
        self.config = config

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder; it takes no weights."""
        if weights:
            raise BadInput("encoder 'dummy' takes no weights")
        return cls(build_config(DummyConfig, config))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.config.bands

    def weights(self) -> Weights:
        """Return no arrays."""
        return {}

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform."""
        return [self._encode_one(waveform) for waveform in waveforms]

    def _encode_one(self, waveform: Float32) -> Segments:
        window = int(self.config.window_s * self.config.sample_rate_hz) or max(len(waveform), 1)
        starts = range(0, max(len(waveform) - window, 0) + 1, window)
        vectors = [self._spectrum(waveform[start : start + window]) for start in starts]
        start_s = np.array(starts, dtype=np.float32) / np.float32(self.config.sample_rate_hz)
        return Segments(start_s, np.stack(vectors))

    def _spectrum(self, window: Float32) -> Float32:
        magnitude = np.abs(np.fft.rfft(window, n=max(len(window), 2 * self.config.bands)))
        bands = np.array_split(magnitude, self.config.bands)
        return np.array([np.log(band.mean() + 1e-6) for band in bands], dtype=np.float32)
