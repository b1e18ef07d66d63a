"""Write docs/promises.md from the tests that try each promise and from the counts of the last full run.

`make promises` makes the counts; a test fails where the page does not fit the tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "shared"))

from harness.marked import files_by_promise  # noqa: E402  (the tests' own parts are found from here on)
from harness.sentences import PROMISES  # noqa: E402

TARGET = ROOT / "docs" / "promises.md"
RESULT = ROOT / "benchmarks" / "results" / "promises.json"
HEAD = """# Promises

Made from the tests by `make promises`; do not edit. Each promise has tests that can break it: they run small with
`make test`, and at full size with `make promises`, whose counts stand here. A trial is one kill, one failed operation,
one flipped bit, one hostile file. What is not promised is in [SECURITY.md](../SECURITY.md).

"""


def page() -> str:
    """Return the whole page."""
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {"figures": {}}
    tests, figures = files_by_promise(), result["figures"]
    parts = [HEAD]
    if figures:
        parts.append(f"The last full run: {result['date']}, on {result['machine']}.\n\n")
    parts.append("| promise | trials | broken | tests |\n|---|---|---|---|\n")
    for number, sentence in PROMISES.items():
        trials, failures = (figures.get(f"{number}_{what}") for what in ("trials", "failures"))
        files = ", ".join(f"[{path.stem}](../{path.as_posix()})" for path in tests[number])
        parts.append(f"| **{number}** {sentence} | {_whole(trials)} | {_whole(failures)} | {files} |\n")
    measured = {name: value for name, value in figures.items() if not name.endswith(("_trials", "_failures"))}
    if measured:
        parts.append("\n## Measured beside them\n\n| figure | value |\n|---|---|\n")
        parts += [f"| `{name}` | {value:g} |\n" for name, value in measured.items()]
    return "".join(parts)


def _whole(number: float | None) -> str:
    return "-" if number is None else f"{number:.0f}"


if __name__ == "__main__":
    TARGET.write_text(page())
