from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.cells import make_cells


def rows(n: int, dim: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 100))
def test_every_row_is_in_one_cell(n: int, count: int, seed: int) -> None:
    cells = make_cells(rows(n, 3, seed), count, seed)
    assert len(cells) == min(n, count)
    assert sorted(cells.rows.tolist()) == list(range(n))
    assert cells.sizes.sum() == n
    for cell in range(len(cells)):
        members = cells.members(cell)
        assert members.tolist() == sorted(members.tolist())
        assert (cells.cell_of()[members] == cell).all()


def test_a_row_is_in_the_cell_of_the_nearest_centroid() -> None:
    matrix = rows(2000)
    cells = make_cells(matrix)
    far = ((matrix[:, None].astype(np.float64) - cells.centroids[None]) ** 2).sum(axis=2)
    own = far[np.arange(2000), cells.cell_of()]
    assert own == pytest.approx(far.min(axis=1), abs=1e-5)
    assert len(cells) == round(1.5 * 2000**0.5)


def test_the_same_seed_gives_the_same_cells() -> None:
    first, again, other = (make_cells(rows(500), 20, seed) for seed in (1, 1, 2))
    assert first.centroids.tobytes() == again.centroids.tobytes()
    assert first.rows.tolist() == again.rows.tolist()
    assert first.centroids.tobytes() != other.centroids.tobytes()
