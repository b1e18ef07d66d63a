"""What holds for every kind of index."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.indexing.kinds.base import Kind, learnable
from echodex.indexing.kinds.registry import build_kind, kind_names
from echodex.indexing.metric import Metric, prepared, scores

Matrix = NDArray[np.float32]
MakeRows = Callable[..., Matrix]
Build = Callable[[Kind, Matrix, Metric], Any]
Nearest = Callable[..., NDArray[np.int64]]

DIM, K = 32, 10
SETTINGS: dict[str, dict[str, Any]] = {"ivfpq": {"m": DIM, "iterations": 3}}  # a byte a number, to find enough
RR_BITS = build_kind("ivfpq-rr").config.nbits
EXACT = ("flat", "ivf")
PAIRS = [(name, metric) for name in kind_names() for metric in Metric]


def most(kind: Kind, n: int) -> int:
    return kind.efforts(n)[-1] if kind.efforts(n) else 0


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    hits = [len(set(ours) & set(theirs)) for ours, theirs in zip(found.tolist(), truth.tolist(), strict=True)]
    return sum(hits) / truth.size


@pytest.mark.parametrize(("name", "metric"), PAIRS)
def test_the_nearest_rows_are_found(
    name: str, metric: Metric, make_rows: MakeRows, build: Build, nearest: Nearest
) -> None:
    rows = make_rows(2000, DIM, metric)
    kind = build_kind(name, SETTINGS.get(name))
    distances, found = build(kind, rows, metric).search(rows[:60], K, params=kind.parameters(most(kind, 2000)))
    truth = nearest(rows[:60], rows, metric, K)
    if name in EXACT:
        assert found.tolist() == truth.tolist()
    assert recall(found, truth) >= 0.95
    ranked = scores(distances, metric)
    assert (np.diff(ranked, axis=1) <= 0).all()
    if metric is Metric.COSINE:
        assert ranked[:, 0] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("name", kind_names())
def test_more_effort_finds_more(name: str, make_rows: MakeRows, build: Build, nearest: Nearest) -> None:
    rows = make_rows(2000, DIM, Metric.COSINE)
    kind = build_kind(name, SETTINGS.get(name))
    efforts = kind.efforts(2000)
    assert list(efforts) == sorted(set(efforts))
    if not kind.effort_name:
        assert efforts == ()
        return
    index, truth = build(kind, rows, Metric.COSINE), nearest(rows[:60], rows, Metric.COSINE, K)
    low, high = (recall(index.search(rows[:60], K, params=kind.parameters(e))[1], truth) for e in (1, efforts[-1]))
    assert low < high


@pytest.mark.parametrize(("name", "metric"), PAIRS)
def test_a_selector_is_kept_to(name: str, metric: Metric, make_rows: MakeRows, build: Build, nearest: Nearest) -> None:
    rows = make_rows(2000, DIM, metric)
    kind = build_kind(name, SETTINGS.get(name))
    index = build(kind, rows, metric)
    allowed = np.arange(2000) % 7 == 3
    selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg, arg-type]
    found = index.search(rows[:40], K, params=kind.parameters(most(kind, 2000), selector))[1]
    assert allowed[found].all()
    assert recall(found, np.flatnonzero(allowed)[nearest(rows[:40], rows[allowed], metric, K)]) >= 0.9


@pytest.mark.parametrize(("name", "metric"), PAIRS)
def test_a_file_that_is_mapped_answers_the_same(
    name: str, metric: Metric, tmp_path: Path, make_rows: MakeRows, build: Build
) -> None:
    rows = make_rows(2000, DIM, metric)
    kind = build_kind(name)
    index = build(kind, rows, metric)
    faiss.write_index(index, str(tmp_path / "index"))
    mapped = faiss.read_index(str(tmp_path / "index"), faiss.IO_FLAG_MMAP_IFC)
    expected = index.search(rows[:40], K, params=kind.parameters(8))
    answers = mapped.search(rows[:40], K, params=kind.parameters(8))
    assert np.array_equal(answers[0], expected[0])
    assert np.array_equal(answers[1], expected[1])


@pytest.mark.parametrize("name", kind_names())
def test_an_index_keeps_its_parts_alive(name: str, make_rows: MakeRows, build: Build) -> None:
    rows = make_rows(1000, DIM, Metric.COSINE)
    kind = build_kind(name)
    index = kind.make(1000, DIM, Metric.COSINE)
    gc.collect()
    index.train(rows)
    index.add(rows)
    parameters = kind.parameters(most(kind, 1000), faiss.IDSelectorRange(0, 500))
    gc.collect()
    assert (index.search(rows[:20], 5, params=parameters)[1] < 500).all()


@pytest.mark.parametrize("name", kind_names())
def test_a_row_takes_the_bytes_it_is_said_to(name: str, make_rows: MakeRows, build: Build) -> None:
    rows = make_rows(4000, DIM, Metric.COSINE)
    kind = build_kind(name, {"nlist": 8} if kind_uses_cells(name) else None)
    size = faiss.serialize_index(build(kind, rows, Metric.COSINE)).nbytes
    codes = 256 * DIM * 4 if name == "ivfpq" else 0  # what is learnt once, however many rows there are
    assert size - codes == pytest.approx(4000 * kind.bytes_per_vector(DIM), rel=0.05)


def kind_uses_cells(name: str) -> bool:
    return build_kind(name).effort_name == "nprobe"


@pytest.mark.parametrize("name", kind_names())
@pytest.mark.parametrize("n", [1, 2, 10, 300, 1000])
def test_small_spaces_are_built_in_silence_or_refused(
    name: str, n: int, make_rows: MakeRows, build: Build, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = make_rows(n, DIM, Metric.L2)
    kind = build_kind(name)
    if learnable(n) < {"ivfpq": 256, "ivfpq-rr": 1 << RR_BITS}.get(name, 1):
        with pytest.raises(UsageError, match="use kind 'flat'"):
            build(kind, rows, Metric.L2)
        return
    index = build(kind, rows, Metric.L2)
    found = index.search(rows, min(n, K), params=kind.parameters(most(kind, n)))[1]
    assert sorted(set(found[0].tolist())) == sorted(found[0].tolist())
    assert (found >= 0).all()
    assert (found[:, 0] == np.arange(n)).mean() > (0.9 if name != "ivfpq" else 0.5)
    assert capfd.readouterr() == ("", "")


@given(n=st.integers(1, 40), dim=st.integers(1, 9), metric=st.sampled_from(list(Metric)), seed=st.integers(0, 99))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", kind_names())
def test_any_small_space_is_answered_or_refused(
    name: str, build: Build, n: int, dim: int, metric: Metric, seed: int
) -> None:
    rows = prepared(np.random.default_rng(seed).normal(size=(n, dim)), metric)
    kind = build_kind(name)
    try:
        index = build(kind, rows, metric)
    except UsageError:
        return
    found = index.search(rows[:3], n, params=kind.parameters(max(most(kind, n), n)))[1]
    held = [sorted(row[row >= 0].tolist()) for row in found]
    assert all(len(set(row)) == len(row) for row in held)
    if name in EXACT:
        assert all(row == list(range(n)) for row in held)


@pytest.mark.parametrize("dim", [1, 7, 30, 127])
@pytest.mark.parametrize("name", kind_names())
def test_any_dimension_will_do(
    name: str, dim: int, make_rows: MakeRows, build: Build, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = make_rows(700, dim, Metric.L2)
    kind = build_kind(name)
    found = build(kind, rows, Metric.L2).search(rows[:50], 5, params=kind.parameters(most(kind, 700)))[1]
    assert (found == np.arange(50)[:, None]).any(axis=1).mean() > 0.8
    assert capfd.readouterr() == ("", "")
