"""Clustering runs against the registry that names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

from ...schemas.cluster import CLUSTER_RUNS
from ...schemas.finding import Damage, Finding
from ..clusters import PREFIX, REGISTRY
from ..tables import Tables
from .opened import Failed, tried
from .table import Looked

SET_ASIDE = "moved to quarantine/ and taken out of the registry; cluster again"


def cluster_findings(tables: Tables, looked: Mapping[str, Looked]) -> Iterator[Finding]:
    """Yield the runs whose rows are not as many as were saved, and rows of runs that are not registered.

    looked: what looking at each table came to; one that cannot be read is passed over.
    """
    if REGISTRY not in looked:
        runs: Counter[tuple[str, int]] = Counter()
    else:
        rows = tried(partial(tables.scan, REGISTRY, CLUSTER_RUNS.names))
        if isinstance(rows, Failed):
            yield Finding(Damage.TABLE, REGISTRY, f"the registry of clustering runs cannot be read: {rows.why}", "")
            return
        runs = Counter({(row["space"], row["run"]): row["clips"] for row in rows.to_pylist()})
    spaces = {space for space, _ in runs} | {name.removeprefix(PREFIX) for name in looked if name.startswith(PREFIX)}
    for space in sorted(spaces):
        held = _held(tables, looked, space)
        if held is None:
            continue
        for number in sorted({run for at, run in runs if at == space} | held.keys()):
            where, expected, found = f"{space}:{number}", runs.get((space, number)), held.get(number, 0)
            if expected is None:
                what = f"rows of run {number} in {PREFIX}{space} are of no run: a process was killed"
                yield Finding(Damage.LEFT, f"{PREFIX}{space}:{number}", what, "moved to quarantine/", False)
            elif found != expected:
                what = f"clustering run {number} of {space} has {found} rows, not {expected}"
                yield Finding(Damage.CLUSTERS, where, what, SET_ASIDE)


def _held(tables: Tables, looked: Mapping[str, Looked], space: str) -> dict[int, int] | None:
    """Return how many rows a space has of each run, None where they cannot be read."""
    if PREFIX + space not in looked:
        return {}
    rows = tried(partial(tables.scan, PREFIX + space, ["run"]))
    return None if isinstance(rows, Failed) else dict(Counter(rows.column(0).to_pylist()))
