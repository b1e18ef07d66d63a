"""The same clips come to the same: in whatever order they were added, on one thread and on four, in a copy of the
store, and in a process that starts anew.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.made import add_clips, add_vectors
from harness.promise import Promise
from numpy.typing import NDArray

from echodex.api import Store
from echodex.testing.vectors import clustered

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

ASKED = """
import hashlib, json, sys
import numpy as np
from echodex.api import Store
from echodex.pruning.selectors.registry import names

store = Store.open(sys.argv[1], create=False)

def told(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]

def partition(rows):
    "Clusters as sets of clips: their numbers may be others."
    found = {}
    for row in sorted(rows, key=lambda row: row["clip_id"]):
        found.setdefault(row["label"], []).append(row["clip_id"])
    return sorted(found.items()) if set(found) <= {-1} else [found.pop(-1, []), *sorted(found.values())]

vectors = store.vectors("made")
answers = {"ids": told(vectors.clip_ids), "vectors": hashlib.sha256(vectors.matrix.tobytes()).hexdigest()}
answers["duplicates"] = told(store.duplicates(space="made", min_score=0.97))
for algorithm, settings in (("hdbscan", {"min_cluster_size": 8}), ("kmeans", {"clusters": 12})):
    run = store.cluster("made", algorithm=algorithm, **settings)
    answers[algorithm] = told(partition(store.cluster_rows("made", run.run).to_pylist()))
for selector in names():
    stop = {"eps": 0.6} if selector in ("facility", "kcenter", "semdedup") else {"keep": 0.4}
    view = store.prune(selector, space="made", min_cluster_size=8, noise="cluster", **stop).save(selector)
    answers[selector] = told([view.content_hash, view.rows().drop_columns(["row_id"]).to_pylist()])
hits = [store.similar(one, k=15, space="made") for one in vectors.clip_ids[:20]]
answers["similar"] = told([[(hit.clip_id, hit.score) for hit in found] for found in hits])
print(json.dumps(answers))
"""


def fill(folder: Path, ids: list[str], matrix: NDArray[np.float32], order: NDArray[np.int64], parts: int) -> Path:
    """Make a store of clips and their vectors, in an order, in so many commits."""
    store = Store.open(folder)
    for rows in np.array_split(order, parts):
        add_clips(store, [ids[row] for row in rows])
        add_vectors(store, "made", [ids[row] for row in rows], matrix[rows])
    return folder


def answers_of(library: Path, threads: int) -> dict[str, Any]:
    environment = os.environ | dict.fromkeys(THREADS, str(threads))
    command = [sys.executable, "-c", ASKED, str(library)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.promise("P10")
def test_the_same_clips_come_to_the_same(tmp_path: Path, promise: Promise) -> None:
    count = promise.size(300, 3000)
    matrix = clustered(count, 515)  # of a length at which BLAS sums in another order on four threads
    copies = matrix[: count // 10] + 0.001 * np.random.default_rng(1).normal(size=(count // 10, 515)).astype(np.float32)
    matrix = np.concatenate([matrix, copies / np.linalg.norm(copies, axis=1, keepdims=True)])
    ids = [f"{row * 7919 % 1_000_003:08x}" for row in range(len(matrix))]
    sorted_in = fill(tmp_path / "sorted", ids, matrix, np.argsort(ids), 1)
    shuffled = fill(tmp_path / "shuffled", ids, matrix, np.random.default_rng(2).permutation(len(ids)), 5)
    moved = Path(shutil.copytree(shuffled, tmp_path / "elsewhere" / "copy"))
    again = Path(shutil.copytree(sorted_in, tmp_path / "again"))
    truth = answers_of(sorted_in, 1)
    asked = [("shuffled, copied, 4 threads", moved, 4)]
    if promise.full:
        asked += [("shuffled, 1 thread", shuffled, 1), ("4 threads", again, 4), ("asked again", sorted_in, 1)]
    for what, library, threads in asked:
        found = answers_of(library, threads)
        assert found.keys() == truth.keys()
        for question, answer in found.items():
            promise.trial(answer == truth[question], f"{what}: another answer of {question}")
