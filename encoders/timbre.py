"""`timbre`, the default encoder: needs no weights from anywhere and hears how a clip sounds, not what is played.

Reading order: `timbre_spectra` (samples to pictures), `track_statistics` (pictures to numbers), `timbre_shape`,
`timbre_features` (which numbers), `projection` (numbers to a vector).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import BadInput
from ..schemas.vector import Float32, Segments
from .apart import Apart
from .base import Weights
from .config import build_config
from .projection import Projection, fit_projection
from .registry import register
from .timbre_features import RAW, describe
from .timbre_spectra import SAMPLE_RATE_HZ

DIM = 256
SHIPPED = Path(__file__).with_name("timbre_fit.safetensors")
"""A projection fitted on audio synthesised by `testing/make_timbre_fit.py`."""

_APART = Apart(describe)


@dataclass(frozen=True)
class TimbreConfig:
    """Nothing to choose: `version` says which statistics are meant, at `sample_rate_hz`."""

    sample_rate_hz: int = SAMPLE_RATE_HZ
    version: int = 1


@register("timbre")
class Timbre:
    """Statistics of a clip, projected to 256 dimensions: one segment per clip, of unit length.

    Level, a constant offset, and silence at either end do not matter. The vector of a clip is the same to the bit
    whatever else is encoded with it and however many threads there are.
    """

    name: ClassVar[str]
    fit_min_clips: ClassVar[int] = 512
    fit_max_clips: ClassVar[int] = 4096

    def __init__(self, config: TimbreConfig, projection: Projection) -> None:
        self.config = config
        self._projection = projection

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder with a fit of its own (`weights`), or with the one that ships with the package (None)."""
        built = build_config(TimbreConfig, config)
        if built != TimbreConfig():
            raise BadInput(
                f"this echodex has version {TimbreConfig.version} of 'timbre' at {SAMPLE_RATE_HZ} Hz only, not {built}"
            )
        return cls(built, Projection.from_arrays(_shipped() if weights is None else weights, RAW, DIM))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return DIM

    def weights(self) -> Weights:
        """Return the arrays of the projection: mean, std, projection, offset."""
        return self._projection.arrays()

    def describe(self, waveforms: Sequence[Float32]) -> Float32:
        """Return float32[n, RAW]: the statistics of each waveform, on all cores."""
        rows = _APART.each(waveforms)
        return np.stack(rows) if rows else np.empty((0, RAW), np.float32)

    def project(self, raw: Float32) -> Float32:
        """Return float32[n, 256], rows of unit length, of the statistics of n clips."""
        return self._projection.apply(raw)

    def fit(self, raw: Float32) -> Timbre:
        """Return the encoder fitted on the statistics of n clips, float32[n, RAW], n >= `fit_min_clips`."""
        if len(raw) < self.fit_min_clips:
            raise BadInput(
                f"'timbre' is fitted on {self.fit_min_clips} clips or more, not {len(raw)}: use the fit it ships with"
            )
        return Timbre(self.config, fit_projection(raw, DIM))

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return one segment, float32[1, 256] from 0 s, for each waveform (float32[n], mono, 16 kHz)."""
        vectors = self.project(self.describe(waveforms))
        return [Segments(np.zeros(1, np.float32), vector[None]) for vector in vectors]


def _shipped() -> Weights:
    from safetensors.numpy import load_file

    return load_file(SHIPPED)
