"""Clustering runs: a table of clips per space, clusters_<space>, and a registry of all runs, `clusters`.

Like indexes they are caches of the vectors, and say of which version. The registry row is written last and is the
commit: rows of a run that is not registered count for nothing, and the next run takes their place.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ..errors import Damaged, NotFound
from ..schemas.cluster import CLUSTER_ROWS, CLUSTER_RUNS, ClusterRun
from ..schemas.read_json import read_json
from ..schemas.vector import Space
from .changes import changed_clips
from .lock import writer_lock
from .numbers import last_retired, retire
from .registries import registered, registry_rows
from .spaces import table_of
from .tables import Tables
from .tablesum import table_sum
from .where import all_of, equals

REGISTRY = "clusters"
PREFIX = "clusters_"


def list_runs(tables: Tables, space: Space) -> list[ClusterRun]:
    """Return the clustering runs of a space, oldest first; not those of an older space of its name."""
    rows = [row for row in registered(tables, REGISTRY, CLUSTER_RUNS) if row["space"] == space.name]
    runs = [_run(row) for row in rows if row["space_identity"] == space.identity]
    return sorted(runs, key=lambda run: run.run)


def find_run(tables: Tables, space: Space, number: int | None = None) -> ClusterRun:
    """Return a clustering run of a space by its number; None: the last. Raises NotFound."""
    runs = [run for run in list_runs(tables, space) if number in (None, run.run)]
    if not runs:
        which = "no clustering yet" if number is None else f"no clustering run {number}"
        raise NotFound(f"space {space.name!r} has {which}; run `echodex cluster {space.name}`")
    return runs[-1]


def current_run(tables: Tables, space: Space, config: dict[str, Any]) -> ClusterRun | None:
    """Return the last run with these settings, if the vectors are still those that it clustered."""
    runs = [run for run in list_runs(tables, space) if run.config == config]
    if runs and changed_clips(tables, table_of(space), runs[-1].table_version) == set():
        return runs[-1]
    return None


def drop_run(tables: Tables, run: ClusterRun) -> None:
    """Remove a run and its rows. Its number is not given again."""
    with writer_lock(tables.folder):
        _drop(tables, run.space, run.run)


def save_run(tables: Tables, run: ClusterRun, rows: pa.Table) -> ClusterRun:
    """Write `rows` (CLUSTER_ROWS without run) as the next run of its space; return `run` with number and time.

    Runs of an older space of its name go: the vectors that they clustered are no more.
    """
    with writer_lock(tables.folder):
        tables.create(REGISTRY, CLUSTER_RUNS)
        tables.create(PREFIX + run.space, CLUSTER_ROWS)
        before = [row for row in registered(tables, REGISTRY, CLUSTER_RUNS) if row["space"] == run.space]
        for row in before:
            if row["space_identity"] != run.space_identity:
                _drop(tables, run.space, row["run"])
        number = max(last_retired(tables, PREFIX + run.space), *(row["run"] for row in before), 0) + 1
        numbers = pa.repeat(pa.scalar(number, pa.int32()), len(rows))
        rows = rows.append_column("run", numbers).select(CLUSTER_ROWS.names).cast(CLUSTER_ROWS).sort_by("clip_id")
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        run = replace(run, run=number, created_at=now, table_sum=table_sum(rows))
        tables.delete(PREFIX + run.space, equals("run", run.run))  # left by a process that died before it registered it
        tables.append(PREFIX + run.space, rows)
        tables.append(REGISTRY, _registry_row(run))
    return run


def run_rows(tables: Tables, run: ClusterRun) -> pa.Table:
    """Return the rows of a run (CLUSTER_ROWS), sorted by clip id. Raises Damaged where they are not those that were
    saved.
    """
    rows = tables.scan(PREFIX + run.space, CLUSTER_ROWS.names, where=equals("run", run.run)).sort_by("clip_id")
    if table_sum(rows) != run.table_sum:
        raise Damaged(
            f"clustering run {run.run} of {run.space} is not what was saved; run `echodex repair`, and cluster again"
        )
    return rows


def _drop(tables: Tables, space: str, number: int) -> None:
    """Take a run out of the registry, which is the commit, and then its rows away."""
    retire(tables, PREFIX + space, number)
    tables.delete(REGISTRY, all_of(equals("space", space), equals("run", number)) or "")
    tables.delete(PREFIX + space, equals("run", number))


def _registry_row(run: ClusterRun) -> pa.Table:
    row = {
        **run.__dict__,
        "config": json.dumps(run.config, sort_keys=True),
        "sizes": list(run.sizes),
        "created_at": datetime.fromisoformat(run.created_at),
    }
    return registry_rows([row], CLUSTER_RUNS)


def _run(row: dict[str, Any]) -> ClusterRun:
    try:
        told = {"config": read_json(row["config"]), "sizes": tuple(row["sizes"])}
        return ClusterRun(**row | told | {"created_at": row["created_at"].isoformat(timespec="microseconds")})
    except (ValueError, TypeError, AttributeError) as error:
        raise Damaged(
            f"the registry of clusters has a row that no clustering made ({str(error)[:80]}); restore {REGISTRY}.lance"
        ) from error
