"""Finding planted copies: recall, precision and CPU time, beside SemDeDup's published method and semhash.

Rows are `synthetic.clustered`, of which the last 5 % are copies of others, turned away from them in a random direction
to a cosine drawn evenly from .98 to 1. Each way runs in a process of its own on the same file with the same threads;
CPU time is of finding the duplicates alone, the median of REPEATS processes.

recall_200k: the share of planted pairs that echodex finds as a pair at score .98. precision_20k, recall_20k: of all
pairs it finds in the whole set between 20,000 rows, half of them ends of planted pairs, against all products of these
in float64. cpu_s_200k: pairs and star groups. cpu_vs_semdedup, cpu_vs_semhash: that over the peer's. recall_semdedup,
recall_semhash: the share of planted pairs of which the peer drops an end at least.

SemDeDup (Abbas et al., arXiv 2303.09540, and the settings of its published code): spherical k-means of FAISS, 100
iterations, seed 1234; in each cluster, hard examples first, all cosines; a row goes where an earlier one is nearer than
the threshold. The paper takes a cluster per 8,800 rows; here also 100 clusters and sqrt(n), and the figure is of the
cheapest. semhash: SemHash.from_embeddings and self_deduplicate with its defaults.

    pip install semhash; python benchmarks/duplicates.py     # about 15 minutes on two cores
    python benchmarks/duplicates.py --rows 20000             # to try it: prints, writes no result
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import write_result
from synthetic import clustered

from echodex.schemas.vector import Float32

ROWS, DIM = 200_000, 512
PLANTED = 0.05
SCORE = 0.98
SAMPLE = 20_000
REPEATS = 3

Rows = NDArray[np.int64]


# ---------------------------------------------------------------------------------------------- the input


def plant(matrix: Float32, seed: int = 0) -> Rows:
    """Make the last rows of the matrix copies of others, at cosines from SCORE to 1; return int64[c], of which."""
    random = np.random.default_rng(seed)
    count = int(PLANTED * len(matrix))
    originals = random.choice(len(matrix) - count, count, replace=False)
    rows = matrix[originals].astype(np.float64)
    aside = random.standard_normal(rows.shape)
    aside -= (aside * rows).sum(axis=1, keepdims=True) * rows
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosine = random.uniform(SCORE, 1, (count, 1))
    matrix[-count:] = cosine * rows + np.sqrt(1 - cosine**2) * aside
    return originals


def found_by_drops(kept: NDArray[np.bool_], originals: Rows) -> float:
    """Return the share of planted pairs of which not both ends are kept."""
    copies = np.arange(len(kept) - len(originals), len(kept))
    return float(1 - (kept[copies] & kept[originals]).mean())


# ---------------------------------------------------------------------------------------------- the ways


def ours(matrix: Float32, originals: Rows) -> dict[str, float]:
    from echodex.indexing.groups.pairs import near_pairs
    from echodex.indexing.groups.stars import stars_of

    began_s = time.process_time()
    pairs = near_pairs(matrix, SCORE)
    groups = stars_of(matrix, pairs)
    cpu_s = time.process_time() - began_s
    first = len(matrix) - len(originals)
    found = [original in pairs.near(first + number) for number, original in enumerate(originals)]
    precision, recall = against_brute_force(matrix, originals, pairs.near)
    print(f"{len(groups)} groups, exact {pairs.exact}, {pairs.cells_searched} cells searched", file=sys.stderr)
    return {"cpu_s": cpu_s, "recall": float(np.mean(found)), "precision_sample": precision, "recall_sample": recall}


def against_brute_force(matrix: Float32, originals: Rows, near: Callable[[int], Rows]) -> tuple[float, float]:
    """Return precision and recall of the pairs between SAMPLE rows, half of them ends of planted pairs."""
    from echodex.indexing.near import ROUNDING

    planted = min(len(originals), SAMPLE // 4)
    copies = np.arange(len(matrix) - len(originals), len(matrix))[:planted]
    ends = np.concatenate([copies, originals[:planted]])
    others = np.setdiff1d(np.random.default_rng(1).permutation(len(matrix))[:SAMPLE], ends)
    rows = np.sort(np.concatenate([ends, others])[:SAMPLE])
    wide = matrix[rows].astype(np.float64)
    right = wrong = missed = 0
    for start in range(0, len(rows), 1000):
        truth = wide[start : start + 1000] @ wide.T >= SCORE - ROUNDING
        found = np.stack([np.isin(rows, near(int(row))) for row in rows[start : start + 1000]])
        truth[np.arange(len(truth)), start + np.arange(len(truth))] = False
        right += int((found & truth).sum())
        wrong += int((found & ~truth).sum())
        missed += int((~found & truth).sum())
    return right / (right + wrong), right / (right + missed)


def semdedup(matrix: Float32, originals: Rows, clusters: int) -> dict[str, float]:
    import faiss
    import torch

    began_s = time.process_time()
    kmeans = faiss.Kmeans(matrix.shape[1], clusters, niter=100, seed=1234, spherical=True)
    kmeans.train(matrix)
    cosine, cluster = (found[:, 0] for found in kmeans.index.search(matrix, 1))
    kept = np.ones(len(matrix), dtype=np.bool_)
    for number in range(clusters):
        members = np.flatnonzero(cluster == number)
        members = members[np.argsort(cosine[members], kind="stable")]  # farthest from the centroid first: "hard"
        if len(members) > 1:
            vectors = torch.from_numpy(matrix[members])
            nearest = torch.triu(vectors @ vectors.T, diagonal=1).max(dim=0).values
            kept[members[(nearest > SCORE).numpy()]] = False
    return {"cpu_s": time.process_time() - began_s, "recall": found_by_drops(kept, originals)}


def semhash(matrix: Float32, originals: Rows) -> dict[str, float]:
    from semhash import SemHash

    class Unused:
        """SemHash wants an encoder; with vectors at hand it never asks it."""

        def encode(self, *_: object, **__: object) -> Float32:
            raise AssertionError("not to be called")

    records = [str(row) for row in range(len(matrix))]
    began_s = time.process_time()
    result = SemHash.from_embeddings(matrix, records=records, model=Unused()).self_deduplicate(threshold=SCORE)
    cpu_s = time.process_time() - began_s
    kept = np.zeros(len(matrix), dtype=np.bool_)
    kept[[int(record) for record in result.selected]] = True
    return {"cpu_s": cpu_s, "recall": found_by_drops(kept, originals)}


# ---------------------------------------------------------------------------------------------- running them


def child(way: str, folder: Path) -> None:
    matrix, originals = np.load(folder / "matrix.npy"), np.load(folder / "originals.npy")
    name, _, clusters = way.partition(":")
    if name == "semdedup":
        found = semdedup(matrix, originals, int(clusters))
    else:
        found = {"ours": ours, "semhash": semhash}[name](matrix, originals)
    print(json.dumps(found))


def run(way: str, folder: Path, repeats: int) -> dict[str, float]:
    """Return the medians of what `repeats` processes measured of one way."""
    results = []
    for _ in range(repeats):
        arguments = [sys.executable, __file__, "--child", way, "--folder", str(folder)]
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}  # a thread that waits must not count as work
        done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    found = {figure: statistics.median(result[figure] for result in results) for figure in results[0]}
    print(way, {figure: round(value, 5) for figure, value in found.items()}, flush=True)
    return found


def compare(rows: int, repeats: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        matrix = clustered(rows, DIM)
        np.save(folder / "originals.npy", plant(matrix))
        np.save(folder / "matrix.npy", matrix)
        del matrix
        own = run("ours", folder, repeats)
        counts = sorted({max(2, round(rows / 8800)), 100, round(rows**0.5)})
        cheapest = min((run(f"semdedup:{count}", folder, repeats) for count in counts), key=lambda way: way["cpu_s"])
        hashed = run("semhash", folder, repeats)
    return {
        "recall_200k": own["recall"],
        "precision_20k": own["precision_sample"],
        "recall_20k": own["recall_sample"],
        "cpu_s_200k": own["cpu_s"],
        "cpu_vs_semdedup": own["cpu_s"] / cheapest["cpu_s"],
        "cpu_vs_semhash": own["cpu_s"] / hashed["cpu_s"],
        "recall_semdedup": cheapest["recall"],
        "recall_semhash": hashed["recall"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder)
    elif options.rows == ROWS:
        write_result("duplicates", compare(options.rows, options.repeats))
    else:
        print(compare(options.rows, options.repeats))


if __name__ == "__main__":
    main()
