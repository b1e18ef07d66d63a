"""Both pictures of a clip at once: how often it is decoded, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from echodex.audio.decode import open_audio
from echodex.audio.reader import Reader
from echodex.explorer.sound.clip import Sound
from echodex.explorer.sound.drawing import Size, draw
from echodex.schemas.vector import Float32

from .conftest import music

MakeSound = Callable[..., Sound]


@pytest.fixture
def decoded(sound_of: MakeSound, monkeypatch: pytest.MonkeyPatch) -> tuple[Sound, list[int]]:
    """A minute of music, and the samples that are decoded of it from now on, block by block."""
    sound = sound_of(music(60.0, 8_000, 2), 8_000)
    taken: list[int] = []
    with closing(open_audio(sound.clip.path)) as reader:
        reader_of = type(reader)
    blocks = reader_of.blocks

    def counting(self: Reader, *span: float) -> Iterator[Float32]:
        for block in blocks(self, *span):
            taken.append(len(block))
            yield block

    monkeypatch.setattr("echodex.audio.sndfile.BLOCK_FRAMES", 8_000)
    monkeypatch.setattr(reader_of, "blocks", counting)
    return sound, taken


def test_a_clip_is_decoded_once_for_both(decoded: tuple[Sound, list[int]]) -> None:
    sound, taken = decoded
    found = draw(sound, Size(bins=60, frames=2, bands=16))
    assert sum(taken) == sound.frames
    assert np.all(found.waveform[:, 1] > 0)  # also of the end, where the last window has gone by
    assert found.spectrogram.levels.shape == (16, 2)


def test_what_nobody_waits_for_is_not_decoded_to_its_end(decoded: tuple[Sound, list[int]]) -> None:
    sound, taken = decoded

    def heed() -> None:
        if len(taken) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        draw(sound, Size(), heed)
    assert len(taken) == 3
