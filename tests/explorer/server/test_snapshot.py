from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.api import Store
from echodex.errors import NotFound, Stale, UsageError
from echodex.explorer.server.session import Session
from echodex.explorer.server.snapshot import Snapshot
from echodex.schemas.clip import Source


@pytest.fixture(scope="session")
def snapshot(kinds_store: Store) -> Snapshot:
    return Session(kinds_store).snapshot()


def test_rows_are_the_usable_clips_with_a_vector_by_id(
    store: Store, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    paths = [make_wav(f"{number}.wav", seed=number) for number in range(12)]
    store.add_sources([Source(str(path)) for path in paths[:9]])
    store.embed("dummy")
    (tmp_path / "broken.wav").write_bytes(b"RIFF no audio")
    store.add_sources([Source(str(path)) for path in [*paths[9:], tmp_path / "broken.wav"]])  # these have no vector
    gone = sorted(store.vectors().clip_ids)[3]
    store.remove([gone])
    found = Session(store).snapshot()
    assert found.ids.to_pylist() == store.vectors().clip_ids
    assert len(found) == 8
    assert found.row_of(gone) is None


def test_rows_of_ids(snapshot: Snapshot) -> None:
    ids = snapshot.ids.to_pylist()
    assert snapshot.rows_of(ids[::-1]).tolist() == list(range(len(ids)))[::-1]
    assert snapshot.rows_of([]).tolist() == []
    assert snapshot.ids_of([3, 0, 3]) == [ids[3], ids[0], ids[3]]


@given(names=st.lists(st.one_of(st.text(max_size=40), st.text("0123456789abcdef", min_size=32, max_size=32))))
def test_a_name_that_is_no_clip_has_no_row(snapshot: Snapshot, names: list[str]) -> None:
    ids = snapshot.ids.to_pylist()
    expected = [ids.index(name) if name in ids else -1 for name in [*names, ids[5]]]
    assert snapshot.rows_of([*names, ids[5]]).tolist() == expected


@pytest.mark.parametrize("rows", [[72], [-1], [0, 10**9]])
def test_a_row_that_does_not_exist_is_refused(snapshot: Snapshot, rows: list[int]) -> None:
    with pytest.raises(UsageError, match="has 72 clips"):
        snapshot.ids_of(rows)


def test_columns_are_in_the_order_of_rows(snapshot: Snapshot, kinds_store: Store) -> None:
    expected = kinds_store.clips(["clip_id", "uris"]).to_pydict()
    assert snapshot.column(kinds_store.tables, "uris").to_pylist() == expected["uris"]
    few = expected["clip_id"][7:3:-1]
    assert snapshot.clips(kinds_store.tables, ["uris"], few).column("uris").to_pylist() == expected["uris"][7:3:-1]
    with pytest.raises(NotFound, match="nobody"):
        snapshot.clips(kinds_store.tables, ["uris"], [few[0], "nobody"])


def test_a_space_without_clips(store: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", np.ones((1, 4), np.float32))
    (tmp_path / "ids.txt").write_text("nobody\n")
    with pytest.raises(NotFound):
        Session(store).snapshot()


def test_it_is_read_again_only_where_the_tables_changed(kinds: Store) -> None:
    session = Session(kinds)
    before = session.snapshot()
    assert session.snapshot() is before
    assert session.snapshot(before.space.name, before.state) is before
    kinds.remove([before.ids[0].as_py()])
    with pytest.raises(Stale, match="reload"):
        session.snapshot(before.space.name, before.state)
    after = session.snapshot()
    assert after.ids.to_pylist() == before.ids.to_pylist()[1:]
    assert after.state != before.state


def test_a_space_that_was_made_again_has_another_state(kinds: Store) -> None:
    session = Session(kinds)
    first = session.snapshot()
    again = Store.open(kinds.path)
    again.embed("dummy", settings={"bands": 8})
    assert session.snapshot().space.name != first.space.name
    assert session.snapshot(first.space.name) is first  # both of the last two are kept
