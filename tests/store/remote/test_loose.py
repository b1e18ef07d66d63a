"""Loose fragments of a store on object storage: there once, and finished work outlives its driver."""

from __future__ import annotations

from shutil import rmtree

import numpy as np
import pytest
from harness.trays import lay

from echodex.api import Store
from echodex.encoders.registry import build
from echodex.schemas.vector import Space
from echodex.store.loose import FOLDER, Receipt, tray_of
from echodex.store.remote.tables import files_below
from echodex.store.spaces import space_of, table_of
from echodex.store.vectors import Writer
from echodex.store.waveforms import WAVEFORMS, open_waveforms


@pytest.fixture
def store(remote: str) -> Store:
    return Store.open(remote)


@pytest.fixture
def space(store: Store) -> Space:
    return space_of(store.tables, build("dummy", {}))


def held(store: Store, space: Space) -> list[str]:
    found: list[str] = Store.open(store.place).tables.scan(table_of(space), ["clip_id"]).column(0).to_pylist()
    return sorted(found)


def left(store: Store) -> list[str]:
    """Return what lies on trays, but for the lease of who had them."""
    return [name for name in files_below(f"{store.place}/{FOLDER}") if not name.startswith(".")]


def test_what_is_laid_there_becomes_rows_once(store: Store, space: Space) -> None:
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        one, again, other = lay(tray, space, "a", "b"), lay(tray, space, "b"), lay(tray, space, "c")
        assert held(store, space) == []
        assert not (tray.path / "data").exists()  # it is there, not here
        assert writer.take_in(tray, other)
        assert writer.take_in(tray, one)
        assert not writer.take_in(tray, again)
    assert held(store, space) == ["a", "b", "c"]
    assert left(store) == []


def test_what_was_finished_outlives_the_driver(store: Store, space: Space) -> None:
    with pytest.raises(KeyboardInterrupt), tray_of(store.tables, table_of(space)) as tray:  # noqa: PT012
        finished = lay(tray, space, "a", "b")
        rmtree(store.path / FOLDER)  # another machine goes on, which has fetched nothing
        raise KeyboardInterrupt
    writer = Writer(store.tables, space)
    with tray_of(store.tables, table_of(space)) as tray:
        assert list(tray.receipts()) == [finished]
        writer.take_in(tray, finished)
    assert held(store, space) == ["a", "b"]
    assert left(store) == []


def test_rows_without_a_receipt_are_swept(store: Store, space: Space) -> None:
    with pytest.raises(KeyboardInterrupt), tray_of(store.tables, table_of(space)) as tray:  # noqa: PT012
        tray.discard(Receipt(lay(tray, space, "a").name, [], []))  # the receipt alone
        assert [name for name in files_below(tray.uri) if name.startswith("data/")]
        raise KeyboardInterrupt
    with tray_of(store.tables, table_of(space)) as tray:
        assert not list(tray.receipts())
        assert not [name for name in files_below(tray.uri) if name.startswith("data/")]
    assert held(store, space) == []


def test_blobs_come_with_their_rows(store: Store) -> None:
    store.tables.create("waveforms_8000", WAVEFORMS.schema())
    told = {name: (bytes([number]) * 50_000, (25_000, 0.5)) for number, name in enumerate("abc")}
    with tray_of(store.tables, "waveforms_8000") as tray:
        batches = (WAVEFORMS.rows({name: told[name]}) for name in told)
        tray.take_in(store.tables, tray.write(batches, {}), store.tables.version("waveforms_8000"))
    found = open_waveforms(Store.open(store.place).tables, 8000, ["c", "a"])
    assert found is not None
    out = [np.zeros(5, np.float32), np.zeros(5, np.float32)]
    assert found.read([0, 1], [24_000, 10], out) == [5, 5]
    assert [set(piece) for piece in out] == [{0.5 * 0x0202}, {0.0}]
    assert left(store) == []
