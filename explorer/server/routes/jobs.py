"""Work that takes a while: finding duplicates, planning, comparing views, drawing a map, opening an index; watched and
cancelled.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ....errors import UsageError
from ....indexing.duplicates import duplicates
from ....indexing.fingerprinted import FINGERPRINT
from ....indexing.groups.config import DuplicatesConfig
from ....progress import Progress
from ....pruning.config import PruneConfig
from ....pruning.diff_sides import read_sides
from ....pruning.diff_space import SpaceDiff, compare_in_space
from ....schemas.view import ALL
from ...layout import layout
from ..found_groups import FoundGroups
from ..found_plan import FoundPlan, rows_of_plan
from ..jobs import Asked, Job
from ..session import Seen, Session


class _Asking(BaseModel):
    """What all jobs are asked with. state: of the rows that the asker knows; it is refused where they are others."""

    model_config = ConfigDict(extra="forbid")

    space: str | None = None
    state: str | None = None


class AskDuplicates(_Asking):
    """Duplicate groups among the clips of a view."""

    kind: Literal["duplicates"]
    min_score: float | None = None
    verify: Literal["audio"] | None = None
    view: str | None = None


class AskPlan(_Asking):
    """A plan of what to keep of a view. settings: of PruneConfig."""

    kind: Literal["plan"]
    view: str = ALL
    settings: dict[str, Any] = {}


class AskDiff(_Asking):
    """How two views differ in the space they were made from."""

    kind: Literal["diff"]
    a: str
    b: str


class AskMap(_Asking):
    """A map, fitted now."""

    kind: Literal["map"]
    method: Literal["umap"] = "umap"
    seed: int = Field(0, ge=0, lt=1 << 32)


class AskIndex(_Asking):
    """The index that neighbours are found by, opened before the first is asked for; built where there is none."""

    kind: Literal["index"]


AnyJob = AskDuplicates | AskPlan | AskDiff | AskMap | AskIndex
AskJob = Annotated[AnyJob, Body(discriminator="kind")]


def router(session: Session) -> APIRouter:
    """Return /api/jobs."""
    routes = APIRouter()

    @routes.post("/api/jobs")
    def _start(asked: AskJob) -> dict[str, Any]:
        return _started(session, asked).told()

    @routes.get("/api/jobs/{name}")
    def _watch(name: str) -> dict[str, Any]:
        return session.jobs.find(name).told()

    @routes.delete("/api/jobs/{name}")
    def _cancel(name: str) -> dict[str, Any]:
        return session.jobs.cancel(name).told()

    return routes


def _started(session: Session, asked: AnyJob) -> Job:
    """Start a job, or return the one that was asked the same of the same store."""
    seen = session.seen(asked.space, asked.state)
    space, state = seen.snapshot.space.name, seen.snapshot.state
    if isinstance(asked, AskMap):
        return session.jobs.start(
            Asked("map", (space, state, asked.seed)), lambda progress: _map(session, seen, asked, progress)
        )
    if isinstance(asked, AskIndex):
        return session.jobs.start(
            Asked("index", (space, state)), lambda progress: session.open_index(seen.snapshot, progress=progress)
        )
    if isinstance(asked, AskDiff):
        views = session.address(asked.a), session.address(asked.b)
        return session.jobs.start(Asked("diff", (state, views)), lambda progress: _diff(session, *views, progress))
    view = session.address(asked.view or ALL)
    decided = tuple(made.decision_id for made in session.store.decisions())
    if isinstance(asked, AskDuplicates):
        return session.jobs.start(
            Asked("duplicates", (space, state, decided, view, asked.min_score, asked.verify)),
            lambda progress: _duplicates(session, seen, asked, view, progress),
        )
    config = _config(seen, asked.settings)
    return session.jobs.start(
        Asked("plan", (space, state, decided, view, repr(config))),
        lambda progress: _plan(session, seen, config, view, progress),
    )


def _map(session: Session, seen: Seen, asked: AskMap, progress: Progress) -> None:
    seen.drawn(layout(session.store, seen.snapshot.space, asked.method, seed=asked.seed, progress=progress))


def _diff(session: Session, a: str, b: str, progress: Progress) -> SpaceDiff:
    progress("reading", 0, None)
    return compare_in_space(session.store, read_sides(session.store, a, b), progress)


def _duplicates(session: Session, seen: Seen, asked: AskDuplicates, view: str, progress: Progress) -> FoundGroups:
    config, space = DuplicatesConfig(asked.min_score, asked.verify), seen.snapshot.space
    groups = duplicates(session.store, config, space=space.name, view=view, progress=progress)
    return FoundGroups(seen.snapshot, groups, bool(asked.verify) or space.encoder == FINGERPRINT)


def _plan(session: Session, seen: Seen, config: PruneConfig, view: str, progress: Progress) -> FoundPlan:
    from ....pruning.plan import plan
    from ....pruning.tuning import tune

    found = plan(session.store, config, space=seen.snapshot.space.name, view=view, progress=progress)
    tuned = tune(found, progress)
    progress("summing up", 0, None)
    return FoundPlan(seen.snapshot, found, tuned, found.summary(), rows_of_plan(seen.snapshot, found))


def _config(seen: Seen, settings: dict[str, Any]) -> PruneConfig:
    """Return what a plan is asked to do. Raises UsageError for a setting that does not exist, or one of another type,
    and for a pin that is no clip of the space: a page names no files.
    """
    unknown = sorted(settings.keys() - PruneConfig.__dataclass_fields__.keys())
    if unknown:
        raise UsageError(f"{unknown[0][:80]!r} is no setting of a plan")
    try:
        config: PruneConfig = TypeAdapter(PruneConfig).validate_python(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))[:80]}: {first['msg']}") from error
    odd = next((str(name) for name in config.pin if seen.snapshot.row_of(str(name)) is None), None)
    if odd is not None:
        raise UsageError(f"pin {odd[:80]!r} is no clip of space {seen.snapshot.space.name!r}")
    return config
