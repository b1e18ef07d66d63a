"""Waveforms as they are stored: 16-bit samples, and a checksum of every block, so that a piece is checked for itself.

int16, for half the bytes of float32 that nobody hears: a file of 16 bits at the table's rate comes out to the bit, any
other to within half a step. FLAC would take a quarter less of the disk and ten times as long to read, and could not be
read from the middle.
"""

from __future__ import annotations

import math
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

SAMPLE_BYTES = 2
BLOCK_SAMPLES = 8_192
"""Samples under one checksum: a crop of 59,049 is read with at most a seventh of it too much."""
FULL_SCALE_STEP = 2.0**-15
"""What one step of a sample stands for where the waveform stays within -1 and 1."""

_BLOCK_BYTES = BLOCK_SAMPLES * SAMPLE_BYTES
_SUM = np.dtype("<u4")
_LARGEST = 32_767


def quantised(waveform: Float32) -> tuple[bytes, float]:
    """Return (little-endian int16 samples, step): float32[n] is samples * step, to within half a step.

    A waveform beyond full scale is not clipped: its step is 2, 4 ... times as large. Dividing by it is exact.
    """
    low, high = float(waveform.min()), float(waveform.max())
    reach = max(high / (_LARGEST * FULL_SCALE_STEP), -low)
    step = FULL_SCALE_STEP * 2.0 ** (math.ceil(math.log2(reach)) if reach > 1.0 else 0)
    return np.rint(waveform / np.float32(step)).astype("<i2").tobytes(), step


def block_sums(clip_id: str, pcm: bytes) -> bytes:
    """Return the checksum of each block of `pcm`, 4 bytes each.

    A sum depends on the clip and on the block's place in it, so that a block that stands elsewhere is no right one.
    """
    return _sums(clip_id, pcm, 0).tobytes()


def block_span(start: int, stop: int, samples: int) -> tuple[int, int]:
    """Return (first byte, number of bytes) of the whole blocks that hold samples `start` to `stop` of `samples`."""
    first = start // BLOCK_SAMPLES * BLOCK_SAMPLES
    last = min(-(-stop // BLOCK_SAMPLES) * BLOCK_SAMPLES, samples)
    return first * SAMPLE_BYTES, (last - first) * SAMPLE_BYTES


def checked(clip_id: str, found: bytes, first_byte: int, sums: bytes) -> NDArray[np.int16] | None:
    """Return the samples of whole blocks that begin at `first_byte` of a clip, None where one is not what was written.

    sums: those of all blocks of the clip.
    """
    number = first_byte // _BLOCK_BYTES
    mine = _sums(clip_id, found, number)
    if not np.array_equal(mine, np.frombuffer(sums, _SUM)[number : number + len(mine)]):
        return None
    return np.frombuffer(found, "<i2")


def _sums(clip_id: str, pcm: bytes, first: int) -> NDArray[np.uint32]:
    view = memoryview(pcm)
    starts = range(0, len(pcm), _BLOCK_BYTES)
    return np.array(
        [
            crc32(view[start : start + _BLOCK_BYTES], crc32(f"{clip_id}:{number}".encode()))
            for number, start in enumerate(starts, start=first)
        ],
        dtype=_SUM,
    )
