"""Frames of any hop to frames of a longer one: each the mean over the time that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ....schemas.vector import Float32

_WHOLE = 1e-6
"""A last frame that lacks less than this share counts as whole: hops are rounded numbers."""


def pooled(values: NDArray[Any], hop_s: float, to_s: float) -> Float32:
    """Return float32[n, b], a frame each `to_s` seconds, of magnitudes [t, b], one each `hop_s`; n is t * hop_s / to_s.

    A frame that lies in two is shared between them, so that nothing is left out. Where `to_s` is a multiple of `hop_s`
    this is the mean of so many frames, as the encoder of versions takes it. Raises BadInput where frames are longer
    than `to_s`, or too few for one.
    """
    ratio = to_s / hop_s
    if not ratio >= 1 - _WHOLE:
        raise BadInput(f"has a frame each {hop_s:g} s, but frames of {to_s:g} s cannot be made of longer ones")
    count = int(len(values) / ratio + _WHOLE)
    if not count:
        raise BadInput(f"has {len(values)} frames of {hop_s:g} s, fewer than make one of {to_s:g} s")
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    edges = np.minimum(np.arange(count + 1) * ratio, len(values))
    whole = np.minimum(edges.astype(np.int64), len(values) - 1)
    at = sums[whole] + (edges - whole)[:, None] * (sums[whole + 1] - sums[whole])
    return np.asarray(np.maximum(np.diff(at, axis=0) / ratio, 0), np.float32)  # sums of zeros may differ by rounding
