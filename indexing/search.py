"""`similar`: the clips nearest to a clip, a file or a vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..audio.clip import read_mono
from ..errors import BadInput, NotFound, UsageError
from ..schemas.hit import Hit
from ..schemas.vector import Float32, Space
from ..store.spaces import table_of
from ..store.vectors import normalised
from .flat import FlatIndex, open_flat
from .places import clips_at

if TYPE_CHECKING:
    from ..store.store import Store


def similar(
    store: Store,
    query: str | Path | Float32,
    *,
    k: int = 10,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
) -> list[Hit]:
    """Return the k clips of highest cosine with `query`, best first; fewer where a view or filter holds fewer.

    query: the path of an audio file, a clip id, or float32[dim] of the space; text that is the path of an existing
    file is taken as one, even if there is a clip of that id. A clip that is asked by its id, or by a file that was
    added and has not changed since, is left out of its own answer; a copy of it elsewhere on disk is a new file and
    finds it. `offset_s` of a hit is where in the clip its segment nearest to the query starts, 0 in a space of one
    segment per clip.

    Raises NotFound for an unknown id or path, BadInput for a file that cannot be used or a vector that does not fit,
    UsageError where `k` makes no sense or a file is asked in a space of imported vectors.
    """
    if k < 1:
        raise UsageError(f"k is how many clips to return, at least 1, not {k}")
    found = store.space(space)
    index = open_flat(store, found)
    asked = _ask(store, found, index, query)
    clips = store.clips(["clip_id", "labels"], view=view, where=where)
    allowed = pc.is_in(pa.array(index.clip_ids, pa.string()), value_set=clips.column("clip_id").combine_chunks())
    mask = allowed.to_numpy(zero_copy_only=False) & (np.array(index.clip_ids, dtype=object) != asked.clip_id)
    rows, scores = index.search(asked.vector[None], k, mask)
    clip_ids = [index.clip_ids[row] for row in rows[0]]
    windowed = store.tables.count(table_of(found)) > len(index.clip_ids)
    starts = _best_starts(store, found, asked.vector, clip_ids) if windowed else [0.0] * len(clip_ids)
    return _hits(store, clip_ids, scores[0], starts, clips)


@dataclass(frozen=True)
class _Asked:
    """A query: its unit vector float32[dim], and the clip that it is, "" for none."""

    vector: Float32
    clip_id: str = ""


def _ask(store: Store, space: Space, index: FlatIndex, query: str | Path | Float32) -> _Asked:
    if isinstance(query, np.ndarray):
        return _Asked(_unit(query, space))
    rows = {clip_id: row for row, clip_id in enumerate(index.clip_ids)}
    if isinstance(query, Path) or _is_file(query):
        whole = next((place for place in clips_at(store, query) if place.unchanged and not place.excerpt), None)
        if whole and whole.clip_id in rows:
            return _Asked(index.vector(rows[whole.clip_id]), whole.clip_id)
        return _Asked(_embed(store, space, Path(query)))
    if query in rows:
        return _Asked(index.vector(rows[query]), query)
    if pc.any(pc.equal(store.clips(["clip_id"]).column(0), query)).as_py():
        raise NotFound(f"clip {query} has no vector in space {space.name!r}; run `echodex embed {space.encoder}`")
    raise NotFound(f"{query[:200]!r} is neither a file nor a usable clip of {store.path}; check the path or the id")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def _unit(vector: NDArray[np.floating], space: Space) -> Float32:
    if vector.shape != (space.dim,):
        raise BadInput(f"the query has shape {vector.shape}; vectors of space {space.name!r} have shape ({space.dim},)")
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if not 0 < norm < np.inf:
        raise BadInput("the query vector is zero or not finite; it has no direction to compare")
    return (vector / norm).astype(np.float32)


def _embed(store: Store, space: Space, path: Path) -> Float32:
    """Return the unit vector of a file that is not in the store: the mean of its segments, as the store pools."""
    encoder = store.encoder(space)
    segments = encoder.encode([read_mono(path, encoder.config.sample_rate_hz)])[0]
    if not len(segments.vectors):
        raise BadInput(f"{path} is too short for encoder {space.encoder!r}; ask with a longer file")
    return _unit(segments.vectors.mean(axis=0, dtype=np.float64), space)


def _hits(store: Store, clip_ids: list[str], scores: Float32, starts: list[float], clips: pa.Table) -> list[Hit]:
    places = pc.index_in(pa.array(clip_ids, pa.string()), value_set=clips.column("clip_id").combine_chunks())
    labels = clips.column("labels").take(places).to_pylist()
    return [
        Hit(source.clip_id, float(np.clip(score, -1, 1)), start, source.path, tuple(own or ()))
        for source, score, start, own in zip(store.sources(clip_ids), scores, starts, labels, strict=True)
    ]


def _best_starts(store: Store, space: Space, vector: Float32, clip_ids: list[str]) -> list[float]:
    """Return for each clip the start, in seconds into the clip, of its segment most similar to `vector`."""
    owners, starts, raw = store.segments(space.name, clip_ids)
    scores = normalised(raw) @ vector
    best = dict.fromkeys(clip_ids, (-np.inf, 0.0))
    for owner, start, score in zip(owners, starts.tolist(), scores.tolist(), strict=True):
        best[owner] = max(best[owner], (score, -start))
    return [0.0 - best[clip_id][1] for clip_id in clip_ids]
