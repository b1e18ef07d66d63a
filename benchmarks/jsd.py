"""Jensen-Shannon pruning: how long it takes on large clusters, and whether it does what it promises on random data.

seconds_100k, seconds_15k: selecting in one cluster of so many rows, `synthetic.clustered` of one gaussian in 24
dimensions plus noise in 512, of which the last 5 % are near copies of others; seconds_structured_100k: the same of 400
gaussians. Nothing is written for less than the full size.

monotone_share: of random data sets (3 to 6,000 rows, 2 to 256 dimensions, one to ten gaussians, some with copies, equal
rows or ties) the share in which t = 0 keeps all and what a larger t keeps is part of what a smaller one keeps.
duplicates_first_share: near copies are planted (cosine from .98 to 1, all other pairs below .98); of all data sets and
t that remove anything, the share in which as many pairs lost a member as rows were removed, or all pairs.

    python benchmarks/jsd.py                  # about 10 minutes on two cores
    python benchmarks/jsd.py --rows 20000     # to try it: prints, writes no result
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from numpy.typing import NDArray
from report import write_result
from synthetic import clustered

from echodex.pruning.selectors.jsd import JSD
from echodex.schemas.vector import Float32

ROWS, SMALL_ROWS, DIM = 100_000, 15_000, 512
TS = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 1.0)
DATA_SETS, LARGE_SETS = 100, 4
SCORE = 0.98

Rows = NDArray[np.int64]


def plant(matrix: Float32, share: float, random: np.random.Generator) -> Rows:
    """Make the last rows of the matrix copies of others, at cosines from SCORE to 1; return int64[c], of which."""
    count = int(share * len(matrix))
    originals = random.choice(len(matrix) - count, count, replace=False)
    rows = matrix[originals].astype(np.float64)
    aside = random.standard_normal(rows.shape)
    aside -= (aside * rows).sum(axis=1, keepdims=True) * rows
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosine = random.uniform(SCORE, 1, (count, 1))
    matrix[len(matrix) - count :] = cosine * rows + np.sqrt(1 - cosine**2) * aside
    return originals


def select(matrix: Float32, t: float) -> Rows:
    """Return the rows that are kept, best first."""
    chosen = JSD(t=t).select(matrix, np.random.default_rng(0))
    return chosen.order[: chosen.kept]


def seconds(rows: int, clusters: int) -> float:
    matrix = clustered(rows, DIM, clusters=clusters)
    plant(matrix, 0.05, np.random.default_rng(0))
    began_s = time.perf_counter()
    kept = select(matrix, 0.5)
    taken_s = time.perf_counter() - began_s
    print(f"{rows} rows, {clusters} gaussians: {taken_s:.1f} s, keeps {len(kept)}", flush=True)
    return taken_s


def any_data(seed: int, large: bool) -> Float32:
    """Return float32[m, d] of unit length: of one gaussian or several, perhaps with near copies, equal rows or ties."""
    random = np.random.default_rng(seed)
    m = int(random.integers(4100, 6000)) if large else int(random.integers(3, 800))
    dim, clusters = int(random.integers(2, 256)), int(random.integers(1, 10))
    matrix = clustered(m, dim, seed=seed, clusters=clusters, latent=int(random.integers(2, 32)))
    kind = seed % 4
    if kind == 1:
        plant(matrix, 0.3, random)
    elif kind == 2:
        matrix[m // 2 :] = matrix[: m - m // 2]
    elif kind == 3:
        matrix = np.sign(np.round(matrix * 4)) + np.eye(1, dim, dtype=np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix, dtype=np.float32)


def is_monotone(matrix: Float32) -> bool:
    kept = [set(select(matrix, t).tolist()) for t in TS]
    return len(kept[0]) == len(matrix) and all(more >= fewer for more, fewer in itertools.pairwise(kept))


def duplicates_first(seed: int, large: bool) -> list[bool]:
    """Return for each t that removes anything from a data set with planted copies whether those go first."""
    random = np.random.default_rng(seed)
    m = int(random.integers(4100, 6000)) if large else int(random.integers(20, 800))
    matrix = random.standard_normal((m, 128), dtype=np.float32) + np.float32(random.uniform(0, 1.5))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    originals = plant(matrix, random.uniform(0.05, 0.5), random)
    copies = np.arange(m - len(originals), m)
    found = []
    for t in TS[1:]:
        left = np.zeros(m, dtype=np.bool_)
        left[select(matrix, t)] = True
        lost = int((left[copies] ^ left[originals]).sum())  # a pair that lost one
        both = int((~left[copies] & ~left[originals]).sum())
        removed = m - int(left.sum())
        if removed:
            found.append(lost + both == min(removed, len(copies)))
    return found


def promises(small: int, large: int) -> dict[str, float]:
    seeds = [(seed, False) for seed in range(small)] + [(seed, True) for seed in range(small, small + large)]
    first = [one for seed, is_large in seeds for one in duplicates_first(seed, is_large)]
    print(f"{len(seeds)} data sets, {len(first)} that lose rows", flush=True)
    return {
        "monotone_share": float(np.mean([is_monotone(any_data(seed, is_large)) for seed, is_large in seeds])),
        "duplicates_first_share": float(np.mean(first)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    if rows != ROWS:
        seconds(rows, clusters=1)
        print(promises(DATA_SETS // 5, 1))
        return
    figures = {
        "seconds_100k": seconds(ROWS, clusters=1),
        "seconds_structured_100k": seconds(ROWS, clusters=400),
        "seconds_15k": seconds(SMALL_ROWS, clusters=1),
    }
    write_result("jsd", {**figures, **promises(DATA_SETS, LARGE_SETS)})


if __name__ == "__main__":
    main()
