"""The published settings, as FAISS sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing.kinds.base import Kind
from echodex.indexing.kinds.presets import PRESETS
from echodex.indexing.kinds.registry import build_kind
from echodex.indexing.metric import Metric

Matrix = NDArray[np.float32]

DIM = 128
EFFORTS = {"nafp-l2": 0, "nafp-ivf": 40, "nafp-ivfpq": 40, "nafp-ivfpq-rr": 40, "nafp-hnsw": 16, "pfann": 50}


def made(name: str) -> Any:
    preset = PRESETS[name]
    return build_kind(preset.kind, preset.settings).make(12_000, DIM, preset.metric)


def test_all_are_there_with_their_effort_and_metric() -> None:
    assert {name: preset.effort for name, preset in PRESETS.items()} == EFFORTS
    assert {name: made(name).metric_type for name in PRESETS} == {
        **dict.fromkeys(EFFORTS, faiss.METRIC_L2),
        "pfann": faiss.METRIC_INNER_PRODUCT,
    }


def test_indexes_are_those_of_the_papers() -> None:
    assert type(made("nafp-l2")) is faiss.IndexFlat
    ivf = made("nafp-ivf")
    assert (type(ivf), ivf.nlist) == (faiss.IndexIVFFlat, 400)
    for name, nlist in (("nafp-ivfpq", 256), ("pfann", 200)):
        ivfpq = made(name)
        assert (type(ivfpq), ivfpq.nlist, ivfpq.pq.M, ivfpq.pq.nbits) == (faiss.IndexIVFPQ, nlist, 64, 8)
    reranked = made("nafp-ivfpq-rr")
    assert (type(reranked), reranked.nlist, reranked.pq.M, reranked.pq.nbits) == (faiss.IndexIVFPQR, 256, 64, 8)
    assert (reranked.refine_pq.M, reranked.refine_pq.nbits, reranked.k_factor) == (4, 4, 4.0)
    graph = made("nafp-hnsw")
    assert (graph.hnsw.nb_neighbors(1), graph.hnsw.nb_neighbors(0)) == (16, 32)
    assert (graph.hnsw.efConstruction, graph.hnsw.search_bounded_queue) == (80, True)


def test_presets_are_searched_with_their_effort() -> None:
    parameters = {
        name: build_kind(preset.kind, preset.settings).parameters(preset.effort) for name, preset in PRESETS.items()
    }
    assert {name: each.nprobe for name, each in parameters.items() if hasattr(each, "nprobe")} == {
        name: effort for name, effort in EFFORTS.items() if name not in ("nafp-l2", "nafp-hnsw")
    }
    assert (parameters["nafp-hnsw"].efSearch, parameters["nafp-hnsw"].bounded_queue) == (16, True)


SIZES = [("nafp-l2", 512), ("nafp-ivf", 537), ("nafp-ivfpq", 94), ("nafp-ivfpq-rr", 97)]


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_sizes_of_12_000_fingerprints_are_those_measured(
    name: str, size: int, make_rows: Callable[..., Matrix], build: Callable[[Kind, Matrix, Metric], Any]
) -> None:
    preset = PRESETS[name]
    hasty = {key: 1 for key in ("iterations", "rows_per_cell") if key in preset.settings}  # sizes do not depend on them
    index = build(build_kind(preset.kind, {**preset.settings, **hasty}), make_rows(12_000, DIM, Metric.L2), Metric.L2)
    assert faiss.serialize_index(index).nbytes / 12_000 == pytest.approx(size, abs=1)
