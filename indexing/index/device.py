"""Where FAISS computes: the processor, or all GPUs that are there.

An index that is to be built goes to the first GPU, which finds its cells and the cell of each row, and comes back with
`to_cpu`: files hold CPU indexes only. An index that is to be searched is spread over all GPUs, exact ones as float16.
Scores from float16 tables differ from the CPU's by up to about 1e-3; rows nearer to each other than that may change
places.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...schemas.vector import Float32
from ..kinds.base import Kind

DEVICES = ("auto", "cpu", "cuda")

MAX_SELECTION = 2048
"""FAISS finds no more rows, and looks into no more cells, than this for one query on a GPU."""

MEMORY_SHARE = 0.25
"""Share of the free GPU memory that a batch of queries and answers may take; FAISS works in the rest."""

logger = logging.getLogger(__name__)


def gpu_count() -> int:
    """Return how many GPUs FAISS can use: none with a FAISS that is built for the CPU alone."""
    import faiss

    count = getattr(faiss, "get_num_gpus", None)
    return int(count()) if count else 0


def resolve_device(device: str) -> str:
    """Return "cpu" or "cuda" for "auto", "cpu" or "cuda"; raise UsageError for "cuda" where FAISS finds no GPU."""
    if device not in DEVICES:
        raise UsageError(f"device {device!r} does not exist (known: {', '.join(DEVICES)})")
    if device == "cpu":
        return device
    if gpu_count():
        return "cuda"
    if device == "cuda":
        raise UsageError("device 'cuda' was asked for and FAISS finds no GPU; use 'auto' or 'cpu'")
    return "cpu"


def to_device(index: Any, kind: Kind, device: str) -> Any:
    """Return the index on a resolved device; the index itself where it stays on the CPU.

    One that still has to learn goes to a single GPU: adding in blocks to several would mix up the rows' numbers. A flat
    one that is empty stays, since there is nothing to compute when rows are added. One that FAISS cannot hold on a GPU
    stays too, and that is logged.
    """
    if device == "cpu" or (index.is_trained and not index.ntotal):
        return index
    if not kind.gpu:
        logger.info("an index of kind %r cannot be held on a GPU: it stays on the CPU", kind.name)
        return index
    try:
        return _spread(index) if index.ntotal else _untrained(index)
    except RuntimeError as error:
        logger.warning("this index of kind %r stays on the CPU: %s", kind.name, str(error).splitlines()[0])
        return index


def to_cpu(index: Any) -> Any:
    """Return the index on the CPU, as it can be written: itself where it is there already."""
    if not on_gpu(index):
        return index
    import faiss

    return faiss.index_gpu_to_cpu(index)


def on_gpu(index: Any) -> bool:
    """Tell whether an index, or the shards that it consists of, is on a GPU."""
    import faiss

    shapes = [getattr(faiss, name, None) for name in ("GpuIndex", "IndexShards", "IndexReplicas")]
    return shapes[0] is not None and isinstance(index, tuple(filter(None, shapes)))


def search(
    index: Any, kind: Kind, queries: Float32, k: int, effort: int, selector: Any = None
) -> tuple[Float32, NDArray[np.int64]]:
    """Return distances float32[q, k] and rows int64[q, k], as FAISS gives them, wherever the index is.

    queries: float32[q, d], prepared. On a GPU they go in batches sized to its free memory, k and nprobe up to 2048.
    Raises UsageError for a larger k there, and for a selector, which FAISS would silently ignore.
    """
    if not on_gpu(index):
        distances, rows = index.search(queries, k, params=kind.parameters(effort, selector))
        return distances, rows
    if selector is not None or k > MAX_SELECTION:
        raise UsageError(f"on a GPU FAISS finds up to {MAX_SELECTION} rows, and only among all; use device 'cpu'")
    import faiss

    if kind.effort_name:
        effort = min(effort, MAX_SELECTION)
        faiss.GpuParameterSpace().set_index_parameter(index, kind.effort_name, effort)
    step = batch_rows(queries.shape[1], k, effort, _free_bytes())
    found = [index.search(queries[start : start + step], k) for start in range(0, len(queries), step)]
    if not found:
        return np.empty((0, k), np.float32), np.empty((0, k), np.int64)
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


def batch_rows(dim: int, k: int, effort: int, free_bytes: int) -> int:
    """Return how many queries to search at once: vectors in, k distances and rows out, `effort` cells between."""
    per_query = 4 * dim + 12 * k + 12 * effort
    return max(1, int(MEMORY_SHARE * free_bytes) // per_query)


def _untrained(index: Any) -> Any:
    """Return the index on the first GPU, set up to learn as it was: FAISS's copy would go back to its defaults."""
    import faiss

    moved: Any = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    moved.cp = index.cp
    return moved


def _spread(index: Any) -> Any:
    import faiss

    options = faiss.GpuMultipleClonerOptions()
    options.useFloat16 = True
    options.shard = gpu_count() > 1
    return faiss.index_cpu_to_all_gpus(index, options)


def _free_bytes() -> int:
    """Return the free memory of the fullest GPU."""
    import torch

    return min(int(torch.cuda.mem_get_info(each)[0]) for each in range(gpu_count()))
