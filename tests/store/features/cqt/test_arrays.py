from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from echodex.errors import BadInput
from echodex.store.features.cqt.arrays import dtype_of, upright
from echodex.store.features.cqt.files import Chunks, read_mm
from tests.store.features.cqt.miniature import transform, write_h5, write_mm


@pytest.mark.parametrize("bands", [84, 96])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_either_way_up_time_comes_first(bands: int, dtype: str) -> None:
    values = transform(0, 120, bands, dtype)
    standing, lying = upright(values, ""), upright(values.T, "")
    assert (standing.axes, lying.axes) == ("time-first", "bands-first")
    np.testing.assert_array_equal(standing.values, values)
    np.testing.assert_array_equal(lying.values, values)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((84, 84), "either side of which may be the bands; say --set axes"),
        ((96, 84), "either side"),
        ((200, 120), "neither side of which is 84 or 96"),
        ((200, 72), "neither side"),
        ((84,), "must be floats"),
        ((2, 84, 200), "must be floats"),
    ],
)
def test_what_could_be_read_in_two_ways_or_none_is_refused(shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        upright(np.zeros(shape, np.float16), "")


def test_axes_that_are_told_decide() -> None:
    square = transform(0, 84, 84)
    np.testing.assert_array_equal(upright(square, "time-first").values, square)
    np.testing.assert_array_equal(upright(square, "bands-first").values, square.T)
    with pytest.raises(BadInput, match="which is not bands-first with 84 or 96 bands"):
        upright(transform(0, 120), "bands-first")
    with pytest.raises(BadInput, match="array of int16"):
        upright(np.zeros((120, 84), np.int16), "")


def test_a_type_is_told_by_the_size_alone() -> None:
    assert dtype_of(100 * 84 * 2, (100, 84)) == np.float16
    assert dtype_of(100 * 84 * 4, (100, 84)) == np.float32
    for odd in (0, 100 * 84 * 2 - 1, 100 * 84 * 3, 100 * 84 * 8):
        with pytest.raises(BadInput, match=f"has {odd} bytes.*torn"):
            dtype_of(odd, (100, 84))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_mm_files_are_read_by_the_shape_beside_or_told(tmp_path: Path, dtype: str) -> None:
    values = transform(3, 50, dtype=dtype)
    beside, where = read_mm(write_mm(tmp_path, "abc", values), None)
    assert (beside.dtype, where) == (np.dtype(dtype), "abc.npy")
    np.testing.assert_array_equal(beside, values)
    told, where = read_mm(write_mm(tmp_path, "abd", values.T, side=False), (84, 50))
    assert where == "the index"
    np.testing.assert_array_equal(told, values.T)


def test_mm_files_whose_shape_is_odd_are_refused(tmp_path: Path) -> None:
    values = transform(3, 50)

    def refused(said: str, told: tuple[int, int] | None = None, **kinds: Any) -> None:
        with pytest.raises(BadInput, match=said):
            read_mm(write_mm(tmp_path, "abc", values, **kinds), told)
        (tmp_path / "ab/abc.npy").unlink(missing_ok=True)

    refused("no abc.npy beside it", side=False)
    refused(r"shape \(50, 84\) by abc.npy, but \(84, 50\) by the index", told=(84, 50))
    refused("has 8400 bytes, but .* torn", side=(51, 84))
    for odd in ([50], [50, 84, 1], [0, 84], [50.0, 84.0], 3, ["a", "b"]):
        refused("abc.npy says", side=odd)
    refused("has 8400 bytes", side=(1 << 40, 1 << 40))
    path = write_mm(tmp_path, "abc", values)
    path.with_suffix(".npy").write_bytes(b"no array")
    with pytest.raises(BadInput, match=r"abc\.npy beside it cannot be read"):
        read_mm(path, None)
    path.with_suffix(".npy").write_bytes(b"x" * 10_000)
    with pytest.raises(BadInput, match="too large to be a shape"):
        read_mm(path, None)
    np.save(path.with_suffix(".npy"), np.array([None, {}]), allow_pickle=True)
    with pytest.raises(BadInput, match="cannot be read"):
        read_mm(path, None)


@pytest.mark.parametrize(
    ("descr", "shape", "said"),
    [("<i8", (10**12,), "cannot be read"), ("<i8", (10**30,), "cannot be read"), ("|S100000", (10**7,), "cannot be")],
)
def test_no_more_is_taken_for_a_shape_than_is_there(
    tmp_path: Path, descr: str, shape: tuple[int, ...], said: str
) -> None:
    path = write_mm(tmp_path, "abc", transform(3, 50))
    with path.with_suffix(".npy").open("wb") as side:
        np.lib.format.write_array_header_1_0(side, {"descr": descr, "fortran_order": False, "shape": shape})
        side.write(bytes(16))
    with pytest.raises(BadInput, match=said):
        read_mm(path, None)


def test_several_arrays_are_no_shape(tmp_path: Path) -> None:
    path = write_mm(tmp_path, "abc", transform(3, 50))
    with path.with_suffix(".npy").open("wb") as side:
        np.savez(side, a=np.array([50, 84]))
    with pytest.raises(BadInput, match=r"abc\.npy beside it .*holds several arrays"):
        read_mm(path, None)


def test_datasets_of_many_files_are_read(tmp_path: Path) -> None:
    kept = [transform(number, 40 + number) for number in range(7)]
    for number, values in enumerate(kept):
        write_h5(tmp_path / f"{number}.h5", {"v1": values, "v2": values[:5]})
    chunks = Chunks()
    for number, values in [*enumerate(kept)] * 2:
        path = str(tmp_path / f"{number}.h5")
        np.testing.assert_array_equal(chunks.read(path, "/v1/cqt"), values.T)
        np.testing.assert_array_equal(chunks.read(path, "v2/cqt"), values[:5].T)


def test_datasets_that_are_none_are_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", {"v1": transform(0)})
    (tmp_path / "torn.h5").write_bytes(path.read_bytes()[:2000])
    with h5py.File(path, "a") as file:
        file.create_dataset("huge", (10**11, 84), np.float16, chunks=(1000, 84))
        file.create_dataset("wide", (1 << 20, 84), "S100000", chunks=(64, 84))
        file["none"] = h5py.Empty("f")
    chunks = Chunks()
    for name, key, said in (
        ("a.h5", "/v2/cqt", "is no dataset"),
        ("a.h5", "/v1", "is no dataset"),
        ("torn.h5", "/v1/cqt", "is no dataset"),
        ("gone.h5", "/v1/cqt", "is no dataset"),
        ("a.h5", "huge", "longer than any recording"),
        ("a.h5", "wide", r"array of \|S100000 of shape .*; it must be floats"),
        ("a.h5", "none", "of shape None; it must be floats"),
    ):
        with pytest.raises(BadInput, match=said):
            chunks.read(str(tmp_path / name), key)
