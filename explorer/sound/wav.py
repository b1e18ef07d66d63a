"""A clip as a WAV file that is never written: its bytes, from any place on."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .clip import Sound
from .pcm import Pcm, Shape, pcm, shape_of

HEADER_BYTES = 44
_MOST = 0xFFFF_FFFF


def wav_length(sound: Sound) -> int:
    """Return the number of bytes of a clip as a WAV file, known without decoding it."""
    shape = shape_of(sound)
    return HEADER_BYTES + shape.frames * shape.channels * 2


def wav_bytes(sound: Sound, start: int, stop: int) -> Iterator[bytes]:
    """Return the bytes `start` to `stop`, which is not among them, of a clip as a WAV file, block by block.

    Decodes from there on and no further than is taken. Raises NotFound, BadInput now, nothing later.
    """
    shape = shape_of(sound)
    width = shape.channels * 2
    begin, end = max(start - HEADER_BYTES, 0), max(stop - HEADER_BYTES, 0)
    first, last = begin // width, -(-end // width)
    blocks = pcm(sound, first, last - first) if last > first else iter(())
    return _cut(_header(shape)[start:stop], blocks, begin - first * width, end - begin)


def _cut(head: bytes, blocks: Iterator[Pcm], skipped: int, left: int) -> Iterator[bytes]:
    """Yield `head`, then `left` bytes of `blocks` without the first `skipped`."""
    if head:
        yield head
    for block in blocks:
        piece = block.tobytes()[skipped : skipped + left]
        skipped, left = 0, left - len(piece)
        yield piece


def _header(shape: Shape) -> bytes:
    """Return the 44 bytes before the samples; sizes beyond 4 GiB are said to be the most that can be said."""
    width = shape.channels * 2
    size = shape.frames * width
    riff = struct.pack("<4sI4s", b"RIFF", min(size + HEADER_BYTES - 8, _MOST), b"WAVE")
    layout = (shape.channels, shape.sample_rate_hz, shape.sample_rate_hz * width, width, 16)
    return riff + struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, *layout, b"data", min(size, _MOST))
