"""A choice told clip by clip: the rows of a view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..schemas.view import VIEW_ROWS, Kept
from .choice import Choice
from .cluster import NOISE
from .config import PruneConfig
from .material import Material
from .represent import represent

Mask = NDArray[np.bool_]

UNCLUSTERED = -2
"""The cluster of a clip that pruning did not look at."""


def view_rows(material: Material, choice: Choice, kept: Mask, config: PruneConfig) -> pa.Table:
    """Return VIEW_ROWS without row_id for the n clips of the source; kept: bool[m], of those in the pool."""
    n, pool, out = len(material), material.pool, material.left_out
    apart = material.apart(config.versions)
    works = None if apart is None else apart.performances
    outside = np.ones(n, dtype=np.bool_)
    outside[pool] = False
    all_kept = kept_rows(material, kept)
    with threadpool_limits(limits=1, user_api="blas"):  # for the same digits whatever the number of threads
        stands, similarity = represent(material.pooled, choice, kept, works and works.take(pool))
    representative = np.where(all_kept, np.arange(n), -1)
    representative[pool] = np.where(stands < 0, -1, pool[stands])
    representatives = np.array(material.clip_ids, dtype=object)[representative]
    representatives[out.rows] = out.others
    similarities = _spread(similarity, pool, n, 1.0)
    similarities[out.rows] = out.scores
    named = representative >= 0
    named[out.rows] = True
    gains = _spread(choice.gains, pool, n, np.nan)
    columns = {
        "clip_id": pa.array(material.clip_ids),
        "kept": pa.array(all_kept),
        "rank": pa.array(_spread(choice.rank, pool, n, 0), mask=outside),
        "split": pa.array(material.splits, pa.string()),
        "cluster": pa.array(_spread(choice.labels, pool, n, UNCLUSTERED)),
        "representative": pa.array(representatives, mask=~named),
        "similarity": pa.array(similarities, mask=~named),
        "gain": pa.array(gains, mask=np.isnan(gains)),
        "reason": pa.array(_reasons(material, choice, kept, config)),
    }
    schema = pa.schema([VIEW_ROWS.field(name) for name in columns])
    return pa.table({name: column.cast(schema.field(name).type) for name, column in columns.items()}, schema=schema)


def kept_rows(material: Material, kept: Mask) -> Mask:
    """Return bool[n]: who of the source is kept; kept: bool[m], of those in the pool."""
    every = ~material.in_split | material.pinned
    every[material.pool], every[material.left_out.rows] = kept, False
    return np.asarray(every)


def choice_of_rows(rows: pa.Table, pool: NDArray[np.int64], recipe: Mapping[str, Any]) -> Choice:
    """Return the choice that saved rows tell of; pool: int64[m], the rows that were pruned; recipe: of the view."""
    inside = rows.take(pa.array(pool))
    clip_ids, representative = inside.column("clip_id").to_pylist(), inside.column("representative").to_pylist()
    place = {clip_id: row for row, clip_id in enumerate(clip_ids)}
    reasons = np.array(inside.column("reason").to_pylist(), dtype=object)
    copies = reasons == Kept.DUPLICATE
    return Choice(
        duplicate_of=np.array(
            [place[representative[row]] if copy else row for row, copy in enumerate(copies)], dtype=np.int64
        ),
        scores=np.where(copies, inside.column("similarity").fill_null(0.0).to_numpy(), 1).astype(np.float32),
        labels=inside.column("cluster").to_numpy(),
        rank=inside.column("rank").to_numpy(),
        gains=inside.column("gain").to_numpy(),
        selected=inside.column("kept").to_numpy(),
        for_label=reasons == Kept.LABEL,
        for_work=reasons == Kept.WORK,
        required=recipe.get("required", 0),
        algorithm=recipe["clustering"],
        agreement=recipe.get("agreement"),
        duplicates_recall=recipe.get("duplicates_recall", 1.0),
    )


def _spread(values: NDArray[Any], pool: NDArray[np.int64], n: int, other: float) -> NDArray[Any]:
    """Return `values` of the pool spread over n rows, `other` outside of it."""
    spread = np.full(n, other, dtype=values.dtype)
    spread[pool] = values
    return spread


def _reasons(material: Material, choice: Choice, kept: Mask, config: PruneConfig) -> NDArray[np.object_]:
    """Return why each clip is kept or not.

    With a budget, all that are required are kept for that: whether the budget would have reached them as well, nobody
    knows who has their ranks alone.
    """
    by_policy = (choice.labels == NOISE) & (config.noise != "cluster")
    by_label = choice.for_label if config.keep is None else choice.rank < choice.required
    inside = np.where(kept, Kept.SELECTED.value, Kept.REDUNDANT.value).astype(object)
    inside[by_policy] = Kept.NOISE.value
    inside[choice.is_duplicate & ~kept] = Kept.DUPLICATE.value
    if config.keep is None:
        inside[choice.for_work & kept] = Kept.WORK.value
    inside[by_label & kept] = Kept.LABEL.value
    reasons = np.where(material.in_split, Kept.NO_VECTOR.value, Kept.UNTOUCHED.value).astype(object)
    reasons[material.pool] = inside
    reasons[material.left_out.rows] = material.left_out.reasons
    reasons[material.in_split & material.pinned] = Kept.PINNED.value
    return reasons
