"""Inverted file with rows cut into pieces, each replaced by the number of the nearest of a few learnt ones.

Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", IEEE TPAMI 33(1), 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import UsageError
from ..metric import Metric, faiss_metric
from .base import learnable
from .inverted import ID_BYTES, Inverted, InvertedConfig
from .registry import register

NBITS = (4, 8)


@dataclass(frozen=True)
class IvfpqConfig(InvertedConfig):
    """How rows become codes.

    m: pieces, a divisor of the dimension; 0 for pieces of two numbers, or fewer where the dimension is odd. nbits:
    bits of a piece's code, 4 or 8. Their centres are learnt from as many rows, and in as many steps, as the cells'.
    """

    m: int = 0
    nbits: int = 8

    NUMBERS: ClassVar[int] = 2
    """Numbers in a piece where m is 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.m < 0 or self.nbits not in NBITS:
            raise UsageError(f"m must be at least 0 and nbits 4 or 8, not {self.m} and {self.nbits}")

    def pieces(self, dim: int) -> int:
        """Return the number of pieces for vectors of length dim; raise UsageError where m does not divide it."""
        if self.m and dim % self.m:
            near = [each for each in range(1, dim + 1) if dim % each == 0 and each <= self.m][-1]
            raise UsageError(f"{dim} numbers cannot be cut into {self.m} pieces; use m {near}, or kind 'ivf-sq8'")
        return self.m or next(each for each in range(1, dim + 1) if dim % each == 0 and each * self.NUMBERS >= dim)


@register("ivfpq")
class Ivfpq(Inverted):
    """faiss.IndexIVFPQ: an eighth of the memory, and the neighbours only roughly in order."""

    config_type: ClassVar[type[InvertedConfig]] = IvfpqConfig

    def make(self, n: int, dim: int, metric: Metric) -> Any:
        """Return an empty faiss.IndexIVFPQ; raise UsageError for too few rows, or an m that does not divide dim."""
        import faiss

        pieces = self.pieces(n, dim)
        quantizer, cells = self.quantizer(n, dim, metric)
        index = faiss.IndexIVFPQ(quantizer, dim, cells, pieces, self.config.nbits, faiss_metric(metric))
        return self.set_training(index, metric)

    def train_rows(self, n: int) -> int:
        """Return the rows that k-means learns the cells from, and the codes."""
        return min(n, max(super().train_rows(n), int(self.config.rows_per_cell << self.config.nbits)))

    def pieces(self, n: int, dim: int) -> int:
        """Return the number of pieces of a row; raise UsageError where n rows are too few to learn their codes from."""
        codes = 1 << self.config.nbits
        if learnable(n) < codes:
            raise UsageError(
                f"index kind {self.name!r} learns {codes} codes a piece from at least as many rows, and of {n} it can "
                f"count on {learnable(n)}; use kind 'flat'"
            )
        return int(self.config.pieces(dim))

    def set_training(self, index: Any, metric: Metric) -> Any:
        """Return the index with k-means set up for cells and codes alike."""
        index.pq.cp.niter = self.config.iterations
        index.pq.cp.max_points_per_centroid = self.config.rows_per_cell
        index.pq.cp.min_points_per_centroid = 1
        return super().set_training(index, metric)

    def bytes_per_vector(self, dim: int) -> float:
        """Return the bytes of the code, and the id."""
        return float(-(-self.config.pieces(dim) * self.config.nbits // 8) + ID_BYTES)
