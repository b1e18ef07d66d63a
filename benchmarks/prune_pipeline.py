"""Pruning a whole store, as a user does: `echodex prune facility --eps 0.05 --approximate --as lean`.

The store is made up: rows of `synthetic.clustered`, of which one in 20 is a near copy of another, at a cosine from .98
to 1. What is timed is one process, interpreter and imports included, from its start until the
view is saved and its summary printed; the store was made before.

seconds_N_512: wall time of that process. peak_gb_N_512: the most memory that it held, mapped files included.
STAGE_s_N_512: seconds of each stage, by where the process was found to be 20 times a second (STAGES); other_s: the
interpreter, imports and the rest. kept_share, clusters, noise_share, duplicates_share, coverage: what the plan says.
agreement: adjusted Rand index of approximate and exact labels on the sample that `prune` takes
(pruning/clustering/approximate.py).

    python benchmarks/prune_pipeline.py                       # both sizes, stores in a temporary folder (2.5 GB)
    python benchmarks/prune_pipeline.py --rows 20000          # one size: prints, writes no result unless it is 200000
    python benchmarks/prune_pipeline.py --rows 1000000 --store DIR   # make the store there, or take the one that is
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import synthetic
from report import write_result

from echodex.api import Store
from echodex.schemas.vector import Float32

SIZES = {200_000: "200k", 1_000_000: "1m"}
DIM = 512
PLANTED_EVERY, SCORE = 20, 0.98
PRUNE = ["prune", "facility", "--eps", "0.05", "--approximate", "--as", "lean", "--json"]

STAGES = {
    ("pruning/material.py", "read_material"): "reading",
    ("pruning/collapse.py", "collapse"): "duplicates",
    ("indexing/neighbours/graph_search.py", "graph_of"): "graph",
    ("pruning/clustering/approximate.py", "measured_agreement"): "agreement",
    ("pruning/cluster.py", "cluster"): "clustering",
    ("pruning/choice.py", "_order"): "facility",
    ("pruning/rows.py", "view_rows"): "rows",
    ("store/views.py", "save_view"): "saving",
    ("pruning/summary.py", "summarise"): "summary",
}
"""Functions, by file and name, and the stage that they are. `graph` and `agreement` are parts of the clustering, told
apart from the rest of it.
"""
INNER = ("graph", "agreement")
SAMPLE_S = 0.05
LINES = 40


# ---------------------------------------------------------------------------------------------- the store


def blocks(dim: int, seed: int = 0) -> Iterator[Float32]:
    """Yield blocks of rows without end, float32[BLOCK_ROWS, dim], of which some are copies of others."""
    clusters = synthetic.Clusters(dim, seed)
    for number in itertools.count():
        block = clusters.block(number)
        plant(block, np.random.default_rng([seed, number, 1]))
        yield block


def plant(block: Float32, random: np.random.Generator) -> None:
    """Make one row in PLANTED_EVERY a copy of an earlier one, turned away in a random direction to a cosine drawn from
    SCORE to 1.
    """
    copies = np.arange(PLANTED_EVERY - 1, len(block), PLANTED_EVERY)
    rows = block[copies - random.integers(1, PLANTED_EVERY, len(copies))]
    aside = random.standard_normal(rows.shape, dtype=np.float32)
    aside -= (aside * rows).sum(axis=1, keepdims=True) * rows
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosine = random.uniform(SCORE, 1, (len(copies), 1)).astype(np.float32)
    block[copies] = cosine * rows + np.sqrt(1 - cosine**2) * aside


# ---------------------------------------------------------------------------------------------- the process


class Watch(threading.Thread):
    """Notes, from the side, how long the main thread is in which stage and how much memory is resident there."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: Counter[str] = Counter()
        self.cpu_s: Counter[str] = Counter()
        self.peak_gb: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        self._main = threading.get_ident()
        self._package = str(Path(sys.modules["echodex"].__path__[0]).resolve()) + os.sep

    def run(self) -> None:
        """Look until the process ends."""
        began_s, before_cpu_s = time.perf_counter(), time.process_time()
        before_s = began_s
        while True:
            time.sleep(SAMPLE_S)
            stage, line = self._where(sys._current_frames().get(self._main))
            now_s, now_cpu_s = time.perf_counter(), time.process_time()
            if stage not in self.seconds:
                print(f"{now_s - began_s:8.1f} s  {stage}", file=sys.stderr, flush=True)
            self.seconds[stage] += now_s - before_s
            self.cpu_s[stage] += now_cpu_s - before_cpu_s
            self.lines[f"{stage}: {line}"] += now_cpu_s - before_cpu_s
            self.peak_gb[stage] = max(self.peak_gb[stage], resident_gb())
            before_s, before_cpu_s = now_s, now_cpu_s

    def _where(self, frame: FrameType | None) -> tuple[str, str]:
        """Return the stage, and the innermost line of the package."""
        stage, line = "other", ""
        while frame:
            name = frame.f_code.co_filename.removeprefix(self._package)
            if name != frame.f_code.co_filename:
                line = line or f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
                found = STAGES.get((name, frame.f_code.co_name))
                if found and stage not in INNER:
                    stage = found
            frame = frame.f_back
        return stage, line


def resident_gb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def child(library: Path, report: Path) -> None:
    """Be `echodex`, watched."""
    from echodex.cli import main as echodex

    watch = Watch()
    watch.start()
    sys.argv = ["echodex", "--store", str(library), "--quiet", *PRUNE]
    try:
        echodex()
    finally:
        lines = dict(watch.lines.most_common(LINES))
        seen = {"seconds": watch.seconds, "cpu_s": watch.cpu_s, "peak_gb": watch.peak_gb, "lines": lines}
        report.write_text(json.dumps(seen))


def prune(library: Path, suffix: str, *, lines: bool) -> dict[str, float]:
    """Run the process on a store and return its figures."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, __file__, "--child", str(library), report.name], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began_s
        if status:
            raise RuntimeError(f"prune failed with status {status}")
        watched = json.load(report)
    told = json.loads(answer)
    print(f"CPU {usage.ru_utime + usage.ru_stime:.1f} s, of which", file=sys.stderr)
    for stage, cpu_s in watched["cpu_s"].items():
        print(f"{cpu_s:8.2f} s  {stage}, up to {watched['peak_gb'][stage]:.2f} GB", file=sys.stderr)
    for line, cpu_s in watched["lines"].items() if lines else ():
        print(f"{cpu_s:8.2f} s  {line}", file=sys.stderr)
    stages = {name: watched["seconds"].get(name, 0.0) for name in STAGES.values()}
    stages["other"] = seconds - sum(stages.values())
    return {
        f"seconds_{suffix}": seconds,
        f"peak_gb_{suffix}": usage.ru_maxrss / 1e6,
        **{f"{stage}_s_{suffix}": taken_s for stage, taken_s in stages.items()},
        **{f"{figure}_{suffix}": value for figure, value in of_plan(told).items()},
    }


def of_plan(told: dict[str, Any]) -> dict[str, float]:
    """Return figures of what `prune --json` said."""
    summary = told["summary"]
    noise = sum(cluster["size"] for cluster in summary["clusters"] if cluster["cluster"] < 0)
    return {
        "kept_share": summary["kept"] / summary["clips"],
        "clusters": sum(cluster["cluster"] >= 0 for cluster in summary["clusters"]),
        "noise_share": noise / summary["clips"],
        "duplicates_share": summary["reasons"].get("duplicate", 0) / summary["clips"],
        "coverage": summary["coverage"],
        "agreement": told["view"]["recipe"]["agreement"],
    }


def measure(rows: int, dim: int, library: Path, *, lines: bool) -> dict[str, float]:
    if not library.exists():
        began_s = time.perf_counter()
        synthetic.store_of(library, rows, dim, blocks(dim))
        print(f"store made in {time.perf_counter() - began_s:.0f} s", file=sys.stderr)
    held = Store.open(library, create=False).status().clips
    if held != rows:
        raise SystemExit(f"{library} holds {held} clips, not {rows}")
    return prune(library, f"{SIZES.get(rows, rows)}_{dim}", lines=lines)


def check_stages() -> None:
    """Raise AttributeError where a stage is no function any more: its time would count as another's."""
    for file, function in STAGES:
        getattr(import_module("echodex." + file.removesuffix(".py").replace("/", ".")), function)


def main() -> None:
    check_stages()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--dim", type=int, default=DIM)
    parser.add_argument("--store", type=Path, help="of one size: made here, or taken from here")
    parser.add_argument("--lines", action="store_true", help="print where in the package CPU time went")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    if options.store and len(options.rows) > 1:
        parser.error("--store is of one size; give --rows")
    figures: dict[str, float] = {}
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            library = options.store or Path(folder) / "library"
            figures |= measure(rows, options.dim, library, lines=options.lines)
    if set(options.rows) == set(SIZES) and options.dim == DIM:
        write_result("prune_pipeline", figures)
    else:
        for figure, value in figures.items():
            print(f"{figure}: {value:.4g}")


if __name__ == "__main__":
    main()
