"""Search for versions: candidates by an index of segments and an exact re-rank, against comparing everything.

Works of SHINGLES made-up segments each, in clusters (styles); the query is another performance of a work: its segments
in another order, some of them replaced, all of them blurred. Brute force holds all vectors in memory and reduces the
distances of all pairs of segments, block by block, with the reduction that the re-rank has, too. Both with all threads
that there are, in turns.

rerank_speedup_WORKS: brute force's median wall time of a query over that of `similar --match versions`;
rerank_top10_recall_WORKS: the share of brute force's ten best that it finds; rerank_version_first_WORKS: how often the
work itself comes first, rerank_brute_version_first_WORKS: by brute force; rerank_ms_WORKS and rerank_ms_p95_WORKS: of a
query alone, once the process holds all vectors; rerank_ms_reading_WORKS: of one that reads candidates from the store,
as the first queries of a process do; rerank_hold_s_WORKS: of the query after which all are held; rerank_qps_WORKS:
queries in turn, a second; brute_ms_WORKS; rerank_build_s_WORKS: of the first query, which builds the index.

    python benchmarks/versions.py --works 10000        # some minutes; 100,000 works, the default, take 6 GB of memory
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from report import RESULTS, write_result
from synthetic import clip_ids, store_of

from echodex.api import Store
from echodex.indexing.metric import Metric
from echodex.indexing.segment_sets.distances import segment_distances
from echodex.indexing.segment_sets.reductions import reduce
from echodex.indexing.segment_sets.vectors import HOLD_AFTER
from echodex.schemas.vector import Float32

FULL = 100_000
SHINGLES = 30
K = 10
STYLES = 400
LATENT = 24
WORK_SPREAD, PART_SPREAD, NOISE = 0.6, 0.6, 0.3
"""Standard deviations: of works around their style, whose own is 1, of the parts of a work, and of everything else."""
REPLACED = 0.3
"""Share of a work's segments that another performance does not have."""
BLOCK = 2048
"""Works that brute force compares at once."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Works:
    """Made-up works: the same for the same seed. `dim` numbers a segment."""

    dim: int
    seed: int = 0

    def _latent(self, work: int) -> NDArray[np.float32]:
        random = np.random.default_rng([self.seed, work])
        style = np.random.default_rng([self.seed, 1 << 40, int(random.integers(STYLES))]).standard_normal(LATENT)
        own = style + WORK_SPREAD * random.standard_normal(LATENT)
        return (own + PART_SPREAD * random.standard_normal((SHINGLES, LATENT))).astype(np.float32)

    def _heard(self, latent: NDArray[np.float32], random: np.random.Generator) -> Float32:
        mapped = np.random.default_rng(self.seed).standard_normal((LATENT, self.dim)).astype(np.float32)
        rows = latent @ (mapped / np.float32(LATENT**0.5))
        rows += NOISE * random.standard_normal(rows.shape).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def recording(self, work: int) -> Float32:
        """Return float32[SHINGLES, dim]: the performance that the store holds."""
        return self._heard(self._latent(work), np.random.default_rng([self.seed, work, 1]))

    def version(self, work: int) -> Float32:
        """Return float32[SHINGLES, dim]: another performance."""
        random = np.random.default_rng([self.seed, work, 2])
        latent = self._latent(work)[random.permutation(SHINGLES)]
        other = random.random(SHINGLES) < REPLACED
        latent[other] = latent[other].mean(axis=0) + PART_SPREAD * random.standard_normal((other.sum(), LATENT))
        return self._heard(latent, random)

    def blocks(self, count: int) -> Iterator[Float32]:
        """Yield the recordings of `count` works, float32[BLOCK, SHINGLES, dim] at a time."""
        for start in range(0, count, BLOCK):
            yield np.stack([self.recording(work) for work in range(start, min(start + BLOCK, count))])


def brute_force(sets: Sequence[torch.Tensor], query: Float32, redux: str) -> Rows:
    """Return the K nearest works, int64[K], best first, by comparing all; sets: float32[BLOCK, SHINGLES, dim] each."""
    own = torch.from_numpy(query)[None]
    far = torch.cat([reduce(segment_distances(own, block, Metric.COSINE)[0], redux) for block in sets])
    return np.argsort(far.numpy(), kind="stable")[:K]


def timed(work: Callable[[], Rows]) -> tuple[Rows, float]:
    began_s = time.perf_counter()
    return work(), time.perf_counter() - began_s


def compare(store: Store, works: Works, count: int, queries: int, redux: str) -> dict[str, float]:
    """Return the figures of a store of `count` works."""
    number = {name: place for place, name in enumerate(clip_ids(count))}
    sets = [torch.from_numpy(block) for block in works.blocks(count)]

    def ours(query: Float32) -> Rows:
        hits = store.similar(query, k=K, match="versions", redux=redux)
        return np.array([number[hit.clip_id] for hit in hits])

    _, build_s = timed(lambda: ours(works.version(0)))
    brute_force(sets, works.version(0), redux)
    reading = [timed(lambda work=work: ours(works.version(work)))[1] for work in range(1, HOLD_AFTER)]
    _, held_s = timed(lambda: ours(works.version(HOLD_AFTER)))
    asked = np.random.default_rng(7).choice(count, queries, replace=False).tolist()
    found, times, truth, brute_times = [], [], [], []
    for work in asked:
        query = works.version(work)
        for rows, spent, search in (
            (found, times, lambda query=query: ours(query)),
            (truth, brute_times, lambda query=query: brute_force(sets, query, redux)),
        ):
            answer, spent_s = timed(search)
            rows.append(answer)
            spent.append(spent_s)
    hits = [len(set(a.tolist()) & set(b.tolist())) / K for a, b in zip(found, truth, strict=True)]
    return {
        "rerank_speedup": statistics.median(brute_times) / statistics.median(times),
        "rerank_top10_recall": float(np.mean(hits)),
        "rerank_version_first": float(np.mean([rows[0] == work for rows, work in zip(found, asked, strict=True)])),
        "rerank_brute_version_first": float(np.mean([r[0] == w for r, w in zip(truth, asked, strict=True)])),
        "rerank_ms": 1000 * statistics.median(times),
        "rerank_ms_p95": 1000 * float(np.quantile(times, 0.95)),
        "rerank_qps": queries / sum(times),
        "brute_ms": 1000 * statistics.median(brute_times),
        "rerank_ms_reading": 1000 * statistics.median(reading),
        "rerank_hold_s": held_s,
        "rerank_build_s": build_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=FULL, help="of fewer nothing is written down")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--redux", default="bpwr-10")
    options = parser.parse_args()
    works = Works(options.dim)
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(Path(folder) / "store", options.works, options.dim, works.blocks(options.works))
        figures = compare(store, works, options.works, options.queries, options.redux)
    figures = {f"{name}_{options.works // 1000}k": value for name, value in figures.items()}
    if options.works == FULL:
        write_result("versions", before() | figures)
    else:
        for name, value in figures.items():
            print(f"{name}: {value:.4g}")


def before() -> dict[str, float]:
    """Return the figures of versions.json that are there already: others write to it as well."""
    path = RESULTS / "versions.json"
    return dict(json.loads(path.read_text())["figures"]) if path.exists() else {}


if __name__ == "__main__":
    main()
