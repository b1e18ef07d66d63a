"""The same clips give the same view: on one core and on all, and in whatever order they were added."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from echodex.api import Store
from echodex.audio.cores import core_count
from echodex.pruning.choice import choose
from echodex.pruning.config import PruneConfig
from echodex.pruning.coverage import coverage, nearest
from echodex.pruning.plan import plan
from echodex.pruning.selectors.registry import names
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]

FIELDS = ("duplicate_of", "scores", "labels", "rank", "gains", "selected", "for_label")
CONFIG: dict[str, Any] = {
    "min_cluster_size": 5,
    "min_samples": 3,
    "eps": 0.3,
    "keep": 0.5,
    "leakage": "keep-test",
    "pin_where": "title = 'Tone 3' OR title = 'Tone 40'",
    "min_per_label": 3,
    "prefer": "longer",
}
SCRIPT = """
import os, sys
cores = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, cores if sys.argv[2] == "all" else cores[:1])
from hashlib import sha256
from echodex.api import Store
from echodex.pruning.config import PruneConfig
from echodex.pruning.plan import plan
from echodex.pruning.sweep import sweep
for match in ("mean", "best-pair"):
    found = plan(Store.open(sys.argv[1]), PruneConfig(match=match, **eval(sys.argv[3])), where="clip_id != 'x'")
    print(sha256(repr(found.rows.to_pylist()).encode()).hexdigest())
    print(found.leaks, found.summary(), sweep(found))
"""


@contextmanager
def cores(count: int) -> Iterator[None]:
    """So many cores for this thread, those it starts, and BLAS."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        with threadpool_limits(count):
            yield
    finally:
        os.sched_setaffinity(0, before)


two_cores = pytest.mark.skipif(core_count() < 2, reason="needs two cores")


@two_cores
@pytest.mark.parametrize("selector", names())
def test_a_choice_on_one_core_and_on_two(blobs: Blobs, selector: str) -> None:
    matrix = blobs(4, 300, noise=300, d=515)
    matrix = np.concatenate([matrix, matrix[:20]])
    config = PruneConfig(selector=selector, keep=0.5, min_cluster_size=5, min_samples=3)
    found = []
    for count in (1, 2):
        with cores(count):
            found.append(choose(matrix, np.zeros(len(matrix), np.int64), config))
    for name in FIELDS:
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name), equal_nan=name == "gains")


@two_cores
def test_scores_and_coverage_on_one_core_and_on_two() -> None:
    """Of shapes at which BLAS itself would sum in another order on two threads."""
    random = np.random.default_rng(0)
    matrix = random.normal(size=(3000, 515)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    found = []
    for count in (1, 2):
        with cores(count):
            rows, scores = nearest(matrix[:1501], matrix[1501:])
            found.append((rows.tolist(), scores.tolist(), coverage(matrix, np.arange(3000) % 7 == 0)))
    assert found[0] == found[1]


def fill(store: Store, paths: list[Path], matrix: Matrix, order: NDArray[np.int64], folder: Path) -> Store:
    """Add files and their vectors, and three segments around each, in an order, in three goes."""
    lines = [
        f"{path},{'odd' if row % 2 else 'even'},{'test' if row % 6 == 5 else 'train'},Tone {row}"
        for row, path in enumerate(paths)
    ]
    given, long = (imported_space(store.tables, name, matrix.shape[1], "made up") for name in ("given", "long"))
    random = [np.random.default_rng(row).normal(size=(3, matrix.shape[1])) for row in range(len(paths))]
    for part in np.array_split(order, 3):
        (folder / "part.csv").write_text("\n".join(["path,labels,split,title", *(lines[row] for row in part)]))
        store.add(labels=folder / "part.csv")
        clips = {row["title"]: row["clip_id"] for row in store.clips(["clip_id", "title"]).to_pylist()}
        ids = [clips[f"Tone {row}"] for row in part]
        start = np.zeros(1, np.float32)
        Writer(store.tables, given).write(ids, [Segments(start, matrix[[row]]) for row in part])
        starts = np.arange(3, dtype=np.float32)
        around = [(matrix[row] + 0.02 * random[row]).astype(np.float32) for row in part]
        Writer(store.tables, long).write(ids, [Segments(starts, rows) for rows in around])
    return store


@pytest.fixture
def rows(blobs: Blobs) -> Matrix:
    """Three clusters of 14, 8 in no cluster, and 10 copies, some on two sides of the split."""
    matrix = blobs(3, 14, noise=8)
    return np.concatenate([matrix, matrix[:10]])


@pytest.fixture
def paths(make_wav: Callable[..., Path], rows: Matrix) -> list[Path]:
    return [make_wav(f"{row:03}.wav", seed=row, seconds=0.1 + 0.01 * (row % 5)) for row in range(len(rows))]


def test_files_that_were_added_in_another_order(rows: Matrix, paths: list[Path], tmp_path: Path) -> None:
    orders = [np.arange(len(rows)), np.random.default_rng(7).permutation(len(rows))]
    stores = [
        fill(Store.open(tmp_path / f"store{at}"), paths, rows, order, tmp_path) for at, order in enumerate(orders)
    ]
    added = [store.tables.scan("clips", ["clip_id"])["clip_id"].to_pylist() for store in stores]
    assert added[0] != added[1]
    for space, match in (("given", "mean"), ("long", "best-pair")):
        plans = [plan(store, PruneConfig(match=match, **CONFIG), space=space) for store in stores]
        reasons = set(plans[0].rows["reason"].to_pylist())
        assert reasons >= {"leakage", "duplicate", "pinned", "label", "redundant", "selected", "other-split"}
        assert plans[0].rows.equals(plans[1].rows)
        assert plans[0].summary() == plans[1].summary()
        saved = [found.save(store, "lean") for found, store in zip(plans, stores, strict=True)]
        assert saved[0].content_hash == saved[1].content_hash


@pytest.mark.slow
@two_cores
def test_a_process_of_one_core_and_one_of_all(rows: Matrix, paths: list[Path], tmp_path: Path) -> None:
    """Interpreters of their own: what a library makes of the number of cores when it is loaded counts, too."""
    store = fill(Store.open(tmp_path / "store"), paths, rows, np.arange(len(rows)), tmp_path)
    said = []
    for count in ("one", "all"):
        command = [sys.executable, "-c", SCRIPT, str(store.path), count, repr(CONFIG)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said.append(done.stdout)
    assert hashlib.sha256(said[0].encode()).digest() == hashlib.sha256(said[1].encode()).digest(), said
    assert len(said[0].splitlines()) == 4
