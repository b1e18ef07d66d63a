from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from echodex.encoders.base import Weights
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput
from echodex.indexing.sequence.quiet import silences, silent_near
from echodex.schemas.vector import Float32, Segments
from echodex.store.vectors import normalised

RATE = 8000


class Refusing:
    """Takes no silence."""

    name: ClassVar[str] = "refusing"
    config = DummyConfig()
    dim = 5

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        return cls()

    def weights(self) -> Weights:
        return {}

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        raise BadInput("nothing is heard")


def test_silence_is_near_to_silence_and_music_is_not() -> None:
    encoder = Dummy(DummyConfig(window_s=0.5, bands=32))
    quiet = silences(encoder)
    random = np.random.default_rng(5)
    faint = (5e-5 * random.standard_normal(4 * RATE)).astype(np.float32)
    tone = (0.3 * np.sin(np.cumsum(random.uniform(0.1, 2, 4 * RATE)))).astype(np.float32)
    silent = silent_near(quiet, 0.9)
    nothing, hiss, music = (normalised(found.vectors) for found in encoder.encode([0 * tone, faint, tone]))
    assert silent(nothing).all()
    assert silent(hiss).all()
    assert not silent(music).any()


def test_an_encoder_may_refuse_silence() -> None:
    quiet = silences(Refusing())
    assert quiet.shape == (0, 5)
    assert silent_near(quiet, 0.5)(np.ones((3, 5), np.float32)).tolist() == [False] * 3
