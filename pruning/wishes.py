"""What is asked of single clips, beside what their vectors say: which are preferred, pinned, or needed by a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..indexing.groups.originals import places, preference
from ..schemas.vector import Float32
from .apart import Apart
from .config import PruneConfig
from .labels import LabelPairs, label_pairs

if TYPE_CHECKING:
    from .material import Material

Rows = NDArray[np.int64]

_ORDERS = {"longer": ("duration",), "quality": ("lossless", "rate", "channels")}


@dataclass(frozen=True)
class Wishes:
    """Of n clips. weights: float32[n] for the selectors, 1 to 2, None where all are alike; pinned: bool[n], always
    kept; labels: who has which; apart: which may not stand for each other; alone: bool[n], the one clip of its work,
    kept unless a budget does not reach it; turns: int64[n], lower for who is to stand for duplicates before others.
    None: nobody.
    """

    weights: Float32 | None
    pinned: NDArray[np.bool_]
    labels: LabelPairs
    apart: Apart | None = None
    alone: NDArray[np.bool_] | None = None
    turns: Rows | None = None


def no_wishes(n: int) -> Wishes:
    """Return the wishes of whoever has none about n clips."""
    none = np.zeros(0, dtype=np.int64)
    return Wishes(None, np.zeros(n, dtype=np.bool_), LabelPairs(none, none, ()))


def wishes_of(material: Material, config: PruneConfig) -> tuple[Rows, Wishes]:
    """Return int64[m], lower for the better of some duplicates, and what is asked of the clips of the pool.

    What `prefer` says of duplicates comes before which of them is the original.
    """
    prefer, pool, apart = config.prefer, material.pool, material.apart(config.versions)
    alone = None if material.alone is None else material.alone[pool]
    turns = None if material.turns is None else material.turns[pool]
    asked = apart and apart.take(pool), alone, turns
    clips = material.described.take(pa.array(pool))
    originals = preference(clips)
    labels, pinned = label_pairs(clips.column("labels")), material.pinned[pool]
    if prefer is None:
        return originals, Wishes(None, pinned, labels, *asked)
    first = preferred(clips, prefer)
    return places(np.stack([first, originals], axis=1)), Wishes(weights_of(first), pinned, labels, *asked)


def preferred(clips: pa.Table, prefer: str) -> Rows:
    """Return int64[n]: the place of each clip when the preferred come first; equals share a place.

    "longer": to the nearest second; "quality": lossless, then the higher sample rate, then more channels; "labelled":
    those with any label. clips: a table with originals.COLUMNS and `labels`.
    """
    if prefer in _ORDERS:
        return preference(clips, _ORDERS[prefer])
    unlabelled = pc.equal(pc.fill_null(pc.list_value_length(clips.column("labels")), 0), 0)
    return np.asarray(unlabelled.to_numpy(), dtype=np.int64)


def weights_of(first: Rows) -> Float32:
    """Return float32[n]: 2 for the first place, 1 for the last, evenly between by place; 1 where there is only one."""
    last = int(first.max(initial=0))
    return np.asarray(1 + (last - first) / max(last, 1), dtype=np.float32) if last else np.ones(len(first), np.float32)
