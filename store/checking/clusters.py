"""Clustering runs against the registry that names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ...schemas.cluster import CLUSTER_ROWS, CLUSTER_RUNS
from ...schemas.finding import Damage, Finding
from ..clusters import PREFIX, REGISTRY
from ..registries import registered
from ..tables import Tables
from ..tablesum import table_sum
from ..where import equals
from .opened import Failed, tried
from .table import Looked

SET_ASIDE = "moved to quarantine/ and taken out of the registry; cluster again"


def cluster_findings(tables: Tables, looked: Mapping[str, Looked], *, data: bool) -> Iterator[Finding]:
    """Yield the runs whose rows are not those that were saved, and rows of runs that are not registered.

    looked: what looking at each table came to; one that cannot be read is passed over. data: whether the rows are
    compared, and not only counted.
    """
    rows = tried(partial(registered, tables, REGISTRY, CLUSTER_RUNS))
    if isinstance(rows, Failed):
        yield unread(REGISTRY, looked, rows.why)
        return
    runs = {(row["space"], row["run"]): row for row in rows}
    spaces = {space for space, _ in runs} | {name.removeprefix(PREFIX) for name in looked if name.startswith(PREFIX)}
    for space in sorted(spaces):
        held = _held(tables, looked, space)
        if held is None:
            continue
        for number in sorted({run for at, run in runs if at == space} | held.keys()):
            row = runs.get((space, number))
            if row is None:
                what = f"rows of run {number} in {PREFIX}{space} are of no run: a process was killed"
                yield Finding(Damage.LEFT, f"{PREFIX}{space}:{number}", what, "moved to quarantine/", False)
            elif held.get(number, 0) != row["clips"] or (data and not _is_right(tables, row)):
                what = f"the rows of clustering run {number} of {space} are not those that were saved"
                yield Finding(Damage.CLUSTERS, f"{space}:{number}", what, SET_ASIDE)


def unread(registry: str, looked: Mapping[str, Looked], why: str) -> Finding:
    """Return the finding for a registry that cannot be read: its rows are damaged, or, where they read, its text."""
    found = looked.get(registry)
    told = found is not None and any(one.kind in (Damage.ROW, Damage.TABLE, Damage.SEAL) for one in found.findings)
    remedy = "see the other findings about it" if told else "its rows are moved to quarantine/"
    return Finding(Damage.ROW, registry, f"{registry} cannot be read: {why}", remedy)


def _is_right(tables: Tables, row: Mapping[str, Any]) -> bool:
    table = f"{PREFIX}{row['space']}"
    rows = tried(partial(tables.scan, table, CLUSTER_ROWS.names, where=equals("run", row["run"])))
    return not isinstance(rows, Failed) and table_sum(rows.sort_by("clip_id")) == row["table_sum"]


def _held(tables: Tables, looked: Mapping[str, Looked], space: str) -> dict[int, int] | None:
    """Return how many rows a space has of each run, None where they cannot be read."""
    if PREFIX + space not in looked:
        return {}
    rows = tried(partial(tables.scan, PREFIX + space, ["run"]))
    return None if isinstance(rows, Failed) else dict(Counter(rows.column(0).to_pylist()))
