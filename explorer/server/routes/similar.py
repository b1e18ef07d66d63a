"""What resembles a clip, or a file that was dropped on the page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query

from ....audio.children.pool import Children
from ....errors import BadInput, NotFound
from ....indexing.fingerprinted import FINGERPRINT
from ....indexing.identify import identify
from ....indexing.sequence.finder import Asked
from ....schemas.hit import Match
from ....schemas.manifest import SEGMENT
from ....schemas.view import ALL
from ..clip_names import lines
from ..hits import MEAN, hit_lines, nearest
from ..session import Seen, Session
from ..upload import Uploaded

MAX_K = 200

K = Annotated[int, Query(ge=1, le=MAX_K)]


def router(session: Session) -> APIRouter:
    """Return /api/clip/{clip_id}/similar and /api/ask."""
    routes = APIRouter()

    @routes.get("/api/clip/{clip_id}/similar")
    def _similar(
        clip_id: str, space: str, state: str, k: K = 20, view: str | None = None, match: str = MEAN
    ) -> dict[str, Any]:
        started = time.perf_counter()
        seen = session.seen(space, state)
        if seen.snapshot.row_of(clip_id) is None:
            raise NotFound(f"clip {clip_id[:80]!r} has no vector in space {seen.snapshot.space.name!r}")
        hits = hit_lines(seen, nearest(session, seen, clip_id, k, view, match))
        return {"hits": hits, "took_ms": _since(started)}

    @routes.post("/api/ask")
    def _ask(
        file: Uploaded,
        space: str,
        state: str,
        k: K = 20,
        view: str | None = None,
        match: str = MEAN,
        name: str = "",
    ) -> dict[str, Any]:
        started = time.perf_counter()
        seen = session.seen(space, state)
        with _called(file, name):
            duration_s = _seconds(file)
            hits = hit_lines(seen, nearest(session, seen, file, k, view, match))
            matches = _matches(session, seen, file, view) if seen.snapshot.space.encoder == FINGERPRINT else []
        return {"hits": hits, "matches": matches, "took_ms": _since(started), "duration_s": duration_s}

    return routes


@contextmanager
def _called(file: Path, name: str) -> Iterator[None]:
    """Let what is said of a file that cannot be used call it what its sender does."""
    try:
        yield
    except BadInput as error:
        raise BadInput(str(error).replace(str(file), name[:200] or "the file")) from error


def _seconds(file: Path) -> float | None:
    """Return how long a file says that it is, None where it does not."""
    with Children() as children:
        return children.length_s(file)


def _matches(session: Session, seen: Seen, file: Path, view: str | None) -> list[dict[str, Any]]:
    """Return where in a file which clips play, in the order of the file."""
    session.open_index(seen.snapshot, SEGMENT)
    asked = Asked(view=None if view in (None, "", ALL) else view)
    found = identify(session.store, file, asked, space=seen.snapshot.space.name)
    told = {line["clip_id"]: line for line in _lines(session, seen, found)}
    return [
        {
            "row": told[match.clip_id]["row"],
            "clip_id": match.clip_id,
            "name": told[match.clip_id]["name"],
            "query_start_s": match.query_start_s,
            "query_end_s": match.query_end_s,
            "clip_start_s": match.clip_start_s,
            "clip_end_s": match.clip_end_s,
            "score": match.score,
            "confidence": match.confidence,
        }
        for match in found
    ]


def _lines(session: Session, seen: Seen, found: list[Match]) -> list[dict[str, Any]]:
    return lines(session.store.tables, seen.snapshot, list(dict.fromkeys(match.clip_id for match in found)))


def _since(started: float) -> float:
    """Return milliseconds since `started`."""
    return round(1000 * (time.perf_counter() - started), 2)
