from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from echodex.evaluation.baseline import leaders_of, random_like, strata_of

rows = st.lists(st.tuples(st.booleans(), st.integers(-2, 4)), min_size=1, max_size=80)


@given(rows, st.integers(0, 1000))
def test_as_many_in_every_stratum(rows: list[tuple[bool, int]], seed: int) -> None:
    kept, strata = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    drawn = random_like(kept, strata, seed)
    for stratum in np.unique(strata):
        assert drawn[strata == stratum].sum() == kept[strata == stratum].sum()
    assert drawn.tolist() == random_like(kept, strata, seed).tolist()


def test_every_choice_is_as_likely() -> None:
    kept, strata = np.arange(8) < 2, np.zeros(8, np.int64)
    counts = np.sum([random_like(kept, strata, seed) for seed in range(2000)], axis=0)
    assert np.abs(counts - 500).max() < 90  # five standard deviations


def test_each_seed_draws_its_own() -> None:
    kept, strata = np.arange(100) < 50, np.zeros(100, np.int64)
    assert len({random_like(kept, strata, seed).tobytes() for seed in range(20)}) == 20


def test_duplicates_stand_where_their_representative_does() -> None:
    table = pa.table(
        {
            "clip_id": ["d", "a", "c", "b"],
            "cluster": pa.array([-2, 4, -1, -2], pa.int32()),
            "reason": ["duplicate", "selected", "noise", "duplicate"],
            "representative": ["a", "a", "c", "c"],
        }
    )
    assert leaders_of(table).tolist() == [1, 1, 2, 2]
    assert strata_of(table).tolist() == [4, 4, -1, -1]


def test_versions_stand_where_the_clip_of_their_work_does() -> None:
    table = pa.table(
        {
            "clip_id": ["a", "b", "c", "d"],
            "cluster": pa.array([-2, 5, 5, 1], pa.int32()),
            "reason": ["version", "duplicate", "selected", "selected"],
            "representative": ["b", "c", "c", "d"],
        }
    )
    assert leaders_of(table).tolist() == [2, 2, 2, 3]
    assert strata_of(table).tolist() == [5, 5, 5, 1]
