"""The index kinds of the published evaluation, built from rows that may lie on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, UsageError
from ...indexing.index.device import resolve_device, search, to_device
from ...indexing.kinds.base import Kind
from ...indexing.kinds.presets import PRESETS
from ...indexing.kinds.registry import build_kind
from ...indexing.metric import Metric
from ...progress import Progress, silent
from ...registry import nearest
from ...schemas.vector import Float32
from .layout import Stack

Rows = NDArray[np.int64]
MAX_TRAIN = 10_000_000
BLOCK = 65_536
QUERIES_AT_ONCE = 1024

INDEX_TYPES = {
    "l2": "nafp-l2",
    "ivf": "nafp-ivf",
    "ivfpq": "nafp-ivfpq",
    "ivfpq-rr": "nafp-ivfpq-rr",
    "hnsw": "nafp-hnsw",
    "pfann": "pfann",
}
"""By the names of the published evaluation, and pfann's own, the presets of indexing/kinds/presets.py."""


@dataclass(frozen=True)
class PublishedIndex:
    """A filled faiss.Index, its kind and effort; bytes_per_vector: what a row takes in it; teachers: the first so many
    rows are those that it may have learned from.
    """

    index: Any
    kind: Kind
    effort: int
    bytes_per_vector: float
    teachers: int

    def neighbours(self, queries: Float32, k: int, progress: Progress = silent) -> Rows:
        """Return int64[q, k]: the rows nearest to each of the queries float32[q, d], -1 where fewer were found."""
        found = np.empty((len(queries), k), dtype=np.int64)
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            block = np.ascontiguousarray(queries[start : start + QUERIES_AT_ONCE])
            found[start : start + len(block)] = search(self.index, self.kind, block, k, self.effort)[1]
            progress("search", start + len(block), len(queries))
        return found


def build_published(
    database: Stack,
    dummies: int,
    index_type: str,
    *,
    max_train: int = MAX_TRAIN,
    seed: int = 0,
    device: str = "auto",
    progress: Progress = silent,
) -> PublishedIndex:
    """Build an index of one of INDEX_TYPES over a database.

    It learns from the first `dummies` rows alone, from all where these are none or too few: from at most `max_train` by
    chance, and from no more than the k-means in FAISS would itself draw of them. Raises UsageError for a type that does
    not exist or too few rows to learn from, BadInput for a row that is not finite.
    """
    if index_type not in INDEX_TYPES:
        raise UsageError(f"index type {index_type[:80]!r} does not exist{nearest(index_type, INDEX_TYPES)}")
    preset = PRESETS[INDEX_TYPES[index_type]]
    kind = build_kind(preset.kind, preset.settings)
    made, teachers = _made(kind, preset.metric, database, (dummies or len(database), len(database)), max_train)
    index = to_device(made, kind, resolve_device(device))
    if not index.is_trained:
        progress("train", 0, None)
        count = min(teachers, max_train, kind.train_rows(teachers))
        chosen = np.random.default_rng(seed).choice(teachers, count, replace=False)
        index.train(database.take(np.sort(chosen)))
    done = 0
    for block in database.blocks(BLOCK):
        if not np.isfinite(block).all():
            raise BadInput(f"the database holds NaN or infinite numbers among its rows {done} to {done + len(block)}")
        index.add(np.ascontiguousarray(block))
        done += len(block)
        progress("index", done, len(database))
    return PublishedIndex(index, kind, preset.effort, kind.bytes_per_vector(database.dim), teachers)


def _made(kind: Kind, metric: Metric, database: Stack, choices: tuple[int, ...], max_train: int) -> tuple[Any, int]:
    """Return an empty faiss.Index that can learn from the first of `choices` of rows that are enough, and these."""
    refused: UsageError | None = None
    for teachers in choices:
        try:
            return kind.make(min(teachers, max_train), database.dim, metric), teachers
        except UsageError as error:
            refused = error
    raise UsageError(f"{str(refused).partition('; ')[0]}; use --index l2, which learns nothing") from refused
