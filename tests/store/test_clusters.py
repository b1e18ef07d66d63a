from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import Damaged, NotFound, UsageError
from echodex.schemas.cluster import CLUSTER_ROWS
from echodex.store.clusters import PREFIX, find_run, list_runs


def test_a_run_reads_back_as_it_was_saved(kinds: Store) -> None:
    run = kinds.cluster(min_cluster_size=5)
    space = kinds.space()
    rows = kinds.cluster_rows()
    assert rows.schema.names == CLUSTER_ROWS.names
    assert rows.column("clip_id").to_pylist() == kinds.vectors().clip_ids
    labels = rows.column("label").to_numpy()
    assert (run.run, run.space, run.clips) == (1, space.name, 72)
    assert run.noise == (labels == -1).sum()
    assert run.sizes == tuple(np.bincount(labels[labels >= 0]))
    assert run.clusters == labels.max() + 1
    assert run.noise_share == run.noise / 72
    assert list_runs(kinds.tables, space) == [run] == [find_run(kinds.tables, space, 1)]
    assert (run.config["min_cluster_size"], run.agreement, run.inertia) == (5, None, None)


def test_k_means_says_how_good_it_is(kinds: Store) -> None:
    run = kinds.cluster("dummy", algorithm="kmeans", clusters=3)
    rows = kinds.cluster_rows("dummy")
    assert run.noise == 0
    assert sum(run.sizes) == 72
    assert run.inertia is not None
    assert run.silhouette is not None
    assert rows.column("probability").to_pylist() == [1.0] * 72


def test_the_same_settings_are_answered_from_what_is_kept(kinds: Store) -> None:
    first = kinds.cluster()
    other = kinds.cluster(min_samples=2)
    assert (kinds.cluster(), other.run) == (first, 2)
    assert len(kinds.cluster_rows(run=1)) == len(kinds.cluster_rows(run=2)) == 72


def test_other_vectors_are_clustered_anew(kinds: Store) -> None:
    first = kinds.cluster()
    kinds.remove([kinds.vectors().clip_ids[0]])
    again = kinds.cluster()
    assert (first.run, first.clips, again.run, again.clips) == (1, 72, 2, 71)
    assert len(kinds.cluster_rows(run=1)) == 72, "what was found then stays"


def test_rows_of_a_run_that_was_never_registered_do_not_count(kinds: Store) -> None:
    run = kinds.cluster()
    table = PREFIX + run.space
    rows = kinds.tables.scan(table, CLUSTER_ROWS.names)
    second = pa.array([2] * len(rows), pa.int32())
    kinds.tables.append(table, rows.set_column(1, "run", second).cast(CLUSTER_ROWS))
    assert kinds.cluster_rows().column("run").unique().to_pylist() == [1]
    assert kinds.cluster(min_samples=2).run == 2
    assert len(kinds.cluster_rows(run=2)) == 72


@pytest.mark.parametrize("column", ["clip_id", "label", "probability", "outlier_score"])
def test_an_altered_run_is_damaged_whatever_was_altered(kinds: Store, column: str) -> None:
    run = kinds.cluster()
    table = PREFIX + run.space
    rows = kinds.tables.scan(table, CLUSTER_ROWS.names)
    first = {"clip_id": "other"}.get(column, 7)
    values = [first, *rows.column(column).to_pylist()[1:]]
    at, field = rows.column_names.index(column), rows.schema.field(column)
    kinds.tables.overwrite(table, rows.set_column(at, field, pa.array(values, field.type)))
    with pytest.raises(Damaged, match="not what was saved"):
        kinds.cluster_rows()


def test_a_space_made_again_under_its_name_has_no_runs_yet(kinds: Store) -> None:
    run = kinds.cluster()
    kinds.tables.drop(f"vectors_{run.space}")
    kinds.embed("dummy")
    assert list_runs(kinds.tables, kinds.space()) == []
    assert kinds.cluster().run == 2
    assert kinds.tables.scan(PREFIX + run.space, ["run"]).column(0).unique().to_pylist() == [2], "the old ones are gone"
    assert len(kinds.tables.scan("clusters", ["run"])) == 1


def test_a_run_is_dropped_with_its_rows_and_no_other(kinds: Store) -> None:
    first, second = kinds.cluster(), kinds.cluster(min_samples=2)
    assert kinds.drop_cluster_run(1) == first
    assert kinds.cluster_runs() == [second]
    assert kinds.tables.scan(PREFIX + first.space, ["run"]).column(0).unique().to_pylist() == [2]
    with pytest.raises(NotFound, match="no clustering run 1"):
        kinds.drop_cluster_run(1)
    assert (kinds.cluster().run, kinds.cluster(min_samples=2).run) == (3, 2)


def test_no_number_of_a_run_is_given_twice(kinds: Store) -> None:
    first, second = kinds.cluster(), kinds.cluster(min_samples=2)
    kinds.drop_cluster_run(second.run)
    assert kinds.cluster(min_samples=3).run == 3
    for run in (first.run, 3):
        kinds.drop_cluster_run(run)
    assert kinds.cluster().run == 4


def test_what_is_not_there_is_said(kinds: Store, store: Store) -> None:
    with pytest.raises(NotFound, match="no clustering yet"):
        kinds.cluster_rows()
    kinds.cluster()
    with pytest.raises(NotFound, match="no clustering run 7"):
        kinds.cluster_rows(run=7)
    with pytest.raises(UsageError, match="plot a sweep"):
        kinds.cluster(algorithm="kmeans", clusters=3, plot="tree.png")
