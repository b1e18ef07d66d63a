"""The published protocol of version matching: every query against all candidates, but for clips of its own recording.

Serrà et al., "Supervised contrastive learning from weakly-labeled audio segments for musical version matching" (2025),
whose `test.py` it follows. Distances of all pairs of segments are reduced to one of each pair of clips. A query may
also be asked in pieces, each of a few segments against whole candidates (their segment-level experiment): all pieces of
a clip, side by side, and their measures are averaged over the clip before they are over clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import UsageError
from ...indexing.index.device import resolve_device
from ...indexing.metric import Metric, prepared
from ...indexing.segment_sets.distances import metric_of, segment_distances
from ...indexing.segment_sets.reductions import Reduction, reduce
from ...indexing.segment_sets.sets import Sets, read_sets, spans
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .material import Material
from .measures import Measures, measure
from .shingles import AS_STORED, Grid, Shingles, chosen

Rows = NDArray[np.int64]

HELD_BYTES = 1 << 30
"""Vectors of queries, those of candidates, and distances, each take at most about so much memory at once."""

QUERY_SEGMENTS = 1024
"""Segments of queries that are compared at once."""

CELLS = {"cpu": 1 << 22, "cuda": 1 << 26}
"""Pairs of segments that are compared at once; some five times four bytes are held for each."""

WHOLE = 0
"""The length of a query that is asked as a whole."""


@dataclass(frozen=True)
class VersionsConfig:
    """redux: a reduction; query, candidate: their shingles; lengths: of queries in shingles, WHOLE for all of a clip;
    device: auto, cpu or cuda.
    """

    redux: str = "bpwr-10"
    query: Shingles = AS_STORED
    candidate: Shingles = AS_STORED
    lengths: tuple[int, ...] = (WHOLE,)
    device: str = "auto"

    def __post_init__(self) -> None:
        Reduction.of(self.redux)
        if not self.lengths or min(self.lengths) < WHOLE or len(set(self.lengths)) < len(self.lengths):
            raise UsageError(f"lengths are different numbers of segments, 0 for the whole query, not {self.lengths}")


def evaluate_material(material: Material, config: VersionsConfig, progress: Progress = silent) -> list[Measures]:
    """Return the measures of the queries of a material, in their order, for each of the lengths.

    Memory: about three times HELD_BYTES, whatever the number of clips. Raises UsageError where the stored segments do
    not allow the shingles, or no query has as many as a length says.
    """
    most = int(material.sizes[material.queries].max())
    if max(config.lengths) > most:
        raise UsageError(f"no query has {max(config.lengths)} segments, the longest has {most}; leave out that length")
    grid = Grid.of(material.space, _read(material, material.queries[:100]))
    asking, answering = _Reader(material, config.query, grid), _Reader(material, config.candidate, grid)
    candidates = np.arange(len(material.clip_ids))
    row_bytes = 4 * material.space.dim * material.sizes
    found: list[list[Measures]] = []
    done = 0
    for asked in _parts(material.queries, np.maximum(row_bytes, 4 * len(candidates) * _most_pieces(material, config))):
        queries = asking.read(asked)
        pieces = [_pieces(np.diff(queries.bounds), length) for length in config.lengths]
        tables = [np.empty((int(each.sum()), len(candidates)), np.float32) for each in pieces]
        for held in _parts(candidates, row_bytes):
            block = _Block(queries, answering.read(held), config, metric_of(material.space))
            block.fill([table[:, held[0] : held[-1] + 1] for table in tables])
            progress("compare", done + len(asked) * int(held[-1] + 1) // len(candidates), len(material.queries))
        found.append([_measured(table, each, asked, material) for table, each in zip(tables, pieces, strict=True)])
        done += len(asked)
    return [_joined([part[place] for part in found]) for place in range(len(config.lengths))]


def _read(material: Material, clips: Rows) -> Sets:
    """Return the stored segments of clips, by their numbers."""
    names = [material.clip_ids[clip] for clip in clips]
    return read_sets(material.store, material.space, Metric.IP, names, material.version)


@dataclass
class _Reader:
    """Reads shingles of clips by their numbers, as they are compared; what was read last is kept, which is all where
    all fits.
    """

    material: Material
    shingles: Shingles
    grid: Grid
    _last: tuple[Rows, Sets] | None = None

    def read(self, clips: Rows) -> Sets:
        if self._last is None or not np.array_equal(self._last[0], clips):
            self._last = None  # not two at once
            sets = chosen(_read(self.material, clips), self.shingles, self.grid)
            self._last = clips, replace(sets, matrix=prepared(sets.matrix, metric_of(self.material.space)))
        return self._last[1]


def _parts(clips: Rows, sizes_bytes: Rows) -> Iterator[Rows]:
    """Yield clips in parts of about HELD_BYTES, of sizes by the number of the clip; one clip at least."""
    part = np.cumsum(sizes_bytes[clips]) // HELD_BYTES
    yield from np.split(clips, np.flatnonzero(np.diff(part)) + 1)


def _pieces(sizes: Rows, length: int) -> Rows:
    """Return in how many pieces of a length each query of so many segments is asked."""
    return np.maximum(1, sizes // length) if length else np.ones_like(sizes)


def _most_pieces(material: Material, config: VersionsConfig) -> Rows:
    """Return how many pieces each clip could be asked in, at most, all lengths together."""
    return np.asarray(sum(_pieces(material.sizes, length) for length in config.lengths))


@dataclass(frozen=True)
class _Block:
    """Queries and candidates whose distances are worked out."""

    queries: Sets
    candidates: Sets
    config: VersionsConfig
    metric: Metric

    def fill(self, tables: list[Float32]) -> None:
        """Write the distances into a table float32[pieces, n] for each of the lengths."""
        device, reduction = resolve_device(self.config.device), Reduction.of(self.config.redux)
        sizes = np.diff(self.queries.bounds)
        for asked in spans(sizes, QUERY_SEGMENTS):
            queries, asks = self.queries.part(asked.start, asked.stop).padded(device)
            longest = queries.shape[0] * queries.shape[1]
            for held in spans(np.diff(self.candidates.bounds), max(1, CELLS[device] // longest)):
                others, there = self.candidates.part(held.start, held.stop).padded(device)
                cells = segment_distances(queries, others, self.metric)
                mask = asks[:, None, :, None] & there[None, :, None, :]
                for table, length in zip(tables, self.config.lengths, strict=True):
                    pieces = _pieces(sizes, length)
                    rows = slice(int(pieces[: asked.start].sum()), int(pieces[: asked.stop].sum()))
                    table[rows, held] = _reduced(cells, mask, reduction, length, pieces[asked]).cpu().numpy()


def _reduced(cells: Tensor, mask: Tensor, reduction: Reduction, length: int, pieces: Rows) -> Tensor:
    """Return the distances [p, n] of the pieces of b queries, one after the other.

    cells: [b, n, q, c]; mask: bool, of its shape; pieces: int64[b].
    """
    b, n, q, c = cells.shape
    width = min(length or q, q)
    most = q // width
    cut = cells[:, :, : most * width].reshape(b, n, most, width, c)
    counts = mask[:, :, : most * width].reshape(b, n, most, width, c)
    found = reduce(cut, reduction, None if bool(counts.all()) else counts)
    valid = torch.arange(most, device=cells.device) < torch.from_numpy(pieces).to(cells.device)[:, None]
    return found.transpose(1, 2)[valid]


def _measured(table: Float32, pieces: Rows, asked: Rows, material: Material) -> Measures:
    """Return the measures of queries, each the mean over its pieces. table: float32[pieces, n]."""
    found = []
    ends = np.cumsum(pieces)
    for span in spans(pieces, max(1, CELLS["cpu"] // table.shape[1])):
        clips = np.repeat(asked[span], pieces[span])[:, None]
        rows = slice(int(ends[span.start] - pieces[span.start]), int(ends[span.stop - 1]))
        answers = material.tracks[None] != material.tracks[clips]
        right = answers & (material.works[None] == material.works[clips])
        begins = np.cumsum(pieces[span]) - pieces[span]
        sums = [np.add.reduceat(values, begins, axis=0) for values in _fields(measure(table[rows], right, answers))]
        found.append(Measures(*((total.T / pieces[span]).T for total in sums)))
    return _joined(found)


def _fields(measures: Measures) -> list[NDArray[np.float64]]:
    return [getattr(measures, field.name) for field in fields(measures)]


def _joined(parts: list[Measures]) -> Measures:
    return Measures(*(np.concatenate(columns) for columns in zip(*map(_fields, parts), strict=True)))
