"""What the page asks first: what the store holds, and what a space has to show."""

from __future__ import annotations

from importlib.metadata import version as installed
from importlib.util import find_spec
from typing import Any

import pyarrow.compute as pc
from fastapi import APIRouter

from ....indexing.fingerprinted import FINGERPRINT
from ....schemas.vector import Space
from ....schemas.view import ViewInfo
from ....store.known import CLIPS_TABLE
from ....store.spaces import IMPORTED, table_of
from ....store.store import USABLE, Store
from ...layout import LayoutInfo
from ..session import Seen, Session
from ..single import Single
from ..snapshot import FIRST_SEGMENT


def router(session: Session) -> APIRouter:
    """Return /api/store and /api/space."""
    routes = APIRouter()
    store = session.store
    hours: Single[float] = Single(1)

    @routes.get("/api/store")
    def _store() -> dict[str, Any]:
        spaces = store.spaces()
        version = store.tables.version(CLIPS_TABLE)
        return {
            "name": store.place.rpartition("/")[2],
            "path": store.place,
            "version": installed("echodex"),
            "clips": store.tables.count(CLIPS_TABLE, version, where=USABLE),
            "hours": hours.get(version, lambda: _hours(store, version)),
            "default_space": spaces[-1].name if spaces else None,
            "spaces": [_space(store, space) for space in spaces],
            "views": [view_line(info) for info in store.views()],
            "umap": find_spec("umap") is not None,
            "state_of": {space.name: session.state_of(space) for space in spaces},
        }

    @routes.get("/api/space")
    def _one_space(space: str | None = None) -> dict[str, Any]:
        seen = session.seen(space)
        return {
            "space": seen.snapshot.space.name,
            "state": seen.snapshot.state,
            "rows": len(seen.snapshot),
            "columns": [column.about() for column in seen.columns(store)],
            "splits": _splits(seen, store),
            "maps": [map_line(info) for info in seen.layouts(store)],
        }

    return routes


def view_line(info: ViewInfo) -> dict[str, Any]:
    """Return what lists tell of a view."""
    return {
        "address": f"{info.name}@{info.version}",
        "name": info.name,
        "version": info.version,
        "space": info.recipe.get("space"),
        "selector": info.recipe.get("config", {}).get("selector"),
        "kept": info.kept,
        "clips": info.clips,
        "hours_kept": info.hours_kept,
        "hours": info.hours,
        "created_at": info.created_at,
    }


def _space(store: Store, space: Space) -> dict[str, Any]:
    return {
        "name": space.name,
        "encoder": space.encoder,
        "dim": space.dim,
        "clips": store.tables.count(table_of(space), where=FIRST_SEGMENT),
        "fingerprints": space.encoder == FINGERPRINT,
        "can_ask": space.encoder != IMPORTED and "source" not in space.config,  # one of a source reads no audio
    }


def _hours(store: Store, version: int) -> float:
    """Return the hours of audio of the usable clips."""
    seconds = store.tables.scan(CLIPS_TABLE, ["decoded_s"], where=USABLE, version=version)
    return float(pc.sum(seconds.column(0)).as_py() or 0.0) / 3600


def _splits(seen: Seen, store: Store) -> list[str]:
    """Return the splits that there are; none where clips have none."""
    if not any(column.name == "split" for column in seen.columns(store)):
        return []
    header = seen.column(store, "split").make().header
    return sorted(name for code, name in enumerate(header["names"]) if code != header["none"])


def map_line(info: LayoutInfo) -> dict[str, Any]:
    """Return what the page is told of a map."""
    return {name: getattr(info, name) for name in ("method", "seed", "clips", "placed", "made_at")}
