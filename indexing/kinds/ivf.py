"""Inverted file with the rows as they are."""

from __future__ import annotations

from typing import Any

from ..metric import Metric, faiss_metric
from .inverted import ID_BYTES, Inverted
from .registry import register


@register("ivf")
class Ivf(Inverted):
    """faiss.IndexIVFFlat: nothing is lost within a cell, only what lies in cells that are not looked into."""

    def make(self, n: int, dim: int, metric: Metric) -> Any:
        """Return an empty faiss.IndexIVFFlat; raise UsageError for fewer rows than cells."""
        import faiss

        quantizer, cells = self.quantizer(n, dim, metric)
        return self.set_training(faiss.IndexIVFFlat(quantizer, dim, cells, faiss_metric(metric)), metric)

    def bytes_per_vector(self, dim: int) -> float:
        """Return four bytes a number, and the id."""
        return 4.0 * dim + ID_BYTES
