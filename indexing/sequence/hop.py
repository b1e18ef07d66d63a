"""How far apart the segments of a space start, which is the same everywhere in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...schemas.vector import Float32, Space
from ...store.spaces import table_of
from ...store.where import equals

if TYPE_CHECKING:
    from ...store.store import Store

OFF_GRID_S = 0.002
"""How far from its place a segment may start: float32 seconds of a long clip are this coarse."""


def uniform_hop_s(
    store: Store, space: Space, first: NDArray[np.bool_], segments: NDArray[np.int32], starts_s: Float32
) -> float:
    """Return the hop of a space, in seconds.

    first: bool[n], whether a segment is the first that there is of its clip; segments: int32[n], their numbers;
    starts_s: float32[n]. Where every clip has one segment, the configuration of the encoder has to say it. Raises
    UsageError where it does not, where there is no segment, and where segments do not start at a uniform hop; the last
    of a clip may be off it, for encoders that hear a clip to its end.
    """
    if not len(segments):
        raise UsageError(f"space {space.name!r} is empty; {_spaces_with_segments(store)}")
    later = segments > 0
    if not later.any():
        return _configured_hop_s(store, space)
    last = np.append(first[1:], True)
    hops_s = starts_s[later].astype(np.float64) / segments[later]
    inner = ~last[later]
    hop_s = float(np.median(hops_s[inner]) if inner.any() else hops_s.max())
    off = starts_s - segments * hop_s
    if (np.abs(off[~last]) > OFF_GRID_S).any() or (off[last] > OFF_GRID_S).any():
        raise UsageError(
            f"the segments of space {space.name!r} do not start at a uniform hop, so that they cannot be matched in "
            f"sequence; {_spaces_with_segments(store)}"
        )
    return hop_s


def _configured_hop_s(store: Store, space: Space) -> float:
    hop_s = space.config.get("hop_s")
    if not isinstance(hop_s, int | float):
        raise UsageError(
            f"space {space.name!r} has one vector per clip, and what plays where is told by several a clip; "
            f"{_spaces_with_segments(store)}"
        )
    return float(hop_s)


def _spaces_with_segments(store: Store) -> str:
    """Return what to do instead, as the end of a sentence."""
    tables = store.tables
    fitting = [
        space.name
        for space in store.spaces()
        if next(tables.batches(table_of(space), ["clip_id"], where=equals("segment", 1)), None)
    ]
    return f"use --space {' or '.join(fitting)}" if fitting else "`echodex embed fingerprint` makes one that has them"
