"""A choice told clip by clip: the rows of a view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..schemas.view import VIEW_ROWS, Kept
from .choice import Choice
from .cluster import NOISE
from .material import Material
from .represent import represent

Mask = NDArray[np.bool_]

UNCLUSTERED = -2
"""The cluster of a clip that pruning did not look at."""


def view_rows(material: Material, choice: Choice, kept: Mask, noise_policy: str) -> pa.Table:
    """Return VIEW_ROWS without row_id for the n clips of the source; kept: bool[m], of those in the pool."""
    n, pool = len(material), material.pool
    ranked = np.isin(np.arange(n), pool)
    gained = np.isin(np.arange(n), pool[~np.isnan(choice.gains)])
    all_kept = ~material.in_split
    all_kept[pool] = kept
    with threadpool_limits(limits=1, user_api="blas"):  # for the same digits whatever the number of threads
        stands, similarity = represent(material.matrix[pool], choice, kept)
    representative = np.where(all_kept, np.arange(n), -1)
    representative[pool] = np.where(stands < 0, -1, pool[stands])
    named = representative >= 0
    reasons = np.where(all_kept, Kept.UNTOUCHED.value, Kept.NO_VECTOR.value).astype(object)
    reasons[pool] = _reasons(choice, kept, noise_policy)
    columns = {
        "clip_id": pa.array(material.clip_ids),
        "kept": pa.array(all_kept),
        "rank": _column(choice.rank, pool, ~ranked, 0),
        "split": pa.array(material.splits, pa.string()),
        "cluster": _column(choice.labels, pool, np.zeros(n, np.bool_), UNCLUSTERED),
        "representative": pa.array(np.array(material.clip_ids, dtype=object)[representative], mask=~named),
        "similarity": _column(similarity, pool, ~named, 1.0),
        "gain": _column(choice.gains, pool, ~gained, 0.0),
        "reason": pa.array(reasons),
    }
    schema = pa.schema([VIEW_ROWS.field(name) for name in columns])
    return pa.table({name: column.cast(schema.field(name).type) for name, column in columns.items()}, schema=schema)


def choice_of_rows(rows: pa.Table, pool: NDArray[np.int64], algorithm: str) -> Choice:
    """Return the choice that saved rows tell of; pool: int64[m], the rows that were pruned."""
    inside = rows.take(pa.array(pool))
    clip_ids, representative = inside.column("clip_id").to_pylist(), inside.column("representative").to_pylist()
    place = {clip_id: row for row, clip_id in enumerate(clip_ids)}
    copies = [reason == Kept.DUPLICATE for reason in inside.column("reason").to_pylist()]
    return Choice(
        duplicate_of=np.array(
            [place[representative[row]] if copy else row for row, copy in enumerate(copies)], dtype=np.int64
        ),
        labels=inside.column("cluster").to_numpy(),
        rank=inside.column("rank").to_numpy(),
        gains=inside.column("gain").to_numpy(),
        selected=inside.column("kept").to_numpy(),
        algorithm=algorithm,
    )


def _column(values: NDArray[Any], pool: NDArray[np.int64], null: Mask, other: float) -> pa.Array:
    """Return `values` of the pool spread over all rows, `other` outside of it, and null where `null`."""
    spread = np.full(len(null), other, dtype=values.dtype)
    spread[pool] = values
    return pa.array(spread, mask=null)


def _reasons(choice: Choice, kept: Mask, noise_policy: str) -> NDArray[np.object_]:
    """Return why each clip of the pool is kept or not."""
    by_policy = (choice.labels == NOISE) & (noise_policy != "cluster")
    reasons = np.where(kept, Kept.SELECTED.value, Kept.REDUNDANT.value).astype(object)
    reasons[by_policy] = Kept.NOISE.value
    reasons[choice.is_duplicate & ~kept] = Kept.DUPLICATE.value
    return reasons
