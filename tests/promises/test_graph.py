"""A kNN graph is never wrong silently: its recall is what it says, no damaged bit is answered from, killed work is
gone on with, and its memory stays that of its lists.

The oracle is brute force in NumPy, or the intact graph.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from harness.promise import Promise
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.graph import knn_graph
from echodex.indexing.neighbours.graph_search import graph_of
from echodex.schemas.graph import Graph
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer, read_pooled
from echodex.store.where import is_in
from echodex.testing.vectors import clustered

Matrix = NDArray[np.float32]

WORKER = """
import sys
from echodex.api import Store
from echodex.indexing.neighbours import nearest
from echodex.indexing.graph import knn_graph
nearest.ExactFinder.block_rows = 250
print("READY", flush=True)
knn_graph(Store.open(sys.argv[1]), "made", 10, exact=True)
"""

MEMORY = """
import sys
import numpy as np
from echodex.indexing.neighbours.graph_search import graph_of
n, dim, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random = np.random.default_rng(0)
matrix = random.standard_normal((n, dim), dtype=np.float32)
if kind != "apart":  # in lumps
    matrix += 3 * matrix[random.integers(n // 100, size=n)]
if kind == "copies":
    matrix[: n // 2] = matrix[0]
matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
def peak():
    status = open("/proc/self/status").read()  # ru_maxrss would begin with that of the parent
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])
graph_of(matrix[:200], 15)
before = peak()
graph = graph_of(matrix, 15, exact=kind == "apart")
print(peak() - before, graph.exact, graph.recall)
"""


def fill(folder: Path, matrix: Matrix) -> Store:
    store = Store.open(folder)
    space = imported_space(store.tables, "made", matrix.shape[1], "")
    segments = [Segments(np.zeros(1, np.float32), row[None]) for row in matrix]
    Writer(store.tables, space).write([f"clip{row:06}" for row in range(len(matrix))], segments)
    return store


def start(store: Store) -> subprocess.Popen[str]:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(store.path)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "READY\n"
    return worker


@pytest.mark.promise("P7")
def test_a_flipped_bit_is_never_answered_from(tmp_path: Path, promise: Promise) -> None:
    store = fill(tmp_path / "library", clustered(300, 8))
    intact = knn_graph(store, "made", 5, exact=True)
    folder = store.path / "indexes" / "made" / "graph-k5-exact"
    files = {path: path.read_bytes() for path in folder.glob("[!.]*")}
    chooser = random.Random(0)
    for _ in range(promise.size(60, 200)):
        path = chooser.choice(sorted(files))
        content = bytearray(files[path])
        bit = chooser.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        graph = knn_graph(store, "made", 5, exact=True)
        promise.trial(same(graph, intact), f"bit {bit} of {path.name}: another answer")
        assert json.loads((folder / "graph.json").read_text())["finished"]


@pytest.mark.promise("P7")
def test_a_file_that_was_cut_short_is_never_answered_from(tmp_path: Path, promise: Promise) -> None:
    store = fill(tmp_path / "library", clustered(300, 8))
    intact = knn_graph(store, "made", 5, exact=True)
    folder = store.path / "indexes" / "made" / "graph-k5-exact"
    chooser = random.Random(0)
    for cut in range(promise.size(10, 50)):
        path = sorted(folder.glob("[!.]*"))[cut % 3]
        content = path.read_bytes()
        path.write_bytes(content[: chooser.randrange(len(content)) if cut > 2 else 0])
        graph = knn_graph(store, "made", 5, exact=True)
        promise.trial(same(graph, intact), f"{path.name} of {len(content)} bytes cut short: another answer")


@pytest.mark.promise("P7")
def test_a_graph_of_another_space_or_another_store_is_not_answered_from(tmp_path: Path, promise: Promise) -> None:
    """Its files put in the place of this one's, and those from before clips came and went over those from after."""
    matrix = clustered(300, 8)
    store, stranger = fill(tmp_path / "library", matrix), fill(tmp_path / "stranger", matrix[::-1].copy())
    intact = knn_graph(store, "made", 5, exact=True)
    knn_graph(stranger, "made", 5, exact=True)
    place = store.path / "indexes" / "made" / "graph-k5-exact"
    shutil.copytree(place, tmp_path / "before")
    shutil.copytree(stranger.path / "indexes" / "made" / "graph-k5-exact", place, dirs_exist_ok=True)
    promise.trial(same(knn_graph(store, "made", 5, exact=True), intact), "that of another store was answered from")
    store.tables.delete("vectors_made", is_in("clip_id", intact.clip_ids[:100]))
    truth = graph_of(read_pooled(store.tables, store.space("made"), None).matrix, 5, exact=True)
    knn_graph(store, "made", 5, exact=True)
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "before", place)
    found = knn_graph(store, "made", 5, exact=True)
    promise.trial(np.array_equal(found.ids, truth.ids), "that from before was answered from")


def same(graph: Graph, intact: Graph) -> bool:
    told, before = ((one.clip_ids, one.ids.tolist(), one.scores.tolist()) for one in (graph, intact))
    return told == before


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_is_the_same(tmp_path: Path) -> None:
    store = fill(tmp_path / "library", clustered(20_000, 64))
    chooser = random.Random(0)
    kept: set[tuple[str, int]] = set()
    for _ in range(4):
        worker = start(store)
        try:
            worker.wait(timeout=chooser.uniform(1.0, 3.0))
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert worker.stdout is not None
        worker.stdout.close()
        folder = store.path / "indexes" / "made" / "graph-k10-exact"
        manifest = folder / "graph.json"
        named = {part["file"] for part in json.loads(manifest.read_text())["parts"]} if manifest.exists() else set()
        parts = {(name, (folder / name).stat().st_mtime_ns) for name in named}
        assert parts >= kept
        kept = parts
    assert kept
    graph = knn_graph(store, "made", 10, exact=True)
    truth = graph_of(read_pooled(store.tables, store.space("made"), None).matrix, 10, exact=True)
    assert np.array_equal(graph.ids, truth.ids)
    assert np.array_equal(graph.scores, truth.scores)


@pytest.mark.slow
def test_two_processes_that_ask_at_once_build_it_once(tmp_path: Path) -> None:
    store = fill(tmp_path / "library", clustered(20_000, 64))
    workers = [start(store), start(store)]
    time.sleep(2)
    began = time.time_ns()
    for worker in workers:
        assert worker.wait(timeout=300) == 0
        assert worker.stdout is not None
        worker.stdout.close()
    folder = store.path / "indexes" / "made" / "graph-k10-exact"
    assert len(list(folder.glob("part-*.arrow"))) == 80
    assert began > (folder / "clips.arrow").stat().st_mtime_ns  # written by the first alone
    assert np.array_equal(knn_graph(store, "made", 10).ids, graph_of(clustered(20_000, 64), 10, exact=True).ids)


@pytest.mark.slow
@pytest.mark.parametrize("lumpy", [True, False])
def test_the_recall_that_is_said_is_reached(lumpy: bool) -> None:
    chooser = np.random.default_rng(0)
    matrix = chooser.standard_normal((40_000, 12)).astype(np.float32)
    if lumpy:
        matrix += 3 * matrix[chooser.integers(400, size=len(matrix))]
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    graph = graph_of(matrix, 15, recall=0.99)
    assert not graph.exact
    rows = chooser.choice(len(matrix), 2000, replace=False)
    scores = matrix[rows].astype(np.float64) @ matrix.T.astype(np.float64)
    scores[np.arange(len(rows)), rows] = -np.inf
    last = -np.partition(-scores, 14, axis=1)[:, 14:15]
    recall = (graph.scores[rows] >= last - 1e-6).mean()
    assert graph.recall >= 0.99
    assert recall >= 0.985
    assert abs(recall - graph.recall) < 0.01


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["apart", "lumps", "copies"])
def test_memory_is_that_of_the_lists_and_a_block(kind: str) -> None:
    n, dim = 60_000, 64
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(n), str(dim), kind], capture_output=True, text=True, check=True
    )
    grown, exact, recall = done.stdout.split()
    assert exact == str(kind == "apart")
    assert float(recall) >= 0.98
    lists = n * 15 * 12
    again = n * dim * 4 if kind == "copies" else 0  # the distinct rows
    assert int(grown) < 6 * lists + again + (128 << 20)
