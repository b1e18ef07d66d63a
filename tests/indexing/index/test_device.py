from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.indexing.index import device
from echodex.indexing.index.device import batch_rows, gpu_count, on_gpu, resolve_device, search, to_cpu, to_device
from echodex.indexing.index.tune import hold_out, measure, tune
from echodex.indexing.kinds.base import Kind
from echodex.indexing.kinds.registry import build_kind
from echodex.indexing.metric import Metric, prepared

Matrix = NDArray[np.float32]

GPU_KINDS = ("flat", "ivf", "ivf-sq8", "ivfpq")
TOLERANCE = 2e-3
"""Scores of unit rows from float16 tables against those of the CPU."""

needs_gpu = pytest.mark.skipif(gpu_count() == 0, reason="FAISS finds no GPU here")
needs_none = pytest.mark.skipif(gpu_count() > 0, reason="there is a GPU here")


def rows(n: int = 6000, dim: int = 32) -> Matrix:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(40, dim))[rng.integers(40, size=n)] + 0.6 * rng.normal(size=(n, dim))
    return prepared(matrix, Metric.COSINE)


def filled(kind: Kind, matrix: Matrix, where: str, metric: Metric = Metric.COSINE) -> Any:
    index = to_device(kind.make(len(matrix), matrix.shape[1], metric), kind, where)
    if not index.is_trained:
        index.train(matrix[: kind.train_rows(len(matrix))])
    index.add(matrix)
    return index


@needs_none
def test_without_a_gpu_the_cpu_is_used_unless_a_gpu_is_demanded() -> None:
    assert [resolve_device(name) for name in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(UsageError, match="device 'cuda' was asked for and FAISS finds no GPU; use 'auto' or 'cpu'"):
        resolve_device("cuda")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(UsageError, match=r"device 'gpu' does not exist \(known: auto, cpu, cuda\)"):
        resolve_device("gpu")


def test_a_faiss_without_gpu_code_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("get_num_gpus", "GpuIndex"):
        monkeypatch.delattr(faiss, name, raising=False)
    assert gpu_count() == 0
    assert resolve_device("auto") == "cpu"
    index = faiss.IndexFlatIP(4)
    assert not on_gpu(index)
    assert to_cpu(index) is index


@pytest.mark.parametrize("name", GPU_KINDS)
def test_on_the_cpu_an_index_stays_itself(name: str) -> None:
    kind, matrix = build_kind(name), rows(1000)
    index = kind.make(1000, 32, Metric.COSINE)
    assert to_device(index, kind, "cpu") is index
    index = filled(kind, matrix, "cpu")
    assert to_cpu(to_device(index, kind, "cpu")) is index
    expected = index.search(matrix[:5], 3, params=kind.parameters(4))
    found = search(index, kind, matrix[:5], 3, 4)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_a_search_takes_a_selector() -> None:
    kind, matrix = build_kind("ivf"), rows(1000)
    found = search(filled(kind, matrix, "cpu"), kind, matrix[:5], 3, 25, faiss.IDSelectorRange(100, 200))[1]
    assert ((found >= 100) & (found < 200)).all()


def test_batches_are_sized_to_memory() -> None:
    assert batch_rows(512, 10, 32, 10 << 30) == (10 << 30) // 4 // (2048 + 120 + 384)
    assert batch_rows(512, 10, 32, 0) == 1
    assert batch_rows(128, 10, 32, 1 << 30) > batch_rows(512, 10, 32, 1 << 30)


@pytest.mark.parametrize("name", ["hnsw", "ivf-rabitq", "ivfpq-rr"])
def test_a_kind_without_a_gpu_form_stays_on_the_cpu(name: str) -> None:
    kind = build_kind(name)
    index = filled(kind, rows(1000), "cpu")
    assert to_device(index, kind, "cuda") is index


def test_an_index_that_the_gpu_refuses_stays(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Error in GpuIndexIVFPQ: 64 sub-quantizers\nand more")

    monkeypatch.setattr(faiss, "index_cpu_to_gpu", refuse, raising=False)
    monkeypatch.setattr(faiss, "StandardGpuResources", lambda: None, raising=False)
    kind = build_kind("ivfpq")
    index = kind.make(1000, 32, Metric.COSINE)
    assert to_device(index, kind, "cuda") is index
    assert "stays on the CPU: Error in GpuIndexIVFPQ: 64 sub-quantizers" in caplog.text


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("name", GPU_KINDS)
def test_the_gpu_answers_as_the_cpu_does(name: str, metric: Metric) -> None:
    kind, matrix = build_kind(name, {"m": 16} if name == "ivfpq" else None), rows()
    index = filled(kind, matrix, "cpu", metric)
    effort = 16
    moved = to_device(index, kind, "cuda")
    assert on_gpu(moved)
    expected, found = search(index, kind, matrix[:500], 10, effort), search(moved, kind, matrix[:500], 10, effort)
    assert np.sort(found[0], axis=1) == pytest.approx(np.sort(expected[0], axis=1), abs=TOLERANCE)
    same = [len(set(ours) & set(theirs)) for ours, theirs in zip(found[1].tolist(), expected[1].tolist(), strict=True)]
    assert sum(same) / 5000 > 0.98


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("name", GPU_KINDS)
def test_what_the_gpu_built_is_read_by_the_cpu(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    kind, matrix = build_kind(name, {"m": 16} if name == "ivfpq" else None), rows()
    built = filled(kind, matrix, "cuda")
    held = hold_out(matrix, Metric.COSINE, queries=200)
    found = tune(built, kind, held, 0.9)
    index = to_cpu(built)
    assert not on_gpu(index)
    assert index.ntotal == len(matrix)
    read = faiss.deserialize_index(faiss.serialize_index(index))
    assert measure(read, kind, found.effort, held).recall == pytest.approx(found.recall, abs=0.03)
    assert capfd.readouterr() == ("", "")


@pytest.mark.gpu
@needs_gpu
def test_many_queries_are_searched_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, matrix = build_kind("ivf"), rows()
    moved = to_device(filled(kind, matrix, "cpu"), kind, "cuda")
    whole = search(moved, kind, matrix, 5, 16)
    monkeypatch.setattr(device, "_free_bytes", lambda: 4 * 1000 * (4 * 32 + 12 * 5 + 12 * 16))
    parts = search(moved, kind, matrix, 5, 16)
    assert np.array_equal(whole[1], parts[1])
    assert search(moved, kind, matrix[:0], 5, 16)[1].shape == (0, 5)


@pytest.mark.gpu
@needs_gpu
def test_what_the_gpu_cannot_do_is_refused() -> None:
    kind, matrix = build_kind("ivf"), rows()
    moved = to_device(filled(kind, matrix, "cpu"), kind, "cuda")
    with pytest.raises(UsageError, match="only among all; use device 'cpu'"):
        search(moved, kind, matrix[:5], 5, 16, faiss.IDSelectorRange(0, 10))
    with pytest.raises(UsageError, match="up to 2048 rows"):
        search(moved, kind, matrix[:5], 2049, 16)
