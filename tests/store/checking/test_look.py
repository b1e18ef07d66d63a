"""What looking a store over tells, and what it does not."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import lance
import pytest
from harness.damaged import index_always

from echodex.api import Store, open_damaged
from echodex.schemas.finding import Damage
from echodex.store.lock import writer_lock


def kinds_of(store: Store, *, data: bool = False) -> list[str]:
    return [str(finding.kind) for finding in store.check(data=data).findings]


def test_looking_changes_nothing(kinds: Store) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in kinds.path.rglob("*")}
    assert kinds.check(data=True).findings == ()
    after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in kinds.path.rglob("*")}
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {kinds.path}


def test_every_row_is_counted(kinds: Store) -> None:
    report = kinds.check(data=True)
    assert report.rows["clips"] == 72
    assert report.rows[f"vectors_{kinds.space().name}"] == 72
    assert not kinds.check().rows


def test_structure_alone_does_not_read_rows(kinds: Store) -> None:
    lance.dataset(str(kinds.path / "clips.lance")).update({"title": "'changed'"})
    assert kinds_of(kinds) == []
    assert kinds_of(kinds, data=True) == [Damage.ROW]


def test_a_file_that_a_writer_is_about_to_name_is_no_orphan(kinds: Store) -> None:
    data = next((kinds.path / "clips.lance" / "data").glob("*.lance"))
    data.with_name("0123.lance").write_bytes(b"half")
    assert kinds_of(kinds) == [Damage.ORPHAN_FILE]
    with writer_lock(kinds.path):
        assert kinds_of(kinds) == []


def test_a_version_that_nobody_needs_is_not_missed(kinds: Store) -> None:
    """Its manifest is not what was written, which a look at the data tells; what stands is whole."""
    kinds.prune("random", duplicate_score=0, keep=0.5).save("lean")
    oldest = max((kinds.path / "clips.lance" / "_versions").glob("*.manifest"))  # Lance numbers them downwards
    oldest.write_bytes(oldest.read_bytes()[:30])
    assert kinds_of(kinds) == []
    assert kinds_of(kinds, data=True) == [Damage.SEAL]


@pytest.mark.parametrize("files", ["page_data.lance", "*.lance"])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_key_index_without_its_files_is_told_and_made_again(kinds: Store, files: str, sealed: bool) -> None:
    """Without it no clip is found by its id."""
    with index_always():
        kinds.tables.index_keys("clips")
    for path in (kinds.path / "clips.lance").glob(f"_indices/*/{files}"):
        path.unlink()
    if not sealed:
        (kinds.path / "seals" / "clips.txt").unlink()
    assert set(kinds_of(kinds)) == {Damage.SEAL}
    clip = kinds.clips(["clip_id"]).column(0)[0].as_py()
    kinds.repair()
    assert kinds_of(kinds, data=True) == []
    assert len(Store.open(kinds.path).clips(["clip_id"], clip_ids=[clip])) == 1


def test_while_others_write_nothing_is_taken_for_damage(kinds: Store) -> None:
    stop = threading.Event()

    def write() -> None:
        store, clips = Store.open(kinds.path), kinds.clips(["clip_id"]).column(0).to_pylist()
        while not stop.is_set():
            store.prune("random", duplicate_score=0, keep=0.5).save("passing")
            store.decide("pin", clips[0])
            store.delete_view("passing")
            [source] = store.sources(clips[:1])
            store.remove(clips[:1])
            store.add(source.path)
            store.embed("dummy")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            assert open_damaged(kinds.path).check(data=True).findings == ()
    finally:
        stop.set()
        writer.join()


def test_a_run_that_was_killed_before_it_was_written_is_no_damage(kinds: Store) -> None:
    folder = kinds.path / "runs" / "probe-all-1"
    folder.mkdir(parents=True)
    for name in (".lock", ".run.json.abcdefgh.tmp"):
        (folder / name).touch()
    assert kinds.check(data=True).findings == ()


def test_what_a_writer_is_about_to_name_is_not_left_over(kinds: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with writer_lock(kinds.path):
            kinds.tables.tag("clips", "view-coming.v1", kinds.tables.version("clips"))
            looked = pool.submit(open_damaged(kinds.path).check)
            time.sleep(1)  # for it to come upon the tag, and wait
            kinds.tables.untag("clips", "view-coming.v1")
        assert looked.result().findings == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_table_that_may_not_be_read_is_told(kinds: Store) -> None:
    data = next((kinds.path / "clips.lance" / "data").glob("*.lance"))
    data.chmod(0)
    assert Damage.TABLE in kinds_of(kinds, data=True)
