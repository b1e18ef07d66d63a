from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.encoders.chroma.follow import RAW, TABLES, describe, following
from echodex.encoders.chroma.spectra import SAMPLE_RATE_HZ


def test_a_small_case_by_hand() -> None:
    """C, E, G, E: E follows C once, G follows E once, E follows G once; then with two frames between."""
    frames = np.eye(12)[[0, 4, 7, 4]]
    at_once, next_one, after_next = (following(frames, lag) for lag in (0, 1, 2))
    assert {(d, i): at_once[d, i] for d, i in np.argwhere(at_once)} == {(0, 0): 0.25, (0, 4): 0.5, (0, 7): 0.25}
    third = pytest.approx(1 / 3)
    assert {(d, i): next_one[d, i] for d, i in np.argwhere(next_one)} == {(4, 0): third, (3, 4): third, (9, 7): third}
    assert {(d, i): after_next[d, i] for d, i in np.argwhere(after_next)} == {(7, 0): 0.5, (0, 4): 0.5}
    assert not following(frames, 4).any()


@given(st.integers(0, 6), st.integers(1, 12), st.integers(0, 11), st.integers(0, 1000))
def test_it_is_the_mean_product_and_another_key_turns_it(lag: int, count: int, up: int, seed: int) -> None:
    frames = np.random.default_rng(seed).standard_normal((count, 12))
    table = following(frames, lag)
    pairs = range(count - lag)
    for interval, root in ((0, 0), (4, 11), (11, 3)):
        wanted = sum(frames[t, root] * frames[t + lag, (root + interval) % 12] for t in pairs) / max(len(pairs), 1)
        assert table[interval, root] == pytest.approx(wanted / (frames**2).sum() * count, abs=1e-9)
    turned = following(np.roll(frames, up, axis=1), lag)
    np.testing.assert_allclose(turned, np.roll(table, up, axis=1), atol=1e-9)


def test_how_strong_the_frames_are_does_not_matter() -> None:
    frames = np.random.default_rng(0).standard_normal((30, 12))
    np.testing.assert_allclose(following(0.01 * frames, 2), following(frames, 2))


def test_a_description_holds_all_tables_and_that_of_silence_is_zero() -> None:
    noise = np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE_HZ).astype(np.float32)
    raw = describe(noise)
    assert raw.shape == (RAW,) == (TABLES * 144,)
    assert raw.dtype == np.float32
    assert np.isfinite(raw).all()
    assert raw.reshape(TABLES, 12, 12).any(axis=(1, 2)).all()
    assert not describe(np.zeros(10, np.float32)).any()
