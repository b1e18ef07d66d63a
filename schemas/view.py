"""A view: a named, immutable, versioned subset of the clips with the recipe that made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa

from .clip import PRIMARY_KEY


class Kept(StrEnum):
    """Why a row of a view is kept or not."""

    SELECTED = "selected"
    """Kept: the selector chose it for its cluster."""
    NOISE = "noise"
    """Kept, or pruned, by the noise policy."""
    PINNED = "pinned"
    """Kept: pinned by name or filter, whatever the selector and the budget say."""
    LABEL = "label"
    """Kept: among the best ranked clips of a label, of which so many are kept whatever else is (min_per_label)."""
    WORK = "work"
    """Kept: the one clip of its work that stays (versions="one-per-work"), whatever the selector says."""
    UNTOUCHED = "other-split"
    """Kept: not in the split that is pruned."""
    DUPLICATE = "duplicate"
    """Pruned: a duplicate of `representative`."""
    REDUNDANT = "redundant"
    """Pruned: covered by `representative`, the most similar kept clip of its cluster."""
    LEAKAGE = "leakage"
    """Pruned: a duplicate of `representative`, a clip of another split, which need not be of the source."""
    VERSION = "version"
    """Pruned: of the work of `representative`, of which that one clip stays (versions="one-per-work")."""
    NO_VECTOR = "no-vector"
    """Pruned: of the pruned split, but without a vector in the space: nobody can tell whether it is redundant."""


VIEWS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("version", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("recipe", pa.string()),
        pa.field("bases", pa.string()),
        pa.field("clips", pa.int64()),
        pa.field("kept", pa.int64()),
        pa.field("hours", pa.float64()),
        pa.field("hours_kept", pa.float64()),
        pa.field("content_hash", pa.string()),
        pa.field("parent", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("table_sum", pa.string()),
        pa.field("row_sum", pa.binary(16)),
    ]
)

VIEW_ROWS = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("row_id", pa.uint64()),
        pa.field("kept", pa.bool_()),
        pa.field("rank", pa.int64()),
        pa.field("split", pa.string()),
        pa.field("cluster", pa.int32()),
        pa.field("representative", pa.string()),
        pa.field("similarity", pa.float32()),
        pa.field("gain", pa.float32()),
        pa.field("reason", pa.string()),
    ]
)
"""One row per clip of the source. `rank` orders clips from the first to keep to the last; `similarity` is to
`representative` (itself for a kept clip); `gain` is what the selector gained by it; `cluster` is -1 for noise and
-2 where nothing was clustered.
"""

ALL = "all"
"""The view that always exists: every usable clip."""


@dataclass(frozen=True)
class Base:
    """A table that a view was made from, held at `version` by `tag`."""

    table: str
    version: int
    tag: str


@dataclass(frozen=True)
class ViewInfo:
    """A row of the registry of views. Hours are of decoded audio; `recipe` is what `prune` was asked to do;
    `content_hash` is of what the view says, the same wherever it is made, `table_sum` of all that its table holds.
    """

    name: str
    version: int
    recipe: dict[str, Any]
    bases: tuple[Base, ...]
    clips: int
    kept: int
    hours: float
    hours_kept: float
    content_hash: str
    parent: str
    created_at: str
    table_sum: str = field(repr=False)

    @property
    def share(self) -> float:
        """The kept share of the clips, 0 to 1."""
        return self.kept / self.clips if self.clips else 0.0

    def version_of(self, table: str) -> int | None:
        """Return the version of `table` that the view was made from, None where it was not made from that table."""
        return next((base.version for base in self.bases if base.table == table), None)
