"""A space of a store as the database of the published evaluation, and queries from files, a view or another space.

The published layout asks for queries that lie on the database segment for segment. Here each query says which clip it
is a replica of, and from which second on; what no query is a replica of is a dummy. Nothing goes over the border of a
clip, so that only a strict evaluation has a meaning.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...audio.children.pool import Children
from ...audio.unusable import Unusable
from ...errors import BadInput, NotFound, UsageError
from ...indexing.sequence.hop import uniform_hop_s
from ...indexing.sequence.timeline import bounds_of
from ...progress import Progress, silent
from ...schemas.vector import Float32, Space
from ...store.pooling import normalise_rows
from ...store.sources import walk
from ...store.spaces import table_of
from ...store.vectors import normalised, read_all_segments
from .layout import Stack
from .material import Material
from .songs import songs_of

if TYPE_CHECKING:
    from ...store.store import Store

Rows = NDArray[np.int64]
VIEW, SPACE = "view:", "space:"
COLUMNS = ("query", "answer", "time")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Query:
    """name: its file; vectors: float32[L, d], unit rows at the hop of the database; answer: a clip id, path or file
    name, with its ending or without; of a path from elsewhere the file name counts; time_s: where in that clip the
    query begins; clip_id: if it is a clip of the store that is to be left out of the database.
    """

    name: str
    vectors: Float32
    answer: str
    time_s: float = 0.0
    clip_id: str = ""


@dataclass(frozen=True)
class _Clips:
    """Clips of a space, sorted by id: ids, their files, and rows bounds[i] to bounds[i + 1] of `matrix`, unit rows.

    segments: int32[n], the number of each row in its clip; begins: bool[n], whether a row begins an unbroken piece of
    its clip, which is the whole clip unless a segment within has no vector.
    """

    ids: list[str]
    uris: list[list[str]]
    bounds: Rows
    segments: NDArray[np.int32]
    begins: NDArray[np.bool_]
    matrix: Float32
    hop_s: float

    def rows(self, number: int) -> slice:
        """Return the rows of a clip."""
        return slice(int(self.bounds[number]), int(self.bounds[number + 1]))


def from_store(
    store: Store,
    queries: str,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> Material:
    """Return the segments of a space as a database, and queries for it.

    queries: a folder of audio files, each named as the clip that it is a replica of from its start; a CSV with the
    columns query (a path), answer (a clip id, path or file name) and time (seconds, 0 where left out); "view:NAME",
    the clips of a view, named in that way, which are then left out of the database; or "space:NAME", another space's
    vectors of the same clips. Files that cannot be read are left out and told. Raises NotFound, BadInput, and
    UsageError for a space without a hop (`uniform_hop_s`).
    """
    found = store.space(space)
    clips = _clips(store, found, view, where)
    lost: list[Path] = []
    if queries.startswith(VIEW):
        asked = list(_of_view(store, found, queries.removeprefix(VIEW)))
    elif queries.startswith(SPACE):
        asked = list(_of_space(store, queries.removeprefix(SPACE), found))
    else:
        asked = list(_of_files(store, found, Path(queries), lost, progress))
    if not asked:
        raise NotFound(
            f"{queries} holds no queries{' that can be read' if lost else ''}; give a folder of audio files, a CSV, "
            "view:NAME or space:NAME"
        )
    without = f" ({len(lost)} cannot be read)" if lost else ""
    return _laid_out(clips, asked, f"space {found.name}, queries {queries}{without}")


def _clips(store: Store, space: Space, view: str | None, where: str | None) -> _Clips:
    """Return the usable clips of a space, those that a view and a filter keep, with their segments."""
    versions = store.versions(space, view=view)
    rows = read_all_segments(store.tables, space, versions[table_of(space)])
    usable = store.clips(["clip_id", "uris"], view=view, where=where)
    kept = pc.is_in(rows.clip_ids, value_set=usable.column("clip_id").combine_chunks()).to_numpy(zero_copy_only=False)
    if not kept.all():
        rows = rows.take(np.flatnonzero(kept))
    if not len(rows):
        raise UsageError(
            f"no clip that is asked for has a vector in space {space.name!r}; embed them, or ask for others by --view "
            "and --where"
        )
    first = np.diff(rows.clip_ids.dictionary_encode().indices.to_numpy(), prepend=-1) != 0
    hop_s = uniform_hop_s(store, space, first, rows.segments, rows.starts_s)
    ids = rows.clip_ids.filter(pa.array(first)).to_pylist()
    uris = dict(zip(usable.column("clip_id").to_pylist(), usable.column("uris").to_pylist(), strict=True))
    begins = first | (np.diff(rows.segments, prepend=-1) != 1)
    normalise_rows(rows.matrix)
    found = [uris[clip_id] for clip_id in ids]
    return _Clips(ids, found, bounds_of(first), rows.segments, begins, rows.matrix, hop_s)


def _of_view(store: Store, space: Space, view: str) -> Iterator[Query]:
    clips = _clips(store, space, view, None)
    for number, clip_id in enumerate(clips.ids):
        yield from _pieces(clips, number, Path(clips.uris[number][0]).stem, clip_id)


def _of_space(store: Store, name: str, database: Space) -> Iterator[Query]:
    other = store.space(name)
    if other.dim != database.dim:
        raise UsageError(
            f"space {other.name!r} has vectors of length {other.dim} and {database.name!r} of {database.dim}: they are "
            "not of one encoder"
        )
    clips = _clips(store, other, None, None)
    for number, clip_id in enumerate(clips.ids):
        yield from _pieces(clips, number, clip_id)


def _pieces(clips: _Clips, number: int, answer: str, clip_id: str = "") -> Iterator[Query]:
    """Yield a clip as a query for each of its unbroken pieces."""
    start = clips.bounds[number]
    cuts = start + np.flatnonzero(clips.begins[clips.rows(number)])
    for begin, end in pairwise([*cuts.tolist(), int(clips.bounds[number + 1])]):
        time_s = float(clips.segments[begin]) * clips.hop_s
        yield Query(clips.uris[number][0], clips.matrix[begin:end], answer, time_s, clip_id)


def _of_files(store: Store, space: Space, path: Path, lost: list[Path], progress: Progress) -> Iterator[Query]:
    """Yield what is listed; what cannot be read is logged and added to `lost`."""
    encoder = store.encoder(space)
    listed = _listed(path)
    with Children() as children:
        for done, (file, answer, time_s) in enumerate(listed):
            try:
                waveform = children.read_mono(file, encoder.config.sample_rate_hz)
            except (Unusable, NotFound) as error:
                logger.warning("%s; it is left out of the evaluation", error)
                lost.append(file)
            else:
                yield Query(str(file), normalised(encoder.encode([waveform])[0].vectors), answer, time_s)
            progress("queries", done + 1, len(listed))


def _listed(path: Path) -> list[tuple[Path, str, float]]:
    """Return file, answer and time of each query of a folder or a CSV."""
    if path.is_dir():
        return [(file, file.stem, 0.0) for file in sorted(map(Path, walk(path)))]
    if not path.is_file():
        raise NotFound(f"{path} does not exist; give a folder of audio files, a CSV, view:NAME or space:NAME")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [(path.parent / row["query"], row["answer"], _time(row)) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadInput(f"{path} must be a CSV with the columns {', '.join(COLUMNS)}, the last in seconds") from error


def _time(row: dict[str, str]) -> float:
    time_s = float(row.get("time") or 0)
    if not 0 <= time_s < np.inf:
        raise ValueError(time_s)
    return time_s


def _laid_out(clips: _Clips, asked: Sequence[Query], source: str) -> Material:
    """Return the material: clips that nothing is asked of first, as dummies."""
    left_out = {query.clip_id for query in asked}
    numbers = [number for number, clip_id in enumerate(clips.ids) if clip_id not in left_out]
    if not numbers:
        raise UsageError("no clip is left for the database but the queries themselves; say which by --view or --where")
    named = _names(clips, numbers)
    answers = [named.get(query.answer, named.get(Path(query.answer).name, -1)) for query in asked]
    wanted = set(answers)
    order = [number for number in numbers if number not in wanted]
    counts = np.diff(clips.bounds)
    dummies = int(counts[order].sum()) if order else 0
    order += [number for number in numbers if number in wanted]
    rows = np.concatenate([np.arange(clips.bounds[number], clips.bounds[number + 1]) for number in order])
    songs = songs_of([clips.uris[number][0] for number in order], counts[order].tolist())
    begins = dict(zip(order, songs.bounds[:-1].tolist(), strict=True))
    truth = [
        _truth(query, begins[answer], clips.segments[clips.rows(answer)], clips.hop_s)
        if answer >= 0
        else np.full(len(query.vectors), -1, dtype=np.int64)
        for query, answer in zip(asked, answers, strict=True)
    ]
    return Material(
        queries=np.concatenate([query.vectors for query in asked]),
        database=Stack((clips.matrix,), rows),
        dummies=dummies,
        truth=np.concatenate(truth),
        query_songs=songs_of([query.name for query in asked], [len(query.vectors) for query in asked]),
        database_songs=songs,
        source=source,
        unbroken=bounds_of(clips.begins[rows]),
    )


def _names(clips: _Clips, numbers: Sequence[int]) -> dict[str, int]:
    """Return the clip that an id, a path or a file name without its ending means; a name that two share means none."""
    named: dict[str, int] = {}
    for number in numbers:
        for uri in clips.uris[number]:
            for name in (Path(uri).stem, Path(uri).name):
                named[name] = number if named.get(name, number) == number else -1
    for number in numbers:
        named.update(dict.fromkeys([clips.ids[number], *clips.uris[number]], number))
    return named


def _truth(query: Query, begin: int, segments: NDArray[np.int32], hop_s: float) -> Rows:
    """Return int64[L]: the row that each segment of a query lies on, to the nearest; -1 for one that is not there.

    segments: int32[m], the numbers of those that the clip has, the first in row `begin`.
    """
    wanted = round(query.time_s / hop_s) + np.arange(len(query.vectors), dtype=np.int64)
    at = np.minimum(np.searchsorted(segments, wanted), len(segments) - 1)
    return np.where(segments[at] == wanted, begin + at, -1)
