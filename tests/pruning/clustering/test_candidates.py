from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from echodex.pruning.clustering import candidates as module
from echodex.pruning.clustering.candidates import candidates
from echodex.pruning.clustering.ladder import Ladder, ladder_of


def setting(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, Ladder]:
    """Unit rows in lumps, their distances in float64, and the ladder of a tree that is far from minimal."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((7, d))[random.integers(0, 7, n)] + 0.3 * random.standard_normal((n, d))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    distances = cdist(matrix.astype(np.float64), matrix.astype(np.float64))
    tree = minimum_spanning_tree(distances * random.uniform(1, 1.5, (n, n))).tocoo()
    return matrix, distances, ladder_of(tree.row, tree.col, distances[tree.row, tree.col])


@pytest.mark.parametrize("crowded", [1, 64, 10**9])
@pytest.mark.parametrize(("n", "strip", "width"), [(300, 1024, 4096), (300, 32, 64), (257, 16, 100), (2, 1, 1)])
def test_all_pairs_within_the_ladder_and_no_others(
    monkeypatch: pytest.MonkeyPatch, n: int, strip: int, width: int, crowded: int
) -> None:
    monkeypatch.setattr(module, "STRIP", strip)
    monkeypatch.setattr(module, "WIDTH", width)
    monkeypatch.setattr(module, "CROWDED", crowded)
    matrix, distances, ladder = setting(n, 24, n + strip)
    low, high = candidates(matrix, ladder)
    found = np.zeros((n, n), dtype=np.int64)
    np.add.at(found, (low, high), 1)
    assert found.max() == 1
    assert not (found & found.T).any()
    left, right = np.triu_indices(n, 1)
    bound, apart = ladder.between(left, right), distances[left, right]
    listed = (found | found.T)[left, right].astype(np.bool_)
    assert listed[apart <= bound].all()
    assert not listed[apart > bound + 1e-4].any()
