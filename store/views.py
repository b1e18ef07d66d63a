"""Named views: a table of rows per version, a registry that names them, and a tag on every table they were made from.

The registry row is written last and is the commit: a view that is not registered does not exist, whatever else is
on disk.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import Damaged, NotFound, UsageError
from ..schemas.read_json import read_json
from ..schemas.vector import Space
from ..schemas.view import ALL, VIEW_ROWS, VIEWS, Base, ViewInfo
from .keys import id_array
from .known import CLIPS_TABLE
from .lock import writer_lock
from .names import check_name, split_version
from .numbers import last_retired, retire
from .registries import registered, registry_rows
from .spaces import table_of
from .tables import Tables
from .tablesum import table_sum
from .where import all_of, equals

REGISTRY = "views"
PREFIX = "view__"

_HASHED = 1 << 16
"""Rows that are written out at a time to be hashed."""


def list_views(tables: Tables) -> list[ViewInfo]:
    """Return every version of every view, by name and version."""
    rows = registered(tables, REGISTRY, VIEWS)
    return sorted((_info(row) for row in rows), key=lambda info: (info.name, info.version))


def find_view(tables: Tables, name: str) -> ViewInfo:
    """Return the view "lean" (its newest version) or "lean@2". Raises NotFound with the nearest name."""
    base, version = split_version(name)
    views = list_views(tables)
    found = [info for info in views if info.name == base and version in (None, info.version)]
    if found:
        return found[-1]
    if any(info.name == base for info in views):
        raise NotFound(f"view {base!r} has no version {version} (echodex views list shows them)")
    near = difflib.get_close_matches(base, {info.name for info in views}, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise NotFound(f"view {base[:80]!r} does not exist.{hint} (echodex views list shows them)")


def save_view(
    tables: Tables,
    name: str,
    rows: pa.Table,
    recipe: dict[str, Any],
    space: Space | None,
    versions: Mapping[str, int] | None = None,
) -> ViewInfo:
    """Write `rows` (VIEW_ROWS without row_id) as the next version of view `name`; return its registry entry. No version
    number is given twice, whatever was deleted since.

    Tags the clips table, and the table of `space` where one is given, so that cleanup spares what the view was made
    from. versions: at which `rows` were worked out from these tables, the latest of those it does not name. Raises
    UsageError where `rows` have a clip that was not there then, or where that version is gone.
    """
    check_name(name, "view")
    with writer_lock(tables.folder):
        taken = [info.version for info in list_views(tables) if info.name == name]
        version = max(last_retired(tables, kind_of(name)), *taken, 0) + 1
        names = [CLIPS_TABLE] + ([table_of(space)] if space else [])
        bases = _bases(tables, names, versions or {}, f"view-{name}.v{version}")
        rows, durations = _complete(tables, rows, bases[0].version)
        for base in bases:
            tables.tag(base.table, base.tag, base.version)
        table = rows_table(name, version)
        tables.drop(table)  # left by a process that died before it registered the view
        tables.create(table, VIEW_ROWS)
        tables.append(table, rows)
        kept = rows.column("kept").to_numpy()
        info = ViewInfo(
            name=name,
            version=version,
            recipe=recipe,
            bases=bases,
            clips=len(rows),
            kept=int(kept.sum()),
            hours=float(durations.sum() / 3600),
            hours_kept=float(durations[kept].sum() / 3600),
            content_hash=content_hash(rows),
            parent=str(recipe.get("view", ALL)),
            created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            table_sum=table_sum(rows),
        )
        tables.create(REGISTRY, VIEWS)
        tables.append(REGISTRY, _registry_row(info))
    return info


def delete_view(tables: Tables, info: ViewInfo) -> None:
    """Remove one version of a view: its registry entry first, then its rows and its tags. Its number is not given
    again.
    """
    with writer_lock(tables.folder):
        retire(tables, kind_of(info.name), info.version)
        where = all_of(equals("name", info.name), equals("version", info.version))
        tables.delete(REGISTRY, str(where))
        tables.drop(rows_table(info.name, info.version))
        for base in info.bases:
            tables.untag(base.table, base.tag)


def view_rows(tables: Tables, info: ViewInfo) -> pa.Table:
    """Return the rows of a view (VIEW_ROWS), sorted by clip id. Raises Damaged where they are not those that were
    saved.
    """
    table = rows_table(info.name, info.version)
    if not tables.exists(table):
        raise Damaged(f"view {info.name}@{info.version} has lost its table {table}; delete the view and prune again")
    rows = tables.scan(table, VIEW_ROWS.names)
    if len(rows) != info.clips or table_sum(rows) != info.table_sum:
        raise Damaged(f"view {info.name}@{info.version} is not what was saved; delete it and prune again")
    return rows


def view_row(tables: Tables, info: ViewInfo, clip_id: str) -> dict[str, Any] | None:
    """Return what a view says of one clip (VIEW_ROWS), None where it was not in its source; its other rows are not
    read, and so not checked.
    """
    table = rows_table(info.name, info.version)
    rows = tables.scan(table, VIEW_ROWS.names, where=equals("clip_id", clip_id)) if tables.exists(table) else None
    return next(iter(rows.to_pylist()), None) if rows is not None else None


def kept_ids(tables: Tables, info: ViewInfo) -> pa.Array:
    """Return the clip ids that a view keeps."""
    rows = view_rows(tables, info)
    return id_array(rows.filter(rows.column("kept")).column("clip_id"))


def content_hash(rows: pa.Table) -> str:
    """Return the hash of which clips a view keeps, in which order and why: it is the same for the same view, ever
    after.

    A row is written as Python writes a tuple, ('id', True, 3, 0, 'selected'), None for null.
    """
    state = hashlib.blake2b(digest_size=16)
    for batch in rows.select(["clip_id", "kept", "rank", "cluster", "reason"]).to_batches(max_chunksize=_HASHED):
        clip_id, kept, rank, cluster, reason = batch.columns
        kept, rank, cluster = pc.if_else(kept, "True", "False"), rank.cast(pa.string()), cluster.cast(pa.string())
        parts = ["('", clip_id, "', ", kept, ", ", rank, ", ", cluster, ", '", reason, "')", ""]
        lines = pc.binary_join_element_wise(*parts, null_handling="replace", null_replacement="None")
        state.update("".join(lines.to_pylist()).encode())
    return state.hexdigest()


def kind_of(name: str) -> str:
    """Return what versions of a view are numbers of."""
    return f"view {name}"


def _bases(tables: Tables, names: list[str], versions: Mapping[str, int], tag: str) -> tuple[Base, ...]:
    """Return the tables that a view is made from, each at the version that it was read at."""
    bases = tuple(Base(name, versions.get(name, tables.version(name)), tag) for name in names)
    gone = next((base for base in bases if not tables.has_version(base.table, base.version)), None)
    if gone is not None:
        raise UsageError(f"version {gone.version} of {gone.table}, which the plan was made from, is gone; prune again")
    return bases


def _complete(tables: Tables, rows: pa.Table, version: int) -> tuple[pa.Table, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return `rows` sorted by clip id with row ids filled in, and the duration of each in seconds."""
    clips = tables.scan(CLIPS_TABLE, ["clip_id", "duration_s"], version=version, row_ids=True)
    rows = rows.sort_by("clip_id")
    places = pc.index_in(rows.column("clip_id"), value_set=id_array(clips.column("clip_id")))
    if places.null_count:
        unknown = rows.column("clip_id").filter(places.is_null())[0].as_py()
        raise UsageError(
            f"clip {unknown[:80]!r} of the view is not in version {version} of the clips table; prune again"
        )
    rows = rows.append_column("row_id", clips.column("_rowid").take(places))
    return rows.select(VIEW_ROWS.names).cast(VIEW_ROWS), clips.column("duration_s").take(places).to_numpy()


def rows_table(name: str, version: int) -> str:
    """Return the name of the table of a view's rows."""
    return f"{PREFIX}{name}__v{version}"


def _registry_row(info: ViewInfo) -> pa.Table:
    row = {
        **info.__dict__,
        "recipe": json.dumps(info.recipe, sort_keys=True),
        "bases": json.dumps([base.__dict__ for base in info.bases]),
        "created_at": datetime.fromisoformat(info.created_at),
    }
    return registry_rows([row], VIEWS)


def _info(row: dict[str, Any]) -> ViewInfo:
    try:
        check_name(row["name"], "view")  # it becomes the name of a table
        told = {
            "recipe": read_json(row["recipe"]),
            "bases": tuple(Base(**base) for base in read_json(row["bases"])),
            "created_at": row["created_at"].isoformat(timespec="microseconds"),
        }
    except (UsageError, ValueError, TypeError, AttributeError) as error:
        raise Damaged(
            f"the registry of views has a row that no view made, {str(row['name'])[:80]!r}; restore {REGISTRY}.lance"
        ) from error
    return ViewInfo(**{**row, **told})
