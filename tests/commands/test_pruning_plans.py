from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli


@pytest.fixture
def library(store: Store, make_wav, tmp_path: Path) -> Store:  # type: ignore[no-untyped-def]
    paths = [make_wav(f"{row:02}.wav", seed=row, seconds=0.1) for row in range(12)]
    store.add(*paths)
    np.save(tmp_path / "given.npy", np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    return store


def run(store: Store, *words: str) -> str:
    done = CliRunner().invoke(cli, ["--store", str(store.path), *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_saved_plan_is_swept_and_cut(library: Store) -> None:
    run(library, "prune", "random", "--keep", "0.9", "--prefer", "longer", "--as", "lean")
    swept = json.loads(run(library, "prune", "--from-plan", "lean", "--sweep", "0.5,1", "--json"))
    assert [point["kept"] for point in swept["sweep"]] == [6, 12]
    assert "duplicates left" in run(library, "prune", "--from-plan", "lean", "--sweep")
    picture = library.path.parent / "curve.png"
    run(library, "prune", "--from-plan", "lean", "--sweep", "--plot", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    done = CliRunner().invoke(cli, ["--store", str(library.path), "prune", "--plot", str(picture), "--dry-run"])
    assert "--plot draws what --sweep finds" in str(done.exception)
    run(library, "prune", "--from-plan", "lean", "--keep", "0.5", "--as", "leaner")
    assert library.view("leaner").kept == 6
    assert library.view("leaner").recipe["config"]["prefer"] == "longer"


@pytest.mark.parametrize("words", [("jsd",), ("--eps", "0.1"), ("--prefer", "longer")])
def test_a_saved_plan_takes_no_settings(library: Store, words: tuple[str, ...]) -> None:
    run(library, "prune", "random", "--keep", "0.9", "--as", "lean")
    done = CliRunner().invoke(cli, ["--store", str(library.path), "prune", *words, "--from-plan", "lean", "--dry-run"])
    assert "takes the plan of lean as it is" in str(done.output) + str(done.exception)
