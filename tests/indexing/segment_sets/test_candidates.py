"""What the index tells of a clip is never more than how far it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.index.opened import open_index
from echodex.indexing.segment_sets import candidates as module
from echodex.indexing.segment_sets.candidates import Asked, candidates, depth, owners_of
from echodex.indexing.segment_sets.reductions import Reduction, reduce
from echodex.schemas.manifest import SEGMENT

Matrix = NDArray[np.float32]
SEGMENTS, DIM, CLIPS = 5, 8, 60


@pytest.fixture
def filled(store: Store, add_vectors: Callable[..., list[str]]) -> tuple[Store, Matrix]:
    """60 clips of five segments, of unit length."""
    matrix = np.random.default_rng(0).standard_normal((CLIPS * SEGMENTS, DIM)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    add_vectors(store, matrix, segments=SEGMENTS)
    return store, matrix.reshape(CLIPS, SEGMENTS, DIM)


@pytest.mark.parametrize("neighbours", [3, 40, 400])
@pytest.mark.parametrize("how", ["min", "bpwr-2", "bpwr", "meanmin"])
def test_a_bound_is_below_the_distance(filled: tuple[Store, Matrix], how: str, neighbours: int) -> None:
    store, sets = filled
    query = np.random.default_rng(1).standard_normal((3, DIM)).astype(np.float32)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    true = reduce(torch.from_numpy(1 - np.einsum("qd,ncd->nqc", query, sets)), how).numpy()
    deep = depth(Reduction.of(how), len(query))
    assert deep is not None
    owners = owners_of(store, open_index(store, store.space("made"), level=SEGMENT))
    found, bounds = candidates(owners, query, Asked(neighbours, deep))
    places = np.array([int(name.removeprefix("clip")) for name in owners.clip_ids.take(found.tolist()).to_pylist()])
    assert (bounds <= true[places] + 1e-6).all()
    assert (np.diff(bounds) >= 0).all()
    missed = np.setdiff1d(np.arange(CLIPS), places)
    if neighbours == 400:
        assert not len(missed)
        if how in ("min", "meanmin"):
            np.testing.assert_allclose(bounds, true[places], atol=1e-6)
    else:
        assert len(missed)


def test_long_queries_are_bounded_in_parts(filled: tuple[Store, Matrix], monkeypatch: pytest.MonkeyPatch) -> None:
    store, sets = filled
    owners = owners_of(store, open_index(store, store.space("made"), level=SEGMENT))
    query, asked = sets[:8].reshape(-1, DIM), Asked(30, 4)
    whole = candidates(owners, query, asked)
    monkeypatch.setattr(module, "BOUNDS", 7 * len(query))
    for one, other in zip(candidates(owners, query, asked), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(whole[0]) > 14


def test_only_what_may_be_found_is(filled: tuple[Store, Matrix]) -> None:
    store, sets = filled
    index = open_index(store, store.space("made"), level=SEGMENT)
    owners = owners_of(store, index)
    allowed = np.isin(owners.of, [4, 9])
    found, _ = candidates(owners, sets[0], Asked(50, 1), allowed)
    assert sorted(found.tolist()) == [4, 9]
    assert owners_of(store, index) is owners


@pytest.mark.parametrize(
    ("how", "segments"),
    [("min", 1), ("best-4", 1), ("meanmin", 7), ("bpwr", 7), ("bpwr-3", 3), ("bpwr-10", 7), ("mean", None)],
)
def test_how_many_segments_bound_a_reduction(how: str, segments: int | None) -> None:
    assert depth(Reduction.of(how), 7) == segments
