"""A store at a URI: what one machine does another finds, the files beside the tables among it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from echodex import api
from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.schemas.finding import Damage
from echodex.store.remote.objects import Objects


@pytest.fixture
def made(remote: str, tmp_path: Path, make_wav: Callable[..., Path]) -> Store:
    """A store of six clips, with an index and a run, that this machine made."""
    for number in range(6):
        make_wav(f"{number}.wav", seed=number)
    store = Store.open(remote)
    assert store.add(tmp_path / "audio", embed="dummy").added == 6
    store.build_index("flat")
    return store


@pytest.fixture
def elsewhere(made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same store on another machine, whose cache is empty."""
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "another cache"))
    return Store.open(made.place, create=False)


def test_a_store_that_is_not_there_is_named_by_its_uri(remote: str) -> None:
    with pytest.raises(NotFound, match=remote):
        Store.open(remote, create=False)
    with pytest.raises(NotFound, match=remote):
        api.open_damaged(remote)


def test_a_place_that_holds_something_else_stays_what_it_is(remote: str) -> None:
    Objects(remote).put("song.wav", b"x")
    with pytest.raises(UsageError, match="is not an echodex store"):
        Store.open(remote)
    assert Objects(remote).names() == ["song.wav"]


def test_the_environment_may_name_it(made: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODEX_STORE", made.place)
    assert api.open(create=False).place == made.place


def test_another_machine_finds_clips_indexes_and_answers(made: Store, elsewhere: Store) -> None:
    clips = made.clips(["clip_id"]).column(0).to_pylist()
    assert elsewhere.clips(["clip_id"]).column(0).to_pylist() == clips
    assert [manifest.name for manifest in elsewhere.indexes()] == ["flat"]
    hits = elsewhere.similar(clips[0], k=3, index="flat")
    assert [hit.clip_id for hit in hits] == [hit.clip_id for hit in made.similar(clips[0], k=3, index="flat")]
    assert list((elsewhere.path / "indexes").rglob("*.faiss")), "the index was fetched, not built"
    assert elsewhere.status().path == made.place


def test_an_index_that_another_machine_drops_is_gone_here(
    made: Store, elsewhere: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.drop_index("flat")
    assert not [name for name in Objects(made.place).below("indexes") if "flat" in name and ".lock" not in name]
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "cache"))
    assert Store(made.place).indexes() == []


def test_what_is_damaged_moves_to_a_quarantine_in_the_store(made: Store, elsewhere: Store) -> None:
    Objects(made.place).put("datasets/gtzan.json", b"torn")
    found = elsewhere.check()
    assert [one.kind for one in found.findings] == [Damage.DATASET]
    report = elsewhere.repair()
    assert not report.left
    names = Objects(made.place).below()
    assert "datasets/gtzan.json" not in names
    assert [name for name in names if name.startswith("quarantine/") and name.endswith("gtzan.json")]
    assert not Store(made.place).check(data=True).findings


def test_a_table_that_lost_its_rows_keeps_what_can_be_read(made: Store) -> None:
    objects = Objects(made.place)
    data = sorted(name for name in objects.below("clips.lance/data") if name.endswith(".lance"))
    objects.put(data[0], b"not a data file")
    assert Damage.TABLE in [one.kind for one in Store(made.place).check(data=True).findings]
    Store(made.place).repair()
    assert not [one for one in Store(made.place).check(data=True).findings if one.grave]
    assert [name for name in objects.below("quarantine") if name.endswith(data[0].rpartition("/")[2])]


def test_compacting_keeps_what_others_may_be_reading(made: Store) -> None:
    versions = len(made.tables.opened("clips").versions())
    made.compact()
    assert len(made.tables.opened("clips").versions()) == versions
    report = made.compact(keep_days=0)
    assert report.others
    assert len(made.tables.opened("clips").versions()) < versions + 2
    assert not made.check(data=True).findings
