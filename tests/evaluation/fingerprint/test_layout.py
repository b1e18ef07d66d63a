from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.errors import BadInput, NotFound
from echodex.evaluation.fingerprint.layout import Stack, read_layout, read_matrix

Rows = Callable[..., NDArray[np.float32]]
Write = Callable[[Path, str, NDArray[np.float32]], None]


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_stack_is_the_matrices_one_below_the_other_and_nothing_is_written(
    write_published: Callable[..., Path], random_rows: Rows
) -> None:
    folder = write_published(segments=20, dummies=30)
    before = digests(folder)
    layout = read_layout(folder)
    stack = Stack((layout.dummies, layout.database))
    whole = np.concatenate([random_rows(30, 3), random_rows(20, 1)])
    assert (len(stack), stack.dim) == (50, 16)
    rows = np.array([0, 49, 29, 30, 30, 7])
    np.testing.assert_array_equal(stack.take(rows), whole[rows])
    np.testing.assert_array_equal(np.concatenate(list(stack.blocks(7))), whole)
    order = np.array([31, 2, 49, 30])
    ordered = Stack((layout.dummies, layout.database), order)
    assert (len(ordered), ordered.dim) == (4, 16)
    np.testing.assert_array_equal(ordered.take(np.array([3, 0, 3])), whole[order[[3, 0, 3]]])
    np.testing.assert_array_equal(np.concatenate(list(ordered.blocks(3))), whole[order])
    assert digests(folder) == before
    with pytest.raises(ValueError, match="read-only"):
        layout.dummies[0] = 0


def test_rows_that_the_published_evaluation_left_behind_are_passed_over(
    write_published: Callable[..., Path], random_rows: Rows
) -> None:
    folder = write_published(segments=20, dummies=30)
    with (folder / "dummy_db.mm").open("ab") as file:
        file.write((folder / "db.mm").read_bytes())
    np.testing.assert_array_equal(read_layout(folder).dummies, random_rows(30, 3))
    with (folder / "dummy_db.mm").open("ab") as file:
        file.write(bytes(4 * 16))
    with pytest.raises(BadInput, match="holds 51 rows of 16 float32 and its shape file says 30"):
        read_layout(folder)


def test_dummies_may_be_elsewhere_or_missing(
    write_published: Callable[..., Path], tmp_path: Path, random_rows: Rows, write_matrix: Write
) -> None:
    folder = write_published()
    write_matrix(tmp_path / "other", "dummy_db", random_rows(5, 9))
    assert len(read_layout(folder, tmp_path / "other").dummies) == 5
    (folder / "dummy_db.mm").unlink()
    assert read_layout(folder).dummies.shape == (0, 16)
    with pytest.raises(NotFound, match=r"dummy_db"):
        read_layout(folder, folder)


@pytest.mark.parametrize(
    ("name", "spoil", "told"),
    [
        ("db_shape.npy", lambda old: np.array([119, 16]), "holds 118 rows of 16 float32 and its shape file says 119"),
        ("db_shape.npy", lambda old: np.array([118, 32]), "holds 59 rows of 32 float32 and its shape file says 118"),
        ("db_shape.npy", lambda old: np.array([118, 7]), "no whole number of rows of 7 float32"),
        ("db_shape.npy", lambda old: np.array([118, 0]), "two whole numbers"),
        ("db_shape.npy", lambda old: np.array([118, -16]), "two whole numbers"),
        ("db_shape.npy", lambda old: np.array([118.0, 16.0]), "two whole numbers"),
        ("db_shape.npy", lambda old: np.array([118, 16, 1]), "two whole numbers"),
        ("db_shape.npy", lambda old: np.array([118, None]), "cannot be read as an array"),
        ("db.mm", lambda old: old[:-1], "no whole number of rows"),
        ("db.mm", lambda old: old[: 4 * 16 * 100], "holds 100 rows"),
        ("db_shape.npy", lambda old: old[:20], "cannot be read as an array"),
        ("db_shape.npy", lambda old: b"", "cannot be read as an array"),
        ("db_shape.npy", lambda old: pickle.dumps([118, 16]), "cannot be read as an array"),
    ],
)
def test_what_is_not_as_it_says_is_refused(
    write_published: Callable[..., Path], name: str, spoil: Callable[[bytes], object], told: str
) -> None:
    path = write_published() / name
    spoilt = spoil(path.read_bytes())
    if isinstance(spoilt, np.ndarray):
        np.save(path, spoilt, allow_pickle=True)
    else:
        assert isinstance(spoilt, bytes)
        path.write_bytes(spoilt)
    with pytest.raises(BadInput, match=told):
        read_layout(path.parent)


def test_parts_that_do_not_fit_are_refused(
    write_published: Callable[..., Path], random_rows: Rows, write_matrix: Write
) -> None:
    folder = write_published()
    write_matrix(folder, "dummy_db", random_rows(10, 3, dim=8))
    with pytest.raises(BadInput, match="made by one network"):
        read_layout(folder)
    write_matrix(folder, "query", random_rows(117, 3))
    (folder / "dummy_db.mm").unlink()
    with pytest.raises(BadInput, match="query has 117 segments and db 118"):
        read_layout(folder)
    with pytest.raises(NotFound, match="nothing_shape"):
        read_matrix(folder, "nothing")
