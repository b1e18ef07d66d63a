"""Who is a version of whom, and what follows from it for neighbours, layers and selections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.pruning.apart import Apart
from echodex.pruning.coverage import nearest, nearest_within
from echodex.pruning.layers import layers_of, select_in_layers
from echodex.pruning.parts import near_clips, one_each
from echodex.pruning.selectors.base import Selection
from echodex.pruning.versions import Performances, performances_of

Rows = NDArray[np.int64]

few = settings(max_examples=40, deadline=None)


def told(rows: list[tuple[str | None, str | None, str]], channels: int = 1) -> Performances:
    """Return what clips of (work, rendition, file) are of; channels: 0 for files of features."""
    works, renditions, files = zip(*rows, strict=True)
    table = {
        "clip_id": [f"clip{row}" for row in range(len(rows))],
        "uris": [[file] for file in files],
        "channels": [channels] * len(rows),
        "work": pa.array(works, pa.string()),
        "rendition": pa.array(renditions, pa.string()),
    }
    return performances_of(pa.table(table))


def table_of(performances: Performances) -> NDArray[np.bool_]:
    rows = np.arange(len(performances.work))
    return performances.versions(rows[:, None], rows[None])


@st.composite
def clips(draw: st.DrawFn) -> list[tuple[str | None, str | None, str]]:
    of = st.tuples(
        st.sampled_from([None, "", "song", "tune"]), st.sampled_from([None, "", "live", "studio"]), st.integers(0, 5)
    )
    return [(work, rendition, f"hash{file}") for work, rendition, file in draw(st.lists(of, min_size=1, max_size=14))]


@few
@given(rows=clips())
def test_versions_are_of_one_work_and_neither_of_one_file_nor_of_one_rendition(rows: list[Any]) -> None:
    """An oracle that follows same files and same renditions from clip to clip."""
    found = table_of(told(rows))
    n = len(rows)
    same = np.eye(n, dtype=np.bool_)
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            same[i, j] |= (
                bool(one[0]) and one[0] == other[0] and (one[2] == other[2] or bool(one[1]) & (one[1] == other[1]))
            )
    for _ in range(n):
        same = same @ same
    work = np.array([row[0] or None for row in rows], dtype=object)
    expected = (work[:, None] == work[None]) & np.array([bool(w) for w in work])[:, None] & ~same
    assert (found == expected).all()
    assert not found.diagonal().any()
    assert (found == found.T).all()


def test_recordings_in_one_file_of_features_are_not_one() -> None:
    rows: list[tuple[str | None, str | None, str]] = [("song", None, "chunk.h5"), ("song", None, "chunk.h5")]
    assert table_of(told(rows, channels=0)).sum() == 2
    assert not table_of(told(rows)).any()


def test_recordings_that_are_found_to_be_one() -> None:
    found = told([("song", None, "a"), ("song", None, "b"), ("song", None, "c"), ("tune", None, "d")])
    assert table_of(found).sum() == 6
    united = found.united(np.array([2]), np.array([1]))
    assert table_of(united).sum() == 4
    assert not united.versions(np.array([1]), np.array([2]))[0]
    assert united.take(np.array([2, 0])).versions(np.array([0]), np.array([1]))[0]


@st.composite
def performances(draw: st.DrawFn, n: int) -> Performances:
    random = np.random.default_rng(draw(st.integers(0, 999)))
    work, performance = random.integers(-1, 3, size=n), random.integers(0, 4, size=n)
    return Performances(work, np.where(work < 0, 100 + np.arange(n), 10 * work + performance))


@few
@given(data=st.data(), q=st.integers(1, 12), n=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_nearest_row_that_is_not_barred(data: st.DataObject, q: int, n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(q + n, 3))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    of = data.draw(performances(q + n))
    barred = Apart(of).barred(np.arange(q), q + np.arange(n))
    cosines = np.where(table_of(of)[:q, q:], -np.inf, matrix[:q] @ matrix[q:].T)
    left = np.isfinite(cosines.max(axis=1))
    found, scores = nearest(matrix[:q], matrix[q:], barred)
    assert (found == np.where(left, cosines.argmax(axis=1), -1)).all()
    assert scores == pytest.approx(np.where(left, cosines.max(axis=1), -1), abs=1e-6)
    assert (nearest_within(matrix[:q], matrix[q:], 0.9, barred)[2] == (cosines >= 0.9).any(axis=1)).all()


@few
@given(data=st.data(), n=st.integers(1, 20))
def test_near_clips_without_versions(data: st.DataObject, n: int) -> None:
    of = data.draw(performances(n))
    matrix = np.tile(np.eye(1, 4, dtype=np.float32), (n, 1))
    pairs = near_clips(one_each(matrix), 0.98, Apart(of))
    barred = table_of(of)
    for row in range(n):
        others = np.flatnonzero(~barred[row])
        assert pairs.near(row).tolist() == others[others != row].tolist()


@few
@given(data=st.data(), n=st.integers(1, 30), seed=st.integers(0, 99))
def test_no_layer_holds_two_performances_of_a_work(data: st.DataObject, n: int, seed: int) -> None:
    of = data.draw(performances(n))
    labels = np.random.default_rng(seed).integers(-1, 3, size=n).astype(np.int32)
    layers = layers_of(labels, of)
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        for layer in np.unique(layers[inside]):
            own = inside[layers[inside] == layer]
            assert not table_of(of.take(own)).any()
        works = of.work[inside]
        most = max([len(set(of.performance[inside[works == work]])) for work in set(works.tolist()) - {-1}], default=1)
        assert sorted(set(layers[inside].tolist())) == list(range(most)), "no more layers than needed"
    assert not layers[of.work == -1].any()


@few
@given(
    layers=st.lists(st.integers(0, 3), min_size=1, max_size=20).map(lambda at: np.unique(at, return_inverse=True)[1]),
    share=st.floats(0, 1),
)
def test_the_selections_of_layers_as_one(layers: Rows, share: float) -> None:
    seen = []

    def select(places: Rows) -> Selection:
        assert len(set(layers[places].tolist())) == 1, "a selector sees one layer"
        seen.extend(places.tolist())
        m = len(places)
        return Selection(np.arange(m)[::-1], places[::-1].astype(np.float32), int(np.ceil(share * m)))

    found = select_in_layers(select, layers)
    n = len(layers)
    assert sorted(seen) == sorted(found.order.tolist()) == list(range(n))
    assert (found.gains == found.order).all(), "each with its own gain"
    for layer in np.unique(layers):
        own = found.order[layers[found.order] == layer]
        assert (np.diff(own) < 0).all(), "in the order of its layer"
        assert (layers[found.order[: found.kept]] == layer).sum() == int(np.ceil(share * (layers == layer).sum()))
