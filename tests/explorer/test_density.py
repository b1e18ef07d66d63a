"""The grid of cells: every clip counted once, where it lies, in the colour that it should have."""

from __future__ import annotations

import numpy as np

from echodex.explorer.density import SIDE, cells_of, commonest, means

COLORS = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_cells_are_those_of_a_histogram() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, size=(5000, 2)).astype(np.float32)
    points[0], points[1] = (-1, -1), (1, 1)
    edges = np.linspace(-1, 1, SIDE + 1)
    expected = np.histogram2d(points[:, 1], points[:, 0], bins=(edges, edges))[0]
    found = np.bincount(cells_of(points), minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    assert np.abs(found - expected).sum() <= 4  # a point on an edge may fall to either side of it
    assert cells_of(points[:2]).tolist() == [0, SIDE * SIDE - 1]


def test_a_cell_has_the_colour_of_the_commonest_and_is_firmer_with_more() -> None:
    cells = np.array([0] * 5 + [7] * 100 + [SIDE] * 1)
    codes = np.array([0, 1, 1, 1, 2] + [2] * 60 + [0] * 40 + [1])
    picture = commonest(cells, codes, COLORS)
    assert picture.shape == (SIDE, SIDE, 4)
    assert picture[0, 0, :3].tolist() == [0, 1, 0]
    assert picture[0, 7, :3].tolist() == [0, 0, 1]
    assert picture[1, 0, :3].tolist() == [0, 1, 0]
    assert 0 < picture[1, 0, 3] < picture[0, 0, 3] < picture[0, 7, 3] <= 1
    assert np.count_nonzero(picture[..., 3]) == 3


def test_means_leave_out_what_has_no_number() -> None:
    mean, counts = means(np.array([0, 0, 3, 3, 5]), np.array([1, 2, np.nan, 4, np.nan]))
    assert mean[[0, 3]].tolist() == [1.5, 4]
    assert np.isnan(mean[[1, 5]]).all()
    assert counts[[0, 1, 3, 5]].tolist() == [2, 0, 2, 1]


def test_nothing_is_an_empty_picture() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert commonest(none, none, COLORS)[..., 3].max() == 0
