"""The exact index: every row is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..metric import Metric, faiss_metric
from .registry import register


@dataclass(frozen=True)
class FlatConfig:
    """There is nothing to set."""


@register("flat")
class Flat:
    """faiss.IndexFlat: the rows as they are, compared with every query in blocks of a matrix product."""

    name: ClassVar[str]
    config_type: ClassVar[type[FlatConfig]] = FlatConfig
    effort_name: ClassVar[str] = ""
    selects: ClassVar[bool] = True
    gpu: ClassVar[bool] = True

    def __init__(self, config: FlatConfig) -> None:
        self.config = config

    def make(self, n: int, dim: int, metric: Metric) -> Any:  # noqa: ARG002  (any number of rows)
        """Return an empty faiss.IndexFlat."""
        import faiss

        return faiss.IndexFlat(dim, faiss_metric(metric))

    def train_rows(self, n: int) -> int:  # noqa: ARG002  (nothing to learn)
        """Return 0: nothing is learnt."""
        return 0

    def efforts(self, n: int) -> tuple[int, ...]:  # noqa: ARG002  (exact)
        """Return none: the search is exact."""
        return ()

    def parameters(self, effort: int, selector: Any = None) -> Any:  # noqa: ARG002  (exact)
        """Return parameters that hold the selector alone."""
        import faiss

        return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]

    def bytes_per_vector(self, dim: int) -> float:
        """Return four bytes a number."""
        return 4.0 * dim
