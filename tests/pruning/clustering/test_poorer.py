from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.pruning.clustering.poorer import poorer_lists

Matrix = NDArray[np.float32]


@pytest.mark.parametrize("recall", [0.85, 0.9, 0.97, 0.99])
def test_lists_find_nearly_the_share_that_was_asked_and_no_more(blobs: Callable[..., Matrix], recall: float) -> None:
    matrix = blobs(30, 60, noise=400, d=16, spread=0.6)
    scores = matrix.astype(np.float64) @ matrix.T.astype(np.float64)
    np.fill_diagonal(scores, -1)
    least = np.sort(scores, axis=1)[:, -15]
    lists = poorer_lists(matrix, 5, recall)
    assert lists.ids.shape == (len(matrix), 15)
    assert (lists.ids != np.arange(len(matrix))[:, None]).all()
    near = np.take_along_axis(scores, lists.ids, axis=1) >= least[:, None]
    assert near.mean() == pytest.approx(lists.recall, abs=1e-3)
    assert recall - 0.15 < lists.recall <= recall


def test_copies_and_few_rows() -> None:
    matrix = np.repeat(np.eye(2, 4, dtype=np.float32), [9, 1], axis=0)
    ids = poorer_lists(matrix, 3, 0.9).ids
    assert ids.shape == (10, 9)
    assert all(sorted({*row, number}) == list(range(10)) for number, row in enumerate(ids.tolist()))
