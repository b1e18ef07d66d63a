from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.index.build import BuildConfig, build_index
from echodex.indexing.sequence.timeline import open_timeline
from echodex.schemas.manifest import SEGMENT
from echodex.store.where import equals
from echodex.testing.vectors import clustered

Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]


@pytest.mark.parametrize("kind", ["flat", "ivf", "ivf-sq8"])
def test_places_give_the_stored_vectors_whatever_the_index_keeps(
    store: Store, kind: str, add_vectors: AddVectors
) -> None:
    matrix = clustered(600, 16)
    add_vectors(store, matrix[300:], first=60, segments=5)
    build_index(store, BuildConfig(kind, level=SEGMENT))
    add_vectors(store, matrix[:300], segments=5)  # after the index was built, and before the others by clip id
    store.tables.delete("vectors_made", equals("clip_id", "clip00007"))
    timeline = open_timeline(store, store.space())
    assert len(timeline) == 595
    assert timeline.bounds.tolist() == list(range(0, 600, 5))
    left = np.delete(matrix, np.arange(35, 40), axis=0)
    places = np.array([3, 594, 35, 40, 35, 299, 0])
    assert timeline.collection().fetch(places) == pytest.approx(left[places], abs=3e-6)


def test_a_timeline_is_kept_until_its_space_changes(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, clustered(100, 16), segments=5)
    first = open_timeline(store, store.space())
    assert open_timeline(store, store.space()) is first
    add_vectors(store, clustered(10, 16, seed=1), first=50, segments=5)
    newer = open_timeline(store, store.space())
    assert (len(first), len(newer)) == (100, 110)
    store.tables.delete("vectors_made", equals("clip_id", "clip00007"))
    assert len(open_timeline(store, store.space())) == 105
