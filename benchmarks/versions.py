"""Search for versions: candidates by an index of segments and an exact re-rank, against comparing everything.

Works of SHINGLES made-up segments each, in clusters (styles); the query is another performance of a work: its segments
in another order, some of them replaced, all of them blurred. Brute force holds all vectors in memory and reduces the
distances of all pairs of segments, block by block, with the reduction that the re-rank has, too. Both with all threads
that there are, in turns.

rerank_speedup_WORKS: brute force's median wall time of a query over that of `similar --match versions`, cpu_speedup: of
the time of all cores together; rerank_top10_recall_WORKS: the share of brute force's ten best that it finds;
rerank_version_first_WORKS: how often the work itself comes first, rerank_brute_version_first_WORKS: by brute force;
rerank_ms_WORKS: of a query alone, once the process holds all vectors; rerank_reading_ms_WORKS: of one that reads
candidates from the store, as the first queries of a process do; rerank_hold_s_WORKS: of the query after which all are
held; rerank_qps_WORKS: queries in turn, a second; rerank_build_s_WORKS: of the first query, which builds the index.

    python benchmarks/versions.py --works 10000        # some minutes; 100,000 works, the default, take 6 GB of memory
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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


@dataclass
class Clocks:
    """What searches took: seconds by the clock, and of all cores together."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def time(self, search: Callable[[Float32], Rows], query: Float32) -> Rows:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        found = search(query)
        self.wall_s.append(time.perf_counter() - began_s)
        self.cpu_s.append(time.process_time() - began_cpu_s)
        return found

    def figures(self, name: str) -> dict[str, float]:
        return {
            f"{name}_ms": 1000 * statistics.median(self.wall_s),
            f"{name}_ms_p95": 1000 * float(np.quantile(self.wall_s, 0.95)),
            f"{name}_cpu_ms": 1000 * statistics.median(self.cpu_s),
        }


def compare(store: Store, works: Works, count: int, queries: int, redux: str) -> dict[str, float]:
    """Return the figures of a store of `count` works."""
    number = {name: place for place, name in enumerate(clip_ids(count))}
    sets = [torch.from_numpy(block) for block in works.blocks(count)]

    def ours(query: Float32) -> Rows:
        hits = store.similar(query, k=K, match="versions", redux=redux)
        return np.array([number[hit.clip_id] for hit in hits])

    def all_of_them(query: Float32) -> Rows:
        return brute_force(sets, query, redux)

    build, reading, holding, held, brute = (Clocks() for _ in range(5))
    build.time(ours, works.version(0))
    all_of_them(works.version(0))
    for work in range(1, HOLD_AFTER):
        reading.time(ours, works.version(work))
    holding.time(ours, works.version(HOLD_AFTER))
    asked = np.random.default_rng(7).choice(count, queries, replace=False)
    found = []
    truth = []
    for work in asked.tolist():
        found.append(held.time(ours, works.version(work)))
        truth.append(brute.time(all_of_them, works.version(work)))
    hits = [len(set(a.tolist()) & set(b.tolist())) / K for a, b in zip(found, truth, strict=True)]
    return {
        "rerank_speedup": statistics.median(brute.wall_s) / statistics.median(held.wall_s),
        "rerank_cpu_speedup": statistics.median(brute.cpu_s) / statistics.median(held.cpu_s),
        "rerank_top10_recall": float(np.mean(hits)),
        "rerank_version_first": float(np.mean(np.array([rows[0] for rows in found]) == asked)),
        "rerank_brute_version_first": float(np.mean(np.array([rows[0] for rows in truth]) == asked)),
        **held.figures("rerank"),
        "rerank_qps": queries / sum(held.wall_s),
        **reading.figures("rerank_reading"),
        **brute.figures("rerank_brute"),
        "rerank_hold_s": holding.wall_s[0],
        "rerank_build_s": build.wall_s[0],
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
