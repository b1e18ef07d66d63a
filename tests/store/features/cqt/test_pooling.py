from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import BadInput
from echodex.store.features.cqt.pooling import pooled
from tests.store.features.cqt.miniature import HOP_S, by_definition, transform


def test_a_whole_number_of_frames_is_their_mean() -> None:
    values = transform(0, frames=53, dtype="float32")
    expected = values[:50].reshape(10, 5, 84).mean(axis=1)
    np.testing.assert_allclose(pooled(values, 0.02, 0.1), expected, rtol=1e-6)


def test_a_published_hop_is_shared_out_by_time() -> None:
    values = transform(1, frames=200)
    found = pooled(values, HOP_S, 0.1)
    assert found.dtype == np.float32
    assert found.shape == (int(200 * HOP_S / 0.1), 84)
    np.testing.assert_allclose(found, by_definition(values), rtol=5e-3, atol=5e-3)


@given(st.integers(1, 60), st.floats(0.001, 0.1))
def test_nothing_is_lost_and_what_is_even_stays(frames: int, hop_s: float) -> None:
    count = int(frames * hop_s / 0.1 + 1e-6)
    even = np.full((frames, 2), 3.0, np.float32)
    if not count:
        with pytest.raises(BadInput, match="fewer than make one"):
            pooled(even, hop_s, 0.1)
        return
    np.testing.assert_allclose(pooled(even, hop_s, 0.1), np.full((count, 2), 3.0), rtol=1e-5)
    mass = transform(2, frames=frames, dtype="float32")
    found = pooled(mass, hop_s, 0.1).sum(axis=0) * 0.1
    assert (found <= mass.sum(axis=0) * hop_s * (1 + 1e-4) + 1e-6).all()


def test_longer_frames_are_refused() -> None:
    with pytest.raises(BadInput, match=r"frame each 0\.2 s"):
        pooled(np.ones((9, 84)), 0.2, 0.1)
    with pytest.raises(BadInput, match="frame each 512 s"):
        pooled(np.ones((9, 84)), 512.0, 0.1)
