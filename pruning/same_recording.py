"""Copies of one recording among the clips of a work: their waveforms align, those of two performances do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..audio.cores import core_count
from ..indexing.groups.verify import Verifier
from ..indexing.near import blocks
from ..progress import Progress, silent
from ..schemas.vector import Float32
from .material import Material
from .members import by_cluster
from .parts import Parts, joined
from .versions import NO_WORK, Performances

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]


def unite_by_ear(store: Store, material: Material, min_score: float, progress: Progress = silent) -> Material:
    """Return the material with performances of a work taken for one that are the same recording.

    Compared are clips of a work, of the source and beyond, with a score of at least `min_score`, by their waveforms
    (indexing/groups/verify.py). A clip whose audio cannot be read is the same recording as no other, which is logged.
    progress: hears of "verify", by the clips that others were compared with.
    """
    if material.performances is None:
        return material
    source = np.flatnonzero(material.has_vector)
    rows = np.concatenate([source, len(material) + np.arange(len(material.beyond))])
    parts = material.parts(source)
    if len(material.beyond):
        parts = joined(parts, material.beyond.parts)
    candidates = list(near_performances(parts, material.performances.take(rows), min_score))
    clip_ids = np.array(material.clip_ids + material.beyond.clip_ids, dtype=object)[rows]
    asked = sorted({row for one, others in candidates for row in (one, *others)})
    place = {row: number for number, row in enumerate(asked)}
    same = []
    with Verifier(store.sources([clip_ids[row] for row in asked]), threads=core_count()) as verifier:
        for done, (one, others) in enumerate(candidates, start=1):
            found = verifier.same_recording(place[one], [place[other] for other in others])
            same += [(clip_ids[one], clip_ids[asked[other]]) for other in sorted(found)]
            progress("verify", done, len(candidates))
    return united(material, same)


def united(material: Material, pairs: Sequence[Sequence[str]]) -> Material:
    """Return the material in which each pair of clip ids is of one recording."""
    if material.performances is None or not pairs:
        return material
    place = {clip_id: row for row, clip_id in enumerate(material.clip_ids + material.beyond.clip_ids)}
    rows = np.array([[place[one], place[other]] for one, other in pairs], dtype=np.int64)
    performances = material.performances.united(rows[:, 0], rows[:, 1])
    return replace(material, performances=performances, verified=tuple((one, other) for one, other in pairs))


def near_performances(parts: Parts, performances: Performances, min_score: float) -> Iterator[tuple[int, list[int]]]:
    """Yield each clip with the later ones of its work that are told to be other performances, and near it: the nearest
    first. Memory O(n), however large a work is.
    """
    for work, clips in by_cluster(performances.work):
        if work == NO_WORK or len(clips) < 2:
            continue
        for at in blocks(len(clips), 16 * len(clips)):
            one, other = _pairs(clips, at)
            apart = performances.versions(one, other)
            one, other = one[apart], other[apart]
            scores = _scores(parts, one, other)
            near = np.flatnonzero(scores >= min_score)
            near = near[np.lexsort((other[near], -scores[near], one[near]))]
            for clip in np.unique(one[near]).tolist():
                yield clip, other[near][one[near] == clip].tolist()


def _pairs(clips: Rows, at: slice) -> tuple[Rows, Rows]:
    """Return the pairs of each of the clips `at` and each that comes after it."""
    places = np.arange(len(clips))
    first, second = np.nonzero(places[at, None] < places)
    return clips[at][first], clips[second]


def _scores(parts: Parts, one: Rows, other: Rows) -> Float32:
    scores = np.empty(len(one), dtype=np.float32)
    for at in blocks(len(one), 2 * parts.matrix.shape[1]):
        scores[at] = parts.scores(one[at], other[at])
    return scores
