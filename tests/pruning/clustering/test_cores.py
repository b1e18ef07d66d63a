from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echodex.pruning.clustering.cores import core_distances, cores_at_most


def table(n: int, seed: int) -> np.ndarray:
    """Distances between n rows, of which many tie."""
    random = np.random.default_rng(seed)
    distances = random.integers(1, 20, (n, n)) / 4
    return np.asarray(np.minimum(distances, distances.T))


@given(n=st.integers(2, 20), seed=st.integers(0, 1000), min_samples=st.integers(1, 8))
def test_copies_are_counted_as_rows_of_their_own(n: int, seed: int, min_samples: int) -> None:
    distances, copies = table(n, seed), np.random.default_rng(seed + 1).integers(1, 4, n)
    np.fill_diagonal(distances, 0)
    few = min(min_samples, int(copies.sum()) - 1)
    whole = np.repeat(np.repeat(distances, copies, axis=0), copies, axis=1)
    expected = np.sort(whole, axis=1)[:, few][np.cumsum(copies) - 1]
    low, high = np.triu_indices(n, 1)
    assert core_distances(low, high, distances[low, high], copies, few).tolist() == expected.tolist()


@given(n=st.integers(2, 20), seed=st.integers(0, 1000), min_samples=st.integers(1, 8), share=st.floats(0, 1))
def test_of_some_pairs_it_is_the_distance_to_the_last_that_is_wanted(
    n: int, seed: int, min_samples: int, share: float
) -> None:
    distances = table(n, seed).astype(np.float32)
    some = np.triu(np.random.default_rng(seed).random((n, n)) < share, 1)
    low, high = np.nonzero(some)
    listed = np.sort(np.where(some | some.T, distances, np.inf), axis=1)
    expected = listed[:, min_samples - 1] if min_samples <= n else np.full(n, np.inf)
    assert cores_at_most(low, high, distances[low, high], n, min_samples).tolist() == expected.tolist()
