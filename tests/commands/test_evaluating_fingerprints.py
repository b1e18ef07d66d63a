from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError

SEGMENTS, DUMMIES, DIM = 118, 40, 16


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--quiet", "evaluate", "fingerprint", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Made-up fingerprints in the published layout."""
    random = np.random.default_rng(0)
    rows = {name: random.standard_normal((count, DIM)) for name, count in (("db", SEGMENTS), ("dummy_db", DUMMIES))}
    rows["query"] = rows["db"] + 0.5 * random.standard_normal((SEGMENTS, DIM))
    for name, matrix in rows.items():
        unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        unit.astype("<f4").tofile(tmp_path / f"{name}.mm")
        np.save(tmp_path / f"{name}_shape.npy", np.array(matrix.shape))
    return tmp_path


def test_a_folder_as_a_table_as_json_and_as_files(folder: Path, tmp_path: Path) -> None:
    asked = [str(folder), "--index", "l2", "-t", "20", "--lengths", "1 3 5", "--songs", "59"]
    lines = run(*asked, "--out", str(tmp_path / "out")).splitlines()
    assert "158 rows, of them 40 dummies" in lines[0]
    assert lines[1].split() == ["segments", "1", "3", "5"]
    assert lines[2].split() == ["seconds", "1", "2", "3"]
    assert [" ".join(line.split()[:2]) for line in lines[3:7]] == [
        "Top1 exact",
        "Top1 near",
        "Top3 exact",
        "Top10 exact",
    ]
    assert np.load(tmp_path / "out" / "raw_score.npy").shape == (20, 12)
    report = json.loads(run(*asked, "--json", "--strict", "--seed", "3"))
    assert (report["strict"], report["seed"], report["queries"]) == (True, 3, 20)
    assert report["hits"]["Top1 exact"][2] > 90


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["FOLDER", "--queries", "x"],
        ["FOLDER", "--view", "lean"],
        ["--queries", "x", "--songs", "59"],
        ["--live", "3", "--index", "l2"],
        ["--live", "3", "--robustness"],
        ["--plot", "curve.png"],
    ],
)
def test_options_that_do_not_go_together(folder: Path, wrong: list[str]) -> None:
    with pytest.raises(UsageError, match="say either"):
        run(*[str(folder) if part == "FOLDER" else part for part in wrong])


def test_lengths_that_are_none(folder: Path) -> None:
    with pytest.raises(UsageError, match="--lengths"):
        run(str(folder), "--lengths", "one")


@pytest.mark.parametrize("asked", [["--live", "3"], ["--robustness"]])
def test_a_space_needs_segments(kinds_store: Store, asked: list[str]) -> None:
    with pytest.raises(UsageError, match="one vector per clip"):
        CliRunner().invoke(
            cli, ["--store", str(kinds_store.path), "evaluate", "fingerprint", *asked], catch_exceptions=False
        )
