"""What comes down a pipe, decoded while it comes, block by block: it need not end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from ..schemas.arrays import Float32
from ..schemas.condition import Reason
from .container import FAILURES, open_pipe, words
from .downmix import PhaseMeter, mix
from .frames import to_float
from .unusable import Unusable

NAME = "the stream"

NOTHING: tuple[type[Exception], ...] = (*FAILURES, IndexError)
"""What a stream without any audio that can be decoded raises; IndexError where it has no audio in it."""

logger = logging.getLogger(__name__)


@contextmanager
def streamed(stream: BinaryIO) -> Iterator[tuple[Iterator[Float32], int]]:
    """Yield the blocks float32[n], mono, of an audio stream and its sample rate in Hz, each as soon as it has come.

    stream: an open binary file that need not be able to seek, in a container that is read from front to end: WAV (of
    any stated length, which is not believed), FLAC, MP3, ADTS, Ogg, Matroska, MPEG-TS; not MP4, whose index may come
    last. Channels are mixed as those of a file, by the signs that they show so far. What breaks off is logged, and ends
    the stream. Raises Unusable where nothing can be decoded.
    """
    container = open_pipe(stream, NAME)
    try:
        frames = container.decode(audio=0)
        first = _next(frames)
        yield _blocks(first, frames), int(first.sample_rate)
    finally:
        container.close()


def _next(frames: Iterator[Any]) -> Any:
    """Return the first frame."""
    try:
        return next(frames)
    except StopIteration:
        raise Unusable(NAME, Reason.EMPTY, "it holds no samples") from None
    except NOTHING as error:
        raise Unusable(NAME, Reason.UNREADABLE, words(error)) from error


def _blocks(first: Any, frames: Iterator[Any]) -> Iterator[Float32]:
    phase, frame = PhaseMeter(first.layout.nb_channels), first
    while frame is not None:
        block = to_float(frame)
        phase.add(block)
        yield mix(block, phase.signs())
        try:
            frame = next(frames, None)
        except FAILURES as error:
            logger.warning("%s breaks off (%s)", NAME, words(error))
            return
