"""The clips nearest to one, or to a file, as the page lists them."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...indexing.search import similar
from ...schemas.hit import Hit
from ...schemas.manifest import SEGMENT
from ...schemas.view import ALL
from .clip_names import name_of
from .session import Seen, Session

MEAN, VERSIONS = "mean", "versions"
MORE = 2
"""In a view, so many times as many are asked for as would do if it kept the same share everywhere."""
MANY = 500
"""Where that is more than so many, the search itself is told of the view: it has to read all of it first."""


def nearest(session: Session, seen: Seen, query: str | Path, k: int, view: str | None, match: str) -> list[Hit]:
    """Return the k clips nearest to a clip id, or a file, that a view keeps (None: all), best first.

    match: "mean" or "versions", see indexing.search and indexing.segment_sets. Raises what these raise, and UsageError
    for another match.
    """
    if match not in (MEAN, VERSIONS):
        raise UsageError(f"match is {MEAN} or {VERSIONS}, not {match[:80]!r}")
    if view in (None, "", ALL):
        return _search(session, seen, query, k, None, match)
    kept = session.kept(seen, str(view))
    wanted = ceil(MORE * k * len(kept) / max(1, int(kept.sum())))
    if wanted <= MANY:
        hits = _search(session, seen, query, wanted, None, match)
        rows = seen.snapshot.rows_of([hit.clip_id for hit in hits]).tolist()
        inside = [hit for hit, row in zip(hits, rows, strict=True) if row >= 0 and kept[row]]
        if len(inside) >= k or len(hits) < wanted:
            return inside[:k]
    return _search(session, seen, query, k, view, match)


def hit_lines(seen: Seen, hits: list[Hit]) -> list[dict[str, Any]]:
    """Return what the page lists of hits; row is None for a clip that is new since the page was loaded."""
    spans = seen.spans()
    told = []
    for hit, row in zip(hits, seen.snapshot.rows_of([hit.clip_id for hit in hits]).tolist(), strict=True):
        offset_s, duration_s, excerpt = (
            (float(spans.offset_s[row]), float(spans.duration_s[row]), bool(spans.excerpt[row]))
            if row >= 0
            else (0.0, 0.0, False)
        )
        told.append(
            {
                "row": row if row >= 0 else None,
                "clip_id": hit.clip_id,
                "name": name_of(hit.path, excerpt, offset_s, duration_s),
                "score": hit.score,
                "offset_s": hit.offset_s,
                "duration_s": duration_s,
                "labels": list(hit.labels),
            }
        )
    return told


def _search(session: Session, seen: Seen, query: str | Path, k: int, view: str | None, match: str) -> list[Hit]:
    space = seen.snapshot.space
    if match == MEAN:
        session.open_index(seen.snapshot)
        return similar(session.store, query, k=k, space=space.name, view=view)
    from ...indexing.segment_sets.search import Matching, similar_versions  # which loads torch

    session.open_index(seen.snapshot, SEGMENT)
    return similar_versions(session.store, query, Matching(), k=k, space=space.name, view=view)
