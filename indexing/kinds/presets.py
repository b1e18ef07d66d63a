"""The index settings that published fingerprint systems used, by name.

nafp: Chang et al., "Neural audio fingerprint for high-specific audio retrieval based on contrastive learning", ICASSP
2021, as its code builds them (eval/utils/get_index_faiss.py), for 128-dimensional vectors. pfann: an open
reimplementation, `IVF200,PQ64x8np` by inner product. Their k-means learns as FAISS does by default, from more rows than
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..metric import Metric

_TRAINING = {"rows_per_cell": 256, "iterations": 10}
_NAFP_PQ = {"nlist": 256, "m": 64, "nbits": 8, **_TRAINING}
_NAFP_REFINE = {"refine": "pq", "m_refine": 4, "nbits_refine": 4, "k_factor": 4.0}


@dataclass(frozen=True)
class Preset:
    """A kind with its settings, for a metric, searched with an effort (nprobe or efSearch; 0: exact)."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    metric: Metric = Metric.L2
    effort: int = 0


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "nafp-l2": Preset("flat"),
        "nafp-ivf": Preset("ivf", {"nlist": 400, **_TRAINING}, effort=40),
        "nafp-ivfpq": Preset("ivfpq", _NAFP_PQ, effort=40),
        "nafp-ivfpq-rr": Preset("ivfpq-rr", {**_NAFP_PQ, **_NAFP_REFINE}, effort=40),
        "nafp-hnsw": Preset("hnsw", {"m": 16, "ef_construction": 80}, effort=16),
        "pfann": Preset("ivfpq", {"nlist": 200, "m": 64, "nbits": 8, **_TRAINING}, Metric.IP, effort=50),
    }
)
