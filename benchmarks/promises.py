"""Every promise of docs/promises.md at full size, and how much of the library the fast tests run.

The tests that are marked with a promise run one after the other with all their kill points, flipped bits and hostile
files, and note what they tried; then the fast tests run under coverage. Where a test ends in an error of its own, that
is a trial that was not kept.

PN_trials, PN_failures: of each promise; other figures are named by the tests that measure them. coverage_branch: share
of the branches of the library that the fast tests take, as coverage.py counts them.

    pip install -e ".[dev]"; python benchmarks/promises.py              # two hours on two cores
    python benchmarks/promises.py --only P3 P6         # these alone; other figures stay as they are
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from report import RESULTS, write_result

ROOT = RESULTS.parent.parent
sys.path.append(str(ROOT / "tests" / "shared"))

from harness.marked import files_by_promise  # noqa: E402  (the tests' own parts are found from here on)

LEDGER = "ECHODEX_PROMISES"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="PN", default=[], help="these promises; none is measured again")
    parser.add_argument("--no-coverage", action="store_true", help="leave the fast tests out")
    options = parser.parse_args()
    figures = told() | promises(options.only)
    if not (options.only or options.no_coverage):
        figures["coverage_branch"] = coverage()
    write_result("promises", dict(sorted(figures.items(), key=lambda figure: _place(figure[0]))))
    subprocess.run([sys.executable, str(ROOT / "docs" / "make_promises.py")], check=True)
    if any(value for name, value in figures.items() if name.endswith("_failures")):
        sys.exit("not every promise was kept")


def told() -> dict[str, float]:
    """Return the figures of earlier runs."""
    path = RESULTS / "promises.json"
    return dict(json.loads(path.read_text())["figures"]) if path.exists() else {}


def promises(only: Sequence[str]) -> dict[str, float]:
    """Run the tests that are marked with these promises, none: with any, at full size; return what they counted."""

    def asked(number: str) -> bool:
        return not only or number in only

    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "counts"
        ledger.touch()
        files = sorted({str(path) for number, paths in files_by_promise().items() for path in paths if asked(number)})
        command = [sys.executable, "-m", "pytest", "-q", "-m", "promise", *files]
        subprocess.run(command, cwd=ROOT, env=os.environ | {LEDGER: str(ledger)}, check=False)
        lines = [line for line in map(json.loads, ledger.read_text().splitlines()) if asked(line["promise"])]
    counts: Counter[str] = Counter()
    for line in lines:
        counts[f"{line['promise']}_trials"] += line["trials"]
        counts[f"{line['promise']}_failures"] += line["failures"]
    measured = {f"{line['promise']}_{name}": value for line in lines for name, value in line["figures"].items()}
    return {name: float(value) for name, value in counts.items()} | measured


def coverage() -> float:
    """Run the fast tests under coverage; return the share of branches that they take."""
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "coverage"]
        settings = os.environ | {"COVERAGE_FILE": str(Path(folder) / "coverage")}
        tests = ["-m", "pytest", "-q", "-m", "not slow", "--numprocesses", "2", "--dist", "loadfile"]
        subprocess.run([*base, "run", *tests], cwd=ROOT, env=settings, check=True)
        subprocess.run([*base, "combine", "--quiet"], cwd=ROOT, env=settings, check=True)
        report = Path(folder) / "report.json"
        subprocess.run([*base, "json", "--quiet", "-o", str(report)], cwd=ROOT, env=settings, check=True)
        totals = json.loads(report.read_text())["totals"]
        return float(totals["covered_branches"] / totals["num_branches"])


def _place(name: str) -> tuple[int, str]:
    """Return where a figure stands: by the number of its promise, then by name."""
    number = name.partition("_")[0].removeprefix("P")
    return (int(number) if number.isdecimal() else 1000, name)


if __name__ == "__main__":
    main()
