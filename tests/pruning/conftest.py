from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store

Matrix = NDArray[np.float32]


def _unit(rows: NDArray[np.float64]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="session")
def unit() -> Callable[[NDArray[np.float64]], Matrix]:
    """Scale rows to unit length."""
    return _unit


@pytest.fixture(scope="session")
def blob() -> Callable[..., Matrix]:
    """Make one cluster: `m` unit vectors, the last `copies` of them copies of the first with some noise."""

    def make(m: int, *, d: int = 16, seed: int = 0, copies: int = 0, jitter: float = 0.0) -> Matrix:
        random = np.random.default_rng(seed)
        rows = random.normal(size=d) + 0.6 * random.normal(size=(m, d))
        if copies:
            rows[-copies:] = rows[:copies] + jitter * random.normal(size=(copies, d))
        return _unit(rows)

    return make


@pytest.fixture(scope="session")
def blobs() -> Callable[..., Matrix]:
    """Make `count` tight clusters of `size` unit vectors and `noise` scattered ones, rows shuffled by the seed."""

    def make(count: int, size: int, *, noise: int = 0, d: int = 64, seed: int = 0, spread: float = 0.3) -> Matrix:
        random = np.random.default_rng(seed)
        centres = np.repeat(_unit(random.normal(size=(count, d))) * np.sqrt(d), size, axis=0)
        rows = np.concatenate([centres + spread * random.normal(size=centres.shape), random.normal(size=(noise, d))])
        return _unit(rows[random.permutation(len(rows))])

    return make


@pytest.fixture
def library(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Callable[..., Store]:
    """Fill the store with a tone for each row of a matrix, and import the rows as the space "given"; splits by row."""

    def fill(matrix: Matrix, splits: Sequence[str] = ()) -> Store:
        lines = ["path,labels,split,title"]
        paths = [make_wav(f"{row:03}.wav", seed=row, seconds=0.1) for row in range(len(matrix))]
        for row, path in enumerate(paths):
            split = splits[row] if splits else ""
            lines.append(f"{path},{'odd' if row % 2 else 'even'},{split},Tone {row}")
        (tmp_path / "labels.csv").write_text("\n".join(lines))
        store.add(labels=tmp_path / "labels.csv")
        np.save(tmp_path / "given.npy", matrix)
        (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
        store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
        return store

    return fill
