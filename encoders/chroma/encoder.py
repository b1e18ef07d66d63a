"""`chroma`: musical versions of a work near one another, in any key, at about the same speed, whoever plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...errors import BadInput
from ...schemas.vector import Float32, Segments
from ..apart import Apart
from ..base import Weights
from ..config import build_config
from ..registry import register
from .fit import DIM, ChromaFit, fit_in_company, shipped_fit
from .follow import RAW, describe
from .spectra import SAMPLE_RATE_HZ

_APART = Apart(describe)


@dataclass(frozen=True)
class ChromaConfig:
    """Nothing to choose: `version` says which statistics are meant, at `sample_rate_hz`."""

    sample_rate_hz: int = SAMPLE_RATE_HZ
    version: int = 1


@register("chroma")
class Chroma:
    """Which pitch class follows which, projected to 128 dimensions: one segment per clip, of unit length.

    Key, tuning and level do not matter, nor which instruments play and where in the work a clip starts, much; tempo
    matters little. A clip without notes has a vector too, which says nothing. The vector of a clip is the same to the
    bit whatever else is encoded with it and however many threads there are.
    """

    name: ClassVar[str]
    fit_min_clips: ClassVar[int] = 128
    fit_max_clips: ClassVar[int] = 4096

    def __init__(self, config: ChromaConfig, fitted: ChromaFit) -> None:
        self.config = config
        self._fitted = fitted

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder with a fit of its own (`weights`), or with the one that ships with the package (None)."""
        built = build_config(ChromaConfig, config)
        if built != ChromaConfig():
            raise BadInput(
                f"this echodex has version {ChromaConfig.version} of 'chroma' at {SAMPLE_RATE_HZ} Hz only, not {built}"
            )
        return cls(built, ChromaFit.from_arrays(shipped_fit() if weights is None else weights))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return DIM

    def weights(self) -> Weights:
        """Return the arrays of the fit: axes, mean, std, projection, offset."""
        return self._fitted.arrays()

    def describe(self, waveforms: Sequence[Float32]) -> Float32:
        """Return float32[n, RAW]: the tables of each waveform, on all cores."""
        rows = _APART.each(waveforms)
        return np.stack(rows) if rows else np.empty((0, RAW), np.float32)

    def project(self, raw: Float32) -> Float32:
        """Return float32[n, 128], rows of unit length, of the tables of n clips."""
        return self._fitted.apply(raw)

    def fit(self, raw: Float32) -> Chroma:
        """Return the encoder fitted on the tables of n clips, float32[n, RAW], n >= `fit_min_clips`."""
        if len(raw) < self.fit_min_clips:
            raise BadInput(
                f"'chroma' is fitted on {self.fit_min_clips} clips or more, not {len(raw)}: use the fit it ships with"
            )
        return Chroma(self.config, fit_in_company(raw))

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return one segment, float32[1, 128] from 0 s, for each waveform (float32[n], mono, 8 kHz)."""
        vectors = self.project(self.describe(waveforms))
        return [Segments(np.zeros(1, np.float32), vector[None]) for vector in vectors]
