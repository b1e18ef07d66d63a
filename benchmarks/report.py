"""Writing down what a benchmark measured: results/NAME.json, and RESULTS.md made from all of them.

A script that imports this has its own folder searched last for modules: hdbscan.py beside it must not hide the library.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

if sys.path[0] == str(RESULTS.parent):
    sys.path.append(sys.path.pop(0))

PACKAGES = (
    "echodex",
    "torch",
    "lancedb",
    "pylance",
    "faiss-gpu",
    "hdbscan",
    "numpy",
    "scipy",
    "scikit-learn",
    "soundfile",
    "soxr",
    "hnswlib",
    "usearch",
    "semhash",
    "apricot-select",
    "submodlib-py",
    "fast_hdbscan",
)


def write_result(name: str, figures: dict[str, float]) -> None:
    """Print `figures`, write results/`name`.json with the machine and the versions, and make RESULTS.md anew."""
    for figure, value in figures.items():
        print(f"{figure}: {value:.4g}")
    result = {
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions()},
        "date": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "figures": {figure: round(float(value), 5) for figure, value in figures.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS.parent / "RESULTS.md").write_text(page())


def machine() -> str:
    """Return processor, cores and memory: what a figure depends on, and nothing that names the machine."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB"


def versions() -> dict[str, str]:
    """Return the versions of the packages that figures depend on, of those that are installed."""
    installed = {distribution.metadata["Name"] for distribution in metadata.distributions()}
    return {package: metadata.version(package) for package in PACKAGES if package in installed}


def page() -> str:
    """Return RESULTS.md: a table for each results/*.json."""
    parts = ["# Benchmark results\n\nMade from `results/*.json` by the scripts beside them; do not edit.\n"]
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        rows = "".join(f"| `{figure}` | {value:g} |\n" for figure, value in result["figures"].items())
        head = f"## {path.stem}\n\n`{result['command']}` on {result['machine']}, {result['date']}.\n\n"
        picture = f"\n![{path.stem}](results/{path.stem}.png)\n" if path.with_suffix(".png").exists() else ""
        parts.append(f"{head}| figure | value |\n|---|---|\n{rows}{picture}")
    return "\n".join(parts)


if __name__ == "__main__":
    (RESULTS.parent / "RESULTS.md").write_text(page())
