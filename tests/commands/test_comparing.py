from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli


@pytest.fixture
def library(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Store:
    """Two clusters of ten clips, eight of train and two of test each; the first two of test are copies of train's."""
    random = np.random.default_rng(0)
    rows = np.repeat(random.normal(size=(2, 16)), 10, axis=0) + 0.1 * random.normal(size=(20, 16))
    rows[8] = rows[0]
    paths = [make_wav(f"{row:02}.wav", seed=row, seconds=0.1) for row in range(20)]
    lines = [
        f"{path},{'left' if row < 10 else 'right'},{'test' if row % 10 > 7 else 'train'}"
        for row, path in enumerate(paths)
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["path,labels,split", *lines]))
    store.add(labels=tmp_path / "labels.csv")
    np.save(tmp_path / "given.npy", rows.astype(np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    settings: dict[str, Any] = {"min_cluster_size": 4, "min_samples": 3, "duplicate_score": 0.9999}
    store.prune("random", keep=1.0, **settings).save("whole")
    store.prune("random", keep=1.0, leakage="keep-test", **settings).save("clean")
    store.prune("random", keep=3, where="array_has(labels, 'left')", **settings).save("left")
    return store


def said(store: Store, *words: str) -> str:
    done = CliRunner().invoke(cli, ["--store", str(store.path), "views", "diff", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def lines_of(store: Store, *words: str) -> dict[str, list[str]]:
    """Return the cells of each line by its first words."""
    cells = [line.split("  ") for line in said(store, *words).splitlines()]
    return {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in cells}


def test_two_views_as_a_table(library: Store) -> None:
    lines = lines_of(library, "whole", "clean")
    assert lines["only in whole@1"] == ["1", "0.000"]
    assert lines["only in clean@1"] == ["0", "0.000"]
    assert lines["in both"] == ["19", "0.001"]
    assert lines["left"] == ["10", "9", "9"]
    assert lines["right"] == ["10", "10", "10"]
    assert lines["coverage of 20 common clips"] == ["1.000", "1.000"], "its copy covers the clip that leaked"
    assert lines["clips with a duplicate (0.9999) in another split"] == ["1", "0"]


def test_what_a_view_has_lost(library: Store) -> None:
    text = said(library, "clean", "left")
    lost = next(
        one for one in json.loads(said(library, "clean", "left", "--json"))["vectors"]["clusters"] if one["lost_b"]
    )
    assert f"left@1 keeps nothing of clusters {lost['lost_b'][0]} of clean@1" in text


def test_notes_are_told(library: Store) -> None:
    assert "note: neither view was made from the vectors of a space" in said(library, "all", "all")


def test_as_json(library: Store) -> None:
    found = json.loads(said(library, "all", "clean", "--json"))
    assert [(one["label"], one["a"], one["b"], one["both"]) for one in found["labels"]] == [
        ("left", 10, 9, 9),
        ("right", 10, 10, 10),
    ]
    assert found["vectors"]["leakage"] == {"duplicate_score": 0.9999, "a": 1, "b": 0}
    assert found["vectors"]["coverage"]["source_by_a"] == pytest.approx(1)
    assert len(found["only_a"]["clip_ids"]) == 1
