"""The kNN graph (k = 15, recall 0.99) of clustered vectors: what it costs beside comparing all with all, and at 1M.

cpu_share_of_flat_200k_512: processor time of the graph, over that of an exact search of every row. The exact search is
timed on 10,000 rows against all, and scaled to all rows: it does the same for each. Median of three turns.
recall_*: the share of the true 15 nearest that the graph lists, counted by score on rows that the graph's own
measurement did not choose. seconds_1m_*, peak_gb_1m_*: wall time of the graph, and the largest resident memory of a
process that makes the vectors and then the graph, everything included. Each set has a process to itself.

    python benchmarks/knn_graph.py [--rows 20000]     # about 15 minutes on two cores; --rows: small, writes no result
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
from report import write_result
from synthetic import clustered

from echodex.indexing.neighbours.graph_search import Neighbours, graph_of
from echodex.schemas.vector import Float32

K = 15
RECALL = 0.99
SMALL, LARGE = 200_000, 1_000_000
TURNS = 3
FLAT_ROWS = 10_000
CHECKED_ROWS = 1_000
ROUNDING = 2e-6


def measure(n: int, dim: int, turns: int, checked: int) -> dict[str, float]:
    """Return the figures of one set: medians of `turns` graphs, and an exact search of `checked` of its rows."""
    matrix = clustered(n, dim)
    graph_of(matrix[:1000], K)  # loads the libraries
    cpu, wall = [], []
    for _ in range(turns):
        began = time.process_time(), time.perf_counter()
        graph = graph_of(matrix, K, recall=RECALL)
        cpu.append(time.process_time() - began[0])
        wall.append(time.perf_counter() - began[1])
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    flat_cpu_s, recall = against_flat(matrix, graph, checked)
    return {
        "cpu_s": statistics.median(cpu),
        "seconds": statistics.median(wall),
        "peak_gb": peak_gb,
        "flat_cpu_s": flat_cpu_s,
        "recall": recall,
        "said": graph.recall,
        "cells": graph.effort,
    }


def against_flat(matrix: Float32, graph: Neighbours, checked: int) -> tuple[float, float]:
    """Return the processor time that an exact search of all rows would take, and the recall of the graph."""
    import faiss

    rows = np.sort(np.random.default_rng(1).choice(len(matrix), min(checked, len(matrix)), replace=False))
    began = time.process_time()
    scores, found = faiss.knn(matrix[rows], matrix, K + 1, metric=faiss.METRIC_INNER_PRODUCT)
    flat_cpu_s = (time.process_time() - began) * len(matrix) / len(rows)
    scores[found == rows[:, None]] = -np.inf
    last = -np.sort(-scores, axis=1)[:, K - 1 : K]
    return flat_cpu_s, float((graph.scores[rows] >= last - ROUNDING).mean())


def in_a_process(n: int, dim: int, turns: int, checked: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", *map(str, (n, dim, turns, checked))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    print(f"{n} x {dim}: {figures}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int)
    parser.add_argument("--measure", type=int, nargs=4)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    small = in_a_process(options.rows or SMALL, 512, TURNS, FLAT_ROWS)
    figures = {
        "cpu_share_of_flat_200k_512": small["cpu_s"] / small["flat_cpu_s"],
        "recall_200k_512": small["recall"],
        "cpu_s_200k_512": small["cpu_s"],
    }
    for dim in (512, 128):
        large = in_a_process(options.rows or LARGE, dim, 1, CHECKED_ROWS)
        figures |= {f"{name}_1m_{dim}": large[name] for name in ("seconds", "peak_gb", "recall")}
    if options.rows is None:
        write_result("knn_graph", figures)


if __name__ == "__main__":
    main()
