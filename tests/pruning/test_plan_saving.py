"""A plan is saved against the clips and vectors that it read, whatever was written to the store since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import Damaged
from echodex.pruning.config import PruneConfig
from echodex.pruning.export import export_view
from echodex.pruning.plan import Plan, plan, reopen
from echodex.schemas.vector import Segments
from echodex.schemas.view import ViewInfo
from echodex.store.vectors import Writer

Matrix = NDArray[np.float32]
Library = Callable[..., Store]
LATE = 48


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{"min_cluster_size": 5, "min_samples": 3, "eps": 0.3, **settings}))


def id_of(store: Store, number: int) -> str:
    found: str = store.clips(["clip_id"], where=f"title = 'Tone {number}'").column(0)[0].as_py()
    return found


def remove(store: Store, folder: Path) -> None:
    """Of the pruned split a copy and its original, and a clip of test."""
    store.remove([id_of(store, number) for number in (0, 36, 44)])


def embed(store: Store, folder: Path) -> None:
    """A clip of train that had no vector gets one."""
    row = np.random.default_rng(1).normal(size=(1, 64)).astype(np.float32)
    Writer(store.tables, store.space("given")).write([id_of(store, LATE)], [Segments(np.zeros(1, np.float32), row)])


def add(store: Store, folder: Path) -> None:
    """Clips come in, and one that has no split is told to be of train."""
    (folder / "more.csv").write_text(f"path,split\naudio/{LATE + 1:03}.wav,train\n")
    store.add(labels=folder / "more.csv")


WRITES = pytest.mark.parametrize("write", [remove, embed, add])


@pytest.fixture
def filled(library: Library, blobs: Callable[..., Matrix], make_wav: Callable[..., Path], tmp_path: Path) -> Store:
    """Three clusters of 12 of train with 6 copies, 6 clips of test, and two clips without a vector: 48 of train, 49 of
    no split.
    """
    rows = blobs(3, 12)
    store = library(np.concatenate([rows, rows[:6], rows[6:12]]), ["train"] * 42 + ["test"] * 6)
    for number in (LATE, LATE + 1):
        make_wav(f"{number:03}.wav", seed=number, seconds=0.1)
    lines = [f"audio/{LATE:03}.wav,train,Tone {LATE}", f"audio/{LATE + 1:03}.wav,,Tone {LATE + 1}"]
    (tmp_path / "late.csv").write_text("\n".join(["path,split,title", *lines]))
    store.add(labels=tmp_path / "late.csv")
    return store


def check(store: Store, info: ViewInfo, found: Plan, folder: Path) -> None:
    """The view is the plan's rows, and everything that reads it agrees."""
    rows = store.view_rows(info)
    assert rows.drop_columns(["row_id"]).equals(found.rows)
    assert rows.column("row_id").null_count == 0
    assert info.hours == pytest.approx(50 * 0.1 / 3600)
    assert store.clips(["clip_id"], view=info.name).num_rows == info.kept
    assert reopen(store, info.name).rows.equals(found.rows)
    assert reopen(store, info.name).at(0.5).rows.equals(found.at(0.5).rows)
    written = export_view(store, info.name, folder / "view.csv", "csv").read_text()
    assert written.count(".wav") == info.kept


@WRITES
def test_between_a_plan_and_its_view(filled: Store, tmp_path: Path, write: Callable[[Store, Path], None]) -> None:
    found = planned(filled)
    write(filled, tmp_path)
    check(filled, found.save(filled, "lean"), found, tmp_path)


@WRITES
def test_between_a_view_and_another_cut_of_its_plan(
    filled: Store, tmp_path: Path, write: Callable[[Store, Path], None]
) -> None:
    found = planned(filled)
    found.save(filled, "lean")
    write(filled, tmp_path)
    cut = reopen(filled, "lean").at(0.3)
    check(filled, cut.save(filled, "leaner"), found.at(0.3), tmp_path)


def test_a_view_of_a_view_holds_what_that_one_read(filled: Store) -> None:
    parent = planned(filled, eps=0.1).save(filled, "lean")
    found = plan(filled, PruneConfig(eps=0.5, min_cluster_size=5, min_samples=3), view="lean")
    kept = [
        clip_id for clip_id, kept in zip(found.material.clip_ids, found.rows["kept"].to_pylist(), strict=True) if kept
    ]
    filled.remove(kept[:2])
    info = found.save(filled, "leaner")
    assert [base.version for base in info.bases] == [base.version for base in parent.bases]
    assert filled.clips(["clip_id"], view="leaner").column(0).to_pylist() == kept
    assert plan(filled, PruneConfig(), view="lean").rows["clip_id"].equals(found.rows["clip_id"])


def test_a_view_that_was_saved_beside_other_vectors_says_so(filled: Store, tmp_path: Path) -> None:
    found = planned(filled)
    embed(filled, tmp_path)
    filled.save_view("astray", found.rows, found.recipe, found.material.space)
    with pytest.raises(Damaged, match="astray@1 was saved beside other clips or vectors than it was made from"):
        reopen(filled, "astray")
