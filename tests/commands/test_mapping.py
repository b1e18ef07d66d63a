"""`echodex map`: one line, one JSON object, a picture, and no option that would change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError


def said(store: Store, *words: str) -> str:
    return CliRunner().invoke(cli, ["--store", str(store.path), "map", *words], catch_exceptions=False).stdout


def test_a_line_and_a_picture(kinds: Store, tmp_path: Path) -> None:
    space = kinds.space().name
    assert said(kinds) == f"{space}: 72 clips by pca\n"
    out = tmp_path / "map.png"
    assert (
        said(kinds, "--space", "dummy", "--png", str(out), "--color", "label") == f"{space}: 72 clips by pca; {out}\n"
    )
    assert out.read_bytes().startswith(b"\x89PNG")
    assert [info.method for info in kinds.maps()] == ["pca"]


def test_json_has_all_that_is_kept_of_it(kinds: Store) -> None:
    found = json.loads(said(kinds, "--json"))
    assert found["png"] is None
    assert (found["map"]["method"], found["map"]["clips"], found["map"]["placed"]) == ("pca", 72, 0)
    assert found["map"]["identity"] == kinds.space().identity
    assert json.loads(said(kinds, "--json"))["map"] == found["map"]


def test_refit_makes_it_anew(kinds: Store) -> None:
    before = kinds.map()
    kinds.remove(before.clip_ids.to_pylist()[:30])
    kept, anew = kinds.map(), kinds.map(refit=True)
    assert kept.points.tolist() == before.points[30:].tolist()
    assert anew.points.tolist() != kept.points.tolist()
    said(kinds, "--refit")
    assert kinds.map().points.tolist() == anew.points.tolist()


@pytest.mark.parametrize("words", [["--seed", "1"], ["--color", "label"], ["--view", "all"]])
def test_what_would_change_nothing_is_refused(kinds: Store, words: list[str]) -> None:
    with pytest.raises(UsageError, match=words[0]):
        said(kinds, *words)
