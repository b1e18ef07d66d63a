"""What an encoder is: a frozen configuration, its weights, and `encode`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32, Segments

Weights = Mapping[str, NDArray[Any]]
"""Named arrays; together with the configuration they are all that an encoder is."""


class EncoderConfig(Protocol):
    """A frozen dataclass of plain values. `version` goes up whenever the same configuration would give other
    vectors.
    """

    sample_rate_hz: int
    version: int


class Encoder(Protocol):
    """Turns waveforms into vectors. Adding one is one file with `@register("name")` and one test file."""

    name: ClassVar[str]
    config: Any
    """A frozen dataclass that satisfies EncoderConfig."""

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder with this configuration (missing keys: the defaults) and these weights (None: those it
        ships).

        Raises BadInput where a key is unknown or the weights do not fit, naming it.
        """

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def weights(self) -> Weights:
        """Return the arrays that, with `config`, make the encoder again."""

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform (float32[n], mono, at `config.sample_rate_hz`), in order.

        The result for one waveform must not depend on its neighbours in the list: on the CPU it is the same to the bit.
        """


@runtime_checkable
class Fittable(Encoder, Protocol):
    """An encoder whose last layer is fitted once on a store's own clips, then frozen and kept with the space."""

    fit_min_clips: ClassVar[int]
    """A store with fewer clips keeps the fit that ships with the package."""
    fit_max_clips: ClassVar[int]
    """A fit uses at most this many clips: those with the smallest ids, which are hashes."""

    def describe(self, waveforms: Sequence[Float32]) -> Float32:
        """Return float32[n, raw]: what is measured before the fitted layer."""

    def project(self, raw: Float32) -> Float32:
        """Return float32[n, dim]: the fitted layer applied to each row of `raw` on its own."""

    def fit(self, raw: Float32) -> Encoder:
        """Return the encoder fitted on `raw` float32[n, raw]; the same rows in the same order give the same bits."""


@runtime_checkable
class RowEncoder(Encoder, Protocol):
    """An encoder that hears nothing: it reads the vectors of another space, and `encode` raises BadInput."""

    @property
    def source(self) -> str:
        """The space whose vectors it reads."""

    def encode_rows(self, rows: Float32) -> Float32:
        """Return float32[n, dim] of vectors float32[n, d] as they are stored, the mean of a clip's segments.

        The result for one row must not depend on the others. Raises BadInput for vectors of another length.
        """


@runtime_checkable
class FrameEncoder(Encoder, Protocol):
    """An encoder that takes constant-Q frames as well, `bins` of them each `frame_s` from `f_min` (its configuration).

    That of audio and that of its frames are near, not the same: at the ends of segments the transform hears less.
    """

    def encode_frames(self, frames: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each clip's frames, magnitudes float32[bins, t], in order."""


def digest(encoder: Encoder) -> str:
    """Return the 32-hex-digit hash of an encoder's name, configuration and weights: the identity of its space."""
    return digest_of(encoder.name, asdict(encoder.config), encoder.weights())


def digest_of(name: str, config: Mapping[str, Any], weights: Weights) -> str:
    """Return the same of what makes the encoder again, without making it."""
    state = hashlib.blake2b(digest_size=16)
    state.update(json.dumps([name, config], sort_keys=True).encode())
    for key, array in sorted(weights.items()):
        state.update(f"{key}:{array.dtype.str}:{array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
