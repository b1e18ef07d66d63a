"""The cost model against measured runs: fitted on all sizes but the largest, it says what that one costs.

Rows are `synthetic.clustered`, of 128 and of 512 numbers. Each size and length has a process of its own, which makes a
store and goes through the stages of cost_model.STAGES; libraries are loaded, and all was done once on a few rows. An
exact graph is measured on some rows against all and scaled; exact HDBSCAN up to EXACT_ROWS. cpu_s: of all cores;
peak_gb: the most memory resident in the stage, libraries and rows included; disk_gb: of the tables, the index or the
view.

cost_model_error_max: the largest error of a prediction, relative to what was measured, over the stages and what they
cost, at the largest size that a stage was measured at and not fitted on. "STAGE FIGURE error": of one. "STAGE FIGURE
TERM": the coefficients, fitted on all sizes and on what knn_graph, duplicates and hdbscan.json say, of which plan.py
makes its plans. decode_x_SUFFIX, encode_x_clmr: seconds
of audio for a second of one core, to mono at 22,050 Hz, and of the published network.

    python benchmarks/scale_model.py                      # half an hour on two cores, 12 GB of disk
    python benchmarks/scale_model.py --sizes 2000 10000 30000 60000 --dims 64 128

Sizes up to TWICE_ROWS are measured twice, and the least counts: other work on a machine only ever adds. With
`--runs FILE` what each run took is kept there, and a run that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cost_model
import numpy as np
import pyarrow as pa
import synthetic
from cost_model import CPU_S, DISK_GB, PEAK_GB, STAGES, Measured
from ingest import clmr, make_files
from one_core import one_core, realtime_factor
from report import RESULTS, write_result

from echodex.api import Store
from echodex.audio.clip import decode_clip
from echodex.indexing.groups.pairs import near_pairs
from echodex.indexing.groups.stars import stars_of
from echodex.indexing.neighbours.graph_search import graph_of
from echodex.indexing.neighbours.nearest import ExactFinder
from echodex.pruning.cluster import ClusterConfig, cluster
from echodex.pruning.selectors.facility import Facility
from echodex.schemas.vector import Float32
from echodex.schemas.view import VIEW_ROWS
from echodex.training.memory import give_back

SIZES, DIMS = (10_000, 30_000, 100_000, 300_000, 1_000_000), (128, 512)
EXACT_ROWS = 100_000
TWICE_ROWS = 300_000
K, SCORE, EPS, CLUSTERS = 15, 0.98, 0.05, 400
SAMPLED = 2_000
WARM_ROWS = 400
CLIP_S, FILES = 30.0, 6


def measure(n: int, dim: int) -> list[Measured]:
    """Return what each stage takes of n rows of `dim` numbers."""
    with tempfile.TemporaryDirectory() as name:
        Stages(Path(name) / "warm", WARM_ROWS, dim).all()
        return Stages(Path(name) / "library", n, dim).all()


class Stages:
    """A store of n made-up clips, and every stage on it in turn."""

    def __init__(self, folder: Path, n: int, dim: int) -> None:
        self._folder, self._n, self._dim = folder, n, dim
        self._done: list[Measured] = []

    def all(self) -> list[Measured]:
        """Return what they took; those that do not hold the rows come first, so that memory is their own."""
        self._write()
        store = Store.open(self._folder)
        self._timed(
            "view", lambda: store.save_view("lean", view_of(store), {}, None), self._folder / "view__lean__v1.lance"
        )
        if self._n > WARM_ROWS:
            self._timed("index", lambda: store.build_index("ivf"), self._folder / "indexes")
        self._timed("read", store.vectors)
        matrix = synthetic.clustered(self._n, self._dim)
        self._timed("duplicates", lambda: stars_of(matrix, near_pairs(matrix, SCORE)))
        self._timed("graph", lambda: graph_of(matrix, K))
        self._timed("graph-exact", lambda: exact_lists(matrix), times=self._n / min(SAMPLED, self._n))
        self._timed("cluster", lambda: cluster(matrix, ClusterConfig(approximate=True)))
        if self._n <= EXACT_ROWS:
            self._timed("cluster-exact", lambda: cluster(matrix, ClusterConfig()))
        self._timed("facility", lambda: select(matrix))
        return self._done

    def _write(self) -> None:
        matrix, step = synthetic.clustered(self._n, self._dim), synthetic.BLOCK_ROWS
        blocks = (matrix[first : first + step] for first in range(0, self._n, step))
        self._timed("write", lambda: synthetic.store_of(self._folder, self._n, self._dim, blocks), self._folder)

    def _timed(self, stage: str, work: Callable[[], object], files: Path | None = None, times: float = 1.0) -> None:
        """Note what `work`, a share of a stage `times` as much, takes, and the bytes of `files` after it."""
        give_back()
        Path("/proc/self/clear_refs").write_text("5")  # the peak of resident memory begins anew
        began_s = time.process_time()
        work()
        figures = {CPU_S: (time.process_time() - began_s) * times}
        if PEAK_GB in STAGES[stage].costs:
            figures[PEAK_GB] = peak_gb()
        if files:
            figures[DISK_GB] = sum(path.stat().st_size for path in files.rglob("*") if path.is_file()) / 1e9
        self._done.append(Measured(stage, self._n, self._dim, figures))


def peak_gb() -> float:
    """Return the most memory that was resident since it was last asked to begin anew."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e9


def view_of(store: Store) -> pa.Table:
    """Return the rows of a view that keeps all clips of a store."""
    ids = store.clips(["clip_id"]).column(0).combine_chunks()
    same = {"kept": True, "split": "", "cluster": -2, "similarity": 1.0, "gain": 0.0, "reason": "selected"}
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    columns = {name: pa.repeat(pa.scalar(value, schema.field(name).type), len(ids)) for name, value in same.items()}
    columns |= {"clip_id": ids, "representative": ids, "rank": pa.array(range(len(ids)))}
    return pa.table(columns).select(schema.names).cast(schema)


def exact_lists(matrix: Float32) -> None:
    """Find the true neighbours of SAMPLED rows among all."""
    rows = np.random.default_rng(0).choice(len(matrix), min(SAMPLED, len(matrix)), replace=False)
    ExactFinder(matrix, np.zeros(len(matrix), np.bool_), "cpu").nearest(np.sort(rows), K)


def select(matrix: Float32) -> None:
    """Select in each of the clusters that the rows were drawn from."""
    block, blocks = synthetic.BLOCK_ROWS, -(-len(matrix) // synthetic.BLOCK_ROWS)
    drawn = [np.random.default_rng([0, number]).integers(CLUSTERS, size=block) for number in range(blocks)]
    labels = np.concatenate(drawn)[: len(matrix)]
    order = np.argsort(labels, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(labels, minlength=CLUSTERS))[:-1]):
        if len(members):
            Facility(eps=EPS).select(matrix[members], np.random.default_rng(0))


def audio() -> dict[str, float]:
    """Return how many seconds of audio a core decodes, and the largest encoder encodes, in one."""
    figures = {}
    with tempfile.TemporaryDirectory() as name, one_core():
        for suffix in (".wav", ".flac", ".mp3"):
            paths = make_files(Path(name) / suffix[1:], FILES, CLIP_S, 44_100, suffix)
            decode_clip(paths[0], sample_rate_hz=22_050)
            began_s = time.process_time()
            waveforms = [decode_clip(path, sample_rate_hz=22_050).waveform for path in paths]
            figures[f"decode_x_{suffix[1:]}"] = FILES * CLIP_S / (time.process_time() - began_s)
    ready = [waveform for waveform in waveforms[:1] if waveform is not None]
    return {**figures, "encode_x_clmr": realtime_factor(clmr(), ready, repeats=1)}


def held_out(measured: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Return what to fit on, and of each stage the largest size, where it was measured at others within its range."""
    fitted: list[Measured] = []
    asked: list[Measured] = []
    for name, stage in STAGES.items():
        points = [each for each in measured if each.stage == name and stage.least <= each.n <= stage.most]
        largest = max((each.n for each in points), default=0)
        if any(each.n < largest for each in points):
            asked += [each for each in points if each.n == largest]
            fitted += [each for each in points if each.n < largest]
    return fitted, asked


def earlier() -> list[Measured]:
    """Return what other scripts measured at larger sizes."""
    return [
        Measured(stage, n, dim, {figure: result(file, name)})
        for stage, n, dim, figure, file, name in (
            ("graph", 200_000, 512, CPU_S, "knn_graph", "cpu_s_200k_512"),
            ("graph", 1_000_000, 512, PEAK_GB, "knn_graph", "peak_gb_1m_512"),
            ("graph", 1_000_000, 128, PEAK_GB, "knn_graph", "peak_gb_1m_128"),
            ("duplicates", 200_000, 512, CPU_S, "duplicates", "cpu_s_200k"),
            ("cluster-exact", 50_000, 512, PEAK_GB, "hdbscan", "exact_50k_512_gb"),
            ("cluster-exact", 200_000, 512, PEAK_GB, "hdbscan", "exact_200k_512_gb"),
        )
    ]


def result(file: str, name: str) -> float:
    """Return a figure that is written down beside this script."""
    return float(json.loads((RESULTS / f"{file}.json").read_text())["figures"][name])


def figures_of(measured: Sequence[Measured]) -> dict[str, float]:
    """Return the errors of predictions, and the coefficients of the model of everything."""
    fitted, asked = held_out(measured)
    off = cost_model.errors(cost_model.fit(fitted), asked)
    worst = max(off, key=lambda name: off[name])
    print(f"furthest off: {worst}", file=sys.stderr)
    named = {f"{name} error": value for name, value in off.items()}
    return {"cost_model_error_max": off[worst], **named, **cost_model.fit([*measured, *earlier()]).figures()}


def in_processes(sizes: Sequence[tuple[int, int]], runs: Path | None) -> list[Measured]:
    """Return what each size takes, each run in a process of its own unless `runs` has it, where it is kept."""
    found = [Measured(**json.loads(line)) for line in runs.read_text().splitlines()] if runs and runs.exists() else []
    for n, dim in sizes:
        done = Counter(each.stage for each in found if (each.n, each.dim) == (n, dim))
        for _ in range(max(done.values(), default=0), 2 if n <= TWICE_ROWS else 1):
            command = [sys.executable, __file__, "--measure", str(n), str(dim)]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            if runs:
                with runs.open("a") as file:
                    file.write(told)
            found += [Measured(**json.loads(line)) for line in told.splitlines()]
            print(f"{n} x {dim} measured", file=sys.stderr, flush=True)
    return least([each for each in found if (each.n, each.dim) in sizes])


def least(measured: Sequence[Measured]) -> list[Measured]:
    """Return one of each stage and size, with the least of each figure."""
    found: dict[tuple[str, int, int], Measured] = {}
    for each in measured:
        key = each.stage, each.n, each.dim
        before = found[key].figures if key in found else each.figures
        found[key] = Measured(*key, {figure: min(value, before[figure]) for figure, value in each.figures.items()})
    return list(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--dims", type=int, nargs="+", default=DIMS)
    parser.add_argument("--runs", type=Path, metavar="FILE", help="lines of JSON: what was measured")
    parser.add_argument("--measure", type=int, nargs=2, metavar=("N", "DIM"), help="one size; prints lines of JSON")
    options = parser.parse_args()
    if options.measure:
        print(*(json.dumps(vars(each)) for each in measure(*options.measure)), sep="\n")
        return
    measured = in_processes([(n, dim) for n in options.sizes for dim in options.dims], options.runs)
    write_result("scale_model", figures_of(measured) | audio())


if __name__ == "__main__":
    main()
