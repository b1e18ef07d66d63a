"""add --features: what was added is said, and odd files end it with the code for partial success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import EXIT_BAD_FILES, UsageError
from tests.store.features.cqt.miniature import HOP_S, transform, write_h5, write_list, write_mm
from tests.store.features.miniature import datacos, metadata


def add(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--store", str(folder / "library"), "--quiet", "add", *arguments])


def test_features_are_added_with_their_settings(tmp_path: Path) -> None:
    rows = datacos(tmp_path / "data", {"W_1": 2})
    told = metadata(tmp_path / "meta.json", list(rows))
    settings = ("--set", "split=train", "--set", f"metadata={told}")
    done = add(tmp_path, "--features", "datacos", str(tmp_path / "data"), *settings)
    assert done.exit_code == 0, done.output
    assert done.stdout == "added 2 clips (0.00 h), 0 known, 0 updated\n"
    clips = Store.open(tmp_path / "library").clips(["work", "title", "split"]).to_pylist()
    assert {(clip["work"], clip["split"]) for clip in clips} == {("W_1", "train")}


def test_odd_and_missing_files_end_it_with_a_code(tmp_path: Path) -> None:
    rows = datacos(tmp_path / "data", {"W_1": 1})
    told = metadata(tmp_path / "meta.json", [*rows, "W_2/P_2"])
    done = add(tmp_path, "--features", "datacos", str(tmp_path / "data"), "--set", f"metadata={told}", "--json")
    assert done.exit_code == EXIT_BAD_FILES
    assert json.loads(done.stdout)["missing"] == ["W_2/P_2.h5"]
    (tmp_path / "data/W_1/P_9.h5").write_bytes(b"torn")
    done = add(tmp_path, "--features", "datacos", str(tmp_path / "data"))
    assert (done.exit_code, "1 files are not ok" in done.stdout) == (EXIT_BAD_FILES, True)


@pytest.mark.parametrize(
    "arguments", [["--embed", "timbre"], ["--dataset", "esc50"], ["--download"], ["--labels", "x.csv"]]
)
def test_what_is_of_audio_does_not_go_with_it(tmp_path: Path, arguments: list[str]) -> None:
    done = add(tmp_path, "--features", "datacos", str(tmp_path), *arguments)
    assert isinstance(done.exception, UsageError)
    assert "--features goes with paths" in str(done.exception)
    assert not (tmp_path / "library").exists()


def test_transforms_are_verified_and_added_from_both_roots(tmp_path: Path) -> None:
    write_h5(tmp_path / "h5/chunk.h5", {"abc": transform(0)})
    write_mm(tmp_path / "mm", "abd", transform(1))
    line = {"youtube_id": "abc", "h5_chunk": "chunk.h5", "h5_key": "/abc/cqt", "hop_s": HOP_S}
    told = write_list(tmp_path / "list.jsonl", [line, {"ytid": "abd"}, {"ytid": "gone"}])
    asked = ["--features", "cqt", str(told), "--h5-root", str(tmp_path / "h5"), "--mm-root", str(tmp_path / "mm")]
    done = add(tmp_path, *asked, "--verify")
    assert done.exit_code == 0, done.output
    first, header, *lines = done.stdout.splitlines()
    assert (first, header.split()) == ("the first of 2 files, 1 missing:", ["what", "value"])
    said = dict(line.split(maxsplit=1) for line in lines)
    assert said["file"] == f"{tmp_path / 'h5/chunk.h5'} /abc/cqt"
    assert said["stored"] == "float16 (84, 200) (bands-first; the shape is by the HDF5 file)"
    assert "float32 (46, 84), " in said["kept"]
    assert not (tmp_path / "library").exists()
    assert json.loads(add(tmp_path, *asked, "--verify", "--json").stdout)["told"]["bands"] == "84 from 32.7 Hz"
    done = add(tmp_path, *asked)
    assert done.exit_code == EXIT_BAD_FILES
    assert done.stdout.startswith(
        "added 2 clips (0.00 h), 0 known, 0 updated\n1 files of the data set are missing:\ngone\n"
    )
    assert Store.open(tmp_path / "library").status().frames == {"frames_cqt": 2}


def test_roots_and_verify_are_of_features(tmp_path: Path) -> None:
    for option in (["--verify"], ["--h5-root", "x"], ["--mm-root", "x"]):
        done = add(tmp_path, str(tmp_path), *option)
        assert "are of features" in str(done.exception)
    done = add(tmp_path, "--features", "datacos", str(tmp_path), "--mm-root", "x")
    assert "no setting 'mm_root'" in str(done.exception)
