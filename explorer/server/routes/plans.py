"""The plan that a job made: told, moved to another setting at once, and saved as a view."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from ..found_plan import FoundPlan, Moved
from ..packets import packet
from ..session import Session
from .stores import view_line


class SavePlan(BaseModel):
    """A view to be: its name, and the setting of the plan that it keeps."""

    model_config = ConfigDict(extra="forbid")

    name: str
    keep: float | None = None
    eps: float | None = None
    t: float | None = None


def router(session: Session) -> APIRouter:
    """Return /api/jobs/{name}/plan, /at and /save."""
    routes = APIRouter()

    def found(name: str) -> FoundPlan:
        plan: FoundPlan = session.jobs.result(name, "plan")
        return plan

    @routes.get("/api/jobs/{name}/plan")
    def _plan(name: str) -> dict[str, Any]:
        return found(name).told()

    @routes.get("/api/jobs/{name}/at")
    def _at(name: str, keep: float | None = None, eps: float | None = None, t: float | None = None) -> Response:
        return packet(*found(name).at(Moved(keep, eps, t)))

    @routes.post("/api/jobs/{name}/save")
    def _save(name: str, asked: SavePlan) -> dict[str, Any]:
        moved = Moved(asked.keep, asked.eps, asked.t)
        plan = found(name).tuned.plan(**moved.as_asked())
        return view_line(plan.save(session.store, asked.name))

    return routes
