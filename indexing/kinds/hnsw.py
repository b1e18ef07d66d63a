"""A graph of near rows in layers, walked greedily: hierarchical navigable small worlds.

Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small world
graphs", IEEE TPAMI 42(4), 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from ...errors import UsageError
from ..metric import Metric, faiss_metric
from .base import ladder
from .registry import register

MAX_EF = 2048
LINK_BYTES = 4
LEVEL_BYTES = 12
"""Of each row: its level, and where its links begin."""


@dataclass(frozen=True)
class HnswConfig:
    """m: links of a row, twice as many in the lowest layer; ef_construction: candidates while a row is linked."""

    m: int = 16
    ef_construction: int = 80

    def __post_init__(self) -> None:
        if self.m < 2 or self.ef_construction < 1:
            raise UsageError(f"m must be at least 2 and ef_construction 1, not {self.m} and {self.ef_construction}")


@register("hnsw")
class Hnsw:
    """faiss.IndexHNSWFlat: the rows as they are, and the graph."""

    name: ClassVar[str]
    config_type: ClassVar[type[HnswConfig]] = HnswConfig
    effort_name: ClassVar[str] = "ef_search"
    selects: ClassVar[bool] = True
    gpu: ClassVar[bool] = False

    def __init__(self, config: HnswConfig) -> None:
        self.config = config

    def make(self, n: int, dim: int, metric: Metric) -> Any:  # noqa: ARG002  (any number of rows)
        """Return an empty faiss.IndexHNSWFlat."""
        import faiss

        index = faiss.IndexHNSWFlat(dim, self.config.m, faiss_metric(metric))
        index.hnsw.efConstruction = self.config.ef_construction
        return index

    def train_rows(self, n: int) -> int:  # noqa: ARG002  (nothing to learn)
        """Return 0: nothing is learnt."""
        return 0

    def efforts(self, n: int) -> tuple[int, ...]:
        """Return numbers of candidates to keep while walking, up to 2048 or all rows."""
        return ladder(1, max(1, min(n, MAX_EF)))

    def parameters(self, effort: int, selector: Any = None) -> Any:
        """Return faiss.SearchParametersHNSW with the bounded queue that FAISS uses by default."""
        faiss: Any = import_module("faiss")  # its type stubs do not know SearchParametersHNSW
        return faiss.SearchParametersHNSW(efSearch=effort, sel=selector)

    def bytes_per_vector(self, dim: int) -> float:
        """Return four bytes a number and a link: 2 m in the lowest layer, m in each of the few above."""
        return 4.0 * dim + LINK_BYTES * (2 * self.config.m + self.config.m / (self.config.m - 1)) + LEVEL_BYTES
