from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.encoders.base import Encoder, Fittable, digest
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput


def test_it_is_an_encoder_without_weights_and_not_fittable() -> None:
    dummy: Encoder = Dummy.build({"bands": 4}, None)
    assert (dummy.name, dummy.dim, dict(dummy.weights())) == ("dummy", 4, {})
    assert not isinstance(dummy, Fittable)
    with pytest.raises(BadInput, match="takes no weights"):
        Dummy.build({}, {"kernel": np.zeros(1)})


def test_a_tone_is_loudest_in_its_band() -> None:
    dummy = Dummy(DummyConfig(bands=8))
    for band in range(8):
        tone = np.sin(2 * np.pi * (250 + 500 * band) * np.arange(8000) / 8000).astype(np.float32)
        assert dummy.encode([tone])[0].vectors.argmax() == band


def test_windows_are_segments_and_the_rest_is_left_out() -> None:
    (segments,) = Dummy(DummyConfig(window_s=0.5)).encode([np.ones(8000 + 3999, np.float32)])
    assert segments.start_s.tolist() == [0.0, 0.5]
    assert segments.vectors.shape == (2, 16)


def test_the_digest_is_of_the_configuration() -> None:
    assert digest(Dummy(DummyConfig())) == digest(Dummy.build({}, None))
    assert digest(Dummy(DummyConfig())) != digest(Dummy(DummyConfig(bands=8)))
    assert len(digest(Dummy(DummyConfig()))) == 32


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=5))
def test_a_vector_does_not_depend_on_its_neighbours(lengths: list[int]) -> None:
    dummy = Dummy(DummyConfig())
    waveforms = [np.random.default_rng(n).standard_normal(n).astype(np.float32) for n in lengths]
    for waveform, together in zip(waveforms, dummy.encode(waveforms), strict=True):
        np.testing.assert_array_equal(together.vectors, dummy.encode([waveform])[0].vectors)
        assert np.isfinite(together.vectors).all()
