"""Exact HDBSCAN beside hdbscan's dense way and fast_hdbscan: time, memory, and whether the clusters are the same.

(That this file does not hide the library of its name is seen to by report.py.)

Every measurement is a process of its own on rows made anew from a seed. Time is of the clustering, after the libraries
are loaded and a thousand rows were clustered; memory is the peak of the whole process, libraries and rows included.
Rows are `uneven` below: a Zipf mixture of clusters in 12 dimensions, of unequal density, with noise and strays;
min_cluster_size and min_samples are 10.

ari_min: the lowest adjusted Rand index with the dense way, on 30 sets of 300 to 3,000 rows in 32 to 512 dimensions, of
which some have copies and ties; tree_weight_off_max: how far the weights of both trees are apart at most, as a share.
speedup_vs_dense_10k_512, memory_share_of_dense_10k_512: against hdbscan with algorithm="generic".
speedup_vs_fast_hdbscan_10k_512: against its second call on the same rows, without compiling. Of more than 30 dimensions
it takes pynndescent's approximate graph; ari_fast_hdbscan_10k_512 is of its labels with the dense way's.
speedup_vs_fast_hdbscan_kdtree_10k_512: against its exact way.
exact_50k_512_s, exact_50k_512_gb, exact_200k_512_s: ours alone, the rows `uneven`; the same on `synthetic.clustered` is
printed. approx_ari_50k: of approximate labels with exact ones, on both sets the lower.

    pip install 'fast_hdbscan[nndescent]'; python benchmarks/hdbscan.py                # everything: about 20 minutes
    python benchmarks/hdbscan.py --rows 10000 50000 --without fast        # the rest stays as it was measured
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from report import RESULTS, write_result
from synthetic import clustered

from echodex.pruning.cluster import ClusterConfig, cluster
from echodex.pruning.clustering.spanning import spanning_tree
from echodex.schemas.vector import Float32

DIM, LATENT, SETS = 512, 12, 30
SIZE = 10
Labels = np.ndarray[Any, np.dtype[np.integer[Any]]]


# ---------------------------------------------------------------------------------------------- the input


def uneven(n: int, dim: int, seed: int = 0, clusters: int = 60, copies: float = 0.0) -> Float32:
    """Return float32[n, dim], unit rows: a Zipf mixture of `clusters`, each as dense as it happens to be, noise, and a
    tenth strays; a share of `copies` are equal to others.
    """
    random = np.random.default_rng(seed)
    shares = 1 / np.arange(1, clusters + 1)
    cluster_of = random.choice(clusters, n, p=shares / shares.sum())
    spread = random.uniform(0.1, 0.5, clusters).astype(np.float32)
    inner = random.standard_normal((clusters, LATENT), dtype=np.float32)[cluster_of]
    inner += spread[cluster_of, None] * random.standard_normal((n, LATENT), dtype=np.float32)
    rows = inner @ (random.standard_normal((LATENT, dim), dtype=np.float32) / np.float32(LATENT**0.5))
    rows += np.float32(0.15) * random.standard_normal((n, dim), dtype=np.float32)
    stray = np.flatnonzero(random.random(n) < 0.1)
    rows[stray] = random.standard_normal((len(stray), dim), dtype=np.float32)
    count = int(copies * n)
    rows[random.integers(n, size=count)] = rows[random.integers(n, size=count)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


INPUTS: dict[str, Callable[[int, int], Float32]] = {"uneven": uneven, "clustered": clustered}


# ---------------------------------------------------------------------------------------------- the ways


def ours(matrix: Float32, approximate: bool = False) -> Labels:
    return cluster(matrix, ClusterConfig(min_cluster_size=SIZE, min_samples=SIZE, approximate=approximate)).labels


def dense(matrix: Float32) -> Labels:
    return np.asarray(dense_model(matrix).labels_)


def dense_model(matrix: Float32, *, tree: bool = False) -> Any:
    import hdbscan

    model = hdbscan.HDBSCAN(min_cluster_size=SIZE, min_samples=SIZE, algorithm="generic", gen_min_span_tree=tree)
    return model.fit(matrix.astype(np.float64))


def fast(matrix: Float32) -> Labels:
    import fast_hdbscan

    return np.asarray(fast_hdbscan.HDBSCAN(min_cluster_size=SIZE, min_samples=SIZE).fit(matrix).labels_)


def fast_kdtree(matrix: Float32) -> Labels:
    import fast_hdbscan

    ones = np.ones(len(matrix), dtype=np.float32)  # given weights, it takes its k-d tree in any dimension
    model = fast_hdbscan.HDBSCAN(min_cluster_size=SIZE, min_samples=SIZE)
    return np.asarray(model.fit(matrix, sample_weight=ones).labels_)


WAYS: dict[str, Callable[[Float32], Labels]] = {
    "ours": ours,
    "dense": dense,
    "fast": fast,
    "fast_kdtree": fast_kdtree,
}


def timed(way: str, rows: int, kind: str) -> dict[str, float]:
    matrix, work = INPUTS[kind](rows, DIM), WAYS[way]
    work(matrix if way.startswith("fast") else matrix[:1000])
    began_s = time.perf_counter()
    labels = work(matrix)
    seconds = time.perf_counter() - began_s
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"s": seconds, "gb": peak_gb, "clusters": int(labels.max()) + 1}


def agreement(rows: int, kind: str) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score

    matrix = INPUTS[kind](rows, DIM)
    return {"ari": adjusted_rand_score(ours(matrix), ours(matrix, approximate=True))}


def agreement_with_dense(sets: int) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score

    lowest, off = 1.0, 0.0
    for seed in range(sets):
        random = np.random.default_rng(seed)
        n, dim, clusters = random.integers(300, 3000), 2 ** random.integers(5, 10), random.integers(3, 30)
        matrix = uneven(int(n), int(dim), seed, int(clusters), copies=0.1 * (seed % 2))
        if seed % 5 == 0:  # a lattice: distances tie
            matrix = np.round(8 * matrix)
            matrix = matrix[matrix.any(axis=1)] / np.linalg.norm(matrix[matrix.any(axis=1)], axis=1, keepdims=True)
        reference = dense_model(matrix, tree=True)
        lowest = min(lowest, adjusted_rand_score(ours(matrix), reference.labels_))
        weight = reference.minimum_spanning_tree_.to_numpy()[:, 2].sum()
        off = max(off, abs(spanning_tree(matrix, SIZE)[2].sum() / weight - 1))
    return {"ari": lowest, "weight_off": off}


def agreement_of_fast(rows: int, kind: str) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score

    matrix = INPUTS[kind](rows, DIM)
    return {"ari": adjusted_rand_score(dense(matrix), fast(matrix))}


# ---------------------------------------------------------------------------------------------- running them


def run(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--child", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(*arguments, {figure: round(value, 4) for figure, value in found.items()}, flush=True)
    return found


def child(what: str, *arguments: str) -> dict[str, float]:
    if what == "agreement":
        return agreement(int(arguments[0]), arguments[1])
    if what == "agreement_of_fast":
        return agreement_of_fast(int(arguments[0]), arguments[1])
    if what == "agreement_with_dense":
        return agreement_with_dense(int(arguments[0]))
    return timed(what, int(arguments[0]), arguments[1])


def measure(rows: list[int], without: list[str]) -> dict[str, float]:
    """Return the figures of these sizes; a size that is not in a figure's name is only printed."""
    figures: dict[str, float] = {}
    if "sets" not in without:
        found = run("agreement_with_dense", str(SETS))
        figures |= {"ari_min": found["ari"], "tree_weight_off_max": found["weight_off"]}
    for n in rows:
        size = f"{n // 1000}k_{DIM}"
        own = run("ours", str(n), "uneven")
        run("ours", str(n), "clustered")
        if n <= 10_000 and "dense" not in without:
            peer = run("dense", str(n), "uneven")
            figures[f"speedup_vs_dense_{size}"] = peer["s"] / own["s"]
            figures[f"memory_share_of_dense_{size}"] = own["gb"] / peer["gb"]
        if n <= 10_000 and "fast" not in without:
            figures[f"speedup_vs_fast_hdbscan_{size}"] = run("fast", str(n), "uneven")["s"] / own["s"]
            figures[f"speedup_vs_fast_hdbscan_kdtree_{size}"] = run("fast_kdtree", str(n), "uneven")["s"] / own["s"]
            figures[f"ari_fast_hdbscan_{size}"] = run("agreement_of_fast", str(n), "uneven")["ari"]
        if n > 10_000:
            figures[f"exact_{size}_s"], figures[f"exact_{size}_gb"] = own["s"], own["gb"]
        if n == 50_000 and "approximate" not in without:
            figures["approx_ari_50k"] = min(run("agreement", str(n), kind)["ari"] for kind in INPUTS)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 50_000, 200_000])
    parser.add_argument("--without", nargs="*", default=[], choices=["sets", "dense", "fast", "approximate"])
    parser.add_argument("--dry", action="store_true", help="only print")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*options.child)))
        return
    figures = measure(options.rows, options.without)
    if options.dry:
        print(figures)
        return
    before = RESULTS / "hdbscan.json"
    known = json.loads(before.read_text())["figures"] if before.exists() else {}
    write_result("hdbscan", {**known, **figures})


if __name__ == "__main__":
    main()
