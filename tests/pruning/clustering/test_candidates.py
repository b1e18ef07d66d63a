from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from echodex.pruning.clustering import candidates as module
from echodex.pruning.clustering.candidates import candidates, slack_of
from echodex.pruning.clustering.ladder import ladder_of
from echodex.pruning.clustering.pairs import Pairs, Tree
from echodex.pruning.clustering.spanning import spanning_tree


def setting(n: int, d: int, seed: int, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows in lumps, and their squared distances in float64."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((7, d))[random.integers(0, 7, n)] + spread * random.standard_normal((n, d))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return matrix, cdist(matrix.astype(np.float64), matrix.astype(np.float64), "sqeuclidean")


def rough_tree(squared: np.ndarray, seed: int) -> Tree:
    """A tree that is far from minimal, whose weights are more than the reachability of min_samples 1."""
    random = np.random.default_rng(seed)
    far = np.sort(squared, axis=1)[:, 1]
    tree = minimum_spanning_tree(squared * random.uniform(1, 1.5, squared.shape)).tocoo()
    low, high = np.minimum(tree.row, tree.col).astype(np.int64), np.maximum(tree.row, tree.col).astype(np.int64)
    return Tree(low, high, np.maximum(squared[low, high], np.maximum(far[low], far[high])))


def between(squared: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs, and the heaviest edge between them in the minimum tree of mutual reachability with min_samples 1."""
    far = np.sort(squared, axis=1)[:, 1]
    least = minimum_spanning_tree(np.maximum(squared, np.maximum(far[:, None], far))).tocoo()
    left, right = np.triu_indices(len(squared), 1)
    return left, right, ladder_of(least.row, least.col, least.data).between(left, right)


@pytest.mark.parametrize("held", [10, 10**9])
@pytest.mark.parametrize("crowded", [1, 64, 10**9])
@pytest.mark.parametrize(("n", "strip", "width"), [(300, 1024, 4096), (300, 32, 64), (257, 16, 100), (2, 1, 1)])
def test_all_pairs_within_the_minimum_tree_and_no_others(
    monkeypatch: pytest.MonkeyPatch, n: int, strip: int, width: int, crowded: int, held: int
) -> None:
    for name, value in {"STRIP": strip, "WIDTH": width, "CROWDED": crowded, "HELD_PAIRS": held}.items():
        monkeypatch.setattr(module, name, value)
    matrix, squared = setting(n, 24, n + strip)
    pairs = candidates(matrix, rough_tree(squared, n), 1)
    keys = pairs.low * n + pairs.high
    assert (pairs.low < pairs.high).all()
    assert len(np.unique(keys)) == len(keys)
    left, right, bound = between(squared)
    listed, apart = np.isin(left * n + right, keys), squared[left, right]
    assert listed[apart <= bound].all()
    assert not listed[apart > bound + 1e-4].any()
    assert (pairs.least <= squared[pairs.low, pairs.high]).all()
    assert (pairs.most >= squared[pairs.low, pairs.high]).all()


@pytest.mark.parametrize("spread", [1e-3, 1e-5])
def test_rows_nearer_than_float32_products_tell_are_told_apart(spread: float) -> None:
    matrix, squared = setting(400, 24, 1, spread)
    matrix, first = np.unique(matrix, axis=0, return_index=True)
    squared = squared[np.ix_(first, first)]
    pairs = candidates(matrix, rough_tree(squared, 2), 1)
    left, right, bound = between(squared)
    apart = squared[left, right]
    listed = np.isin(left * len(matrix) + right, pairs.low * len(matrix) + pairs.high)
    assert listed[apart <= bound].all()
    assert not listed[apart > 1.01 * bound].any()


def codes(d: int, n: int = 300) -> np.ndarray:
    """Unit rows of binary codes: eight codes, each many times with a few signs flipped; distances tie everywhere."""
    random = np.random.default_rng(d)
    signs = random.choice([-1.0, 1.0], (8, d))[random.integers(0, 8, n)]
    for row in signs:
        row[random.integers(0, d, random.integers(0, 1 + d // 20))] *= -1
    return np.unique((signs / d**0.5).astype(np.float32), axis=0)


@pytest.mark.parametrize("d", [3, 64, 1000, 3000])
def test_no_order_of_summing_is_off_by_more_than_the_slack(d: int) -> None:
    matrix = codes(d)
    exact = matrix.astype(np.float64) @ matrix.T.astype(np.float64)
    one_by_one = np.zeros_like(exact, dtype=np.float32)
    for column in matrix.T:
        one_by_one += np.outer(column, column)
    for scores in (matrix @ matrix.T, one_by_one):
        assert np.abs(scores - exact).max() <= slack_of(d)


@pytest.mark.parametrize("d", [1000, 3000])
def test_the_tree_of_binary_codes_is_that_of_all_pairs(d: int) -> None:
    matrix = codes(d)
    n, squared = len(matrix), cdist(matrix.astype(np.float64), matrix.astype(np.float64), "sqeuclidean")
    pairs = candidates(matrix, rough_tree(squared, d), 1)
    left, right, bound = between(squared)
    assert np.isin(left * n + right, pairs.low * n + pairs.high)[squared[left, right] <= bound].all()
    cores = np.sort(squared, axis=1)[:, 5]
    reach = np.sqrt(np.maximum(squared, np.maximum(cores[:, None], cores)))
    np.fill_diagonal(reach, 0)
    expected = np.sort(minimum_spanning_tree(reach).data)
    assert np.sort(spanning_tree(matrix, 5)[2]) == pytest.approx(expected, abs=1e-9)


def test_how_many_pairs_wait_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STRIP", 16)
    monkeypatch.setattr(module, "WIDTH", 16)
    matrix, squared = setting(200, 24, 3)
    tree = rough_tree(squared, 3)
    every = candidates(matrix, tree, 1)
    monkeypatch.setattr(module, "WAITING_BYTES", 1)
    again = candidates(matrix, tree, 1)
    assert (every.low.tolist(), every.high.tolist()) == (again.low.tolist(), again.high.tolist())


def test_pairs_know_what_they_take() -> None:
    rows, chords = np.arange(10), np.zeros(10, np.float32)
    assert Pairs(rows, rows, chords, chords).nbytes == 10 * 24
