from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echodex.api import Store
from echodex.schemas.clip import Source

from .conftest import Page


def named(page: Page, name: str, space: str | None = None) -> list[str | None]:
    """Return what a category says of each row."""
    header, codes = page.packet("column", name=name, **page.here(space))
    counts = np.bincount(codes, minlength=len(header["names"])).tolist()
    assert header["counts"] == counts
    return [None if code == header["none"] else header["names"][code] for code in codes.tolist()]


def offered(page: Page) -> list[str]:
    return [column["name"] for column in page.get("space")["columns"]]


def test_what_nobody_said_is_not_offered(page: Page) -> None:
    assert offered(page) == [
        "label", "labels", "codec", "status", "duration_s", "sample_rate_hz", "channels", "added_at",
    ]  # fmt: skip
    answer = page.ask("column", name="artist", **page.here())
    assert answer.status_code == 404
    assert "artist" in answer.json()["error"]


def test_labels_splits_and_the_like(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    said: list[dict[str, Any]] = [
        {"labels": ("rock", "live")},
        {"labels": ("jazz",), "fields": (("split", "train"), ("artist", "Ada"))},
        {"fields": (("split", "test"), ("artist", "Bo"), ("work", "w1"), ("fold", "3"), ("album", "x"))},
        {"labels": ("rock",), "extra": (("dataset", "gtzan"), ("dataset_split", "fault-filtered"))},
    ]
    store.add_sources([Source(str(make_wav(f"{number}.wav", seed=number)), **what) for number, what in enumerate(said)])
    store.embed("dummy")
    page = open_page(store)
    clips = store.clips(["clip_id", "labels", "split", "artist", "work", "fold", "album", "extra"]).to_pylist()
    assert named(page, "label") == [next(iter(clip["labels"]), None) for clip in clips]
    assert named(page, "labels") == [", ".join(clip["labels"]) or None for clip in clips]
    for name in ("split", "artist", "work", "fold", "album"):
        assert named(page, name) == [clip[name] or None for clip in clips]
    assert named(page, "dataset") == [json.loads(clip["extra"]).get("dataset") for clip in clips]
    assert page.get("space")["splits"] == ["test", "train"]
    header, _ = page.packet("column", name="label", **page.here())
    assert header["names"] == ["rock", "jazz", "none"]  # by falling count
    assert (header["kind"], header["group"], header["title"], header["none"]) == ("category", "clip", "label", 2)


def test_numbers(page: Page) -> None:
    clips = page.store.clips(["duration_s", "sample_rate_hz", "added_at"])
    header, values = page.packet("column", name="duration_s", **page.here())
    np.testing.assert_array_equal(values, clips.column("duration_s").to_numpy().astype(np.float32))
    assert (header["unit"], header["min"], header["max"], header["median"]) == ("s", 0.25, 0.25, 0.25)
    when = clips.column("added_at").cast("int64").to_numpy()
    _, days = page.packet("column", name="added_at", **page.here())
    np.testing.assert_allclose(days, (when - when.min()) / 86_400e6, rtol=1e-6)


def test_segments_are_counted(store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]) -> None:
    paths = [make_wav(f"{number}.wav", seed=number, seconds=0.5 + number) for number in range(4)]
    store.add_sources([Source(str(path)) for path in paths])
    store.embed("dummy", settings={"window_s": 0.5})
    page = open_page(store)
    _, counts = page.packet("column", name="segments", **page.here())
    owners, _, _ = store.segments(None, store.vectors().clip_ids)
    assert counts.tolist() == [Counter(owners)[clip_id] for clip_id in store.vectors().clip_ids]
    assert max(counts) > min(counts)


def test_clusters_of_the_last_run(page: Page) -> None:
    store = page.store
    store.cluster(min_cluster_size=30)
    store.cluster(min_cluster_size=3)
    rows = store.cluster_rows().to_pylist()
    assert named(page, "cluster") == ["noise" if row["label"] == -1 else str(row["label"]) for row in rows]
    for name, column in (("cluster_probability", "probability"), ("cluster_outlier", "outlier_score")):
        _, values = page.packet("column", name=name, **page.here())
        np.testing.assert_array_equal(values, np.array([row[column] for row in rows], np.float32))
    store.cluster(min_cluster_size=20)  # seen at once: the clips are the same, the run is another
    assert set(named(page, "cluster")) != {"noise" if row["label"] == -1 else str(row["label"]) for row in rows}


def test_views_say_what_they_keep_and_why(page: Page) -> None:
    store = page.store
    info = store.prune("facility", min_cluster_size=3, keep=0.5).save("lean")
    rows = store.view_rows(store.view("lean")).to_pylist()
    fates = named(page, "view:lean@1")
    assert fates == [f"{'kept' if row['kept'] else 'pruned'}: {row['reason']}" for row in rows]
    header, codes = page.packet("column", name="view:lean@1", **page.here())
    assert sum(header["kept"][code] for code in codes.tolist()) == info.kept
    _, ranks = page.packet("column", name="view_rank:lean@1", **page.here())
    np.testing.assert_array_equal(ranks, np.array([row["rank"] for row in rows], np.float32))
    _, scores = page.packet("column", name="view_similarity:lean@1", **page.here())
    np.testing.assert_array_equal(scores, np.array([row["similarity"] for row in rows], np.float32))
    assert named(page, "view_cluster:lean@1") == [
        "noise" if row["cluster"] == -1 else str(row["cluster"]) for row in rows
    ]
    store.delete_view("lean")
    assert page.ask("column", name="view:lean@1", **page.here()).status_code == 404


def test_a_clip_that_no_view_saw_has_no_fate(page: Page, make_wav: Callable[..., Path]) -> None:
    store = page.store
    store.prune("random", keep=0.5).save("half")
    known = set(store.vectors().clip_ids)
    store.add_sources([Source(str(make_wav("new.wav", seed=5, rate_hz=16_000)))])
    store.embed("dummy")
    fates = named(page, "view:half@1")
    clip_ids = store.vectors().clip_ids
    assert [clip_id for clip_id, fate in zip(clip_ids, fates, strict=True) if fate is None] == [
        clip_id for clip_id in clip_ids if clip_id not in known
    ]


def test_decisions(page: Page) -> None:
    store = page.store
    assert "decision" not in offered(page)
    ids = store.vectors().clip_ids
    store.decide("pin", ids[3])
    made = store.decide("distinct", ids[3], ids[1])
    expected: list[str | None] = [None] * len(ids)
    expected[1], expected[3] = "distinct", "distinct, pinned"
    assert named(page, "decision") == expected
    store.undo_decision(made.decision_id)
    expected[1], expected[3] = None, "pinned"
    assert named(page, "decision") == expected


@pytest.mark.parametrize("name", ["", "__class__", "view:../../x", "x" * 5000])
def test_a_column_that_does_not_exist(page: Page, name: str) -> None:
    assert page.ask("column", name=name, **page.here()).status_code == 404
