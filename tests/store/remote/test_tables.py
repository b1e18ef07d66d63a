"""Tables at a URI: what is committed is there once, also where the answer to a commit was lost."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from harness.flaky import Fault, Flaky

from echodex.errors import NotFound, Stale, StorageError
from echodex.store.remote import settings
from echodex.store.remote.tables import committed_at, files_below, tables_at
from echodex.store.tables import Tables
from echodex.store.where import equals

SCHEMA = pa.schema([("clip_id", pa.string()), ("n", pa.int64())])


def rows(**numbers: int) -> pa.Table:
    return pa.table({"clip_id": list(numbers), "n": list(numbers.values())}, schema=SCHEMA)


def held(tables: Tables) -> dict[str, int]:
    """Return what a table holds, read by somebody who has nothing in a cache; a key that is there twice is an error."""
    found = Tables(tables.place).scan("t", ["clip_id", "n"])
    assert len(found) == len(set(found.column(0).to_pylist()))
    return dict(zip(*(column.to_pylist() for column in found.columns), strict=True))


def test_tables_are_made_filled_listed_and_dropped(remote: str) -> None:
    tables = Tables(remote)
    assert tables.names() == []
    with pytest.raises(NotFound, match=remote):
        tables.version("t")
    tables.create("t", SCHEMA)
    tables.append("t", rows(a=1, b=2))
    assert (tables.names(), tables_at(remote), committed_at(remote)) == (["t"], ["t"], ["t"])
    assert held(tables) == {"a": 1, "b": 2}
    dataset = tables.opened("t")
    assert (dataset.has_stable_row_ids, dataset.data_storage_version) == (True, "2.2")
    assert not list(tables.folder.glob("*.lance"))
    assert sum(found.size_bytes for found in files_below(remote).values()) > 0
    tables.drop("t")
    assert Tables(remote).names() == []


def test_a_version_that_is_gone_and_a_table_that_is_not_there_are_told_apart(remote: str) -> None:
    tables = Tables(remote)
    tables.create("t", SCHEMA)
    for number in range(3):
        tables.append("t", rows(**{f"c{number}": number}))
    tables.clean("t", [2], orphans=False)
    with pytest.raises(Stale):
        Tables(remote).scan("t", ["n"], version=2)


def test_tables_travel_to_another_process(remote: str) -> None:
    tables = Tables(remote)
    tables.create("t", SCHEMA)
    tables.append("t", rows(a=1))
    assert pickle.loads(pickle.dumps(tables)).scan("t", ["n"]).to_pylist() == [{"n": 1}]


def fragments(tables: Tables) -> list[int]:
    return [found.fragment_id for found in tables.opened("t").get_fragments()]


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.CUT_AFTER, Fault.ERROR_BEFORE, Fault.BUSY])
def test_a_commit_whose_answer_was_lost_is_there_once(remote: str, flaky: Flaky, fault: Fault) -> None:
    tables, left = Tables(remote), list[Fault]()

    def decide(method: str, path: str) -> Fault:
        of_commit = method == "PUT" and ("/_versions/" in path or "/_refs/" in path)
        return left.pop() if of_commit and left else Fault.NONE

    flaky.decide = decide
    for work, then in (
        (lambda: tables.create("t", SCHEMA), {}),
        (lambda: tables.append("t", rows(a=1, b=2)), {"a": 1, "b": 2}),
        (lambda: tables.append("t", rows(c=3), seen=2), {"a": 1, "b": 2, "c": 3}),
        (lambda: tables.upsert("t", ["clip_id"], rows(a=7, d=4)), {"a": 7, "b": 2, "c": 3, "d": 4}),
        (lambda: tables.delete("t", equals("clip_id", "b")), {"a": 7, "c": 3, "d": 4}),
        (lambda: tables.tag("t", "kept", tables.version("t")), {"a": 7, "c": 3, "d": 4}),
        (lambda: tables.rewrite("t", fragments(tables)), {"a": 7, "c": 3, "d": 4}),
        (lambda: tables.overwrite("t", rows(z=9)), {"z": 9}),
    ):
        left.append(fault)
        work()
        assert not left, "nothing befell the commit"
        assert held(tables) == then
    assert tables.opened("t").tags.list()["kept"]["version"] == 5


def test_a_server_that_is_gone_is_no_damage(remote: str, flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TRIES", 2)
    monkeypatch.setattr(settings, "RETRY_S", 2)
    tables = Tables(remote)
    tables.create("t", SCHEMA)
    flaky.decide = lambda method, path: Fault.ERROR_BEFORE
    for ask in (lambda: Tables(remote).scan("t", ["n"]), lambda: tables.append("t", rows(a=1)), Tables(remote).names):
        with pytest.raises(StorageError, match="run the same command again") as told:
            ask()
        assert remote in str(told.value)
    flaky.decide = lambda method, path: Fault.NONE
    assert held(tables) == {}
