"""Scale-out in one file of results: what a Ray cluster, an object storage and the cost model come to.

The figures are of the last runs of scale_ray.py, scale_s3.py and scale_model.py, which take ten minutes, a minute
and half an hour, and say what each of them is.

    python benchmarks/scale_ray.py && python benchmarks/scale_s3.py && python benchmarks/scale_model.py
    python benchmarks/scale.py
"""

from __future__ import annotations

import json
from pathlib import Path

from report import RESULTS, write_result

PARTS = {
    "scale_ray": ("ray_equals_local", "overhead_s_fixed", "ray_speedup_2_workers"),
    "scale_s3": ("s3_lost_rows",),
    "scale_model": ("cost_model_error_max",),
}
"""Results, and which of their figures are taken."""


def figures(results: Path) -> dict[str, float]:
    """Return the figures of PARTS from a folder of results; a part that was never run is a FileNotFoundError."""
    found = {part: json.loads((results / f"{part}.json").read_text())["figures"] for part in PARTS}
    return {name: found[part][name] for part, names in PARTS.items() for name in names}


if __name__ == "__main__":
    write_result("scale", figures(RESULTS))
