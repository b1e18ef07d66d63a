from __future__ import annotations

import numpy as np

from echodex.testing.music.works import draw_work


def test_a_work_is_played_for_as_long_as_asked_each_time_in_another_way() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        work = draw_work(rng, 6.0)
        assert work.parts
        assert all(part.events for part in work.parts)
        assert work.parts[0].level_db == max(part.level_db for part in work.parts)
        first, other = (work.play(rng, 8000, 6.0) for _ in range(2))
        assert first.shape == other.shape == (48_000,)
        assert first.dtype == np.float32
        assert np.isfinite(first).all()
        assert np.isfinite(other).all()
        assert 0 < np.abs(first).max() <= 1
        assert (first != other).any()


def test_the_same_state_gives_the_same_performance() -> None:
    first, again = (draw_work(np.random.default_rng(3), 5.0) for _ in range(2))
    assert first == again
    np.testing.assert_array_equal(
        first.play(np.random.default_rng(1), 8000, 5.0), again.play(np.random.default_rng(1), 8000, 5.0)
    )
