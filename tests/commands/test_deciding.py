"""decisions: made by id or path, listed, undone; and what prune and duplicates make of them."""

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
    """Eight clips, of which the first three have one vector."""
    paths = [make_wav(f"{row:02}.wav", seed=row, seconds=0.1) for row in range(8)]
    store.add(*paths)
    matrix = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    matrix[1:3] = matrix[0]
    np.save(tmp_path / "given.npy", matrix)
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    return store


def run(store: Store, *words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["--store", str(store.path), *map(str, words)])


def clip(store: Store, name: str) -> str:
    places = store.clips(["clip_id", "uris"]).to_pylist()
    return next(str(row["clip_id"]) for row in places if row["uris"][0].endswith(name))


def path(store: Store, name: str) -> str:
    return store.sources([clip(store, name)])[0].path


def test_decisions_are_made_by_path_and_by_id_and_listed(library: Store) -> None:
    pinned = run(library, "decisions", "pin", path(library, "04.wav"), clip(library, "05.wav"), "--note", "of use")
    assert pinned.exit_code == 0
    assert [line.split()[:3] for line in pinned.stdout.splitlines()[1:]] == [
        ["d1", "pin", clip(library, "04.wav")],
        ["d2", "pin", clip(library, "05.wav")],
    ]
    assert "of use" in pinned.stdout
    pair = [clip(library, "00.wav"), clip(library, "01.wav")]
    said = json.loads(run(library, "decisions", "distinct", *pair, "--json").stdout)
    assert [(one["kind"], one["clip_id"], one["other"]) for one in said] == [("distinct", min(pair), max(pair))]
    run(library, "decisions", "representative", pair[1])
    listed = json.loads(run(library, "decisions", "list", "--json").stdout)
    assert [one["decision_id"] for one in listed] == ["d1", "d2", "d3", "d4"]
    assert listed[2] == said[0]
    assert library.status().decisions == {"pin": 2, "distinct": 1, "representative": 1}
    assert "representative  " in run(library, "status").stdout


def test_undone_decisions_are_listed_when_asked_for(library: Store) -> None:
    assert json.loads(run(library, "decisions", "list", "--json").stdout) == []
    run(library, "decisions", "pin", clip(library, "04.wav"), clip(library, "05.wav"))
    (undone,) = json.loads(run(library, "decisions", "undo", "d1", "--json").stdout)
    assert undone["undone_at"]
    assert [line.split()[0] for line in run(library, "decisions", "list").stdout.splitlines()] == ["decision", "d2"]
    both = run(library, "decisions", "list", "--undone").stdout.splitlines()
    assert [line.split()[0] for line in both] == ["decision", "d1", "d2"]
    assert [line.split()[-1] for line in both[1:]] == [undone["undone_at"][:19], "-"]
    assert isinstance(run(library, "decisions", "undo", "d2", "d7").exception, NotFound)
    assert len(library.decisions()) == 1, "nothing is undone where one does not exist"


def test_prune_and_duplicates_heed_them(library: Store) -> None:
    def plan(*words: str) -> dict[str, int]:
        found = json.loads(
            run(library, "prune", "--dry-run", "--keep", "1.0", "--min-cluster-size", "3", *words, "--json").stdout
        )
        return {reason: count for reason, count in found["summary"]["reasons"].items() if reason != "selected"}

    assert plan().get("pinned", 0) == 0
    run(library, "decisions", "pin", path(library, "06.wav"))
    assert plan()["pinned"] == 1
    assert plan("--no-decisions").get("pinned", 0) == 0
    (before,) = json.loads(run(library, "duplicates", "--json").stdout)
    run(library, "decisions", "representative", path(library, "02.wav"))
    run(library, "decisions", "distinct", path(library, "02.wav"), path(library, "01.wav"))
    (group,) = json.loads(run(library, "duplicates", "--json").stdout)
    assert json.loads(run(library, "duplicates", "--no-decisions", "--json").stdout) == [before]
    assert len(before["members"]) == 3
    assert [member["clip_id"] for member in group["members"]] == [clip(library, "02.wav"), clip(library, "00.wav")]


def test_a_recipe_counts_the_decisions_and_a_saved_plan_has_its_own(library: Store) -> None:
    run(library, "decisions", "pin", path(library, "06.wav"), path(library, "07.wav"))
    run(library, "prune", "--min-cluster-size", "3", "--as", "lean")
    assert "pin=2" in run(library, "views", "show", "lean").stdout
    beside = run(library, "prune", "--from-plan", "lean", "--keep", "2", "--dry-run", "--no-decisions")
    assert isinstance(beside.exception, UsageError)
    assert "leave out --no-decisions" in str(beside.exception)


@pytest.mark.parametrize(
    ("words", "error", "sentence"),
    [
        (("pin", "nobody"), NotFound, "'nobody' is neither a usable clip"),
        (("undo", "d9"), NotFound, "decision 'd9' does not exist"),
        (("distinct", "00.wav", "00.wav"), UsageError, "cannot be distinct from itself"),
    ],
)
def test_what_cannot_be_decided(library: Store, words: tuple[str, ...], error: type[Exception], sentence: str) -> None:
    found = run(library, "decisions", words[0], *[path(library, w) if w.endswith(".wav") else w for w in words[1:]])
    assert isinstance(found.exception, error)
    assert sentence in str(found.exception)
    pinned = run(library, "decisions", "pin", path(library, "00.wav"), "nobody")
    assert isinstance(pinned.exception, NotFound)
    assert library.decisions(undone=True) == [], "none is made where one is unknown"
