"""What is kept of works: on made-up clips, and from a plan to its saved view and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning.apart import Apart
from echodex.pruning.choice import choose
from echodex.pruning.config import PruneConfig
from echodex.pruning.explain import explain
from echodex.pruning.one_per_work import one_per_work
from echodex.pruning.plan import Plan, plan, reopen
from echodex.pruning.represent import represent
from echodex.pruning.selectors.registry import names
from echodex.pruning.sweep import sweep
from echodex.pruning.versions import Performances
from echodex.pruning.wishes import no_wishes

Matrix = NDArray[np.float32]
Library = Callable[..., Store]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Matrix, Performances, NDArray[np.bool_]]:
    """Clips in up to three clusters and around, most of some work; many are copies of each other, some pinned."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    n = draw(st.integers(1, 40))
    centres = 4 * random.normal(size=(3, 12))
    rows = centres[random.integers(3, size=n)] + random.normal(size=(n, 12)) * draw(st.sampled_from([0.1, 1.0, 4.0]))
    rows = rows[random.integers(n, size=n)]
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    work = random.integers(-1, draw(st.integers(1, 12)), size=n)
    performance = np.where(work < 0, 1000 + np.arange(n), 10 * work + random.integers(0, 4, size=n))
    return matrix, Performances(work, performance), random.random(n) < draw(st.sampled_from([0.0, 0.2]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    world=worlds(),
    selector=st.sampled_from(names()),
    keep=st.sampled_from([1, 0.3, 1.0, None]),
    noise=st.sampled_from(["keep", "prune", "cluster"]),
    eps=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    algorithm=st.sampled_from([{}, {"algorithm": "kmeans", "clusters": 1}]),
)
def test_no_clip_goes_for_another_performance_of_its_work(
    world: Any, selector: str, keep: Any, noise: str, eps: float, algorithm: dict[str, Any]
) -> None:
    matrix, apart, pinned = world
    keep = keep or (0.5 if selector == "random" else None)
    small: dict[str, Any] = algorithm or {"min_cluster_size": 4, "min_samples": 2}
    config = PruneConfig(
        selector=selector, keep=keep, noise=noise, eps=eps, versions="keep", duplicate_score=0.9, **small
    )
    wishes = replace(no_wishes(len(matrix)), apart=Apart(apart), pinned=pinned)
    choice = choose(matrix, np.zeros(len(matrix), np.int64), config, wishes)
    assert sorted(choice.rank.tolist()) == list(range(len(matrix)))
    rows = np.arange(len(matrix))
    assert not apart.versions(rows, choice.duplicate_of).any()
    for kept in (choice.selected, choice.rank < 1, choice.rank < len(matrix) // 2):
        stands, scores = represent(matrix, choice, kept, apart)
        there = np.flatnonzero(stands >= 0)
        assert not apart.versions(there, stands[there]).any()
        alone = np.flatnonzero(stands < 0)
        for row in alone.tolist():
            assert apart.versions(np.full(len(rows), row), rows)[kept].all(), "nobody else is kept"
        assert scores[there] == pytest.approx(np.einsum("ij,ij->i", matrix[there], matrix[stands[there]]), abs=1e-5)
    if not pinned.any():
        plain = choose(
            matrix, np.zeros(len(matrix), np.int64), replace(config, duplicate_score=1.0), no_wishes(len(matrix))
        )
        nobody = Performances(np.full(len(matrix), -1), np.arange(len(matrix)))
        same = choose(
            matrix,
            np.zeros(len(matrix), np.int64),
            replace(config, duplicate_score=1.0),
            replace(no_wishes(len(matrix)), apart=Apart(nobody)),
        )
        assert (same.rank == plain.rank).all(), "clips without works are pruned as ever"
        assert (same.selected == plain.selected).all()


@pytest.fixture
def works(library: Library, blobs: Callable[..., Matrix], tmp_path: Path) -> Store:
    """Six works, each of three performances very near each other, in two clusters; a fourth clip of each of the first
    two works is a copy of their first and of the same rendition; four clips have no work, two of them copies.
    """
    random = np.random.default_rng(5)
    centres = np.repeat(blobs(2, 3, spread=0.3), 3, axis=0)
    near = centres + 0.01 * random.normal(size=centres.shape)
    free = np.repeat(random.normal(size=(2, near.shape[1])), [1, 3], axis=0)
    matrix = np.concatenate([near, near[[0, 3]], free])
    matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    store = library(matrix)
    told = [(f"work {row // 3}", f"take {row % 3}") for row in range(18)] + [("work 0", "take 0"), ("work 1", "take 0")]
    lines = [f"audio/{row:03}.wav,{work},{take}" for row, (work, take) in enumerate(told)]
    (tmp_path / "works.csv").write_text("\n".join(["path,work,rendition", *lines]))
    store.add(labels=tmp_path / "works.csv")
    return store


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{"min_cluster_size": 4, "min_samples": 2, **settings}))


def told_of(store: Store, found: Plan) -> list[dict[str, Any]]:
    """Return the rows of a plan with title, work and rendition of each clip, and of its representative as `by`."""
    clips = {row["clip_id"]: row for row in store.clips(["clip_id", "title", "work", "rendition"]).to_pylist()}
    rows = found.rows.to_pylist()
    return [{**row, **clips[row["clip_id"]], "by": clips.get(row["representative"])} for row in rows]


def test_keep_spares_performances_and_drops_copies(works: Store) -> None:
    lost = [row for row in told_of(works, planned(works)) if not row["kept"] and row["work"]]
    assert any(row["rendition"] != row["by"]["rendition"] for row in lost), "without it, performances go"
    found = planned(works, versions="keep")
    rows = told_of(works, found)
    kept = {(row["work"], row["rendition"]) for row in rows if row["kept"] and row["work"]}
    assert kept == {(f"work {at // 3}", f"take {at % 3}") for at in range(18)}
    lost = [row for row in rows if not row["kept"]]
    assert {row["reason"] for row in lost} == {"duplicate"}
    assert sorted(str(row["work"]) for row in lost) == ["", "", "work 0", "work 1"]
    assert all(row["rendition"] == row["by"]["rendition"] for row in lost)
    assert found.warnings == ("4 of 24 clips have no work: versions='keep' has no say about them",)


def test_a_budget_drops_performances_but_never_for_one_of_their_work(works: Store) -> None:
    found = planned(works, versions="keep", keep=3)
    found.save(works, "three")
    for row in told_of(works, found):
        if not row["kept"]:
            assert (
                row["by"] is None
                or row["work"] is None
                or row["work"] != row["by"]["work"]
                or (row["rendition"] == row["by"]["rendition"])
            )
            assert explain(works, "three", row["clip_id"]).sentence
    again = reopen(works, "three")
    assert again.rows.equals(found.rows)
    assert again.at(0.5).rows.equals(found.at(0.5).rows)
    (whole,) = sweep(found, [1.0])
    assert whole.duplicates_left == 4, "performances are none"


def test_one_clip_that_is_kept_leaves_no_representative_to_its_work(works: Store) -> None:
    found = planned(works, versions="keep", keep=1, pin_where="title = 'Tone 4'")
    found.save(works, "one")
    orphans = [row for row in told_of(works, found) if not row["kept"] and row["by"] is None]
    assert len(orphans) == 2, "of Tone 3 and its copy one is the duplicate of the other"
    assert {row["title"] for row in orphans} < {"Tone 3", "Tone 5", "Tone 19"}
    sentences = [explain(works, "one", row["clip_id"]).sentence for row in orphans]
    assert all("all that is kept are other performances of its work" in sentence for sentence in sentences)


def test_one_per_work_keeps_the_most_typical(works: Store, blobs: Callable[..., Matrix]) -> None:
    found = planned(works, versions="one-per-work", selector="medoid", noise="prune")
    rows = told_of(works, found)
    kept = [row for row in rows if row["kept"] and row["work"]]
    assert sorted(row["work"] for row in kept) == [f"work {at}" for at in range(6)]
    assert {row["reason"] for row in kept} <= {"selected", "work"}
    assert "work" in {row["reason"] for row in kept}
    vectors = works.vectors("given")
    matrix = dict(zip(vectors.clip_ids, vectors.matrix, strict=True))
    for row in kept:
        mates = {other["clip_id"]: matrix[other["clip_id"]] for other in rows if other["work"] == row["work"]}
        means = {
            one: np.mean([matrix[one] @ vector for other, vector in mates.items() if other != one]) for one in mates
        }
        assert means[row["clip_id"]] >= max(means.values()) - 2e-5
    lost = [row for row in rows if row["reason"] == "version"]
    assert len(lost) == 14
    assert all(row["rank"] is None and row["by"]["work"] == row["work"] and not row["kept"] for row in lost)
    assert all(
        row["similarity"] == pytest.approx(matrix[row["clip_id"]] @ matrix[row["by"]["clip_id"]], abs=1e-5)
        for row in lost
    )
    assert len(found.material.pool) == 10, "six works, four without"
    found.save(works, "one")
    assert reopen(works, "one").rows.equals(found.rows)
    for row in lost[:2]:
        other = explain(works, "one", row["by"]["clip_id"]).path
        sentence = explain(works, "one", row["clip_id"]).sentence
        assert f"of its work, {row['work']!r}, one clip stays (versions='one-per-work'): {other} (cosine" in sentence
    for row in kept:
        if row["reason"] == "work":
            assert "the one clip of its work that stays" in explain(works, "one", row["clip_id"]).sentence


def test_one_per_work_with_pins_and_budgets(works: Store) -> None:
    pinned = planned(works, versions="one-per-work", pin_where="title IN ('Tone 1', 'Tone 2')")
    rows = [row for row in told_of(works, pinned) if row["work"] == "work 0"]
    assert {row["title"] for row in rows if row["kept"]} == {"Tone 1", "Tone 2"}
    assert {row["by"]["title"] for row in rows if not row["kept"]} <= {"Tone 1", "Tone 2"}
    most = planned(works, versions="one-per-work", keep=1.0)
    assert most.kept.sum() == 10
    two = planned(works, versions="one-per-work", keep=2)
    assert two.kept.sum() == 2
    assert most.at(2).rows.equals(two.rows)


def test_one_per_work_keeps_whom_people_chose(works: Store) -> None:
    before = planned(works, versions="one-per-work")
    gone = [row for row in told_of(works, before) if row["reason"] == "version"]
    chosen = {row["work"]: row["clip_id"] for row in gone}
    assert len(chosen) > 1
    for clip in chosen.values():
        works.decide("representative", clip)
    found = planned(works, versions="one-per-work", prefer="longer")
    told = [row for row in told_of(works, found) if row["work"] in chosen]
    assert {row["work"]: row["clip_id"] for row in told if row["reason"] != "version"} == chosen
    found.save(works, "chosen")
    assert reopen(works, "chosen").rows.equals(found.rows)


def test_prefer_comes_before_the_most_typical(works: Store) -> None:
    whole = planned(works, versions="keep").material
    seconds = pa.array([float(title == "Tone 7") for title in titles_of(works, whole.clip_ids)])
    at = whole.described.schema.get_field_index("decoded_s")
    longer = replace(whole, described=whole.described.set_column(at, "decoded_s", seconds))

    def stays(prefer: str | None) -> NDArray[np.bool_]:
        alone = one_per_work(longer, prefer).alone
        assert alone is not None
        return alone

    own = titles_of(works, whole.clip_ids).index("Tone 7")
    assert stays("longer")[own]
    assert stays("longer").sum() == 6
    assert np.array_equal(stays(None), stays("labelled")), "all are labelled"


def titles_of(store: Store, clip_ids: list[str]) -> list[str]:
    titles = dict(zip(*(column.to_pylist() for column in store.clips(["clip_id", "title"]).columns), strict=True))
    return [titles[clip_id] for clip_id in clip_ids]


def test_performances_leak_nothing_to_each_other(
    library: Library, blobs: Callable[..., Matrix], tmp_path: Path
) -> None:
    rows = blobs(2, 8)
    store = library(np.concatenate([rows, rows[:3]]), ["train"] * 16 + ["test"] * 3)
    lines = ["audio/000.wav,song,one", "audio/016.wav,song,two", "audio/001.wav,tune,one", "audio/017.wav,tune,one"]
    (tmp_path / "works.csv").write_text("\n".join(["path,work,rendition", *lines]))
    store.add(labels=tmp_path / "works.csv")
    leaking = {versions: planned(store, versions=versions, leakage="keep-test") for versions in (None, "keep")}
    titles = {
        versions: {row["title"] for row in told_of(store, found) if row["reason"] == "leakage"}
        for versions, found in leaking.items()
    }
    assert titles == {None: {"Tone 0", "Tone 1", "Tone 2"}, "keep": {"Tone 1", "Tone 2"}}
    part = plan(store, PruneConfig(versions="keep"), where="split = 'train'")
    assert len(part.leaks) == 2, "against what lies beyond the source, too"


def test_nothing_to_go_by(library: Library, blobs: Callable[..., Matrix]) -> None:
    store = library(blobs(1, 8))
    for versions in ("keep", "one-per-work"):
        with pytest.raises(UsageError, match="no clip that is pruned says of which work it is"):
            planned(store, versions=versions)
    with pytest.raises(UsageError, match="versions is one of keep, one-per-work, not 'all'"):
        PruneConfig(versions="all")


@pytest.fixture
def takes(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Store:
    """Four clips of one work with one vector: two recordings, one of them also softer, and one whose file is gone."""
    paths = [make_wav(f"{name}.wav", seed=seed, seconds=2.0) for name, seed in (("a", 1), ("b", 2), ("gone", 1))]
    samples, rate = soundfile.read(paths[0])
    soundfile.write(paths[0].with_name("softer.wav"), 0.5 * samples, rate, subtype="PCM_24")
    soundfile.write(paths[2], 0.25 * samples, rate, subtype="PCM_24")
    paths.append(paths[0].with_name("softer.wav"))
    (tmp_path / "takes.csv").write_text("\n".join(["path,work,title", *(f"{path},song,{path.stem}" for path in paths)]))
    store.add(labels=tmp_path / "takes.csv")
    np.save(tmp_path / "given.npy", np.tile(np.eye(1, 8, dtype=np.float32), (4, 1)))
    (tmp_path / "ids.txt").write_text("\n".join(map(str, paths)))
    store.import_vectors("given", tmp_path / "given.npy", tmp_path / "ids.txt")
    paths[2].unlink()
    return store


def test_copies_of_a_performance_are_told_by_ear(takes: Store) -> None:
    assert planned(takes, versions="keep").kept.all()
    heard: list[tuple[str, int, int | None]] = []
    config = PruneConfig(versions="keep", verify="audio")
    found = plan(takes, config, progress=lambda what, done, total: heard.append((what, done, total)))
    rows = {row["title"]: row for row in told_of(takes, found)}
    assert {title for title, row in rows.items() if row["kept"]} >= {"b", "gone"}
    (lost,) = [row for row in rows.values() if not row["kept"]]
    assert {lost["title"], lost["by"]["title"]} == {"a", "softer"}
    assert ("verify", 3, 3) in heard
    found.save(takes, "heard")
    again = reopen(takes, "heard")
    assert again.rows.equals(found.rows)
    assert again.at(1).rows.equals(found.at(1).rows)


@pytest.mark.parametrize("settings", [{}, {"versions": "one-per-work"}, {"versions": "keep", "duplicate_score": 0.0}])
def test_verify_goes_with_keep(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="it goes with versions='keep' and a duplicate score above 0"):
        PruneConfig(verify="audio", **settings)
    with pytest.raises(UsageError, match="verify is 'audio' or left out, not 'ears'"):
        PruneConfig(verify="ears", **settings)


def test_the_nearest_beside_its_work_may_be_of_another_cluster(works: Store) -> None:
    kinds: dict[str, Any] = {"versions": "keep", "algorithm": "kmeans", "clusters": 2, "keep": 2}
    rows = {row["title"]: row for row in told_of(works, planned(works, **kinds))}
    far = next(row for row in rows.values() if row["work"] and row["cluster"] != rows["Tone 4"]["cluster"])
    found = planned(works, **kinds, pin_where=f"title IN ('Tone 4', '{far['title']}')")
    found.save(works, "two")
    lost = next(row for row in told_of(works, found) if row["title"] == "Tone 5")
    assert lost["representative"] == far["clip_id"]
    sentence = explain(works, "two", lost["clip_id"]).sentence
    assert (
        f"of its cluster, {lost['cluster']}, at most other performances of its work are kept, and the nearest"
        in sentence
    )


def test_noise_of_which_only_performances_are_kept(works: Store) -> None:
    lone: dict[str, Any] = {"versions": "keep", "min_cluster_size": 25, "noise": "prune"}
    planned(works, **lone, pin_where="title = 'Tone 4'").save(works, "noise")
    (lost,) = works.clips(["clip_id"], where="title = 'Tone 5'").column(0).to_pylist()
    sentence = explain(works, "noise", lost).sentence
    assert "the nearest kept clip is none, but for other performances of its work." in sentence


def test_labels_that_fall_short_for_their_works_are_told(works: Store) -> None:
    found = planned(works, versions="one-per-work", min_per_label=12)
    assert any("because versions='one-per-work' leaves one of each work" in warning for warning in found.warnings)
