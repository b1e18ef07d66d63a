"""Looking again: candidates found by short codes are put in order by longer ones."""

from __future__ import annotations

from typing import Any

from ..metric import Metric, faiss_metric

REFINES = {"fp32": 4, "fp16": 2}
"""Bytes of a number, as which rows are kept to look again."""


def refined(base: Any, dim: int, metric: Metric, how: str = "fp16") -> Any:
    """Return a faiss.IndexRefine: what `base` finds is scored again with the rows, of numbers of REFINES."""
    import faiss

    if how == "fp32":
        return faiss.IndexRefineFlat(base)
    exact = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss_metric(metric))
    return faiss.IndexRefine(base, exact)


def refined_parameters(base: Any, factor: float) -> Any:
    """Return parameters for it: of k rows asked for, factor x k are looked at again. base: those of the base index."""
    import faiss

    return faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=base)  # type: ignore[call-arg]
