"""Bringing a store of an earlier format up to the newest, in place, under the writer lock.

Each step is one commit that is passed over where it was made before, and the marker is written last: a process that
dies on the way leaves a store of the earlier format, and the next one goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import Damaged, StorageError
from ..schemas.cluster import CLUSTER_ROWS, CLUSTER_RUNS
from ..schemas.decision import DECISIONS
from ..schemas.format import FORMAT_VERSION, MARKER, check_marker, marker
from ..schemas.number import RETIRED
from ..schemas.view import VIEW_ROWS, VIEWS
from . import clusters, decisions, fitting, numbers, views
from .files import storage_errors, write_atomic
from .lock import writer_lock
from .registries import registry_rows
from .remote.mirror import fetched
from .tables import Tables
from .tablesum import table_sum
from .where import equals

Row = Mapping[str, Any]


def migrate(folder: Path) -> int | None:
    """Bring the store at `folder` up to FORMAT_VERSION; return of which version it was, None where it was of that one.
    What it answers stays the same.

    Raises Damaged for the marker of something else or of a newer format, StorageError where the store is to be brought
    up and may not be written to.
    """
    if _version(folder) == FORMAT_VERSION:
        return None
    if not os.access(folder, os.W_OK):
        raise StorageError(
            f"{folder} is of format version {_version(folder)} and cannot be written to; open it once where it can, "
            f"which brings it up to version {FORMAT_VERSION}"
        )
    with writer_lock(folder):
        before, tables = _version(folder), Tables(folder)
        if before == FORMAT_VERSION:  # another process has done it meanwhile
            return None
        for step in _STEPS[before - 1 :]:
            step(tables)
        write_atomic(folder / MARKER, json.dumps(marker()).encode())
    return before


def _version(folder: Path) -> int:
    path = fetched(folder / MARKER)
    with storage_errors(path):
        return check_marker(path.read_bytes().decode(errors="replace"), str(path))


def _sums_and_seals(tables: Tables) -> None:
    """From version 1, where registries, rows of views and of clustering runs and what `embed` measures before a fit had
    no sums, and nothing was sealed.
    """
    _with_sums(tables, views.REGISTRY, VIEWS, lambda row: {"table_sum": _view_sum(tables, row)})
    _with_sums(tables, clusters.REGISTRY, CLUSTER_RUNS, lambda row: {"table_sum": _run_sum(tables, row)})
    _with_sums(tables, decisions.TABLE, DECISIONS, lambda _: {})
    _with_sums(tables, numbers.TABLE, RETIRED, lambda _: {})
    for name in tables.names():
        if name.startswith(fitting.PREFIX):
            tables.drop(name)  # what an `embed` had measured that was interrupted, which the next one measures again
        else:
            tables.seal(name)


_STEPS: tuple[Callable[[Tables], None], ...] = (_sums_and_seals,)
"""What brings a store from version 1 to 2, from 2 to 3, and so on."""


def _with_sums(tables: Tables, name: str, schema: pa.Schema, more: Callable[[Row], Row]) -> None:
    """Give a registry the columns that it lacks: `more` of each row, and row sums."""
    if tables.exists(name) and "row_sum" not in (known := tables.schema(name).names):
        rows = tables.scan(name, [column for column in schema.names if column in known]).to_pylist()
        tables.overwrite(name, registry_rows([{**row, **more(row)} for row in rows], schema))


def _view_sum(tables: Tables, row: Row) -> str:
    """Return the sum of a view's rows, "" where they are not what was saved: the view stays damaged."""
    table = views.rows_table(row["name"], row["version"])
    rows = _read(tables, table, VIEW_ROWS, None)
    right = rows is not None and len(rows) == row["clips"] and views.content_hash(rows) == row["content_hash"]
    return table_sum(rows) if right else ""


def _run_sum(tables: Tables, row: Row) -> str:
    """Return the sum of a clustering run's rows, "" where there are not as many as were saved."""
    rows = _read(tables, clusters.PREFIX + row["space"], CLUSTER_ROWS, equals("run", row["run"]))
    return table_sum(rows.sort_by("clip_id")) if rows is not None and len(rows) == row["clips"] else ""


def _read(tables: Tables, table: str, schema: pa.Schema, where: str | None) -> pa.Table | None:
    """Return the rows of a table, None where it is gone or cannot be read: that is for `check` to tell."""
    try:
        return tables.scan(table, schema.names, where=where) if tables.exists(table) else None
    except (Damaged, ValueError, OSError):
        return None
