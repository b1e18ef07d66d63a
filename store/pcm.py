"""Waveforms as they are stored: 16-bit samples.

int16, for half the bytes of float32 that nobody hears: a file of 16 bits at the table's rate comes out to the bit, any
other to within half a step. FLAC would take a quarter less of the disk and ten times as long to read, and could not be
read from the middle.
"""

from __future__ import annotations

import math

import numpy as np

from ..schemas.vector import Float32

SAMPLE_BYTES = 2
FULL_SCALE_STEP = 2.0**-15
"""What one step of a sample stands for where the waveform stays within -1 and 1."""

_LARGEST = 32_767


def quantised(waveform: Float32) -> tuple[bytes, float]:
    """Return (little-endian int16 samples, step): float32[n] is samples * step, to within half a step.

    A waveform beyond full scale is not clipped: its step is 2, 4 ... times as large. Dividing by it is exact.
    """
    low, high = float(waveform.min()), float(waveform.max())
    reach = max(high / (_LARGEST * FULL_SCALE_STEP), -low)
    step = FULL_SCALE_STEP * 2.0 ** (math.ceil(math.log2(reach)) if reach > 1.0 else 0)
    return np.rint(waveform / np.float32(step)).astype("<i2").tobytes(), step
