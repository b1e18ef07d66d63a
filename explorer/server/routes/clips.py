"""Everything that is known of one clip."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ....errors import NotFound
from ....schemas.clip import CLIPS
from ....schemas.read_json import read_json
from ....schemas.view import ViewInfo
from ....store.clusters import PREFIX, list_runs
from ....store.keys import rows_of
from ....store.known import CLIPS_TABLE
from ....store.store import Store
from ....store.views import view_row
from ....store.where import all_of, equals
from ..clip_names import name_of
from ..session import Session
from ..snapshot import Snapshot

HIDDEN = ("mtimes_ns", "content_hash", "excerpt", "detail", "row_sum")
"""Columns of the clips table that say nothing to who looks at a clip."""


def router(session: Session) -> APIRouter:
    """Return /api/clip/{clip_id} and why a view keeps it or not."""
    routes = APIRouter()
    store = session.store

    @routes.get("/api/clip/{clip_id}")
    def _clip(clip_id: str, space: str | None = None) -> dict[str, Any]:
        told = _described(store, clip_id)
        snapshot = session.snapshot(space) if store.spaces() else None
        return {
            "row": snapshot.row_of(clip_id) if snapshot else None,
            **told,
            "cluster": _cluster(store, snapshot, clip_id) if snapshot else None,
            "decisions": _decisions(store, clip_id),
            "views": [said for info in store.views() if (said := _in_view(store, info, clip_id))],
        }

    @routes.get("/api/clip/{clip_id}/why")
    def _why(clip_id: str, view: str) -> dict[str, Any]:
        from ....pruning.explain import explain

        _described(store, clip_id)  # text that is the path of a file is none of a clip here
        return {"sentence": explain(store, view, clip_id).sentence}

    return routes


def _described(store: Store, clip_id: str) -> dict[str, Any]:
    """Return what the clips table says of a clip, usable or not. Raises NotFound."""
    columns = [name for name in CLIPS.names if name not in HIDDEN or name == "excerpt"]
    found = rows_of(store.tables, CLIPS_TABLE, columns, [clip_id]).to_pylist()
    if not found:
        raise NotFound(f"clip {clip_id[:80]!r} is not in {store.place}")
    row: dict[str, Any] = found[0]
    name = name_of(row["uris"][0], row["excerpt"], row["offset_s"], row["duration_s"])
    del row["excerpt"]
    added_at = row["added_at"].isoformat(timespec="seconds") if row["added_at"] else None
    return row | {"name": name, "added_at": added_at, "extra": read_json(row["extra"] or "{}")}


def _decisions(store: Store, clip_id: str) -> list[str]:
    """Return the kinds of decision that stand about a clip."""
    return sorted({made.kind for made in store.decisions() if clip_id in (made.clip_id, made.other)})


def _cluster(store: Store, snapshot: Snapshot, clip_id: str) -> int | None:
    """Return the cluster of a clip in the last clustering run of a space, -1 for noise."""
    runs = list_runs(store.tables, snapshot.space)
    if not runs:
        return None
    where = all_of(equals("run", runs[-1].run), equals("clip_id", clip_id))
    rows = store.tables.scan(PREFIX + snapshot.space.name, ["label"], where=where)
    return next(iter(rows.column(0).to_pylist()), None)


def _in_view(store: Store, info: ViewInfo, clip_id: str) -> dict[str, Any] | None:
    """Return what a view says of a clip, None where it was not in its source."""
    row = view_row(store.tables, info, clip_id)
    told = ("kept", "reason", "cluster", "rank", "representative", "similarity")
    return {"address": f"{info.name}@{info.version}", **{name: row[name] for name in told}} if row else None
