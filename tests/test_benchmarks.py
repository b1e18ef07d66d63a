"""The benchmarks' own parts: made-up data that is what it says, measures that count right, scripts that start."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echodex.encoders.registry import build
from echodex.schemas.clip import CLIPS
from echodex.store.rowsum import row_sums

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    return import_module("synthetic")


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    return import_module("search")


def test_made_up_rows_are_of_unit_length_and_the_same_every_time(synthetic: Any) -> None:
    rows = synthetic.clustered(3000, 32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, synthetic.clustered(3000, 32))
    assert not np.array_equal(rows, synthetic.clustered(3000, 32, seed=1))


def test_a_smaller_set_is_the_beginning_of_a_larger_one(synthetic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "BLOCK_ROWS", 256)
    np.testing.assert_array_equal(synthetic.clustered(300, 16), synthetic.clustered(700, 16)[:300])


def test_queries_are_near_the_rows_and_none_of_them(synthetic: Any) -> None:
    rows, queries = synthetic.clustered(20_000, 32), synthetic.held_out(200, 32)
    best = (queries @ rows.T).max(axis=1)
    assert best.max() < 0.9999
    assert np.median(best) > 0.9


def test_a_made_up_store_is_a_store(synthetic: Any, tmp_path: Path) -> None:
    store = synthetic.write_store(tmp_path / "library", 500, 16)
    clips = store.clips(CLIPS.names)
    assert sorted(synthetic.clip_ids(500)) == clips.column("clip_id").to_pylist()
    assert clips.column("row_sum").combine_chunks().equals(row_sums(clips))
    vectors = store.vectors()
    rows = [vectors.positions()[clip_id] for clip_id in synthetic.clip_ids(500)]
    np.testing.assert_allclose(vectors.matrix[rows], synthetic.clustered(500, 16), atol=1e-6)


def test_recall_counts_what_was_found_of_what_is_true(search: Any) -> None:
    assert search.recall(np.array([[1, 2], [5, 6]]), np.array([[2, 1], [6, 7]])) == 0.75


class Ladder:
    """A contender whose answers are right from the second step on, and cheaper on the second ladder."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def ladders(self) -> list[list[tuple[int, ...]]]:
        return [[(1, 3), (2, 3), (3, 3)], [(9, 3), (9, 3)], [(1, 1), (2, 1), (3, 1)]]

    def search(self, queries: np.ndarray, k: int, setting: tuple[int, ...]) -> np.ndarray:
        self.asked.append(setting)
        sum(range(200_000 * setting[1]))
        return np.full((len(queries), k), 7 if setting[0] in (2, 3) else -1)


def test_tuning_takes_the_cheapest_setting_that_reaches_the_target(search: Any) -> None:
    ladder = Ladder()
    queries, truth = np.zeros((4, 2), np.float32), np.full((4, search.K), 7)
    assert search.tuned(ladder, queries, truth) == (2, 1)
    assert (3, 3) not in ladder.asked
    assert ladder.asked.count((9, 3)) == 2  # the second step found no more than the first


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    return import_module("versions")


def test_versions_of_made_up_works_are_told_by_comparing_everything(versions: Any) -> None:
    torch = import_module("torch")
    works = versions.Works(16)
    blocks = list(works.blocks(40))
    np.testing.assert_allclose(np.linalg.norm(blocks[0], axis=-1), 1, atol=1e-6)
    sets = [torch.from_numpy(block) for block in blocks]
    first = [int(versions.brute_force(sets, works.version(work), "bpwr-10")[0]) for work in range(20)]
    assert np.mean(np.array(first) == np.arange(20)) > 0.8
    assert not np.array_equal(works.version(3), works.recording(3))


def test_a_made_up_store_of_works_is_compared_with_brute_force(versions: Any, tmp_path: Path) -> None:
    works = versions.Works(16)
    store = versions.store_of(tmp_path / "library", 40, 16, works.blocks(40))
    assert len(store.clips(["clip_id"])) == 40
    figures = versions.compare(store, works, 40, 5, "bpwr-10")
    assert figures["rerank_top10_recall"] == 1.0, "a space as small as this is compared as a whole"
    assert figures["rerank_version_first"] == figures["rerank_brute_version_first"]


@pytest.mark.parametrize("script", ["search.py", "cold_start.py", "prune_pipeline.py"])
def test_scripts_say_how_they_are_used(script: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, "--help"], check=True, capture_output=True, text=True, cwd=BENCHMARKS
    )
    assert "--rows" in done.stdout


@pytest.mark.slow
def test_the_pipeline_of_pruning_is_timed_stage_by_stage(tmp_path: Path) -> None:
    script = [sys.executable, str(BENCHMARKS / "prune_pipeline.py"), "--rows", "3000", "--dim", "32"]
    done = subprocess.run(
        [*script, "--store", str(tmp_path / "library")], check=True, capture_output=True, text=True, cwd=BENCHMARKS
    )
    figures = {name: float(value) for name, value in (line.split(": ") for line in done.stdout.splitlines())}
    assert figures["duplicates_share_3000_32"] == pytest.approx(0.05, abs=0.002)
    stages = sum(value for name, value in figures.items() if "_s_" in name)
    assert stages == pytest.approx(figures["seconds_3000_32"], rel=0.01)


def test_speed_on_one_core_leaves_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = import_module("torch")
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    cores = getattr(os, "sched_getaffinity", lambda _: None)  # not everywhere
    before = cores(0), torch.get_num_threads()
    waveforms = [np.random.default_rng(0).standard_normal(80_000).astype(np.float32)]
    assert import_module("one_core").realtime_factor(build("dummy", {}), waveforms) > 1
    assert (cores(0), torch.get_num_threads()) == before


@pytest.mark.parametrize("script", ["chroma", "fingerprint", "timbre"])
def test_scripts_of_encoders_have_what_they_import(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    assert callable(import_module(script).main)
