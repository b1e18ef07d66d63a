"""Reading index files that FAISS maps, and what it leaves as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest

from echodex.indexing.index.mapped import read_mapped
from echodex.indexing.index.sealed import BrokenSeal


def written(path: Path, rows: int) -> Path:
    index = faiss.IndexFlatIP(8)
    index.add(np.random.default_rng(rows).standard_normal((rows, 8)).astype(np.float32))
    faiss.write_index(index, str(path))
    return path


def test_the_bound_of_a_file_is_not_that_of_the_next(tmp_path: Path) -> None:
    """FAISS has one bound for the whole process: other code in it, and other threads, read larger files than ours."""
    before = faiss.get_deserialization_vector_byte_limit()
    small, large = written(tmp_path / "small", 10), written(tmp_path / "large", 20_000)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(read_mapped, [small, large] * 50))
    assert {index.ntotal for index in read} == {10, 20_000}
    assert faiss.get_deserialization_vector_byte_limit() == before


def test_nor_where_a_file_is_refused(tmp_path: Path) -> None:
    before = faiss.get_deserialization_vector_byte_limit()
    path = tmp_path / "forged"
    path.write_bytes(written(path, 10).read_bytes()[:60])
    with pytest.raises(BrokenSeal):
        read_mapped(path)
    assert faiss.get_deserialization_vector_byte_limit() == before
