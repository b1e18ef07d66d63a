"""The published evaluation: all query segments are searched once, and every query and length is matched from that.

Chang et al., "Neural audio fingerprint for high-specific audio retrieval based on contrastive learning", ICASSP 2021;
`eval_faiss.py` of its code. A hit is exact where the best candidate is the row that the query is a replica of, near
where it is at most one row off (half a second). Queries are runs of test ids that know no songs: long ones go on into
the next song, and those at the end of the array are shorter; a strict evaluation has only what stays inside a song, on
both sides (`chosen`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, UsageError
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .chosen import as_published, database_ends, inside_songs
from .matcher import KEPT, Ends, best_rows
from .material import Material
from .published_index import MAX_TRAIN, PublishedIndex, build_published
from .report import EXACT, NEAR, PUBLISHED, SONG, TOP3, TOP10, FingerprintReport, Outcome
from .testids import ICASSP

Rows = NDArray[np.int64]
LENGTHS = (1, 3, 5, 9, 11, 19)
TIMED_S, TIMED_LEAST = 1.0, 5
"""A length is timed by as many queries as fit into so many seconds, and no fewer than this."""


@dataclass(frozen=True)
class ProtocolConfig:
    """index: one of INDEX_TYPES; lengths: of queries, in segments; test_ids: as choose_ids takes them, by `seed`;
    k_probe: neighbours of each segment; strict: queries and answers stay inside songs; max_train: rows the index may
    learn from; device: auto, cpu or cuda.
    """

    index: str = "ivfpq"
    lengths: tuple[int, ...] = LENGTHS
    test_ids: str = ICASSP
    k_probe: int = 20
    strict: bool = False
    max_train: int = MAX_TRAIN
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1 or len(set(self.lengths)) < len(self.lengths):
            raise UsageError(f"lengths are different numbers of segments, at least 1, not {self.lengths}")
        if self.k_probe < 1 or self.max_train < 1:
            raise UsageError(f"k_probe and max_train must be at least 1, not {self.k_probe} and {self.max_train}")


def evaluate_material(material: Material, config: ProtocolConfig, progress: Progress = silent) -> Outcome:
    """Return the hit rates of a material, and what they were counted from.

    Raises UsageError where the index or the test ids cannot be, or songs are not known and `strict` asks for them;
    BadInput for rows that are not finite.
    """
    chosen = (inside_songs if config.strict else as_published)(material, config.test_ids, config.lengths, config.seed)
    ids, able = chosen.ids, chosen.able
    began_s = time.perf_counter()
    index = build_published(
        material.database,
        material.dummies,
        config.index,
        max_train=config.max_train,
        seed=config.seed,
        device=config.device,
        progress=progress,
    )
    build_s = time.perf_counter() - began_s
    asked = _Asked(material, index, config.k_probe, config.lengths, database_ends(material) if config.strict else None)
    found = np.where(able[:, :, None], asked.all(ids, progress), -1)
    hits = _hits(found, material, ids, config.strict)
    counts = able.sum(axis=0)
    report = FingerprintReport(
        source=material.source,
        index=config.index,
        strict=config.strict,
        queries=int(counts.max()),
        asked=tuple(counts.tolist()),
        unanswerable=chosen.unanswerable,
        outlasting=chosen.outlasting,
        short=chosen.short,
        test_ids=config.test_ids,
        seed=config.seed,
        k_probe=config.k_probe,
        database_rows=len(material.database),
        dummy_rows=material.dummies,
        trained_on=_taught(index, material),
        lengths=config.lengths,
        seconds=tuple((length + 1) // 2 for length in config.lengths),
        hits={name: tuple((100 * hit.mean(axis=0, where=able)).tolist()) for name, hit in hits.items()},
        ms_per_query=tuple(asked.ms(chosen.of(place), length) for place, length in enumerate(config.lengths)),
        build_s=round(build_s, 3),
        index_mb=round(index.bytes_per_vector * len(material.database) / 1e6, 3),
    )
    raw = np.concatenate([np.where(able, hits[name], -1) for name in PUBLISHED], axis=1).astype(np.int64)
    return Outcome(report, ids, found, raw)


@dataclass(frozen=True)
class _Asked:
    """Queries of a material put to an index. ends: as best_rows takes it."""

    material: Material
    index: PublishedIndex
    k_probe: int
    lengths: Sequence[int]
    ends: Ends | None

    def all(self, ids: Rows, progress: Progress) -> Rows:
        """Return int64[t, lengths, KEPT]: the best rows for the queries that begin at `ids`."""
        longest, segments = max(self.lengths), len(self.material.queries)
        needed = np.zeros(segments, dtype=np.bool_)
        for offset in range(longest):
            needed[np.minimum(ids + offset, segments - 1)] = True
        rows = np.flatnonzero(needed)
        place = np.cumsum(needed) - 1
        queries = _finite(np.asarray(self.material.queries[rows]))
        neighbours = self.index.neighbours(queries, self.k_probe, progress)
        found = np.empty((len(ids), len(self.lengths), KEPT), dtype=np.int64)
        for at, begin in enumerate(place[ids].tolist()):
            stop = begin + min(longest, segments - int(ids[at]))
            found[at] = self._match(queries[begin:stop], neighbours[begin:stop], self.lengths)
            progress("match", at + 1, len(ids))
        return found

    def ms(self, ids: Rows, length: int) -> float:
        """Return the median wall time, in milliseconds, of a query of `length` segments that is asked alone."""
        spent_s: list[float] = []
        for begin in ids.tolist():
            query = np.ascontiguousarray(self.material.queries[begin : begin + length])
            began_s = time.perf_counter()
            self._match(query, self.index.neighbours(query, self.k_probe), (length,))
            spent_s.append(time.perf_counter() - began_s)
            if len(spent_s) >= TIMED_LEAST and sum(spent_s) > TIMED_S:
                break
        return round(1000 * statistics.median(spent_s), 3)

    def _match(self, query: Float32, neighbours: Rows, lengths: Sequence[int]) -> Rows:
        return best_rows(query, neighbours, self.material.database, lengths, self.ends)[0]


def _hits(found: Rows, material: Material, ids: Rows, strict: bool) -> dict[str, NDArray[np.bool_]]:
    """Return bool[t, lengths] by name of the rate."""
    truth = material.truth[ids][:, None]
    first = found[:, :, 0]
    near = (first >= 0) & (np.abs(first - truth) <= 1)
    hits = {
        EXACT: first == truth,
        NEAR: near,
        TOP3: (found[:, :, :3] == truth[:, :, None]).any(axis=2),
        TOP10: (found == truth[:, :, None]).any(axis=2),
    }
    if material.database_songs:
        song = material.database_songs.of(first) == material.database_songs.of(truth)
        hits[SONG] = song & (first >= 0)
        if strict:
            hits[NEAR] = near & song
    return hits


def _taught(index: PublishedIndex, material: Material) -> str:
    if not index.kind.train_rows(len(material.database)):
        return "nothing"
    return "the dummies" if index.teachers == material.dummies else "the database"


def _finite(queries: Float32) -> Float32:
    if not np.isfinite(queries).all():
        raise BadInput("the queries hold NaN or infinite numbers; embed them again")
    return queries
