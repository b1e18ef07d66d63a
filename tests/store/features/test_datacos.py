from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from echodex.errors import BadInput, NotFound, Unavailable
from echodex.schemas.clip import Source
from echodex.store.features.base import Features
from echodex.store.features.datacos import DaTacos
from tests.store.features.miniature import FRAMES, arrays, datacos, metadata, row_of, write


def read(path: Path) -> Features:
    return DaTacos().read(Source(str(path)))


def test_the_columns_are_those_of_the_published_table() -> None:
    columns = DaTacos.columns
    assert (len(columns), len(set(columns))) == (52, 52)
    assert (columns[0], columns[11], columns[12], columns[24], columns[35]) == (
        "chroma_cens_0",
        "chroma_cens_11",
        "crema_0",
        "hpcp_0",
        "hpcp_11",
    )
    assert columns[36:] == (*(f"mfcc_htk_{number}" for number in range(13)), "novfn", "snovfn", "tempo")


def test_a_row_is_that_of_the_published_table(tmp_path: Path) -> None:
    found = arrays(0)
    features = read(write(tmp_path / "W_1/P_1.h5", found))
    assert features.values.dtype == np.float32
    np.testing.assert_allclose(features.values, row_of(found), rtol=1e-6)
    assert features.seconds == pytest.approx(FRAMES * 512 / 44100)


@pytest.mark.parametrize("frames", [12, 13, 40])
def test_crema_may_lie_on_its_side(tmp_path: Path, frames: int) -> None:
    """As in the cover analysis subset; where both sides are 12, frames are taken to come first."""
    found = arrays(0, frames=frames)
    upright = read(write(tmp_path / "W_1/P_1.h5", found)).values
    lying = read(write(tmp_path / "W_1/P_2.h5", {**found, "crema": found["crema"].T})).values
    if frames != 12:
        np.testing.assert_array_equal(lying, upright)
    np.testing.assert_allclose(upright, row_of(found), rtol=1e-6)


def test_frames_without_mfcc_are_left_out_of_the_mean(tmp_path: Path) -> None:
    found = arrays(0)
    found["mfcc_htk"][:, 3] = np.nan
    found["mfcc_htk"][2, 5] = -np.inf
    features = read(write(tmp_path / "W_1/P_1.h5", found))
    np.testing.assert_allclose(features.values, row_of(found), rtol=1e-6)
    assert np.isfinite(features.values).all()


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("crema", np.zeros((40, 11)), "'crema' of shape \\(40, 11\\)"),
        ("hpcp", np.zeros(12), "'hpcp' of shape"),
        ("hpcp", np.zeros((0, 12)), "no values in 'hpcp'"),
        ("chroma_cens", np.full((40, 12), np.nan), "'chroma_cens', or some that are not finite"),
        ("mfcc_htk", np.full((13, 40), np.nan), "'mfcc_htk' without a finite value"),
        ("mfcc_htk", np.zeros((40, 20)), "neither side of which is 13"),
        ("madmom_features/tempos", np.zeros((0, 2)), "no tempo"),
        ("madmom_features/tempos", np.full((1, 2), np.inf), "tempo that is not finite"),
        ("madmom_features/novfn", np.zeros((2, 3)), "'madmom_features/novfn' of shape"),
    ],
)
def test_odd_features_are_named(tmp_path: Path, name: str, array: np.ndarray, said: str) -> None:
    path = write(tmp_path / "W_1/P_1.h5", arrays(0) | {name: array})
    with pytest.raises(BadInput, match=said):
        read(path)


def test_what_is_no_such_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "P_1.h5"
    path.write_bytes(b"not HDF5")
    with pytest.raises(BadInput, match="cannot be read as HDF5"):
        read(path)
    found = arrays(0)
    del found["crema"]
    with pytest.raises(BadInput, match="crema"):
        read(write(tmp_path / "P_2.h5", found))
    with h5py.File(tmp_path / "P_3.h5", "w") as file:
        for name in found:
            file.create_group(name)
    with pytest.raises(BadInput, match="cannot be read as HDF5"):
        read(tmp_path / "P_3.h5")


def test_what_a_file_declares_is_not_believed(tmp_path: Path) -> None:
    """A dataset of 8 TB that takes no room on disk."""
    path = write(tmp_path / "P_1.h5", {name: array for name, array in arrays(0).items() if name != "hpcp"})
    with h5py.File(path, "a") as file:
        file.create_dataset("hpcp", (10**11, 12), np.float64, chunks=(1000, 12))
    with pytest.raises(BadInput, match="'hpcp' of shape"):
        read(path)


def test_files_are_found_with_what_the_metadata_tells(tmp_path: Path) -> None:
    rows = datacos(tmp_path / "data", {"W_7": 2, "W_8": 1})
    (tmp_path / "data/W_7/.DS_Store").write_text("")
    (tmp_path / "data/README.md").write_text("")
    (tmp_path / "data/W_9").symlink_to(tmp_path / "data/W_8")
    names = [*rows, "W_8/P_99"]
    found = DaTacos(str(metadata(tmp_path / "meta.json", names)), split="valid").find([tmp_path / "data"])
    assert [
        Path(source.path).relative_to(tmp_path / "data").with_suffix("").as_posix() for source in found.sources
    ] == [*rows]
    assert found.missing == ("W_8/P_99.h5",)
    assert dict(found.sources[0].fields) == {
        "title": "Title of P_0",
        "artist": "Performer",
        "work": "W_7",
        "rendition": "P_0",
        "split": "valid",
    }
    assert dict(found.sources[0].extra) == {
        "dataset": "da-tacos",
        "dataset_id": "W_7/P_0",
        "instrumental": "No",
        "release_year": "1984",
        "work_artist": "Composer",
        "work_title": "Title of W_7",
    }


def test_without_metadata_work_and_performance_are_known(tmp_path: Path) -> None:
    datacos(tmp_path, {"W_7": 1})
    found = DaTacos().find([tmp_path])
    assert (found.sources[0].fields, found.missing) == ((("work", "W_7"), ("rendition", "P_0")), ())


@pytest.mark.parametrize("text", ["[1]", "{", '{"W_1": 3}', '{"W_1": {"P_1": 3}}'])
def test_odd_metadata_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "meta.json").write_text(text)
    datacos(tmp_path, {"W_1": 1})
    with pytest.raises(BadInput, match=r"meta\.json is not JSON as da-TACOS has it"):
        DaTacos(str(tmp_path / "meta.json")).find([tmp_path])


def test_folders_without_files_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no W_"):
        DaTacos().find([tmp_path])
    with pytest.raises(NotFound, match="does not exist"):
        DaTacos().find([tmp_path / "nowhere"])
    with pytest.raises(NotFound, match=r"meta\.json does not exist"):
        DaTacos(str(tmp_path / "meta.json")).find([tmp_path])


def test_without_h5py_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(Unavailable, match=r"pip install 'echodex\[features\]'"):
        DaTacos().check_installed()
