"""Inverted file with one byte a number."""

from __future__ import annotations

from typing import Any

from ..metric import Metric, faiss_metric
from .inverted import ID_BYTES, Inverted
from .registry import register


@register("ivf-sq8")
class IvfSq8(Inverted):
    """faiss.IndexIVFScalarQuantizer: each number of a row's difference from its cell's centre, rounded to 256 steps."""

    def make(self, n: int, dim: int, metric: Metric) -> Any:
        """Return an empty faiss.IndexIVFScalarQuantizer; raise UsageError for fewer rows than cells."""
        import faiss

        quantizer, cells = self.quantizer(n, dim, metric)
        kind = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, cells, kind, faiss_metric(metric))
        return self.set_training(index, metric)

    def bytes_per_vector(self, dim: int) -> float:
        """Return a byte a number, and the id."""
        return float(dim + ID_BYTES)
