from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import StorageError
from echodex.training.fetch import Fetched, fetch_batches
from echodex.training.loader import view_loader
from echodex.training.order import Shuffle, epoch_rows
from echodex.training.shards import Shard, worker_batches
from echodex.training.spill import SpillReader, new_spill
from echodex.training.vectors import MemoryReader, open_vectors


@pytest.fixture
def windows(new_store: Callable[..., Store]) -> Store:
    """A store whose clips have five segments each."""
    store = new_store([["low"], ["high"], ["noise"]] * 8)
    store.embed("dummy", settings={"window_s": 0.05})
    return store


def test_streamed_or_whole_the_vectors_are_the_same(windows: Store) -> None:
    whole = windows.vectors()
    streamed = open_vectors(windows, "all", None, memory_bytes=0, shared=False)
    assert not streamed.in_memory
    assert streamed.clip_ids == whole.clip_ids
    rows = np.arange(len(whole))[::-1].copy()
    np.testing.assert_allclose(streamed.reader.fetch(rows, 0).inputs, whole.matrix[rows], atol=1e-6)
    assert len(windows.segments(None, whole.clip_ids)[0]) == 5 * len(whole)


def test_vectors_above_the_budget_are_loaded_in_blocks(windows: Store) -> None:
    whole = windows.vectors()
    loader = view_loader(windows, batch_size=5, memory_bytes=0)
    batches = list(loader)
    assert sorted(clip_id for batch in batches for clip_id in batch.clip_ids) == whole.clip_ids
    for batch in batches:
        rows = [whole.positions()[clip_id] for clip_id in batch.clip_ids]
        np.testing.assert_allclose(batch.inputs, whole.matrix[rows], atol=1e-6)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_whoever_reads_a_batch_it_is_the_same(workers: int) -> None:
    """Batches read together, by any number of workers and from any batch on, are those read one by one."""
    matrix = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
    shuffle, shard = Shuffle(7, block_rows=16, lanes=4, buffer_batches=3), Shard(8)
    rows = epoch_rows(500, shuffle, shard, 0)
    for start in (0, 5):
        found: dict[int, Fetched] = {}
        for worker in range(workers):
            mine = worker_batches(shard.batches(500), start, worker, workers)
            batches = {number: rows[number * 8 : number * 8 + 8] for number in mine}
            read = fetch_batches(MemoryReader(matrix), batches, shuffle.lanes, shuffle.buffer_batches, 0)
            found.update(zip(mine, read, strict=True))
        assert sorted(found) == list(range(start, shard.batches(500)))
        for number, fetched in found.items():
            expected = rows[number * 8 : number * 8 + 8]
            assert np.array_equal(fetched.rows, expected)
            assert np.array_equal(fetched.inputs.numpy(), matrix[expected])


def test_a_spill_goes_with_its_reader(tmp_path: Path) -> None:
    reader = new_spill(tmp_path, (3, 2))
    reader.map("r+")[:] = [[0, 1], [2, 3], [4, 5]]
    copy: SpillReader = pickle.loads(pickle.dumps(reader))  # what a worker gets
    assert copy.fetch(np.array([2, 0]), 0).inputs.tolist() == [[4, 5], [0, 1]]
    del copy
    assert reader.path.stat().st_mode & 0o777 == 0o600
    path = reader.path
    del reader
    assert not path.exists()


def test_spills_of_dead_processes_are_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from echodex.training.spill import new_spill;"
        "reader = new_spill(Path(sys.argv[1]), (2, 2)); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (orphan,) = tmp_path.glob("*.f32")
    mine = new_spill(tmp_path, (2, 2))
    other = new_spill(tmp_path, (2, 2))
    assert not orphan.exists()
    assert mine.path.exists()
    assert other.path.exists()


def test_a_full_disk_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="full"):
        new_spill(tmp_path, (1 << 30, 1 << 20))
    assert not list(tmp_path.glob("*.f32"))


def test_an_empty_spill(tmp_path: Path) -> None:
    assert new_spill(tmp_path, (0, 4)).fetch(np.empty(0, np.int64), 0).inputs.shape == (0, 4)
