"""Clips as 16-bit samples at a rate that browsers play, any stretch of them, decoded as they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from ...audio.decode import open_audio
from ...audio.downmix import mix
from ...audio.limits import Limits
from ...audio.reader import Reader
from ...audio.resample import Resampler
from ...audio.unusable import Broken
from ...schemas.vector import Float32
from ...store.remote.sources import at_hand
from .clip import Sound

MAX_HZ = 48_000
MIN_HZ = 8_000
"""Below, some browsers play nothing."""
_SETTLED = 2_048
"""Samples by which resampling begins earlier: more than its filter remembers."""

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Shape:
    """What is made of a clip: samples a second, channels, and samples a channel."""

    sample_rate_hz: int
    channels: int
    frames: int


def shape_of(sound: Sound) -> Shape:
    """Return what is made of a clip: its own rate where browsers play it, one or two channels as they are; more are
    mixed to one.
    """
    own_hz = sound.sample_rate_hz
    rate_hz = own_hz
    if own_hz > MAX_HZ:
        rate_hz = 44_100 if own_hz % 44_100 == 0 else MAX_HZ
    elif own_hz < MIN_HZ:
        rate_hz = MIN_HZ
    frames = (2 * sound.frames * rate_hz + own_hz) // (2 * own_hz)  # as the resampler rounds
    return Shape(rate_hz, min(sound.channels, 2) if sound.channels <= 2 else 1, frames)


def blocks_of(reader: Reader, sound: Sound, first: int = 0, frames: int | None = None) -> Iterator[Float32]:
    """Yield float32[n, channels]: `frames` samples a channel (None: to the end) of a clip from sample `first` on.

    Ends early where decoding breaks off; a clip's length is what could be decoded when it was added.
    """
    rate_hz = sound.sample_rate_hz
    left = sound.frames - first if frames is None else min(frames, sound.frames - first)
    start = round(sound.clip.offset_s * rate_hz) + first
    try:
        for block in reader.blocks(start / rate_hz, left / rate_hz if left > 0 else None):
            if left <= 0:
                return
            finite = bool(np.isfinite(block).all())  # of a file of floats; most are, and the repair costs more
            yield block[:left] if finite else np.nan_to_num(block[:left], nan=0.0, posinf=1.0, neginf=-1.0)
            left -= len(block)
    except Broken:
        return


def open_sound(sound: Sound) -> Reader:
    """Return a reader of the file of a clip. Raises NotFound, BadInput."""
    return open_audio(at_hand(sound.clip.path), Limits())


def pcm(sound: Sound, first: int, frames: int) -> Iterator[Pcm]:
    """Return int16[n, channels] blocks: `frames` samples a channel of `shape_of(sound)` from sample `first` on, then
    silence where the file ends before.

    The file is open when this returns: raises NotFound, BadInput now, nothing later.
    """
    reader = open_sound(sound)
    made = _made(reader, sound, shape_of(sound), first, frames)
    head = next(made, None)  # a generator that has begun closes its file however it ends
    return made if head is None else itertools.chain([head], made)


def _made(reader: Reader, sound: Sound, shape: Shape, first: int, frames: int) -> Iterator[Pcm]:
    with closing(reader):
        left = frames
        blocks = blocks_of(reader, sound, first, frames)
        if shape.sample_rate_hz != sound.sample_rate_hz:
            blocks = _resampled(reader, sound, shape, first, frames)
        for block in blocks:
            yield _sixteen_bit(mix(block)[:, None] if sound.channels > shape.channels else block)[:left]
            left -= len(block)
            if left <= 0:
                return
        while left > 0:
            yield np.zeros((min(left, MAX_HZ), shape.channels), np.int16)
            left -= MAX_HZ


def _resampled(reader: Reader, sound: Sound, shape: Shape, first: int, frames: int) -> Iterator[Float32]:
    """Yield float32[n, channels] at the rate of `shape`, the same samples wherever a stretch of them begins."""
    from_hz, to_hz = sound.sample_rate_hz, shape.sample_rate_hz
    step = to_hz // gcd(from_hz, to_hz)  # every so many samples, one falls on a sample of the file
    begun = max(first - _SETTLED, 0) // step * step
    start, stop = begun * from_hz // to_hz, -(-(first + frames + _SETTLED) * from_hz // to_hz)
    channels = [Resampler(from_hz, to_hz) for _ in range(sound.channels)]
    skipped = first - begun
    pieces = (
        [channel.push(np.ascontiguousarray(block[:, i])) for i, channel in enumerate(channels)]
        for block in blocks_of(reader, sound, start, stop - start)
    )
    rest = ([channel.finish() for channel in channels] for _ in range(1))
    for piece in itertools.chain(pieces, rest):
        block = _together(piece)
        yield block[skipped:]
        skipped = max(skipped - len(block), 0)


def _together(channels: Sequence[Float32]) -> Float32:
    return np.stack(channels, axis=1)


def _sixteen_bit(block: Float32) -> Pcm:
    """Return int16[n, channels]: to the bit what a 16-bit file holds."""
    scaled = np.rint(np.clip(block, -1.0, 1.0) * np.float32(32_768))
    found: Pcm = np.minimum(scaled, 32_767).astype("<i2")
    return found
