"""Memory does not grow with what a store holds but by what has to be known of each clip, and a search maps its index.

Each is measured in a process of its own, by what the kernel says of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.made import add_clips, add_vectors
from harness.promise import Promise

from echodex.api import Store
from echodex.testing.vectors import clustered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

DIM = 64
MB = 1e6

MEASURE = """
import json, re, sys
from pathlib import Path
from echodex.api import Store

def status(field):  # not ru_maxrss: a child inherits that of its parent
    return 1024 * int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""

ADD = (
    MEASURE
    + """
from echodex.store import embedding, ingest
ingest.COMMIT_CLIPS = embedding.COMMIT_CLIPS = int(sys.argv[3])
store, seen = Store.open(sys.argv[1]), []
def note(stage, done, total):
    if stage == "add":
        seen.append((done, status("VmRSS")))
report = store.add(sys.argv[2], embed="dummy", progress=note)
assert report.added == seen[-1][0], report
print(json.dumps(seen))
"""
)

SEARCH = (
    MEASURE
    + """
import numpy as np
store = Store.open(sys.argv[1], create=False)
queries = np.random.default_rng(0).normal(size=(50, int(sys.argv[2]))).astype(np.float32)
store.similar(queries[0], k=10, space="few", index="flat")  # what a search needs that has next to nothing to search
before = status("RssAnon")
for query in queries:
    store.similar(query, k=10, space="made", index="flat")
print(json.dumps(status("RssAnon") - before))
"""
)

PRUNE = (
    MEASURE
    + """
store = Store.open(sys.argv[1], create=False)
store.prune("facility", space="few", min_cluster_size=5)
before = status("VmRSS")
plan = store.prune("facility", space="made", min_cluster_size=10)
assert len(plan.plan.rows) == int(sys.argv[2])
print(json.dumps(status("VmHWM") - before))
"""
)


def measured(script: str, *arguments: object) -> Any:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture
def library(tmp_path: Path, promise: Promise) -> Path:
    """A store of many vectors, "made", and of few, "few", each with an exact index."""
    count = promise.size(20_000, 200_000)
    store = Store.open(tmp_path / "library")
    matrix, ids = clustered(count, DIM), [f"{row:08}" for row in range(count)]
    for first in range(0, count, 20_000):
        add_clips(store, ids[first : first + 20_000])
        add_vectors(store, "made", ids[first : first + 20_000], matrix[first : first + 20_000])
    add_vectors(store, "few", ids[:200], matrix[:200])
    for space in ("made", "few"):
        store.build_index("flat", space=space)
    return store.path


@pytest.mark.promise("P27")
def test_adding_grows_by_less_than_a_megabyte_a_thousand_clips(promise: Promise, tmp_path: Path) -> None:
    """A waveform that is not let go of would be 16 MB a thousand. The small run measures caches that fill up, too."""
    count, commit, most_mb = promise.size(1000, 10_000), promise.size(100, 512), promise.size(5, 1)
    (tmp_path / "audio").mkdir()
    for number in range(count):
        samples = np.random.default_rng(number).integers(-8000, 8000, 4000, dtype=np.int16)
        with wave.open(str(tmp_path / "audio" / f"{number:06}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    seen = np.array(measured(ADD, tmp_path / "library", tmp_path / "audio", commit), dtype=np.float64)
    seen = seen[len(seen) // 5 :]  # from then on all is loaded
    slope_mb = float(np.polyfit(seen[:, 0] / 1000, seen[:, 1] / MB, 1)[0])
    promise.figure("mb_per_1000_clips", round(slope_mb, 3))
    promise.trial(slope_mb < most_mb, f"{count} clips: {slope_mb:.2f} MB a thousand")


@pytest.mark.promise("P27")
def test_a_search_maps_its_index_and_pruning_holds_a_few_matrices(promise: Promise, library: Path) -> None:
    """Ceilings: of a search, half of the matrix that is searched, or 32 MB; of pruning, eight matrices and 400 MB."""
    count = Store.open(library).tables.count("vectors_made")
    matrix_mb = count * DIM * 4 / MB
    search_mb = measured(SEARCH, library, DIM) / MB
    promise.figure("search_mb", round(search_mb, 1))
    promise.trial(search_mb < max(matrix_mb / 2, 32), f"searching {count}: {search_mb:.0f} MB")
    prune_mb = measured(PRUNE, library, count) / MB
    promise.figure("prune_mb", round(prune_mb, 1))
    promise.trial(prune_mb < 8 * matrix_mb + 400, f"pruning {count}: {prune_mb:.0f} MB")
