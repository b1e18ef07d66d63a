from __future__ import annotations

import numpy as np

from echodex.indexing.identical import equal_rows
from echodex.indexing.neighbours.unfold import class_of, first_members, unfold


def test_copies_share_the_list_of_their_class() -> None:
    matrix = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [1, 0]], np.float32)
    classes = equal_rows(matrix, np.arange(5))
    assert class_of(classes).tolist() == [0, 1, 0, 1, 0]
    near = np.array([[0, 1], [0, 1], [1, 0]])
    squared = np.array([[0, 2], [0, 2], [0, 2]], np.float32)
    ids, far = unfold(classes, np.array([0, 2, 3]), near, squared, 5)
    assert ids.tolist() == [[2, 4, 1, 3, -1], [0, 4, 1, 3, -1], [1, 0, 2, 4, -1]]
    assert far.tolist() == [[0, 0, 2, 2, np.inf], [0, 0, 2, 2, np.inf], [0, 2, 2, 2, np.inf]]


def test_of_many_copies_the_first_are_taken() -> None:
    classes = equal_rows(np.zeros((9, 2), np.float32), np.arange(9))
    places, rows = first_members(classes, np.array([0, 0]), 3)
    assert places.tolist() == [0, 0, 0, 1, 1, 1]
    assert rows.tolist() == [0, 1, 2, 0, 1, 2]
