"""Views against the registry that names them, the tables they are kept in and the versions they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ...schemas.finding import Damage, Finding
from ...schemas.view import Base, ViewInfo
from ..tables import Tables
from ..views import REGISTRY, list_views, rows_table, view_rows
from .clusters import unread
from .opened import Failed, tried
from .table import Looked

TABLE_PREFIX = "view__"
TAG_PREFIX = "view-"
SET_ASIDE = "moved to quarantine/ and taken out of the registry; prune again"


def view_findings(tables: Tables, looked: Mapping[str, Looked], *, data: bool) -> Iterator[Finding]:
    """Yield what is wrong with the views of a store, and what is left of views that are not registered.

    looked: what looking at each table came to. data: whether to read the rows of the views too.
    """
    views = tried(partial(list_views, tables))
    if isinstance(views, Failed):
        yield unread(REGISTRY, looked, views.why)
        return
    for info in views:
        yield from _of_view(tables, looked, info, data)
    named = {rows_table(info.name, info.version) for info in views}
    for table in looked:
        if table.startswith(TABLE_PREFIX) and table not in named:
            what = f"{table} is of no view: a process was killed before it registered one"
            yield Finding(Damage.LEFT, table, what, "moved to quarantine/", False)
    held = {(base.table, base.tag) for info in views for base in info.bases}
    for table, found in looked.items():
        for tag in found.held:
            if tag.startswith(TAG_PREFIX) and (table, tag) not in held:
                what = f"tag {tag} of {table} is of no view: it keeps a version that nobody needs"
                yield Finding(Damage.LEFT, f"{table}:{tag}", what, "taken away", False)


def view_address(info: ViewInfo) -> str:
    """Return "name@version"."""
    return f"{info.name}@{info.version}"


def _of_view(tables: Tables, looked: Mapping[str, Looked], info: ViewInfo, data: bool) -> Iterator[Finding]:
    address, table = view_address(info), rows_table(info.name, info.version)
    if table not in looked:
        yield Finding(Damage.VIEW, address, f"view {address} has lost its table {table}", SET_ASIDE)
        return
    rows = tried(partial(view_rows, tables, info)) if data else None
    if isinstance(rows, Failed):
        yield Finding(Damage.VIEW, address, f"view {address} is not what was saved: {rows.why}", SET_ASIDE)
        return
    for base in info.bases:
        why = _lost(tables, looked, base)
        if why:
            yield Finding(Damage.VIEW_BASE, address, f"view {address}: {why}", SET_ASIDE)
        elif looked[base.table].held.get(base.tag) != base.version:
            what = f"view {address}: tag {base.tag}, which keeps version {base.version} of {base.table}, is gone"
            yield Finding(Damage.VIEW_TAG, address, what, "the tag is put back")
        elif rows is not None and _touches(looked[base.table], base, rows):
            what = f"view {address} keeps rows of {base.table}, version {base.version}, that are not what was written"
            yield Finding(Damage.VIEW_BASE, address, what, SET_ASIDE)


def _lost(tables: Tables, looked: Mapping[str, Looked], base: Base) -> str:
    """Return why a version that a view was made from cannot be read, "" where it can."""
    if base.table not in looked:
        return f"table {base.table} is gone"
    why = looked[base.table].lost.get(base.version, "")
    if why or not tables.has_version(base.table, base.version):
        return f"version {base.version} of {base.table} cannot be read: {why or 'it is not there'}"
    return ""


def _touches(looked: Looked, base: Base, rows: pa.Table) -> bool:
    """Return whether a clip that the view keeps may be among the damaged rows of its base.

    A row whose clip id no clip of the view's source has may have been anybody's, and so may what cannot be read.
    """
    read = looked.read.get(base.version)
    if read is None or read.sound:
        return False
    spared = rows.filter(pc.invert(rows.column("kept"))).column("clip_id")
    wrong = pa.array(list(read.wrong.values()), pa.string())
    return bool(read.unreadable) or not pc.all(pc.is_in(wrong, value_set=spared.combine_chunks())).as_py()
