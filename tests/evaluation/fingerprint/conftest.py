"""Folders of fingerprints as the published system writes them, of made-up vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def draw_rows(count: int, seed: int, dim: int = 16) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def write_rows(folder: Path, name: str, rows: Matrix) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows.astype("<f4").tofile(folder / f"{name}.mm")
    np.save(folder / f"{name}_shape.npy", np.array(rows.shape))


@pytest.fixture(scope="session")
def random_rows() -> Callable[..., Matrix]:
    """Unit rows float32[count, dim] of a seed, dim 16 unless told."""
    return draw_rows


@pytest.fixture(scope="session")
def write_matrix() -> Callable[[Path, str, Matrix], None]:
    """Write a matrix into a folder as the published system does."""
    return write_rows


@pytest.fixture
def write_published(tmp_path: Path) -> Callable[..., Path]:
    """Write query, db and dummy_db: queries are the database with noise; return the folder."""

    def write(segments: int = 118, dummies: int = 300, noise: float = 0.5, dim: int = 16) -> Path:
        folder = tmp_path / "published"
        database = draw_rows(segments, 1, dim)
        write_rows(folder, "db", database)
        write_rows(folder, "query", unit(database + noise * draw_rows(segments, 2, dim)))
        write_rows(folder, "dummy_db", draw_rows(dummies, 3, dim))
        return folder

    return write
