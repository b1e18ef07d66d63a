"""How long `similar` takes on a store of a million clips: from a cold process, and after that.

The store is made up (synthetic.py), its index built by `echodex index build`. first_answer_s_1m: wall time of a whole
process `echodex similar CLIP_ID --json`, interpreter and imports included; the median of 5, after one more that warms
the page cache. peak_mb_1m: the most memory such a process held at once, mapped pages of files included. warm_ms_1m:
median time of `Store.similar` for further clips in one process.

    python benchmarks/cold_start.py              # about 5 minutes
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import synthetic
from report import write_result

from echodex.api import Store

COLD = 5
WARM = 200
ECHODEX = Path(sys.executable).parent / "echodex"


def build(library: Path, kind: str) -> None:
    began_s = time.perf_counter()
    subprocess.run([ECHODEX, "--store", library, "index", "build", kind], check=True, stdout=sys.stderr)
    print(f"index built in {time.perf_counter() - began_s:.0f} s", file=sys.stderr)


def cold(library: Path, clip_id: str) -> tuple[float, float]:
    """Return the seconds that one `echodex similar` takes, and the MB it held at most."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        [ECHODEX, "--store", library, "similar", clip_id, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    answer, said = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    taken_s = time.perf_counter() - began_s
    if status or b"score" not in answer:
        raise RuntimeError(f"similar failed: {said.decode()}")
    return taken_s, usage.ru_maxrss / 1e3


def warm_ms(library: Path, clip_ids: list[str]) -> float:
    """Return the median milliseconds of Store.similar for each of the clips, after the first."""
    store = Store.open(library, create=False)
    store.similar(clip_ids[0])
    taken_s = []
    for clip_id in clip_ids[1:]:
        began_s = time.perf_counter()
        store.similar(clip_id)
        taken_s.append(time.perf_counter() - began_s)
    print(f"warm: slowest {1e3 * max(taken_s):.1f} ms", file=sys.stderr)
    return 1e3 * statistics.median(taken_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--kind", default="auto", help="of the index, as `echodex index build` knows it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "library"
        synthetic.write_store(library, options.rows, options.dim)
        build(library, options.kind)
        asked = synthetic.clip_ids(options.rows)[:: max(1, options.rows // (COLD + WARM + 2))]
        runs = [cold(library, clip_id) for clip_id in asked[: COLD + 1]][1:]
        warm = warm_ms(library, asked[COLD + 1 :][: WARM + 1])
    suffix = "1m" if options.rows == 1_000_000 else str(options.rows)
    write_result(
        "cold_start",
        {
            f"first_answer_s_{suffix}": statistics.median(taken_s for taken_s, _ in runs),
            f"warm_ms_{suffix}": warm,
            f"peak_mb_{suffix}": statistics.median(mb for _, mb in runs),
        },
    )


if __name__ == "__main__":
    main()
