"""Making blocks of float samples out of the many small frames that a codec decodes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import numpy as np

from ..schemas.arrays import Float32
from .container import FAILURES, words
from .reader import BLOCK_FRAMES
from .unusable import Broken

_HELD_FRAMES = 4096
"""Frames held back until the end is known: the last packet may reach past the length that the container states."""


def gathered(frames: Iterator[Any], position: int, stop: int | None, end: int | None) -> Iterator[Float32]:
    """Yield float32[frames, channels] of decoded frames, the first of which starts at sample `position`.

    Ends soon after sample `stop`, if there is one, or at `end` where the last packet reaches past it by a few samples.
    Raises Broken where decoding fails part of the way, after what came before.
    """
    fifo, failure = av.AudioFifo(), None
    try:
        for frame in frames:
            frame.pts = None  # a fifo refuses time stamps with gaps
            fifo.write(frame)
            if fifo.samples >= BLOCK_FRAMES + _HELD_FRAMES:
                yield to_float(fifo.read(BLOCK_FRAMES))
                position += BLOCK_FRAMES
            if stop is not None and position + fifo.samples >= stop + _HELD_FRAMES:
                break
    except FAILURES as error:
        failure = error
    if tail := fifo.read():
        samples = to_float(tail)
        past = position + len(samples) - (end or 0)
        yield samples[:-past] if end and 0 < past < min(len(samples), _HELD_FRAMES) else samples
    if failure is not None:
        raise Broken(words(failure)) from failure


def to_float(frame: Any) -> Float32:
    """Return float32[frames, channels] of a decoded frame, integers scaled to [-1, 1)."""
    raw = frame.to_ndarray()
    raw = raw.T if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels)
    samples: Float32 = np.ascontiguousarray(raw, dtype=np.float32)
    if raw.dtype.kind != "f":
        samples = samples * np.float32(2.0 ** (1 - 8 * raw.dtype.itemsize))
    return samples - np.float32(1.0) if raw.dtype.kind == "u" else samples
