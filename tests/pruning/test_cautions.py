"""What a plan warns of itself: labels left short, and work that takes long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.pruning import cluster as clustering
from echodex.pruning.config import PruneConfig
from echodex.pruning.plan import Plan, plan, reopen

Matrix = NDArray[np.float32]
EXACT = PruneConfig()


def planned(store: Store, **settings: Any) -> Plan:
    return plan(
        store, PruneConfig(**{"min_cluster_size": 5, "min_samples": 3, "eps": 1.0, "noise": "prune", **settings})
    )


@pytest.fixture
def labelled(library: Callable[..., Store], blobs: Callable[..., Matrix], tmp_path: Path) -> Store:
    """Two clusters of 12 of train. Labels: "tested", clips 0 and 1, of which test has copies; "copied", clip 2 and two
    copies of it; "alive", clips 3 to 6; "single", clip 7.
    """
    rows = blobs(2, 12)
    store = library(np.concatenate([rows, rows[[2, 2]], rows[:2]]), ["train"] * 26 + ["test"] * 2)
    labels = {0: "tested", 1: "tested", 2: "copied", 24: "copied", 25: "copied", 7: "single"}
    labels |= dict.fromkeys(range(3, 7), "alive")
    lines = [f"audio/{number:03}.wav,{label}" for number, label in labels.items()]
    (tmp_path / "more.csv").write_text("\n".join(["path,labels", *lines]))
    store.add(labels=tmp_path / "more.csv")
    return store


def kept_of(store: Store, found: Plan, label: str) -> int:
    having = set(
        store.clips(["clip_id"], where=f"array_has(labels, '{label}') AND split = 'train'")["clip_id"].to_pylist()
    )
    return sum(row["kept"] and row["clip_id"] in having for row in found.rows.to_pylist())


def test_a_label_that_is_left_to_another_split_is_told(labelled: Store) -> None:
    found = planned(labelled, leakage="keep-test", min_per_label=1)
    assert [kept_of(labelled, found, label) for label in ("tested", "alive", "single")] == [0, 1, 1]
    told = (
        "1 labels keep fewer than min_per_label=1 clips, because leakage='keep-test' leaves theirs to other splits "
        "('tested' has 0)",
    )
    assert found.warnings == told
    assert told[0] in found.summary().warnings
    found.save(labelled, "lean")
    assert reopen(labelled, "lean").warnings == told
    assert planned(labelled, min_per_label=1).warnings == ()
    assert planned(labelled, leakage="keep-test").warnings == ()


def test_a_label_of_copies_is_told(labelled: Store) -> None:
    found = planned(labelled, min_per_label=2)
    assert [kept_of(labelled, found, label) for label in ("tested", "copied", "alive", "single")] == [2, 2, 2, 1]
    assert found.warnings == (
        "1 labels have fewer than min_per_label=2 clips that are no copies of each other: copies fill up "
        "('copied' has 1)",
    )
    assert planned(labelled, min_per_label=1).warnings == ()


def test_clips_that_are_no_copies_count_first(library: Callable[..., Store], blobs: Callable[..., Matrix]) -> None:
    """Label "odd" of clips 1, 3, 5: two copies of clip 0, and one of clip 2."""
    rows = blobs(1, 4)
    store = library(rows[[0, 0, 1, 0, 2, 1]])
    title = dict(zip(*(column.to_pylist() for column in store.clips(["clip_id", "title"]).columns), strict=True))
    found = planned(store, min_per_label=2)
    odd = {title[row["clip_id"]] for row in found.rows.to_pylist() if row["kept"]} & {"Tone 1", "Tone 3", "Tone 5"}
    assert "Tone 5" in odd
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("rows", "config", "minutes"),
    [
        (300_000, EXACT, None),
        (300_001, EXACT, "about 5 minutes"),
        (1_000_000, EXACT, "1,000,000 clips with each, which takes about 57 minutes at 150 GFLOP/s; --approximate"),
        (1_000_000, PruneConfig(approximate=True), None),
        (1_000_000, PruneConfig(algorithm="kmeans", clusters=9), None),
    ],
)
def test_an_exact_clustering_of_very_many_says_how_long_it_takes(
    rows: int, config: PruneConfig, minutes: str | None
) -> None:
    said = clustering.slow_exact(rows, 512, config)
    assert said is None if minutes is None else said is not None and minutes in said


def test_it_is_said_before_it_begins_and_in_the_summary(
    labelled: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clustering, "SLOW_ROWS", 23)
    said: list[str] = []

    def listen(stage: str, done: int, total: int | None) -> None:
        if stage == "selecting":
            said.extend(record.getMessage() for record in caplog.records)

    found = plan(labelled, PruneConfig(min_cluster_size=5), progress=listen)
    assert any(text.startswith("exact clustering compares each of 24 clips with each") for text in said)
    assert [text for text in found.summary().warnings if text.startswith("exact clustering")] == list(found.warnings)
    caplog.clear()
    labelled.cluster("given", min_cluster_size=5)
    assert "each of 28 clips" in caplog.text
    assert planned(labelled, approximate=True).warnings == ()
