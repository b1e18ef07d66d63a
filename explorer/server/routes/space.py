"""What the map is drawn from: where clips lie, what colours them, what a few of them are, and which a text names."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Response

from ....errors import NotFound, UsageError
from ....schemas.vector import Float32
from ....store.store import Store
from ...layout import METHODS, Layout
from ..clip_names import lines
from ..packets import packet
from ..session import Seen, Session
from ..snapshot import Snapshot
from ..values import Column
from .stores import map_line

MAX_ROWS = 500


def router(session: Session) -> APIRouter:
    """Return /api/map, /api/column, /api/rows and /api/find."""
    routes = APIRouter()
    store = session.store

    # of these two, what is left out is what a page begins with: it then need not wait to be told what there is
    @routes.get("/api/map")
    def _map(space: str | None = None, state: str | None = None, method: str | None = None) -> Response:
        seen = session.seen(space, state)
        layout = seen.layout(store, method or _best_map(seen, store))
        return packet({**map_line(layout.info), "state": seen.snapshot.state}, _points(layout, seen.snapshot))

    @routes.get("/api/column")
    def _column(space: str | None = None, state: str | None = None, name: str | None = None) -> Response:
        seen = session.seen(space, state)
        column = seen.column(store, name) if name is not None else _first_column(seen, store)
        values = column.make()
        return packet({**column.about(), **values.header, "state": seen.snapshot.state}, values.array)

    @routes.get("/api/rows")
    def _rows(space: str, state: str, rows: str) -> dict[str, Any]:
        snapshot = session.snapshot(space, state)
        return {"clips": lines(store.tables, snapshot, snapshot.ids_of(_numbers(rows)))}

    @routes.get("/api/find")
    def _find(
        space: str, state: str, text: str, limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 50
    ) -> dict[str, Any]:
        seen = session.seen(space, state)
        found = np.flatnonzero(_holds(session, seen, text)) if text.strip() else np.empty(0, np.int64)
        clip_ids = seen.snapshot.ids_of(found[:limit].tolist())
        return {"clips": lines(store.tables, seen.snapshot, clip_ids), "total": len(found)}

    return routes


def _best_map(seen: Seen, store: Store) -> str:
    """Return the method of the map to begin with: one that was asked for, or else what is always there."""
    made = [info.method for info in seen.layouts(store)]
    return next((method for method in reversed(METHODS) if method in made), METHODS[0])


def _first_column(seen: Seen, store: Store) -> Column:
    """Return what to colour clips by at first: their labels, or else whatever tells them apart."""
    columns = seen.columns(store)
    if not columns:
        raise NotFound(f"nothing is known of the clips of space {seen.snapshot.space.name!r} to colour them by")
    return min(columns, key=lambda column: (column.name != "label", column.kind != "category"))


def _points(layout: Layout, snapshot: Snapshot) -> Float32:
    """Return float32[n, 2]: where the clip of each row lies; NaN where the map has none."""
    if layout.clip_ids.equals(snapshot.ids):
        return layout.points
    places = pc.index_in(snapshot.ids, value_set=layout.clip_ids)
    points = np.full((len(snapshot), 2), np.nan, dtype=np.float32)
    there = places.is_valid().to_numpy(zero_copy_only=False)
    points[there] = layout.points[places.drop_null().to_numpy()]
    return points


def _numbers(text: str) -> list[int]:
    """Return the rows that "1,2,3" names."""
    parts = [part for part in text.split(",") if part]
    if len(parts) > MAX_ROWS or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise UsageError(f"rows are at most {MAX_ROWS} numbers with commas between them, not {text[:80]!r}")
    return [int(part) for part in parts]


def _holds(session: Session, seen: Seen, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return bool[n]: whether the name of the file, the title, the artist or a label of a clip holds a text."""
    tables = session.store.tables
    wanted = text.strip()
    found = _matches(seen.names(), wanted)
    for name in ("title", "artist"):
        found |= _matches(seen.snapshot.column(tables, name).combine_chunks(), wanted)
    labels = seen.snapshot.column(tables, "labels").combine_chunks()
    return found | _matches(pc.binary_join(labels, "\n"), wanted)


def _matches(texts: pa.Array, wanted: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    held = pc.fill_null(pc.match_substring(texts, wanted, ignore_case=True), False)
    return np.asarray(held.to_numpy(zero_copy_only=False), dtype=np.bool_)
