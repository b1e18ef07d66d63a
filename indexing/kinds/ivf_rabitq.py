"""Inverted file with one bit a number, and the rows as float16 to look again.

Gao and Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound for approximate nearest
neighbor search", SIGMOD 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import UsageError
from ..metric import Metric, faiss_metric
from .inverted import ID_BYTES, Inverted, InvertedConfig
from .refined import REFINES, refined, refined_parameters
from .registry import register

FACTOR_BYTES = 8
"""Of each code: its distance from the centre, and by how much its bits are off."""


@dataclass(frozen=True)
class IvfRabitqConfig(InvertedConfig):
    """k_factor: for k rows, k_factor x k candidates are scored again."""

    k_factor: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k_factor < 1:
            raise UsageError(f"k_factor must be at least 1, not {self.k_factor}")


@register("ivf-rabitq")
class IvfRabitq(Inverted):
    """faiss.IndexIVFRaBitQFastScan, refined with float16."""

    config_type: ClassVar[type[InvertedConfig]] = IvfRabitqConfig
    gpu: ClassVar[bool] = False

    def make(self, n: int, dim: int, metric: Metric) -> Any:
        """Return an empty faiss.IndexRefine over IndexIVFRaBitQFastScan; raise UsageError for fewer rows than cells."""
        import faiss

        quantizer, cells = self.quantizer(n, dim, metric)
        base = faiss.IndexIVFRaBitQFastScan(quantizer, dim, cells, faiss_metric(metric))
        return refined(self.set_training(base, metric), dim, metric)

    def parameters(self, effort: int, selector: Any = None) -> Any:
        """Return faiss.IndexRefineSearchParameters."""
        return refined_parameters(super().parameters(effort, selector), self.config.k_factor)

    def bytes_per_vector(self, dim: int) -> float:
        """Return two bytes a number to look again, a bit to look first, the id and the factors of a code."""
        return REFINES["fp16"] * dim + dim / 8 + ID_BYTES + FACTOR_BYTES
