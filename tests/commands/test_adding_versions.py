"""Data sets of musical versions, read end to end: add, a view of a split, evaluate versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import echodex
from echodex.api import Store
from echodex.cli import cli
from echodex.errors import EXIT_BAD_FILES
from echodex.schemas.clip import Source
from tests.store.datasets import performances
from tests.store.datasets.miniature import put
from tests.store.datasets.performances import Take, played

WORKS = {"train": 1, "valid": 1, "test": 4}


@pytest.fixture(scope="module")
def music() -> list[Take]:
    """Six works in two versions, at a rate that the published preparation refuses."""
    return played(WORKS, versions=2, seconds=8.0, rate_hz=22_050)


@pytest.fixture(scope="module")
def plain(music: list[Take], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same music, added file by file."""
    folder = tmp_path_factory.mktemp("plain")
    put(folder, {f"{take.work}-{take.number}.mp3": take.audio or b"" for take in music})
    store = Store.open(folder / "library")
    said = [(f"{take.work}-{take.number}.mp3", str(take.work), take.part) for take in music]
    store.add_sources([Source(str(folder / n), fields=(("work", w), ("split", part))) for n, w, part in said])
    store.embed("chroma")
    return store


@pytest.mark.parametrize(
    ("name", "lay_out"),
    [
        ("shs100k", performances.shs100k),
        ("discogs_vi", performances.discogs_vi),
        ("covers80", performances.covers80),
        ("datacos", performances.datacos),
        ("clews", performances.clews),
    ],
)
def test_from_the_lists_to_a_figure(
    name: str, lay_out: Callable[[Path, list[Take]], None], music: list[Take], plain: Store, tmp_path: Path
) -> None:
    lay_out(tmp_path / "data", music)
    store = Store.open(tmp_path / "library")
    report = store.add(dataset=name, root=tmp_path / "data", embed="chroma")
    assert (report.added, report.problems, report.missing) == (12, [], [])
    tested = 12 if name == "covers80" else 8
    assert [(c.versions, c.works, c.singles) for c in report.works if c.split == "test"] == [(tested, tested // 2, [])]
    asked: dict[str, Any] = {"split": "all", "duplicate_score": 0.0, "where": "split = 'test'"}
    store.prune("random", keep=1.0, space="chroma", **asked).save("tested")
    found = echodex.evaluate_versions(store=store, space="chroma", view="tested")
    assert (found.queries, found.candidates, found.without) == (tested, tested, 0)
    known = echodex.evaluate_versions(store=plain, space="chroma", where=None if tested == 12 else "split = 'test'")
    assert found.rows[0].map == known.rows[0].map
    assert found.rows[0].map.mean > found.chance_map


def add(folder: Path, *words: str) -> Result:
    arguments = ["--store", str(folder / "library"), "--quiet", "add", "--dataset", "shs100k"]
    return CliRunner().invoke(cli, [*arguments, "--root", str(folder / "data"), *words], catch_exceptions=False)


def test_what_is_not_usable_is_told_and_not_read_again(music: list[Take], tmp_path: Path) -> None:
    """Of the test works, one has lost both files, one a file, one has a file that is none, and one is whole."""
    performances.shs100k(tmp_path / "data", music)
    for name in ("8002-0", "8002-1", "8003-1"):
        (tmp_path / "data/80" / f"{name}.mp3").unlink()
    (tmp_path / "data/80/8004-1.mp3").write_bytes(b"no audio")
    result = add(tmp_path)
    assert result.exit_code == EXIT_BAD_FILES
    lines = result.stdout.splitlines()
    assert lines[0] == "lists: 2 train of 1 works, 2 valid of 1 works, 8 test of 4 works"
    assert "added 9 clips" in lines[2]
    assert lines[5] == (
        "test: 2 versions of 1 works can be used, 1 files cannot; 2 more works have one version, left without a split"
    )
    assert lines[6:10] == ["3 files of the data set are missing:", "80/8002-0.mp3", "80/8002-1.mp3", "80/8003-1.mp3"]
    assert lines[12].startswith("unreadable")
    report = json.loads(add(tmp_path, "--json").stdout)
    assert (report["added"], report["known"], report["updated"], report["problems"]) == (0, 9, 0, [])
    assert report["missing"] == ["80/8002-0.mp3", "80/8002-1.mp3", "80/8003-1.mp3"]
    assert report["works"][2]["singles"] == ["8003", "8004"]
    rows = Store.open(tmp_path / "library").clips(["work", "split"], where="split = ''").to_pylist()
    assert sorted(row["work"] for row in rows) == ["8003", "8004"]


def test_a_version_that_comes_later_brings_the_split_back(music: list[Take], tmp_path: Path) -> None:
    performances.shs100k(tmp_path / "data", music)
    (tmp_path / "data/80/8004-1.mp3").write_bytes(b"no audio")
    add(tmp_path)
    store = Store.open(tmp_path / "library")
    assert len(store.clips(["clip_id"], where="split = 'test'")) == 6
    performances.shs100k(tmp_path / "data", music)
    assert "added 1 clips" in add(tmp_path).stdout
    assert len(store.clips(["clip_id"], where="split = 'test'")) == 8


def test_singles_may_keep_their_split(music: list[Take], tmp_path: Path) -> None:
    performances.shs100k(tmp_path / "data", music)
    (tmp_path / "data/80/8004-1.mp3").unlink()
    assert "; 1 more works have one version\n" in add(tmp_path, "--set", "singles=keep").stdout
    store = Store.open(tmp_path / "library")
    assert len(store.clips(["clip_id"], where="split = 'test'")) == 7
