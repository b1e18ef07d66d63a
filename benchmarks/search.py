"""Search at equal recall: every kind of index here, beside hnswlib, usearch and LanceDB's own indexes.

For made-up vectors (synthetic.py) of 128 and 512 dimensions, or for the spaces of a real store where one is given
(--store). Each contender works in a process of its own with the same threads, is tuned to
recall@10 >= 0.95 on 1,000 queries and measured on others; no query is a row that was indexed. Figures are medians of
REPEATS searches; with --passes the list is gone through more than once.

qps_batch_KIND_DIM: queries/s of one call with all queries, per core of CPU time spent; qps_single: one at a time, by
the median wall time. batch_qps_vs_PEER_DIM: the best of our kinds that reach the target over the peer. single_latency_
over_faiss_DIM: OpenIndex.search of one query over the bare faiss.Index.search on the same file with the same
parameters, in turns; of the kind where that is highest. A kind that does not reach the target is measured at its best.

    pip install -e ".[bench]"; python benchmarks/search.py     # about 40 minutes on two cores
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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import synthetic
from peers import PEERS, RIVALS, Contender, Ours, Rows, Setting
from report import write_result

from echodex.api import Store
from echodex.schemas.vector import Float32

TARGET = 0.95
K = 10
TUNING = 1_000
SINGLE = 1_000
REPEATS = 5
REPEAT_CPU_S = 0.3
LEAST_GAIN = 5e-4
KINDS = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivf-rabitq", "ivfpq", "ivfpq-rr", "hnsw")

Result = dict[str, Any]


# ---------------------------------------------------------------------------------------------- one contender


def measure(contender: Contender, queries: Float32, truth: Rows) -> Result:
    """Build, tune and measure a contender; queries: the first TUNING, or of few the first half, are for tuning."""
    few = min(TUNING, len(queries) // 2)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    contender.build()
    built = {"build_wall_s": time.perf_counter() - began_s, "build_cpu_s": time.process_time() - began_cpu_s}
    setting = tuned(contender, queries[:few], truth[:few])
    asked, answers = queries[few:], truth[few:]
    result = {
        "setting": setting,
        "recall": recall(contender.search(asked, K, setting), answers),
        "batch": batch_qps(contender, asked, setting),
        "mb": contender.megabytes(),
        **built,
    }
    return result | single(contender, asked[:SINGLE], setting)


def tuned(contender: Contender, queries: Float32, truth: Rows) -> Setting:
    """Return the cheapest setting that reaches TARGET: of each ladder the first that does; the best of all if none.

    A ladder is left where a step no longer finds more.
    """
    reached: list[tuple[float, Setting]] = []
    best: tuple[float, Setting] = (0.0, ())
    for ladder in contender.ladders():
        before = -1.0
        for setting in ladder:
            found = recall(contender.search(queries, K, setting), truth)
            best = max(best, (found, setting))
            if found >= TARGET:
                reached.append((cpu_s(lambda: contender.search(queries, K, setting)), setting))  # noqa: B023
            if found >= TARGET or found < before + LEAST_GAIN:
                break
            before = found
    return min(reached)[1] if reached else best[1]


def recall(found: Rows, truth: Rows) -> float:
    """Return the share of the true neighbours int64[q, k] that were found."""
    return float((found[:, :, None] == truth[:, None, :]).any(axis=2).mean())


def cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def batch_qps(contender: Contender, queries: Float32, setting: Setting) -> float:
    """Return queries per second of CPU time, the median of REPEATS."""
    rates = []
    for _ in range(REPEATS):
        spent_s, done = 0.0, 0
        while spent_s < REPEAT_CPU_S:
            spent_s += cpu_s(lambda: contender.search(queries, K, setting))
            done += len(queries)
        rates.append(done / spent_s)
    return statistics.median(rates)


def single(contender: Contender, queries: Float32, setting: Setting) -> Result:
    """Return queries per second one at a time; of ours also how much longer than FAISS alone on the same index.

    FAISS is asked from the last query to the first: no search finds the rows of the other's in the processor's cache.
    """
    bare = contender.bare(setting) if isinstance(contender, Ours) else None
    ours_s, bare_s = [], []
    for row in range(len(queries)):
        query = queries[row : row + 1]
        began_s = time.perf_counter()
        contender.search(query, K, setting)
        ours_s.append(time.perf_counter() - began_s)
        if bare:
            other = queries[len(queries) - 1 - row : len(queries) - row]
            began_s = time.perf_counter()
            bare(other, K)
            bare_s.append(time.perf_counter() - began_s)
    result = {"single": 1 / statistics.median(ours_s)}
    return result | ({"over_faiss": statistics.median(ours_s) / statistics.median(bare_s)} if bare else {})


def contend(name: str, work: Path) -> None:
    """Measure the contender `name` on what `lay_out` left in `work` and print the result: the work of a child."""
    queries, truth = np.load(work / "queries.npy"), np.load(work / "truth.npy")
    if name in PEERS:
        contender = PEERS[name](np.load(work / "matrix.npy"), os.cpu_count() or 1)
    else:
        contender = Ours(name, work / "store")
    print(json.dumps(measure(contender, queries, truth)))


# ---------------------------------------------------------------------------------------------- all of them


def lay_out(work: Path, store: Store, queries: Float32) -> None:
    """Write what the children need: the rows in the order of a store's index, queries, and their true neighbours."""
    import faiss

    matrix = store.vectors().matrix
    np.save(work / "matrix.npy", matrix)
    np.save(work / "queries.npy", queries)
    np.save(work / "truth.npy", faiss.knn(queries, matrix, K, metric=faiss.METRIC_INNER_PRODUCT)[1])


def compare(work: Path, title: str, contenders: Sequence[str], count: int) -> dict[str, Result]:
    """Return the medians of each contender's `count` passes, and print them as a table."""
    passes: dict[str, list[Result]] = {name: [] for name in contenders}
    for number in range(count):
        for name in contenders:
            print(f"{title}, pass {number + 1}: {name}", file=sys.stderr)
            passes[name].append(child(name, work))
    results = {name: medians(found) for name, found in passes.items()}
    print_table(title, results)
    return results


def child(name: str, work: Path) -> Result:
    threads = str(os.cpu_count() or 1)
    environment = os.environ | {"OMP_NUM_THREADS": threads, "LANCE_CPU_THREADS": threads, "LANCE_LOG": "error"}
    environment["OMP_WAIT_POLICY"] = "passive"  # a thread that waits must not count as work
    arguments = [sys.executable, __file__, "--contender", name, "--work", str(work)]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(passes: Sequence[Result]) -> Result:
    numbers = [key for key, value in passes[0].items() if isinstance(value, float)]
    middle = {key: statistics.median(found[key] for found in passes) for key in numbers}
    return {"setting": passes[-1]["setting"], **middle}


def print_table(title: str, results: dict[str, Result]) -> None:
    heads = ("build CPU s", "build s", "MB", "recall@10", "batch q/s/core", "single q/s", "over faiss", "setting")
    print(f"\n{title}\n{'':<20}" + "".join(f"{head:>16}" for head in heads))
    for name, found in results.items():
        keys = ("build_cpu_s", "build_wall_s", "mb", "recall", "batch", "single", "over_faiss")
        cells = [f"{found[key]:,.4g}" if key in found else "" for key in keys]
        cells.append("/".join(map(str, found["setting"])))
        print(f"{name:<20}" + "".join(f"{cell:>16}" for cell in cells))


def figures_of(results: dict[str, Result], suffix: str) -> Iterator[tuple[str, float]]:
    """Yield the figures of one set of vectors."""
    reached = {name: found for name, found in results.items() if found["recall"] >= TARGET - 0.01}
    ours = [found["batch"] for name, found in reached.items() if name not in PEERS]
    for rival in RIVALS:
        theirs = [found["batch"] for name, found in reached.items() if name.startswith(rival)]
        if ours and theirs:
            yield f"batch_qps_vs_{rival}_{suffix}", max(ours) / max(theirs)
    over = [found["over_faiss"] for found in results.values() if "over_faiss" in found]
    if over:
        yield f"single_latency_over_faiss_{suffix}", max(over)
    for name, found in results.items():
        label = f"{name.replace('-', '_')}_{suffix}"
        yield f"qps_batch_{label}", found["batch"]
        yield f"qps_single_{label}", found["single"]
        yield f"recall_{label}", found["recall"]
        yield f"build_cpu_s_{label}", found["build_cpu_s"]
        yield f"mb_{label}", found["mb"]


def made_up(rows: int, dim: int, queries: int, contenders: Sequence[str], passes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        store = synthetic.write_store(work / "store", rows, dim)
        lay_out(work, store, synthetic.held_out(TUNING + queries, dim))
        return dict(figures_of(compare(work, f"{rows:,} x {dim}", contenders, passes), str(dim)))


def real(path: str, contenders: Sequence[str], passes: int) -> dict[str, float]:
    """Return the figures of every space of a store; a fifth of its clips, 2 * TUNING at most, are the queries."""
    figures: dict[str, float] = {}
    source = Store.open(path, create=False)
    for space in source.spaces():
        matrix = np.random.default_rng(0).permutation(source.vectors(space.name).matrix)
        queries = min(2 * TUNING, len(matrix) // 5)
        with tempfile.TemporaryDirectory() as name:
            work, kept = Path(name), matrix[queries:]
            blocks = np.split(kept, range(synthetic.BLOCK_ROWS, len(kept), synthetic.BLOCK_ROWS))
            lay_out(work, synthetic.store_of(work / "store", len(kept), space.dim, blocks), matrix[:queries])
            results = compare(work, f"{space.name}: {len(kept):,} x {space.dim}", contenders, passes)
            figures |= dict(figures_of(results, space.name.replace("-", "_")))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dims", type=int, nargs="*", default=[128, 512])
    parser.add_argument("--queries", type=int, default=5_000, help="those that are measured, beside those for tuning")
    parser.add_argument("--passes", type=int, default=1, help="times to go through the list of contenders")
    parser.add_argument("--only", nargs="+", default=[*KINDS, *PEERS], choices=[*KINDS, *PEERS])
    parser.add_argument("--store", help="a store whose spaces to try instead")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, options.work)
        return
    if options.store:
        write_result("search_real", real(options.store, options.only, options.passes))
        return
    figures: dict[str, float] = {}
    for dim in options.dims:
        figures |= made_up(options.rows, dim, options.queries, options.only, options.passes)
    write_result("search", figures)


if __name__ == "__main__":
    main()
