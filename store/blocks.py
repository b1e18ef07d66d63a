"""Checksums of the blocks of a clip's blob, so that a piece of it is checked for itself."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 16_384
"""Bytes under one checksum: 8,192 samples of 16 bits. A crop of 59,049 is read with at most a seventh
of it too much."""

_SUM = np.dtype("<u4")


def block_sums(clip_id: str, blob: bytes) -> bytes:
    """Return the checksum of each block of `blob`, 4 bytes each.

    A sum depends on the clip and on the block's place in it, so that a block that stands elsewhere is no right one.
    """
    return _sums(clip_id, blob, 0).tobytes()


def block_span(start: int, stop: int, size: int) -> tuple[int, int]:
    """Return (first byte, number of bytes) of whole blocks that hold `start` to `stop` of a blob of `size` bytes."""
    first = start // BLOCK_BYTES * BLOCK_BYTES
    last = min(-(-stop // BLOCK_BYTES) * BLOCK_BYTES, size)
    return first, last - first


def is_right(clip_id: str, found: bytes, first: int, sums: bytes) -> bool:
    """Return whether whole blocks that begin at byte `first` of a clip's blob are what was written.

    sums: those of all blocks of the clip.
    """
    number = first // BLOCK_BYTES
    mine = _sums(clip_id, found, number)
    return np.array_equal(mine, np.frombuffer(sums, _SUM)[number : number + len(mine)])


def _sums(clip_id: str, blob: bytes, first: int) -> NDArray[np.uint32]:
    view = memoryview(blob)
    starts = range(0, len(blob), BLOCK_BYTES)
    return np.array(
        [
            crc32(view[start : start + BLOCK_BYTES], crc32(f"{clip_id}:{number}".encode()))
            for number, start in enumerate(starts, start=first)
        ],
        dtype=_SUM,
    )
