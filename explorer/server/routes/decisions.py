"""What people decide about clips: noted in the store, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from ....schemas.decision import Decision
from ....store.keys import rows_of
from ....store.known import CLIPS_TABLE
from ....store.store import Store
from ..clip_names import LINE_COLUMNS, name_of
from ..session import Session


class Decide(BaseModel):
    """A decision to note."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    clip_id: str
    other: str | None = None
    note: str = ""


def router(session: Session) -> APIRouter:
    """Return /api/decisions."""
    routes = APIRouter()
    store = session.store

    @routes.get("/api/decisions")
    def _decisions() -> dict[str, Any]:
        return {"decisions": _told(store, store.decisions(undone=True))}

    @routes.post("/api/decisions")
    def _decide(asked: Decide) -> dict[str, Any]:
        return _told(store, [store.decide(asked.kind, asked.clip_id, asked.other, asked.note)])[0]

    @routes.delete("/api/decisions/{decision_id}")
    def _undo(decision_id: str) -> dict[str, Any]:
        return _told(store, [store.undo_decision(decision_id)])[0]

    return routes


def _told(store: Store, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Return decisions with the names of their clips, which may be gone: then it is their id."""
    clip_ids = {clip_id for made in decisions for clip_id in (made.clip_id, made.other) if clip_id}
    rows = rows_of(store.tables, CLIPS_TABLE, ["clip_id", *LINE_COLUMNS], sorted(clip_ids)).to_pylist()
    names = {
        row["clip_id"]: name_of(row["uris"][0], row["excerpt"], row["offset_s"], row["duration_s"]) for row in rows
    }
    return [
        {
            "id": made.decision_id,
            "kind": made.kind,
            "clip_id": made.clip_id,
            "name": names.get(made.clip_id, made.clip_id),
            "other": made.other,
            "other_name": names.get(made.other, made.other) if made.other else None,
            "note": made.note,
            "made_at": made.made_at,
            "undone_at": made.undone_at,
        }
        for made in decisions
    ]
