from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing import flat
from echodex.indexing.flat import FlatIndex, build_flat, open_flat

Matrix = NDArray[np.float32]


@pytest.fixture
def matrix() -> Matrix:
    rows = np.random.default_rng(0).normal(size=(200, 12))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def names(count: int) -> list[str]:
    return [f"clip{row:03}" for row in range(count)]


def files(store: Store) -> list[Path]:
    folder = store.folder("indexes", store.space().name)
    return [folder / name for name in (flat.INDEX_FILE, flat.IDS_FILE, flat.MANIFEST_FILE)]


def same(index: FlatIndex, store: Store) -> bool:
    vectors = store.vectors()
    held = np.stack([index.vector(row) for row in range(len(index.clip_ids))])
    return index.clip_ids == vectors.clip_ids and np.array_equal(held, vectors.matrix)


def test_search_equals_brute_force(matrix: Matrix) -> None:
    index = build_flat(names(200), matrix)
    scores = matrix[:7].astype(np.float64) @ matrix.T.astype(np.float64)
    rows, found = index.search(matrix[:7], 10)
    assert rows.tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :10].tolist()
    assert found == pytest.approx(-np.sort(-scores, axis=1)[:, :10], abs=1e-6)


def test_search_within_allowed_rows_and_no_more_than_there_are(matrix: Matrix) -> None:
    index = build_flat(names(200), matrix)
    allowed = np.zeros(200, dtype=bool)
    allowed[[3, 50, 199]] = True
    rows, scores = index.search(matrix[:1], 10, allowed)
    assert sorted(rows[0].tolist()) == [3, 50, 199]
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)
    assert index.search(matrix[:1], 500)[0].shape == (1, 200)
    assert index.search(matrix[:2], 5, np.zeros(200, dtype=bool))[0].shape == (2, 0)
    assert build_flat([], matrix[:0]).search(matrix[:1], 5)[0].shape == (1, 0)


def test_equal_scores_come_in_row_order(matrix: Matrix) -> None:
    index = build_flat(names(6), matrix[[5, 1, 5, 2, 5, 3]])
    assert index.search(matrix[5:6], 3)[0].tolist() == [[0, 2, 4]]


def test_the_cache_is_made_once_and_read_after(filled: Store) -> None:
    first = open_flat(filled, filled.space())
    assert same(first, filled)
    before = [path.read_bytes() for path in files(filled)]
    stamps = [path.stat().st_mtime_ns for path in files(filled)]
    assert same(open_flat(filled, filled.space()), filled)
    assert [path.stat().st_mtime_ns for path in files(filled)] == stamps
    assert [path.read_bytes() for path in files(filled)] == before


def test_new_vectors_make_it_stale(filled: Store, make_wav: Callable[..., Path]) -> None:
    open_flat(filled, filled.space())
    filled.add(make_wav("new.wav", seed=99))
    filled.embed("dummy")
    index = open_flat(filled, filled.space())
    assert len(index.clip_ids) == 13
    assert same(index, filled)


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "gone", "noise"])
def test_a_damaged_cache_is_rebuilt(filled: Store, which: int, damage: str) -> None:
    open_flat(filled, filled.space())
    before = [path.read_bytes() for path in files(filled)]
    path, content = files(filled)[which], bytearray(before[which])
    if damage == "gone":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        damaged = {"flipped": content, "truncated": content[:-7], "empty": b"", "noise": range(256)}
        path.write_bytes(bytes(damaged[damage]))
    assert same(open_flat(filled, filled.space()), filled)
    assert [path.read_bytes() for path in files(filled)] == before


OTHERS = {"dim": 17, "metric": "l2", "space": "other", "encoder_digest": "0", "table_version": 1, "faiss_version": "0"}


@pytest.mark.parametrize(("field", "value"), OTHERS.items())
def test_a_manifest_of_something_else_is_stale(filled: Store, field: str, value: object) -> None:
    open_flat(filled, filled.space())
    manifest = files(filled)[2]
    before = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(before), field: value}))
    assert same(open_flat(filled, filled.space()), filled)
    assert manifest.read_text() == before


def test_a_cache_that_cannot_be_written_costs_only_time(filled: Store) -> None:
    folder = filled.folder("indexes", filled.space().name)
    (folder / flat.INDEX_FILE).mkdir()  # no file can take its place, whoever runs the test
    assert same(open_flat(filled, filled.space()), filled)


def test_threads_that_build_at_once_agree(filled: Store) -> None:
    results: list[FlatIndex] = []
    threads = [threading.Thread(target=lambda: results.append(open_flat(filled, filled.space()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(same(index, filled) for index in results)
    assert same(open_flat(filled, filled.space()), filled)
