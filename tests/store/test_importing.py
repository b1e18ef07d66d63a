from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError

MakeWav = Callable[..., Path]


@pytest.fixture
def filled(store: Store, make_wav: MakeWav) -> Store:
    store.add(make_wav("a.wav", seed=1), make_wav("b.wav", seed=2))
    return store


def write(tmp_path: Path, ids: list[str], matrix: np.ndarray) -> tuple[Path, Path]:
    np.save(tmp_path / "v.npy", matrix)
    (tmp_path / "ids.txt").write_text("\n".join(ids) + "\n")
    return tmp_path / "v.npy", tmp_path / "ids.txt"


def test_npy_with_paths_becomes_a_space(filled: Store, tmp_path: Path) -> None:
    matrix = np.array([[3.0, 4.0], [1.0, 0.0]])
    paths = [str(tmp_path / "audio" / name) for name in ("b.wav", "a.wav")]
    space, new = filled.import_vectors("mine", *write(tmp_path, paths, matrix))
    assert (space.encoder, space.dim, new) == ("import", 2, 2)
    vectors = filled.vectors("mine")
    by_path = {clip.path: vectors.matrix[i] for i, clip in enumerate(filled.sources(vectors.clip_ids))}
    np.testing.assert_allclose(by_path[paths[0]], [0.6, 0.8], rtol=1e-6)


def test_parquet_with_clip_ids_becomes_a_space_once(filled: Store, tmp_path: Path) -> None:
    clip_ids = filled.clips(["clip_id"]).column(0).to_pylist()
    pq.write_table(pa.table({"clip_id": clip_ids, "embedding": [[1.0, 2.0], [3.0, 4.0]]}), tmp_path / "v.parquet")
    assert filled.import_vectors("mine", tmp_path / "v.parquet")[1] == 2
    assert filled.import_vectors("mine", tmp_path / "v.parquet")[1] == 0


@pytest.mark.parametrize(
    ("ids", "matrix", "said"),
    [
        (["x"], np.ones((1, 2)), "does not hold"),
        (["x", "y"], np.ones((1, 2)), "2 ids"),
        (["x"], np.array([[np.nan, 1]]), "NaN"),
        (["x"], np.ones(1), "shape"),
        (["x"], np.ones((1, 2), dtype=int), "int64"),
        (["x", "x"], np.ones((2, 2)), "twice"),
    ],
)
def test_what_does_not_fit_is_named(
    filled: Store, tmp_path: Path, ids: list[str], matrix: np.ndarray, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        filled.import_vectors("mine", *write(tmp_path, ids, matrix))


def test_a_pickled_array_runs_nothing(filled: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "ids.txt").write_text("x\n")
    with pytest.raises(BadInput, match=r"not a \.npy file of numbers"):
        filled.import_vectors("mine", tmp_path / "v.npy", tmp_path / "ids.txt")


def test_missing_files_and_ids_are_said(filled: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        filled.import_vectors("mine", tmp_path / "none.parquet")
    np.save(tmp_path / "v.npy", np.ones((1, 2)))
    with pytest.raises(BadInput, match="--ids"):
        filled.import_vectors("mine", tmp_path / "v.npy")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInput, match="not a Parquet file"):
        filled.import_vectors("mine", tmp_path / "bad.parquet")


def test_spaces_never_mix(filled: Store, tmp_path: Path) -> None:
    clip_ids = filled.clips(["clip_id"]).column(0).to_pylist()
    filled.import_vectors("mine", *write(tmp_path, clip_ids, np.ones((2, 2))))
    with pytest.raises(UsageError, match="never mix"):
        filled.import_vectors("mine", *write(tmp_path, clip_ids, np.ones((2, 3))))
    with pytest.raises(UsageError, match="was imported"):
        filled.encoder(filled.space("mine"))


def test_a_clip_that_is_named_by_its_id_and_by_its_path_is_named_twice(filled: Store, tmp_path: Path) -> None:
    clip_id = filled.clips(["clip_id"]).column(0)[0].as_py()
    ids = [clip_id, filled.sources([clip_id])[0].path]
    with pytest.raises(BadInput, match="twice"):
        filled.import_vectors("mine", *write(tmp_path, ids, np.ones((2, 2))))
