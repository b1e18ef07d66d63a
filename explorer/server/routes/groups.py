"""The duplicate groups that a job found, some at a time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from ..found_groups import FoundGroups
from ..session import Session

MAX_GROUPS = 100


def router(session: Session) -> APIRouter:
    """Return /api/jobs/{name}/groups."""
    routes = APIRouter()

    @routes.get("/api/jobs/{name}/groups")
    def _groups(
        name: str,
        first: Annotated[int, Query(ge=0, alias="from")] = 0,
        count: Annotated[int, Query(ge=1, le=MAX_GROUPS)] = 20,
    ) -> dict[str, Any]:
        found: FoundGroups = session.jobs.result(name, "duplicates")
        return found.page(session.store.tables, session.store.decisions(), first, count)

    return routes
