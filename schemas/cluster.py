"""A clustering run of a space: its row in the registry of runs, and the rows of its clips."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from .clip import PRIMARY_KEY

CLUSTER_RUNS = pa.schema(
    [
        pa.field("space", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("run", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("config", pa.string()),
        pa.field("algorithm", pa.string()),
        pa.field("agreement", pa.float64()),
        pa.field("inertia", pa.float64()),
        pa.field("silhouette", pa.float64()),
        pa.field("clips", pa.int64()),
        pa.field("noise", pa.int64()),
        pa.field("sizes", pa.list_(pa.int64())),
        pa.field("space_identity", pa.string()),
        pa.field("table_version", pa.int64()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("table_sum", pa.string()),
        pa.field("row_sum", pa.binary(16)),
    ]
)

CLUSTER_ROWS = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("run", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("label", pa.int32()),
        pa.field("probability", pa.float32()),
        pa.field("outlier_score", pa.float32()),
    ]
)
"""One row per clip and run. `label` is -1 for noise; `probability` is how firmly a clip belongs, 0 to 1;
`outlier_score` is higher for clips that lie apart from where their neighbours are dense.
"""


@dataclass(frozen=True)
class ClusterRun:
    """A row of the registry of clustering runs; run 1 is the first of a space.

    config: the settings of the clustering; algorithm: the way taken, which says "exact" or "approximate"; agreement: of
    an approximate way, the adjusted Rand index with the exact one on a sample; inertia, silhouette: of K-Means;
    clips: how many were clustered, `noise` of them in no cluster; sizes: of each cluster, by label. space_identity,
    table_version: what the vectors were. created_at, table_sum (of its rows): given when it is saved.
    """

    space: str
    run: int
    config: dict[str, Any]
    algorithm: str
    agreement: float | None
    inertia: float | None
    silhouette: float | None
    clips: int
    noise: int
    sizes: tuple[int, ...]
    space_identity: str
    table_version: int
    created_at: str = ""
    table_sum: str = field(default="", repr=False)

    @property
    def clusters(self) -> int:
        """How many clusters there are, noise not counted."""
        return len(self.sizes)

    @property
    def noise_share(self) -> float:
        """The share of clips in no cluster, 0 to 1."""
        return self.noise / self.clips if self.clips else 0.0
