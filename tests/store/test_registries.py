"""Registries: what is read is what was written, or an error that names the table."""

from __future__ import annotations

import pytest

from echodex.api import Store
from echodex.errors import Damaged
from echodex.schemas.number import RETIRED
from echodex.store.decisions import list_decisions
from echodex.store.numbers import last_retired, retire
from echodex.store.registries import registered, registry_rows
from echodex.store.tables import Tables


def altered(store: Store, table: str, column: str, value: object) -> None:
    """Write the rows of a registry with another value in one column, the sums as they were."""
    rows = store.tables.scan(table, store.tables.schema(table).names)
    at = rows.column_names.index(column)
    other = rows.append_column(column, [[value] * len(rows)]).columns[-1].cast(rows.schema.field(column).type)
    store.tables.overwrite(table, rows.set_column(at, rows.schema.field(column), other))


def test_no_table_has_no_rows(store: Store) -> None:
    assert registered(store.tables, "retired", RETIRED) == []


def test_rows_come_back_as_they_were_written(store: Store) -> None:
    store.tables.create("retired", RETIRED)
    assert registered(store.tables, "retired", RETIRED) == []
    rows: list[dict[str, object]] = [{"kind": "view a", "number": 3}, {"kind": "é", "number": None}]
    store.tables.append("retired", registry_rows(rows, RETIRED))
    assert registered(store.tables, "retired", RETIRED) == rows


def test_a_number_that_is_not_what_was_written_is_not_read(store: Store) -> None:
    retire(store.tables, "view a", 3)
    retire(store.tables, "view b", 1)
    assert (last_retired(store.tables, "view a"), last_retired(store.tables, "view c")) == (3, 0)
    altered(store, "retired", "number", 2)
    with pytest.raises(Damaged, match="retired"):
        last_retired(store.tables, "view a")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("views", "kept", 1), ("views", "name", "other"), ("clusters", "noise", 5), ("clusters", "space", "other")],
)
def test_a_registry_with_an_altered_row_answers_nothing(kinds: Store, table: str, column: str, value: object) -> None:
    kinds.prune("random", keep=0.5).save("lean")
    kinds.cluster(min_cluster_size=3)
    altered(kinds, table, column, value)
    with pytest.raises(Damaged, match=table):
        kinds.views() if table == "views" else kinds.cluster_runs()


def test_an_altered_decision_is_not_heeded(kinds: Store) -> None:
    kinds.decide("pin", kinds.clips(["clip_id"]).column(0)[0].as_py())
    altered(kinds, "decisions", "kind", "representative")
    with pytest.raises(Damaged, match="decisions"):
        list_decisions(kinds.tables)


def test_overwriting_is_one_commit_and_the_version_before_stays(store: Store) -> None:
    store.tables.create("retired", RETIRED)
    store.tables.append("retired", registry_rows([{"kind": "view a", "number": 3}], RETIRED))
    before = store.tables.version("retired")
    store.tables.overwrite("retired", registry_rows([{"kind": "view b", "number": 1}], RETIRED))
    assert store.tables.version("retired") == before + 1
    assert store.tables.scan("retired", ["kind"], version=before).column(0).to_pylist() == ["view a"]
    assert Tables(store.path).scan("retired", ["kind"]).column(0).to_pylist() == ["view b"]
