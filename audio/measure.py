"""What a check of decoded audio looks at: how much came, whether it is finite, silent, or beyond full scale."""

from __future__ import annotations

import math

from ..schemas.arrays import Float32

SILENT_SPAN = 2.0**-23
"""A clip whose samples all lie within less than one step of 24-bit audio is digital silence."""


class Meter:
    """Measures a clip block by block."""

    def __init__(self) -> None:
        self.frames = 0
        self._lowest = math.inf
        self._highest = -math.inf
        self._finite = True

    def add(self, block: Float32) -> None:
        """Take in float32[frames, channels], at least one frame."""
        self.frames += len(block)
        lowest, highest = float(block.min()), float(block.max())  # NaN anywhere makes both NaN
        self._finite = self._finite and math.isfinite(lowest) and math.isfinite(highest)
        self._lowest, self._highest = min(self._lowest, lowest), max(self._highest, highest)

    @property
    def finite(self) -> bool:
        """Whether no sample is NaN or infinite."""
        return self._finite

    @property
    def silent(self) -> bool:
        """Whether all samples are the same."""
        return self._highest - self._lowest < SILENT_SPAN

    @property
    def peak(self) -> float:
        """Largest magnitude; 1 is full scale."""
        return max(abs(self._lowest), abs(self._highest))
