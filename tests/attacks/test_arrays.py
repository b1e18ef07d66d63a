"""Files of numbers made to do harm: .npy, Parquet, HDF5 and MATLAB files that run code, lie, unpack without end, or
point elsewhere.
"""

from __future__ import annotations

import io
import os
import pickle
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from harness.peak import peak_growth_mb

from echodex.errors import BadInput, EchodexError
from echodex.evaluation.fingerprint.layout import read_matrix
from echodex.store.features.cqt.files import Chunks, read_mm
from echodex.store.vector_files import read_vectors
from echodex.training.fingerprint.aachen import read_aachen

pytestmark = pytest.mark.promise("P15")

MUTANTS = 200


class Touch:
    """Unpickles by running `touch`."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def npy(shape: tuple[int, ...], descr: str = "<f4", content: bytes = b"") -> bytes:
    """Return a .npy file that says what it likes."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def evil_arrays(marker: Path) -> dict[str, bytes]:
    objects, archive = io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([[Touch(marker)]], dtype=object), allow_pickle=True)
    np.savez(archive, a=np.array([Touch(marker)], dtype=object))
    return {
        "an array of objects": objects.getvalue(),
        "an archive of arrays of objects": archive.getvalue(),
        "a pickle": pickle.dumps(Touch(marker)),
        "objects by its header alone": npy((1, 1), "|O", pickle.dumps([Touch(marker)])),
        "a header that calls": npy((1, 1), "__import__('os').system('touch " + str(marker) + "')"),
        "a petabyte": npy((2**40, 256)),
        "more than there are bytes in the world": npy((2**62, 2**62)),
        "fewer than none": npy((-1, 4)),
        "no numbers": npy((1, 0)),
        "many axes": npy((1,) * 64, content=bytes(4)),
        "brackets": b"\x93NUMPY\x01\x00\x60\xea" + b"(" * 60_000,
        "text": npy((1, 1), "<U1", bytes(4)),
        "torn": npy((1, 4), content=bytes(8)),
        "nothing": b"",
    }


@pytest.mark.parametrize("kind", evil_arrays(Path("none")))
def test_no_array_runs_code_or_takes_what_it_does_not_hold(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path, ids = tmp_path / "evil.npy", tmp_path / "ids.txt"
    path.write_bytes(evil_arrays(marker)[kind])
    ids.write_text("a\n")
    (tmp_path / "evil.mm").write_bytes(bytes(84 * 4))
    (tmp_path / "db_shape.npy").write_bytes(path.read_bytes())
    (tmp_path / "db.mm").write_bytes(bytes(64))
    for read in (
        lambda: read_vectors(path, ids, 10),
        lambda: read_mm(path.with_suffix(".mm"), None),
        lambda: read_matrix(tmp_path, "db"),
    ):
        with pytest.raises(EchodexError) as caught:
            read()
        assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_the_array_would_have_run(tmp_path: Path) -> None:
    """The attack above is a real one: NumPy falls for it where it is told to."""
    marker = tmp_path / "marker"
    np.load(io.BytesIO(evil_arrays(marker)["an array of objects"]), allow_pickle=True)
    assert marker.exists()


def refused(read: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        read()


def parquet(path: Path, ids: Any, vectors: Any) -> Path:
    pq.write_table(pa.table({"clip_id": ids, "vector": vectors}), path, compression="zstd")
    return path


def fixed(rows: int, dim: int) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * dim, np.float32)), dim)


def many(path: Path, groups: int) -> Path:
    """Write so many times 10,000 rows, holding them once."""
    part = pa.table({"clip_id": ["x"] * 10_000, "vector": fixed(10_000, 64)})
    with pq.ParquetWriter(path, part.schema, compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(part)
    return path


BOMBS: dict[str, Callable[[Path], Path]] = {
    "many rows": lambda path: many(path, 40),
    "one long vector": lambda path: parquet(path, ["x"], fixed(1, 10_000_000)),
    "one long id": lambda path: parquet(path, ["x" * 10_000_000], fixed(1, 2)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_parquet_file_costs_no_more_than_the_store_could_take(kind: str, tmp_path: Path) -> None:
    path = BOMBS[kind](tmp_path / "bomb.parquet")
    assert path.stat().st_size < 100_000
    assert peak_growth_mb(lambda: refused(lambda: read_vectors(path, None, 100)))[1] < 60


def test_two_names_and_no_vectors_are_refused(tmp_path: Path) -> None:
    odd: list[list[Any]] = [
        [["a"]],
        [3.0],
        [[[1.0]]],
        [[None, 1.0]],
        [None],
        [[1e308]],
        [[float("nan")]],
        [[]],
        [{"a": 1}],
    ]
    for vectors in odd:
        with pytest.raises(BadInput):
            read_vectors(parquet(tmp_path / "odd.parquet", ["x"], pa.array(vectors)), None, 10)
    for ids in (pa.array([None], pa.string()), pa.array([b"\xff"]), pa.array([["x"]])):
        with pytest.raises(BadInput):
            read_vectors(parquet(tmp_path / "odd.parquet", ids, [[1.0]]), None, 10)


def test_a_mutated_parquet_file_is_read_or_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "whole.parquet", [f"clip {n}" for n in range(20)], fixed(20, 8)).read_bytes()
    path = tmp_path / "mutant.parquet"
    rng = random.Random(0)
    for _ in range(MUTANTS):
        mutant = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            mutant[rng.randrange(len(mutant))] = rng.randrange(256)
        path.write_bytes(mutant[: rng.choice([len(mutant), rng.randrange(len(mutant))])])
        try:
            names, matrix = read_vectors(path, None, 100)
        except BadInput:
            continue
        assert len(names) == len(matrix) <= 100


def linked(path: Path, elsewhere: Path) -> Path:
    """Write an HDF5 file whose datasets are of other files: linked, stored outside, put together of others."""
    layout = h5py.VirtualLayout(shape=(10, 84), dtype="<f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "kept", shape=(10, 84))
    with h5py.File(path, "w") as file:
        file["linked"] = h5py.ExternalLink(str(elsewhere), "/kept")
        file["soft"] = h5py.SoftLink("/linked")
        file.create_virtual_dataset("virtual", layout)
        stored = [(str(elsewhere.with_suffix(".raw")), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("stored", shape=(10, 84), dtype="<f4", external=stored)
        file.create_group("folder")["linked"] = h5py.ExternalLink(str(elsewhere), "/kept")
        file["folders"] = h5py.ExternalLink(str(elsewhere), "/")
    return path


@pytest.mark.parametrize("key", ["linked", "soft", "virtual", "stored", "folder/linked", "folders/kept"])
def test_a_recording_is_read_from_its_own_file_alone(key: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "private.h5"
    with h5py.File(elsewhere, "w") as file:
        file["kept"] = np.ones((10, 84), np.float32)
    elsewhere.with_suffix(".raw").write_bytes(bytes(10 * 84 * 4))
    path = linked(tmp_path / "given.h5", elsewhere)
    with h5py.File(path, "r", locking=False) as file:
        assert file[key].shape == (10, 84), "HDF5 itself would have followed it"
    with pytest.raises(BadInput, match="another file"):
        Chunks().read(str(path), key)


def test_a_pipe_behind_a_dataset_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.raw"
    os.mkfifo(pipe)
    linked(tmp_path / "given.h5", pipe.with_suffix(".h5"))
    with pytest.raises(BadInput, match="another file"):
        Chunks().read(str(tmp_path / "given.h5"), "stored")


def test_a_dataset_that_declares_more_than_any_recording_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("x", shape=(1 << 40, 84), dtype="<f4", chunks=(1 << 14, 84), compression="gzip")
        file.create_dataset("objects", data=np.array(["a"], dtype=h5py.string_dtype()))
    for key in ("x", "objects", "/", "..", ""):
        read = partial(Chunks().read, str(tmp_path / "bomb.h5"), key)
        assert peak_growth_mb(partial(refused, read))[1] < 50


def test_a_matlab_file_runs_nothing_and_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "room.mat"
    scipy.io.savemat(path, {"h_air": np.ones((1, 100)), "air_info": {"fs": 48_000.0}}, do_compression=True)
    assert len(read_aachen(path, 48_000)) == 100
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(MUTANTS):
        mutant = bytearray(whole)
        mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
        path.write_bytes(mutant[: rng.choice([len(mutant), rng.randrange(len(mutant))])])
        with suppress(BadInput):
            assert np.isfinite(read_aachen(path, 48_000)).all()
    for name, content in evil_arrays(tmp_path / "marker").items():
        path.write_bytes(content)
        with pytest.raises(BadInput):
            read_aachen(path, 48_000)
        assert not (tmp_path / "marker").exists(), name
