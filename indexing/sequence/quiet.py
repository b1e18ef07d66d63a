"""Which stored vectors are of silence: it sounds alike in all recordings, so that it says nothing of any.

A query's own silence is told by its level (listen.SILENCE); of a clip only vectors are stored. But the encoder tells
what it makes of silence: of zeros, and of noise so faint that nobody hears it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...encoders.base import Encoder
from ...errors import EchodexError
from ...schemas.vector import Float32
from ...store.vectors import normalised
from .diagonals import Silent

FAINT = 1e-4
"""Standard deviation of the noise, of full scale 1: -80 dB."""

SECONDS = 6.0
"""Of silence that is embedded: a window and more of any encoder that has several a clip."""

NEARER = 4.0
"""A vector is of silence if it is so many times as near to one as two strangers are that reach the threshold."""


def silences(encoder: Encoder) -> Float32:
    """Return what an encoder makes of silence, float32[m, d] of unit rows; none where it refuses to."""
    samples = round(SECONDS * encoder.config.sample_rate_hz)
    noise = np.random.default_rng(0).standard_normal((2, samples))
    red = np.cumsum(noise[1])
    red -= np.linspace(red[0], red[-1], samples)
    waveforms = [np.zeros(samples), FAINT * noise[0], FAINT * red / red.std()]
    try:
        found = encoder.encode([waveform.astype(np.float32) for waveform in waveforms])
    except EchodexError:
        return np.empty((0, encoder.dim), dtype=np.float32)
    vectors = np.concatenate([segments.vectors for segments in found])
    return normalised(vectors[np.abs(vectors).sum(axis=1) > 0])


SURELY = 0.99
"""For `silent_near`, as long as no threshold is known."""


def silent_near(quiet: Float32, threshold: float) -> Silent:
    """Return what tells which of the vectors float32[n, d] are of silence: near to one of `quiet` float32[m, d].

    threshold: the cosine that few strangers exceed.
    """
    return partial(_near, quiet, 1 - (1 - threshold) / NEARER)


def _near(quiet: Float32, least: float, vectors: Float32) -> NDArray[np.bool_]:
    if not len(quiet):
        return np.zeros(len(vectors), dtype=np.bool_)
    return np.asarray((vectors @ quiet.T).max(axis=1) > least)
