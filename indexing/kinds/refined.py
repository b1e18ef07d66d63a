"""Looking again: candidates found by short codes are put in order by longer ones."""

from __future__ import annotations

from typing import Any

from ..metric import Metric, faiss_metric

HALF_BYTES = 2


def with_halves(base: Any, dim: int, metric: Metric) -> Any:
    """Return a faiss.IndexRefine: what `base` finds is scored again with the rows as float16."""
    import faiss

    exact = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss_metric(metric))
    return faiss.IndexRefine(base, exact)


def refined_parameters(base: Any, factor: float) -> Any:
    """Return parameters for it: of k rows asked for, factor x k are looked at again. base: those of the base index."""
    import faiss

    return faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=base)  # type: ignore[call-arg]
