"""Facility location in one cluster: how long it takes, beside apricot and submodlib, and how good it is.

The cluster is `synthetic.clustered` (a gaussian per 30 rows, 512 dimensions) leaning to one side, so that all of it is
near its medoid. Each way runs in a process of its own on the same file with the same threads, after a first call on a
few rows that compiles and imports; the figures are medians of REPEATS processes, wall time.

seconds_3k, seconds_15k, seconds_100k: Facility(eps=0.2), from the vectors to the order of all rows and the cut; up to
facility.DENSE_ROWS rows on all cosines, above on lists of near rows. peak_gb_100k: memory of that process, the matrix
(0.2 GB) and libraries included.

speedup_vs_apricot, speedup_vs_submodlib: the peer's time over ours at the same rows, the peer asked for as many clips
as we keep. apricot: FacilityLocationSelection(metric="cosine", optimizer="lazy") from the vectors. submodlib:
FacilityLocationFunction(mode="dense"), LazyGreedy, on cosines made as ours are, their time included; its own way of
making them is slower. objective_vs_apricot, objective_vs_submodlib: our F(S) over theirs.

objective_share_of_dense: the least F(S) of the sparse way over the exact dense greedy's, at the counts that the dense
one keeps for eps .02, .05, .1, .2 and .3, of 10,000 and 15,000 rows; objective_share_few: the least at 2 to 50 picks.

    pip install apricot-select submodlib-py; python benchmarks/facility.py    # about 15 minutes on two cores
    python benchmarks/facility.py --rows 3000                     # one size alone: prints, writes no result
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import write_result
from synthetic import clustered

from echodex.pruning.selectors.base import similarities
from echodex.pruning.selectors.facility import Facility, select_dense, select_sparse
from echodex.schemas.vector import Float32

SIZES, LARGE, DIM = {3_000: "3k", 15_000: "15k"}, 100_000, 512
EPS, QUALITY_EPS = 0.2, (0.02, 0.05, 0.1, 0.2, 0.3)
FEW = (2, 3, 5, 10, 20, 30, 50)
QUALITY_ROWS = (10_000, 15_000)
ROWS_PER_GROUP, WARM_ROWS, REPEATS = 30, 200, 3

Rows = NDArray[np.int64]


def cluster(rows: int, dim: int) -> Float32:
    """Return float32[rows, dim], of unit length: groups of rows, turned halfway towards one direction."""
    matrix = clustered(rows, dim, clusters=max(1, rows // ROWS_PER_GROUP))
    side = np.random.default_rng(1).standard_normal(dim, dtype=np.float32)
    matrix += side / np.linalg.norm(side)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


def objective(matrix: Float32, chosen: Rows) -> float:
    """Return F(S), from the vectors."""
    blocks = np.array_split(matrix, max(1, len(matrix) // 2000))
    return float(np.concatenate([(block @ matrix[chosen].T).max(axis=1) for block in blocks]).mean(dtype=np.float64))


# ---------------------------------------------------------------------------------------------- the ways


def ours(matrix: Float32, _count: int) -> Rows:
    """Return what is kept; how many that are is for eps to say."""
    chosen = Facility(eps=EPS).select(matrix, np.random.default_rng(0))
    return chosen.order[: chosen.kept]


def apricot(matrix: Float32, count: int) -> Rows:
    from apricot import FacilityLocationSelection

    return np.asarray(FacilityLocationSelection(count, metric="cosine", optimizer="lazy").fit(matrix).ranking)


def submodlib(matrix: Float32, count: int) -> Rows:
    from submodlib.functions.facilityLocation import FacilityLocationFunction

    function = FacilityLocationFunction(n=len(matrix), mode="dense", sijs=similarities(matrix), separate_rep=False)
    return np.array([row for row, _ in function.maximize(count, optimizer="LazyGreedy", show_progress=False)])


WAYS = {"ours": ours, "apricot": apricot, "submodlib": submodlib}


# ---------------------------------------------------------------------------------------------- running them


def child(way: str, path: Path, count: int) -> None:
    warnings.simplefilter("ignore")  # the peers': of names that SciPy and NumPy give up
    matrix = np.load(path)
    WAYS[way](matrix[:WARM_ROWS], 10)
    began_s = time.perf_counter()
    chosen = WAYS[way](matrix, count)
    taken_s = time.perf_counter() - began_s
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"s": taken_s, "gb": peak_gb, "count": len(chosen), "objective": objective(matrix, chosen)}))


def run(way: str, path: Path, count: int, repeats: int) -> dict[str, float]:
    """Return the medians of what `repeats` processes measured of one way."""
    results = []
    for _ in range(repeats):
        arguments = [sys.executable, __file__, "--child", way, "--matrix", str(path), "--count", str(count)]
        done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    found = {figure: statistics.median(result[figure] for result in results) for figure in results[0]}
    print(path.stem, way, {figure: round(value, 5) for figure, value in found.items()}, flush=True)
    return found


def compare(rows: int, dim: int, repeats: int, *, peers: bool) -> dict[str, float]:
    """Return the figures of one size, without its name."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"{rows}x{dim}.npy"
        np.save(path, cluster(rows, dim))
        own = run("ours", path, 0, repeats)
        figures = {"seconds": own["s"], "peak_gb": own["gb"]}
        for peer in ("apricot", "submodlib") if peers else ():
            other = run(peer, path, int(own["count"]), repeats)
            figures[f"speedup_vs_{peer}"] = other["s"] / own["s"]
            figures[f"objective_vs_{peer}"] = own["objective"] / other["objective"]
    return figures


def quality(rows: int, dim: int) -> dict[str, float]:
    """Return the least shares of the dense greedy's F(S) that the sparse way reaches at the same counts."""
    matrix = cluster(rows, dim)
    sparse = select_sparse(matrix, EPS, None).order
    chosen = select_dense(matrix, EPS, None)
    dense, lost, found = chosen.order, 1 - np.cumsum(chosen.gains, dtype=np.float64), {}
    kept = [int(np.argmax(lost <= eps * lost[0])) + 1 for eps in QUALITY_EPS]
    for name, counts in (("share_of_dense", kept), ("share_few", FEW)):
        shares = {count: objective(matrix, sparse[:count]) / objective(matrix, dense[:count]) for count in counts}
        print(rows, name, "by picks", {count: round(share, 5) for count, share in shares.items()}, flush=True)
        found[f"objective_{name}"] = min(shares.values())
    return found


def full(dim: int, repeats: int) -> dict[str, float]:
    large = compare(LARGE, dim, 1, peers=False)
    figures = {"seconds_100k": large["seconds"], "peak_gb_100k": large["peak_gb"]}
    for rows, label in SIZES.items():
        found = compare(rows, dim, repeats, peers=True)
        figures |= {f"{figure}_{label}": value for figure, value in found.items() if figure != "peak_gb"}
    shares = [quality(rows, dim) for rows in QUALITY_ROWS]
    return figures | {figure: min(share[figure] for share in shares) for figure in shares[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="this many rows alone; peers and quality up to 15,000")
    parser.add_argument("--dim", type=int, default=DIM)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--matrix", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.matrix, options.count)
    elif options.rows:
        small = options.rows <= max(SIZES)
        figures = compare(options.rows, options.dim, options.repeats, peers=small)
        print(figures | (quality(options.rows, options.dim) if small else {}))
    elif options.dim == DIM:
        write_result("facility", full(options.dim, options.repeats))
    else:
        print(full(options.dim, options.repeats))


if __name__ == "__main__":
    main()
