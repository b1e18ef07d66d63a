"""Inverted files: rows are sorted into cells by k-means, and a query is compared with those of the nearest cells.

What the kinds that begin with "ivf" have in common; each adds how a row is written down within its cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import UsageError
from ..metric import Metric, faiss_metric
from .base import ladder, learnable

MIN_ROWS_PER_CELL = 39
"""Fewer rows a cell than this and FAISS warns that the cells are too many."""

CELLS = 2
"""Cells are so many times the square root of the rows."""

ID_BYTES = 8


@dataclass(frozen=True)
class InvertedConfig:
    """How the cells are made.

    nlist: cells; 0 for about 2 sqrt(n), fewer where a cell would have less than 39 rows. rows_per_cell, iterations:
    rows that k-means learns from, a cell, and its steps; more find hardly better cells.

    Measured with 4, 2 and 1 sqrt(n), one thread, tuned for recall@10 0.95, batches: 100,000 rows of 128 numbers in
    20,000 clusters 6,100, 5,200 and 4,000 queries/s, in a single one 1,400, 2,000 and 2,000; 200,000 in 400 clusters
    49,000, 54,000 and 60,000, built in 7.4, 2.6 and 0.9 CPU seconds.
    """

    nlist: int = 0
    rows_per_cell: int = 64
    iterations: int = 10

    def __post_init__(self) -> None:
        if self.nlist < 0 or self.rows_per_cell < 1 or self.iterations < 1:
            raise UsageError(
                "nlist must be at least 0 (0: chosen by the number of rows), rows_per_cell and iterations at least 1, "
                f"not {self.nlist}, {self.rows_per_cell} and {self.iterations}"
            )

    def cells(self, n: int) -> int:
        """Return the number of cells for n rows."""
        return self.nlist or max(1, min(round(CELLS * n**0.5), n // MIN_ROWS_PER_CELL))


class Inverted:
    """Base of the inverted-file kinds: training, effort and parameters."""

    name: ClassVar[str]
    config_type: ClassVar[type[InvertedConfig]] = InvertedConfig
    effort_name: ClassVar[str] = "nprobe"
    gpu: ClassVar[bool] = True

    def __init__(self, config: InvertedConfig) -> None:
        self.config: Any = config

    @property
    def selects(self) -> bool:
        """True: FAISS passes over rows within a cell."""
        return True

    def train_rows(self, n: int) -> int:
        """Return the rows that k-means learns from."""
        return min(n, int(self.config.cells(n) * self.config.rows_per_cell))

    def efforts(self, n: int) -> tuple[int, ...]:
        """Return numbers of cells to look into, up to all of them."""
        return ladder(1, int(self.config.cells(n)))

    def parameters(self, effort: int, selector: Any = None) -> Any:
        """Return faiss.SearchParametersIVF."""
        import faiss

        return faiss.SearchParametersIVF(nprobe=effort, sel=selector)  # type: ignore[call-arg]

    def quantizer(self, n: int, dim: int, metric: Metric) -> tuple[Any, int]:
        """Return the index of the cells' centres and their number; raise UsageError for too few rows."""
        import faiss

        cells = int(self.config.cells(n))
        if learnable(n) < cells:
            raise UsageError(
                f"index kind {self.name!r} learns {cells} cells from at least as many rows, and of {n} it can count on "
                f"{learnable(n)}; use kind 'flat', or nlist {InvertedConfig().cells(n)}"
            )
        return faiss.IndexFlat(dim, faiss_metric(metric)), cells

    def set_training(self, index: Any, metric: Metric) -> Any:
        """Return the faiss.IndexIVF with k-means set up: bounded, quiet, and by direction where directions count."""
        index.cp.niter = self.config.iterations
        index.cp.max_points_per_centroid = self.config.rows_per_cell
        index.cp.min_points_per_centroid = 1
        index.cp.spherical = metric is not Metric.L2  # by inner product, centres of any length would draw all rows
        return index
