from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.pruning.selectors import jsd_cut
from echodex.pruning.selectors.jsd_dense import eliminate_dense

Matrix = NDArray[np.float32]


def exact(ordered: Matrix, sizes: NDArray[np.int64], bins: int) -> NDArray[np.float64]:
    """The histogram of each prefix from all of its pairs."""
    cosines = ordered @ ordered.T
    pairs = cosines[np.triu_indices(len(ordered), 1)]
    found = []
    for size in sizes:
        inside = cosines[:size, :size][np.triu_indices(size, 1)]
        found.append(np.histogram(inside, bins=bins, range=(pairs.min(), pairs.max()))[0] / len(inside))
    return np.array(found)


def test_a_large_cluster_is_counted_on_a_sample_a_small_prefix_exactly(blob: Callable[..., Matrix]) -> None:
    vectors = blob(jsd_cut.EXACT_ROWS + 500, copies=1000, jitter=0.05)
    ordered = vectors[eliminate_dense(vectors, None)[0]]
    sizes = np.array([2, 50, 700, 1000, 1500, len(ordered)])
    wide = ordered @ ordered.T
    span = float(wide.min()), float(wide[np.triu_indices(len(wide), 1)].max())
    counts = jsd_cut._histograms(ordered, sizes, span, 16)
    truth = exact(ordered, sizes, 16)
    p = counts / counts.sum(axis=1, keepdims=True)
    assert p[:4] == pytest.approx(truth[:4], abs=5e-5), "but for cosines at the edge of a bin"
    assert p[4:] == pytest.approx(truth[4:], abs=0.005)
    assert counts.sum(axis=1) == pytest.approx(sizes * (sizes - 1) / 2, rel=0.005)


def test_a_planted_half_of_near_copies_is_cut_off_by_a_small_t(blob: Callable[..., Matrix]) -> None:
    """The copies make one bin stand out: without them the spread is more even."""
    vectors = blob(600, d=64, copies=300, jitter=0.02)
    ordered = vectors[eliminate_dense(vectors, None)[0]]
    assert 250 <= jsd_cut.cuts(ordered, 5, 32)[-1] < 600


def test_t_counts_in_hundredths_and_any_above_0_as_one(blob: Callable[..., Matrix]) -> None:
    vectors = blob(300, d=64, copies=150, jitter=0.02)
    ordered = vectors[eliminate_dense(vectors, None)[0]]
    assert jsd_cut.cuts(ordered, 1, 32)[0] < 300
    steps = [jsd_cut.step_of(t) for t in (0.0, 1e-6, 0.004, 0.01, 0.3, 0.304, 1.0)]
    assert steps == [0, 1, 1, 1, 30, 30, 100]


@pytest.mark.parametrize(("rows", "kept"), [(np.eye(6), 6), (np.repeat(np.eye(1, 4), 6, axis=0), 1)])
def test_one_cosine_for_all_pairs_leaves_nothing_to_even_out(rows: Matrix, kept: int) -> None:
    assert jsd_cut.cuts(rows.astype(np.float32), 70, 32).tolist() == [kept] * 70
