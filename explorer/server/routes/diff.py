"""Two views beside each other: which clips of the map each keeps at once, and by a job how they differ in a space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Response
from numpy.typing import NDArray

from ....pruning.diff import KeptDiff, compare_kept
from ....pruning.diff_sides import read_sides
from ....schemas.plain import plain
from ....schemas.view import ALL
from ..packets import packet
from ..session import Seen, Session
from ..single import Single

COMPARISONS = 8
"""How many are kept: each holds no ids."""
ONLY_A, ONLY_B = 1, 2
"""Of a clip that both keep the sum, 0 of one that neither keeps."""


def router(session: Session) -> APIRouter:
    """Return /api/diff and /api/jobs/{name}/diff."""
    routes = APIRouter()
    store = session.store
    made: Single[dict[str, Any]] = Single(COMPARISONS)

    @routes.get("/api/diff")
    def _diff(a: str, b: str, space: str, state: str) -> Response:
        seen = session.seen(space, state)
        names = session.address(a), session.address(b)
        header = made.get((*names, seen.snapshot.state), lambda: _header(compare_kept(read_sides(store, *names))))
        sides = [_kept(session, seen, name).astype(np.uint8) for name in names]
        return packet(header, sides[0] * ONLY_A + sides[1] * ONLY_B)

    @routes.get("/api/jobs/{name}/diff")
    def _in_space(name: str) -> dict[str, Any]:
        found: dict[str, Any] = plain(session.jobs.result(name, "diff"))
        return found

    return routes


def _kept(session: Session, seen: Seen, view: str) -> NDArray[np.bool_]:
    return np.ones(len(seen.snapshot), dtype=np.bool_) if view == ALL else session.kept(seen, view)


def _header(found: KeptDiff) -> dict[str, Any]:
    """Return all that a comparison says, but for the ids of clips."""
    bare = {name: replace(getattr(found, name), clip_ids=()) for name in ("only_a", "only_b", "both")}
    header: dict[str, Any] = plain(replace(found, **bare))
    for name in bare:
        del header[name]["clip_ids"]
    return header
