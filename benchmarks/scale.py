"""Scale-out in one file of results: what a Ray cluster, an object storage and the cost model come to.

ray_equals_local: 1 where the views, groups and graphs of a cluster are those of one machine; overhead_s_fixed: seconds
that a verb takes longer there, however little there is to do; ray_speedup_2_workers: over one. s3_lost_rows: rows that
two writers to an object storage lost. cost_model_error_max: see scale_model.py, which is run before, on its own: it
takes an hour, and this takes its result.

    python benchmarks/scale.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from report import write_result

PARTS = {
    "scale_ray": ("ray_equals_local", "overhead_s_fixed", "ray_speedup_2_workers"),
    "scale_s3": ("s3_lost_rows",),
    "scale_model": ("cost_model_error_max",),
}
"""Scripts beside this one, each with a function `figures`, and which of its figures are taken."""

CODE = "import json, sys; from {part} import figures; print(json.dumps(figures()))"


def figures_of(part: str, folder: Path) -> dict[str, float]:
    """Return what the script `part` of a folder measures, in a process of its own: its workers are gone after it."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(part=part)], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {name: found[name] for name in PARTS[part]}


def main() -> None:
    folder = Path(__file__).resolve().parent
    write_result("scale", {name: value for part in PARTS for name, value in figures_of(part, folder).items()})


if __name__ == "__main__":
    main()
