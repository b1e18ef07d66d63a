from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound, UsageError


@pytest.fixture
def library(store: Store, make_wav, tmp_path: Path) -> Store:  # type: ignore[no-untyped-def]
    paths = [make_wav(f"{row:02}.wav", seed=row, seconds=0.1) for row in range(8)]
    store.add(*paths)
    np.save(tmp_path / "given.npy", np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    for keep in (6, 4):
        store.prune("random", keep=keep).save("lean")
    return store


def run(store: Store, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--store", str(store.path), "prune", *words])


def test_undo_says_what_the_name_stands_for_then(library: Store) -> None:
    assert run(library, "--undo", "lean", "--yes").stdout == "took back lean@2\nlean is lean@1, 6 of 8 clips\n"
    said = json.loads(run(library, "--undo", "lean", "--yes", "--json").stdout)
    assert (said["undone"]["version"], said["view"]) == (1, None)
    assert library.views() == []
    assert isinstance(run(library, "--undo", "lean", "--yes").exception, NotFound)


def test_the_only_version_leaves_none(library: Store) -> None:
    run(library, "--undo", "lean", "--yes")
    assert run(library, "--undo", "lean", "--yes").stdout == "took back lean@1\nlean does not exist any more\n"


def test_only_the_last_version_is_taken_back(library: Store) -> None:
    done = run(library, "--undo", "lean@1", "--yes")
    assert isinstance(done.exception, UsageError)
    assert "echodex views delete" in str(done.exception)
    assert isinstance(run(library, "--undo", "", "--yes").exception, NotFound), "not a plan"
    assert [view.version for view in library.views()] == [1, 2]


def test_undo_has_to_be_meant(library: Store) -> None:
    done = run(library, "--undo", "lean")
    assert isinstance(done.exception, UsageError)
    assert "say --yes to take back view lean@2" in str(done.exception)
    for words in (("--dry-run",), ("jsd",), ("--keep", "0.5"), ("--pin", "x")):
        done = run(library, "--undo", "lean", "--yes", *words)
        assert "--undo only takes back the last save of lean; leave out" in str(done.exception)
    assert library.view("lean").version == 2
