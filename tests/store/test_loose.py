"""Loose fragments: what is on a tray becomes part of its table, once, and outlives whoever would have taken it in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from harness.trays import lay
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echodex.api import Store
from echodex.encoders.registry import build
from echodex.errors import Damaged, StorageError, StoreLocked
from echodex.schemas.vector import Segments, Space
from echodex.store.loose import Tray, tray_of
from echodex.store.spaces import space_of, table_of
from echodex.store.vectors import Writer
from echodex.store.waveforms import WAVEFORMS, open_waveforms


@pytest.fixture
def space(store: Store) -> Space:
    return space_of(store.tables, build("dummy", {}))


def held(store: Store, space: Space) -> list[str]:
    found: list[str] = store.tables.scan(table_of(space), ["clip_id"]).column(0).to_pylist()
    return sorted(found)


def left(store: Store) -> list[Path]:
    return [path for path in (store.path / "loose").rglob("*") if path.name != ".lock"]


def test_what_is_laid_there_becomes_rows_that_check_finds_right(store: Store, space: Space) -> None:
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        one, other = lay(tray, space, "a", "b"), lay(tray, space, "c")
        assert held(store, space) == []
        assert writer.take_in(tray, other)
        assert held(store, space) == ["c"]
        assert writer.take_in(tray, one)
    assert held(store, space) == ["a", "b", "c"]
    assert writer.ids == {"a", "b", "c"}
    assert left(store) == []
    assert {found.kind for found in store.check(data=True).findings} == {"rows-without-clip"}
    writer.write(["d"], [Segments(np.zeros(1, np.float32), np.zeros((1, space.dim), np.float32))])
    assert held(store, space) == ["a", "b", "c", "d"]


def test_a_shard_that_was_done_twice_comes_once(store: Store, space: Space) -> None:
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        one, again = lay(tray, space, "a", "b"), lay(tray, space, "b", "c")
        assert writer.take_in(tray, one)
        assert not writer.take_in(tray, again)
        assert list(tray.receipts()) == []
    assert held(store, space) == ["a", "b"]


def test_what_was_finished_outlives_the_driver(store: Store, space: Space) -> None:
    with pytest.raises(KeyboardInterrupt), tray_of(store.tables, table_of(space)) as tray:  # noqa: PT012
        finished = lay(tray, space, "a", "b")
        torn = lay(tray, space, "c")
        (tray.notes / torn.name).unlink()  # killed between its rows and its receipt
        raise KeyboardInterrupt
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        assert list(tray.receipts()) == [finished]
        assert len(list((tray.path / "data").iterdir())) == 1
        writer.take_in(tray, finished)
    assert held(store, space) == ["a", "b"]
    assert left(store) == []


def test_a_driver_that_is_killed_before_its_receipt_is_gone_doubles_nothing(store: Store, space: Space) -> None:
    writer = Writer(store.tables, space)
    with pytest.raises(KeyboardInterrupt), tray_of(store.tables, table_of(space)) as tray:  # noqa: PT012
        receipt = lay(tray, space, "a")
        text = (tray.notes / receipt.name).read_bytes()
        writer.take_in(tray, receipt)
        (tray.notes / receipt.name).write_bytes(text)
        raise KeyboardInterrupt
    with tray_of(store.tables, table_of(space)) as tray:
        assert list(tray.receipts()) == []
    assert held(store, space) == ["a"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.binary(max_size=60))
def test_what_is_no_receipt_is_passed_over(store: Store, space: Space, damage: bytes) -> None:
    with tray_of(store.tables, table_of(space)) as tray:
        (tray.notes / "x.receipt").write_bytes(damage)
        assert list(tray.receipts()) == []


def test_rows_that_went_missing_are_told_of(store: Store, space: Space) -> None:
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        receipt = lay(tray, space, "a")
        shutil.rmtree(tray.path / "data")
        with pytest.raises(Damaged, match="does not hold what a worker wrote"):
            writer.take_in(tray, receipt)
    assert held(store, space) == []


def test_a_worker_that_does_not_see_the_store_says_so(space: Space, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="every node must see the store under the same path"):
        lay(Tray(str(tmp_path), table_of(space)), space, "a")


def test_a_tray_is_one_drivers_alone(store: Store, space: Space) -> None:
    with tray_of(store.tables, table_of(space)), pytest.raises(StoreLocked), tray_of(store.tables, table_of(space)):
        pass


def test_blobs_come_with_their_rows(store: Store) -> None:
    store.tables.create("waveforms_8000", WAVEFORMS.schema())
    told = {name: (bytes([number]) * 50_000, (25_000, 0.5)) for number, name in enumerate("abc")}
    with tray_of(store.tables, "waveforms_8000") as tray:
        batches = (WAVEFORMS.rows({name: told[name]}) for name in told)
        tray.take_in(store.tables, tray.write(batches, {}), store.tables.version("waveforms_8000"))
    found = open_waveforms(store.tables, 8000, ["c", "a"])
    assert found is not None
    out = [np.zeros(5, np.float32), np.zeros(5, np.float32)]
    assert found.read([0, 1], [24_000, 10], out) == [5, 5]
    assert [set(piece) for piece in out] == [{0.5 * 0x0202}, {0.0}]
    assert store.tables.count("waveforms_8000") == 3
    assert left(store) == []
