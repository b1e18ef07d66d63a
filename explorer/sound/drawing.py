"""Both pictures of a clip, from decoding it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .clip import Sound
from .pcm import blocks_of, open_sound
from .spectrogram import Spectrogram, spectrogram
from .waveform import Outline


@dataclass(frozen=True)
class Size:
    """How fine the pictures are: stretches of the waveform, columns and mel bands of the spectrogram."""

    bins: int = 1000
    frames: int = 600
    bands: int = 96


@dataclass(frozen=True)
class Drawing:
    """The pictures of a clip. waveform: int8[bins, 2], as of Outline."""

    waveform: NDArray[np.int8]
    spectrogram: Spectrogram


def draw(sound: Sound, size: Size, heed: Callable[[], None] = lambda: None) -> Drawing:
    """Return the pictures of a clip. Memory is a block of the decoder's and the pictures, whatever the length.

    heed: called before each block, and may raise where nobody waits for them any more. Raises NotFound, BadInput.
    """
    outline = Outline(sound.frames, size.bins)

    def outlined(blocks: Iterator[Float32]) -> Iterator[Float32]:
        for block in blocks:
            heed()
            outline.take(block)
            yield block

    with closing(open_sound(sound)) as reader:
        blocks = outlined(blocks_of(reader, sound))
        found = spectrogram(blocks, sound.sample_rate_hz, sound.frames, size.frames, size.bands)
        deque(blocks, maxlen=0)  # what follows the last window is outlined, too
    return Drawing(outline.found(), found)
