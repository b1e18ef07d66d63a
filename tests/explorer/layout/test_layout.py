"""A layout is kept, brought up to date, fitted anew where it must be, and never the answer to another question."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from echodex.api import Store
from echodex.errors import NotFound, Unavailable, UsageError
from echodex.explorer.layout import Layout, layout, layouts
from echodex.explorer.layout.pca import fit_pca
from echodex.explorer.layout.placing import place
from echodex.explorer.layout.umap import fit_umap
from echodex.store.files import write_atomic

SPACE = "given"


class Listener:
    """A progress that notes the lines it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...

    def say(self, line: str) -> None:
        self.lines.append(line)


def matrix_of(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(count, 8)) * np.arange(8, 0, -1) + 1).astype(np.float32)


def give(store: Store, folder: Path, rows: slice, name: str = SPACE) -> None:
    """Import made vectors for some of the clips of a store, by clip id."""
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    np.save(folder / "v.npy", matrix_of(len(ids))[rows])
    (folder / "ids.txt").write_text("\n".join(ids[rows]))
    store.import_vectors(name, folder / "v.npy", folder / "ids.txt")


@pytest.fixture
def given(kinds: Store, tmp_path: Path) -> Store:
    """72 clips, of which 60 have a vector."""
    give(kinds, tmp_path, slice(0, 60))
    return kinds


def same(one: Layout, other: Layout) -> bool:
    return (
        one.info == other.info
        and one.clip_ids.equals(other.clip_ids)
        and np.array_equal(one.points, other.points)
        and np.array_equal(one.placed, other.placed)
    )


def test_a_layout_is_of_the_clips_that_have_a_vector(given: Store) -> None:
    made = layout(given, SPACE)
    assert isinstance(made.clip_ids, pa.Array)
    assert made.clip_ids.to_pylist() == given.vectors(SPACE).clip_ids
    assert made.points.shape == (60, 2)
    assert made.points.dtype == np.float32
    assert np.abs(made.points).max() == 1
    assert not made.placed.any()
    assert (made.info.clips, made.info.placed, made.info.method) == (60, 0, "pca")


def test_what_is_kept_is_returned(given: Store) -> None:
    made = layout(given, SPACE)
    again = layout(Store.open(given.path), given.space(SPACE))
    assert same(made, again)
    assert layouts(given, SPACE) == [made.info]
    assert (given.path / "maps" / SPACE / "pca.arrow").stat().st_mode & 0o777 == 0o600


def test_refit_makes_it_anew(given: Store) -> None:
    made = layout(given, SPACE)
    given.remove(made.clip_ids.to_pylist()[:20])
    assert not same(layout(given, SPACE), layout(given, SPACE, refit=True))


def test_removed_clips_are_dropped_and_the_others_stay(given: Store) -> None:
    made = layout(given, SPACE)
    given.remove(made.clip_ids.to_pylist()[::3])
    left = layout(given, SPACE)
    rest = np.arange(60) % 3 > 0
    assert left.clip_ids.equals(made.clip_ids.filter(pa.array(rest)))
    np.testing.assert_array_equal(left.points, made.points[rest])
    assert same(left, layout(given, SPACE))


def test_new_clips_are_projected_and_the_picture_only_shrinks(given: Store, tmp_path: Path) -> None:
    made = layout(given, SPACE)
    give(given, tmp_path, slice(60, 72))
    grown = layout(given, SPACE)
    assert len(grown) == 72
    assert grown.info.placed == grown.placed.sum() == 12
    assert grown.clip_ids.to_pylist() == given.vectors(SPACE).clip_ids
    assert np.abs(grown.points).max() <= 1
    old = grown.points[~grown.placed]
    factor = np.linalg.norm(old) / np.linalg.norm(made.points)
    assert factor <= 1
    np.testing.assert_allclose(old, made.points * factor, atol=1e-6)
    # what the fit gives for a vector, it gives for a new clip: the same affine map for all
    matrix = given.vectors(SPACE).matrix.astype(np.float64)
    with_one = np.column_stack([matrix, np.ones(72)])
    affine = np.linalg.lstsq(with_one[~grown.placed], old, rcond=None)[0]
    np.testing.assert_allclose(grown.points[grown.placed], with_one[grown.placed] @ affine, atol=1e-4)
    assert same(grown, layout(given, SPACE))


def test_a_vector_that_changed_is_placed_again(given: Store, tmp_path: Path) -> None:
    made = layout(given, SPACE)
    victim = made.clip_ids[7].as_py()
    given.tables.delete(f"vectors_{SPACE}", f"clip_id = '{victim}'")
    np.save(tmp_path / "v.npy", -matrix_of(1))
    (tmp_path / "ids.txt").write_text(victim)
    given.import_vectors(SPACE, tmp_path / "v.npy", tmp_path / "ids.txt")
    again = layout(given, SPACE)
    assert np.flatnonzero(again.placed).tolist() == [7]
    assert not np.allclose(again.points[7], made.points[7], atol=0.01)


def test_many_placed_clips_suggest_a_fit(given: Store, tmp_path: Path) -> None:
    listener = Listener()
    gone = layout(given, SPACE, progress=listener).clip_ids.to_pylist()[:40]
    given.remove(gone)
    give(given, tmp_path, slice(20, 32))
    layout(given, SPACE, progress=listener)
    assert [line for line in listener.lines if "refit" in line] == [
        "12 of 32 clips were placed later; refit to draw anew"
    ]


def test_nothing_fitted_is_left_so_it_is_fitted(given: Store, tmp_path: Path) -> None:
    given.remove(layout(given, SPACE).clip_ids.to_pylist())
    give(given, tmp_path, slice(0, 12))
    made = layout(given, SPACE)
    assert len(made) == 12
    assert not made.placed.any()


def test_a_space_of_the_same_name_made_again_is_another(given: Store, tmp_path: Path) -> None:
    made = layout(given, SPACE)
    given.tables.drop(f"vectors_{SPACE}")
    give(given, tmp_path, slice(0, 30))
    assert layouts(given, SPACE) == []
    again = layout(given, SPACE)
    assert len(again) == 30
    assert again.info.identity != made.info.identity


@pytest.mark.parametrize("damage", [b"", b"ARROW1\0\0", "cut", "other"])
def test_a_damaged_file_counts_as_none(given: Store, damage: bytes | str) -> None:
    made = layout(given, SPACE)
    path = given.path / "maps" / SPACE / "pca.arrow"
    whole = path.read_bytes()
    other = whole.replace(b'"clips": 60', b'"clips": 61')
    write_atomic(path, damage if isinstance(damage, bytes) else whole[:-100] if damage == "cut" else other)
    assert layouts(given, SPACE) == []
    again = layout(given, SPACE)
    np.testing.assert_array_equal(again.points, made.points)
    assert layouts(given, SPACE) == [again.info]


def test_a_store_that_cannot_be_written_to_has_a_map_all_the_same(given: Store) -> None:
    listener = Listener()
    (given.path / "maps").write_text("in the way")
    made = layout(given, SPACE, progress=listener)
    assert len(made) == 60
    assert any("is not kept" in line for line in listener.lines)


def test_an_empty_space_has_an_empty_map(given: Store) -> None:
    given.remove(given.clips(["clip_id"]).column(0).to_pylist())
    assert len(layout(given, SPACE)) == 0
    assert len(layout(given, SPACE)) == 0


def test_what_does_not_exist_is_named(given: Store) -> None:
    with pytest.raises(NotFound, match="nothing"):
        layout(given, "nothing")
    with pytest.raises(UsageError, match="did you mean 'pca'"):
        layout(given, SPACE, "pcaa")


def test_umap_says_what_to_install(given: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "umap" else found(name))
    with pytest.raises(Unavailable, match=r"pip install 'echodex\[map\]'"):
        layout(given, SPACE, "umap")


@pytest.mark.slow
def test_umap_is_repeatable_and_places_new_clips_by_their_neighbours(given: Store, tmp_path: Path) -> None:
    pytest.importorskip("umap", reason="needs umap-learn: pip install 'echodex[map]'")
    listener = Listener()
    made = layout(given, SPACE, "umap", progress=listener)
    assert any("compiles" in line for line in listener.lines)
    assert np.abs(made.points).max() == 1
    assert not np.allclose(made.points, layout(given, SPACE).points, atol=0.1)
    np.testing.assert_array_equal(layout(given, SPACE, "umap", refit=True).points, made.points)
    assert not np.array_equal(layout(given, SPACE, "umap", seed=1).points, made.points)
    kept = layout(given, SPACE, "umap")
    assert kept.info.seed == 1
    assert [info.method for info in layouts(given, SPACE)] == ["pca", "umap"]
    before = given.vectors(SPACE)
    give(given, tmp_path, slice(60, 72))
    grown = layout(given, SPACE, "umap")
    np.testing.assert_array_equal(grown.points[~grown.placed], kept.points)
    after = given.vectors(SPACE)
    expected = place(after.matrix[grown.placed], before.matrix, kept.points)
    np.testing.assert_allclose(grown.points[grown.placed], expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3, 4, 5, 20])
def test_umap_of_few_or_equal_clips(count: int) -> None:
    pytest.importorskip("umap", reason="needs umap-learn: pip install 'echodex[map]'")
    for matrix in (matrix_of(count), np.ones((count, 8), np.float32)):
        units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        points = fit_umap(units, fit_pca(units).apply(units))
        assert points.shape == (count, 2)
        assert points.dtype == np.float32
        assert np.abs(points).max() <= 1


def test_clips_that_are_only_described_anew_stay_where_they_are(given: Store, tmp_path: Path) -> None:
    made = layout(given, SPACE)
    path = given.clips(["uris"]).column(0)[0].as_py()[0]
    labels = tmp_path / "labels.csv"
    labels.write_text(f"path,labels\n{path},something else\n")
    given.add(path, labels=labels)
    again = layout(given, SPACE)
    assert again.info.clips_version > made.info.clips_version
    np.testing.assert_array_equal(again.points, made.points)
    assert not again.placed.any()


def test_a_clip_that_can_no_longer_be_used_is_dropped(given: Store) -> None:
    made = layout(given, SPACE)
    whole = given.tables.scan("clips", given.tables.schema("clips").names)
    bad = whole.filter(pc.equal(whole.column("clip_id"), made.clip_ids[5]))
    at = bad.schema.get_field_index("status")
    given.tables.upsert("clips", ["clip_id"], bad.set_column(at, bad.schema.field(at), pa.array(["bad"])))
    left = layout(given, SPACE)
    assert left.clip_ids.to_pylist() == [c for n, c in enumerate(made.clip_ids.to_pylist()) if n != 5]
    np.testing.assert_array_equal(left.points, np.delete(made.points, 5, axis=0))
