"""Two views compared by the vectors of a space: clusters, coverage, and duplicates across splits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..indexing.groups.distinct import distinct_among
from ..progress import Progress, silent
from ..schemas.decision import decided_by
from ..schemas.vector import Float32, Space
from ..store.spaces import table_of
from ..store.vectors import read_pooled
from .apart import Apart
from .config import DEFAULT_DUPLICATE_SCORE, DEFAULT_SPLIT
from .coverage import coverage
from .diff_sides import Mask, Side, Sides
from .leakage import find_leaks
from .parts import one_each

if TYPE_CHECKING:
    from ..store.store import Store


@dataclass(frozen=True)
class ClusterDiff:
    """How two views touch the clusters that one of them, or both, was made from (noise is none of them).

    of: the view whose clusters they are; clusters: how many; in_a, in_b: of how many a view keeps a clip; lost_a,
    lost_b: the clusters of which it keeps none while the other view does.
    """

    of: str
    clusters: int
    in_a: int
    in_b: int
    lost_a: tuple[int, ...]
    lost_b: tuple[int, ...]


@dataclass(frozen=True)
class CoverageDiff:
    """Coverage, as coverage.py defines it: 1 for all, 0 for the medoid alone.

    clips: of both sources, with a vector; source_by_a, source_by_b: of those by what each view keeps; a_by_b, b_by_a:
    of the clips that one view keeps by those of the other.
    """

    clips: int
    source_by_a: float
    source_by_b: float
    a_by_b: float
    b_by_a: float


@dataclass(frozen=True)
class LeakageDiff:
    """How many clips that each view keeps have a duplicate of another split that it keeps as well.

    duplicate_score: the cosine of mean vectors from which clips count as duplicates: that of the views' recipes where
    they agree. Clips that were decided to be distinct when either view was planned are none.
    """

    duplicate_score: float
    a: int
    b: int


@dataclass(frozen=True)
class SpaceDiff:
    """What the vectors say; None, or empty, for what does not compare: `notes` say why."""

    space: str | None
    clusters: tuple[ClusterDiff, ...]
    coverage: CoverageDiff | None
    leakage: LeakageDiff | None
    notes: tuple[str, ...]


def compare_in_space(store: Store, sides: Sides, progress: Progress = silent) -> SpaceDiff:
    """Compare two views by the vectors of the space that they were made from ("all": the other's).

    Where that is not the same, only leakage is looked for, of each view in its own. progress: hears of "reading",
    "coverage" and "leakage"; of 100,000 clips each of their steps takes seconds.
    """
    spaces, why_not = _spaces(store, sides)
    if not spaces:
        return SpaceDiff(None, (), None, None, (why_not,))
    progress("reading", 0, None)
    if why_not:
        leakage = _leakage(sides, (_vectors(store, space, sides) for space in spaces), progress)
        return SpaceDiff(None, (), None, leakage, (why_not,))
    matrix, known = _vectors(store, spaces[0], sides)
    covered = _coverage(matrix, known, sides, progress)
    notes = [] if covered else ["the sources of the two views have no clip in common: coverage is not compared"]
    if missing := int(((sides.a.kept | sides.b.kept) & ~known).sum()):
        notes.append(f"{missing} kept clips have no vector in space {spaces[0].name!r}: they cover and leak nothing")
    leakage = _leakage(sides, repeat((matrix, known)), progress)
    return SpaceDiff(spaces[0].name, _clusters(sides), covered, leakage, tuple(notes))


def _spaces(store: Store, sides: Sides) -> tuple[tuple[Space, ...], str]:
    """Return the space that each view was made from, or none, and a sentence unless both are the same one."""
    made = {side.address: side.info.recipe for side in (sides.a, sides.b) if side.info and "space" in side.info.recipe}
    nothing = "clusters, coverage and leakage are not compared"
    if not made:
        return (), f"neither view was made from the vectors of a space: {nothing}"
    found: dict[str, Space] = {}
    for address, recipe in made.items():
        space = next((space for space in store.spaces() if space.name == recipe["space"]), None)
        if space is None or space.digest != recipe["encoder_digest"]:
            return (), f"space {recipe['space']} is no longer what {address} was made from: {nothing}"
        found[address] = space
    first = next(iter(found.values()))
    spaces = tuple(found.get(side.address, first) for side in (sides.a, sides.b))
    if len({space.name for space in spaces}) == 1:
        return spaces, ""
    places = " and ".join(f"{address} in space {space.name}" for address, space in found.items())
    return spaces, f"{places}: vectors of different encoders do not compare, so clusters and coverage are left out"


def _vectors(store: Store, space: Space, sides: Sides) -> tuple[Float32, Mask]:
    """Return float32[n, d], L2-normalised, and bool[n], whether there is a vector.

    A clip that was removed since is read as it was when a view with it was saved: the vector of a clip never changes.
    """
    clip_ids = sides.clip_ids
    matrix = np.zeros((len(clip_ids), space.dim), dtype=np.float32)
    known = np.zeros(len(clip_ids), dtype=np.bool_)
    infos = (sides.a.info, sides.b.info)
    for version in dict.fromkeys(info.version_of(table_of(space)) if info else None for info in infos):
        if known.all():
            break
        found = read_pooled(store.tables, space, clip_ids.filter(pa.array(~known)), version)
        rows = pc.index_in(pa.array(found.clip_ids, clip_ids.type), value_set=clip_ids).to_numpy()
        matrix[rows], known[rows] = found.matrix, True
    return matrix, known


def _clusters(sides: Sides) -> tuple[ClusterDiff, ...]:
    """Return the comparison by the clusters of each view that has some; once where they are the same."""
    a, b = sides.a, sides.b
    both = a.there & b.there
    found = [side for side in (a, b) if (side.cluster >= 0).any()]
    if len(found) == 2 and both.any() and np.array_equal(a.cluster[both], b.cluster[both]):
        found = [replace(a, cluster=np.where(a.there, a.cluster, b.cluster))]
    return tuple(_touched(side, sides) for side in found)


def _touched(of: Side, sides: Sides) -> ClusterDiff:
    labels = np.unique(of.cluster[of.cluster >= 0])
    in_a, in_b = (np.isin(labels, of.cluster[side.kept]) for side in (sides.a, sides.b))
    return ClusterDiff(
        of=of.address,
        clusters=len(labels),
        in_a=int(in_a.sum()),
        in_b=int(in_b.sum()),
        lost_a=tuple(labels[in_b & ~in_a].tolist()),
        lost_b=tuple(labels[in_a & ~in_b].tolist()),
    )


def _coverage(matrix: Float32, known: Mask, sides: Sides, progress: Progress) -> CoverageDiff | None:
    common, a, b = known & sides.a.there & sides.b.there, known & sides.a.kept, known & sides.b.kept
    if not common.any():
        return None
    pairs = {"source_by_a": (a, common), "source_by_b": (b, common), "a_by_b": (b, a), "b_by_a": (a, b)}
    found = {}
    for done, (name, (kept, of)) in enumerate(pairs.items()):
        progress("coverage", done, len(pairs))
        found[name] = coverage(matrix, kept, of)
    return CoverageDiff(clips=int(common.sum()), **found)


def _duplicate_score(sides: Sides) -> float:
    configs = [side.info.recipe.get("config", {}) for side in (sides.a, sides.b) if side.info]
    scores = {config.get("duplicate_score") or DEFAULT_DUPLICATE_SCORE for config in configs}
    return scores.pop() if len(scores) == 1 else DEFAULT_DUPLICATE_SCORE


def _leakage(sides: Sides, vectors: Iterable[tuple[Float32, Mask]], progress: Progress) -> LeakageDiff:
    """Return what leaks in each view; vectors: by which each is looked at, and of which clips there are some."""
    score = _duplicate_score(sides)
    found: list[int] = []
    for side, (matrix, known) in zip((sides.a, sides.b), vectors, strict=False):
        progress("leakage", len(found), 2)
        found.append(_leaks(sides, side, matrix, known, score))
    return LeakageDiff(score, *found)


def _leaks(sides: Sides, side: Side, matrix: Float32, known: Mask, min_score: float) -> int:
    """Return how many clips that a view keeps have a duplicate in another split, by their mean vectors."""
    rows = np.flatnonzero(known & side.kept)
    clips = sides.clips.take(pa.array(rows))
    clip_ids, splits = (clips.column(name).to_pylist() for name in ("clip_id", "split"))
    parts, apart = one_each(matrix[rows]), _apart(sides, clip_ids)
    return len(find_leaks(clip_ids, parts, splits, DEFAULT_SPLIT, min_score, None, apart))


def _apart(sides: Sides, clip_ids: list[str]) -> Apart | None:
    """Return which of these clips were distinct to the plan of either view."""
    recipes = [side.info.recipe for side in (sides.a, sides.b) if side.info]
    pairs = [pair for recipe in recipes for pair in decided_by(recipe.get("decisions", {})).distinct]
    distinct = distinct_among(clip_ids, pairs)
    return None if distinct is None else Apart(distinct=distinct)
