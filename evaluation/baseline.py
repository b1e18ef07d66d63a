"""What a pruned view is measured against: random clips, as many of them and drawn under the same rules."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..schemas.view import Kept
from ..training.order import generator

UNCLUSTERED = -2


def random_like(kept: NDArray[np.bool_], strata: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Return bool[n]: in each stratum, as many rows as `kept` has there, each choice as likely."""
    order = np.lexsort((generator(seed).permutation(len(kept)), strata))
    _, first, counts = np.unique(strata[order], return_index=True, return_counts=True)
    place = np.arange(len(kept)) - np.repeat(first, counts)  # within the stratum, in random order
    budget = np.repeat([int(kept[strata == stratum].sum()) for stratum in np.unique(strata)], counts)
    drawn = np.zeros(len(kept), np.bool_)
    drawn[order] = place < budget
    return drawn


def strata_of(rows: pa.Table) -> NDArray[np.int64]:
    """Return int64[n]: the cluster of each row of a view (VIEW_ROWS), noise being one of its own.

    Duplicates, and other performances of a work of which one was to stay, were taken out before clustering; they stand
    where their representatives do, or random draws would be spared what the view had to find.
    """
    clusters = rows.column("cluster").to_numpy().astype(np.int64)
    return np.asarray(clusters[leaders_of(rows)])


def leaders_of(rows: pa.Table) -> NDArray[np.int64]:
    """Return int64[n]: for a duplicate the row of its representative, for a version that of its work's one clip, or of
    what that is a duplicate of; for every other row itself.
    """
    ids = np.asarray(rows.column("clip_id").to_pylist(), dtype=np.str_)
    leaders = np.arange(len(ids))
    led = np.isin(np.asarray(rows.column("reason").to_pylist(), dtype=object), [Kept.DUPLICATE, Kept.VERSION])
    order = np.argsort(ids)
    named = np.asarray(rows.column("representative").filter(pa.array(led)).to_pylist(), dtype=np.str_)
    leaders[led] = order[np.searchsorted(ids, named, sorter=order)]
    return np.asarray(leaders[leaders])
