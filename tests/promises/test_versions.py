"""Pruning and works: keep loses no performance to another of its work, one-per-work keeps one clip of every work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echodex.api import Store

SELECTORS: dict[str, dict[str, Any]] = {
    "facility": {"eps": 0.3},
    "jsd": {"t": 1.0},
    "kcenter": {"eps": 0.5},
    "medoid": {},
    "random": {"keep": 0.3},
    "semdedup": {"eps": 0.5},
}


@pytest.fixture
def songs(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Store:
    """Twenty works in four clusters, each in two to four performances of nearly one vector; some are told twice."""
    random = np.random.default_rng(0)
    centres, lines = random.normal(size=(4, 24)), ["path,work,rendition"]
    rows: list[Any] = []
    paths: list[Path] = []
    for work in range(20):
        tune = centres[work % 4] + 0.3 * random.normal(size=24)
        for take in range(2 + work % 3):
            for _ in range(1 + (take == 0 and work % 5 == 0)):
                path = make_wav(f"{len(paths):03}.wav", seed=len(paths), seconds=0.1)
                paths.append(path)
                rows.append(tune + 0.01 * take * random.normal(size=24))
                lines.append(f"{path},song {work},take {take}")
    (tmp_path / "works.csv").write_text("\n".join(lines))
    store.add(labels=tmp_path / "works.csv")
    np.save(tmp_path / "given.npy", np.asarray(rows, dtype=np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    return store


def test_no_clip_is_dropped_for_another_performance_of_its_work(songs: Store) -> None:
    of = {row["clip_id"]: row for row in songs.clips(["clip_id", "work", "rendition"]).to_pylist()}

    def lost(selector: str, noise: str, versions: str | None) -> list[bool]:
        """Return for each clip that a clip of its work stands for whether that is another performance."""
        clusters: dict[str, Any] = {"min_cluster_size": 4, "min_samples": 2, "noise": noise}
        plan = songs.prune(selector, versions=versions, **clusters, **SELECTORS[selector])
        pairs = [
            (of[row["clip_id"]], of.get(row["representative"])) for row in plan.rows.to_pylist() if not row["kept"]
        ]
        return [
            one["rendition"] != other["rendition"] for one, other in pairs if other and one["work"] == other["work"]
        ]

    for selector in SELECTORS:
        for noise in ("keep", "cluster"):
            assert any(lost(selector, noise, None)), "else there is nothing to promise"
            told = lost(selector, noise, "keep")
            assert told, "copies of one recording may go"
            assert not any(told), selector


def test_one_clip_of_every_work_stays(songs: Store) -> None:
    for selector, settings in SELECTORS.items():
        given: dict[str, Any] = {**settings, "keep": 1.0} if "keep" in settings else settings
        view = songs.prune(selector, versions="one-per-work", noise="prune", **given).save("one")
        works = songs.clips(["work"], view=view.address).column("work").to_pylist()
        assert Counter(works) == {f"song {work}": 1 for work in range(20)}
    lost = [row["clip_id"] for row in view.rows().to_pylist() if not row["kept"]]
    assert all("one clip stays (versions='one-per-work')" in view.explain(clip_id).sentence for clip_id in lost[:5])
